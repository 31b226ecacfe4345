"""What expressions see beside the inputs: who asks, when, about what, and chance."""

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from stackyard.kernel.access import Subject

_ALPHABET: Final = "abcdefghijklmnopqrstuvwxyz0123456789"
_LONGEST_RANDOM: Final = 6
_LARGEST_RANDOM: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Occasion:
    """*about*: `blueprint` or `deployment`, and its facts. Those that are times apart.

    The same *seed* gives the same chance: a deployment keeps its name when it changes.
    """

    by: Subject
    account: str
    at: datetime
    seed: str
    about: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    times: Mapping[str, datetime] = field(default_factory=dict)

    def values(self) -> dict[str, Any]:
        """Return the variable `context`, in which a time is text."""
        times = {name: at.isoformat() for name, at in self.times.items()}
        return {
            "time": self.at.isoformat(),
            "random_string": self._string(),
            "random_number": self._number("number") % (_LARGEST_RANDOM + 1),
            "random_uuid": str(uuid.UUID(bytes=self._digest("uuid")[:16], version=4)),
            "user": {
                "login": self.by.name,
                "name": self.by.name,
                "account": self.account,
            },
            self.about: {**self.facts, **times},
        }

    def dotted_times(self) -> dict[str, datetime]:
        """Return the times, by the names under which expressions reckon with them."""
        about = {f"context.{self.about}.{name}": at for name, at in self.times.items()}
        return {"context.time": self.at, **about}

    def _string(self) -> str:
        left, chosen = self._number("string"), ""
        for _ in range(_LONGEST_RANDOM):
            left, one = divmod(left, len(_ALPHABET))
            chosen += _ALPHABET[one]
        return chosen

    def _number(self, of: str) -> int:
        return int.from_bytes(self._digest(of), "big")

    def _digest(self, of: str) -> bytes:
        return hashlib.sha256(f"{self.seed}/{of}".encode()).digest()
