from dataclasses import dataclass

from stackyard.kernel.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class HookDeliveriesDue(Event):
    """There is something to send to the webhooks of stacks or modules."""
