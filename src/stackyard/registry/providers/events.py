from dataclasses import dataclass

from stackyard.kernel.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderFilesForgotten(Event):
    """No row names these objects any more."""

    keys: tuple[str, ...]
