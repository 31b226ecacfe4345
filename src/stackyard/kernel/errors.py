"""Errors raised on purpose.

An error is a constant sentence, its docstring, plus the facts of the case. It
names the *kind* of problem; each edge decides what that kind means in its own
protocol. Whatever is not a `StackyardError` is a bug, and is reported as one.
"""

import inspect
from enum import StrEnum
from typing import ClassVar


class Kind(StrEnum):
    """The only distinction an edge may draw between errors."""

    INVALID = "INVALID"
    UNAUTHORIZED = "UNAUTHORIZED"  # we do not know who is asking
    FORBIDDEN = "FORBIDDEN"
    NOT_FOUND = "NOT_FOUND"
    CONFLICT = "CONFLICT"
    UNAVAILABLE = "UNAVAILABLE"  # the one kind worth retrying


class StackyardError(Exception):
    """Something went wrong that we had foreseen."""

    kind: ClassVar[Kind]

    def __init__(self, **facts: object) -> None:
        super().__init__(inspect.getdoc(self), facts)
        self.facts = facts

    def __str__(self) -> str:
        return str(self.args[0])


class InvalidError(StackyardError):
    """That is not something we can work with."""

    kind = Kind.INVALID


class UnauthorizedError(StackyardError):
    """You are unauthorized: sign in, or send a valid token."""

    kind = Kind.UNAUTHORIZED


class ForbiddenError(StackyardError):
    """You are unauthorized to do that."""

    kind = Kind.FORBIDDEN


class NotFoundError(StackyardError):
    """There is no such thing, or you may not know of it."""

    kind = Kind.NOT_FOUND


class ConflictError(StackyardError):
    """That cannot be done in the present state."""

    kind = Kind.CONFLICT


class UnavailableError(StackyardError):
    """Something we depend on does not answer at the moment. Try again."""

    kind = Kind.UNAVAILABLE


class ProblemsError(InvalidError):
    """The input has problems."""

    def __init__(self, *problems: str, **facts: object) -> None:
        """Say every problem at once; the first clients print only one message."""
        super().__init__(**facts)
        self.problems = problems

    def __str__(self) -> str:
        return "; ".join(self.problems) or super().__str__()
