import re
from dataclasses import asdict, dataclass
from typing import Any, Final

from stackyard.stacks.errors import CommitNameError

_HASH: Final = re.compile(r"[0-9a-f]{7,64}")


@dataclass(frozen=True, slots=True)
class TrackedCommit:
    """The commit a stack follows. All but the hash may still be unknown."""

    hash: str
    message: str = ""
    author_name: str = ""
    author_login: str | None = None
    url: str | None = None
    timestamp: int = 0  # unix seconds

    def __post_init__(self) -> None:
        if not _HASH.fullmatch(self.hash):
            raise CommitNameError

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)
