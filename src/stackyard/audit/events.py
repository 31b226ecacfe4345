from dataclasses import dataclass

from stackyard.kernel.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class EntriesRecorded(Event):
    """There is something to seal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveriesDue(Event):
    """There is something to send to the webhook."""
