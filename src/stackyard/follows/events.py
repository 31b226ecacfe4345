from dataclasses import dataclass

from stackyard.kernel.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class RemotesDue(Event):
    """These repositories are to be asked where their branches are, now."""

    urls: tuple[str, ...]
