from dataclasses import dataclass

from stackyard.kernel.events import Event
from stackyard.kernel.ids import ProviderVersionId


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderFilesForgotten(Event):
    """These files of a version were named by a row, and are perhaps no longer."""

    version_id: ProviderVersionId
    checksums: tuple[str, ...]
