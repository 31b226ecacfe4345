from dataclasses import dataclass

from stackyard.kernel.events import Event
from stackyard.kernel.ids import RepoId


@dataclass(frozen=True, slots=True, kw_only=True)
class RefUpdated(Event):
    """A branch or tag was made (`before` is None), moved, or deleted (`after`)."""

    repo_id: RepoId
    ref: str
    before: str | None
    after: str | None
    pusher: str
    version: int  # of the repository, with this update: later ones have greater
