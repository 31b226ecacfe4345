"""What each use case, field and route needs of whoever asks: said once, beside it.

What says nothing is open to nobody: the start fails and names it. What is said is also
looked after. A use case that declares an action and answers without having asked
`Access` for it has a bug; nobody gets its answer, and its transaction is undone.
"""

import inspect
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum
from functools import cached_property, wraps
from typing import Any, Final, TypeAlias, TypeVar, cast, get_type_hints

from stackyard.kernel.access import Access, Action, Subject, SubjectKind
from stackyard.kernel.errors import ForbiddenError, UnauthorizedError


class Rule(StrEnum):
    """What is needed where that is not one action in the space of a thing."""

    ANYBODY = "ANYBODY"  # also of those who did not sign in
    SIGNED_IN = "SIGNED_IN"
    PARENT = "PARENT"  # what it is part of has asked
    ANY_SPACE_ADMIN = "ANY_SPACE_ADMIN"
    ACCOUNT_ADMIN = "ACCOUNT_ADMIN"  # SPACE_ADMIN in root
    CREATOR = "CREATOR"  # who made the thing
    OWN_RUN = "OWN_RUN"  # a run, of its own stack
    WORKER = "WORKER"  # who carries out the leg, shown by the leg's token
    LINK = "LINK"  # whoever has the link: it is sealed, and soon over
    PLATFORM = "PLATFORM"  # no one but the platform itself
    WHO_ASKS = "WHO_ASKS"  # it finds out who is asking


Need: TypeAlias = Action | Rule
F = TypeVar("F", bound=Callable[..., Any])

_MARK: Final = "__needs__"
_UNASKED: Final = frozenset({Rule.ANYBODY, Rule.PARENT, Rule.WHO_ASKS})
# These are seen from the subject alone, before the use case begins.
_SEEN_AT_ONCE: Final = _UNASKED | {Rule.SIGNED_IN}
_asked: ContextVar[set[Need] | None] = ContextVar("asked", default=None)


class UndeclaredError(Exception):
    """Something does not say what it needs of whoever asks."""

    def __init__(self, names: Collection[str]) -> None:
        super().__init__(f"open to nobody until they say @needs: {', '.join(names)}")
        self.names = list(names)


class NotAskedError(Exception):
    """A use case answered without having asked for what it declares."""


def needs(*any_of: Need) -> Callable[[F], F]:
    """Declare that a use case needs one of these, whichever fits the case.

    Of those that yield, such as streams, only what the subject alone shows is looked
    at here: the use cases that they call are looked after themselves.
    """
    declared = frozenset(any_of)

    def declare(method: F) -> F:
        setattr(method, _MARK, declared)
        if "by" in inspect.signature(method).parameters:
            waits = inspect.iscoroutinefunction(method)
            return (_watched if waits else _begun)(method, declared)
        if not declared <= _UNASKED:
            message = f"{method.__qualname__} takes no subject to look at"
            raise TypeError(message)
        return method

    return declare


def _watched(method: F, declared: frozenset[Need]) -> F:
    """Return the coroutine function with its declaration looked after."""
    finds = inspect.signature(method).return_annotation is not None
    seen_at_once = not declared.isdisjoint(_SEEN_AT_ONCE)

    @wraps(method)
    async def ask(*args: Any, **given: Any) -> Any:
        by: Subject = given["by"]
        _admit(by, declared)
        outer, asked = _asked.get(), set[Need]()
        token = _asked.set(asked)
        try:
            answer = await method(*args, **given)
        finally:
            _asked.reset(token)
            if outer is not None:
                outer |= asked  # nested use cases ask in the caller's stead
        nothing = answer is None and finds  # then there is nothing to ask about
        if nothing or seen_at_once or by.kind is SubjectKind.SYSTEM:
            return answer
        if declared.isdisjoint(asked):
            wanted = " or ".join(sorted(declared))
            message = f"{method.__qualname__} did not ask for {wanted}"
            raise NotAskedError(message)
        return answer

    return cast("F", ask)


def _begun(method: F, declared: frozenset[Need]) -> F:
    """Return the function, which yields, so that it begins only for the admitted."""

    @wraps(method)
    def begin(*args: Any, **given: Any) -> Any:
        _admit(given["by"], declared)
        return method(*args, **given)

    return cast("F", begin)


@contextmanager
def asking() -> Iterator[set[Need]]:
    """Collect what is asked from here on; whoever called us is told of it, too."""
    outer, asked = _asked.get(), set[Need]()
    token = _asked.set(asked)
    try:
        yield asked
    finally:
        _asked.reset(token)
        if outer is not None:
            outer |= asked


def note_asked(*what: Need) -> None:
    """Say that the subject of the present use case is being judged by this."""
    asked = _asked.get()
    if asked is not None:
        asked.update(what)


def needs_of(declared: object) -> frozenset[Need] | None:
    """Return what a use case declares, or None."""
    found: frozenset[Need] | None = getattr(declared, _MARK, None)
    return found


def ensure_declared(*services: type) -> None:
    """Raise `UndeclaredError` if a use case of one of them says nothing."""
    silent = [
        f"{service.__name__}.{name}"
        for service in services
        for name, method in use_cases(service)
        if needs_of(method) is None
    ]
    if silent:
        raise UndeclaredError(silent)


def use_cases(service: type) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield the public coroutines and asynchronous generators of a class."""
    for name, method in inspect.getmembers(service, inspect.isfunction):
        core = inspect.unwrap(method)
        waits = inspect.iscoroutinefunction(core) or inspect.isasyncgenfunction(core)
        if waits and not name.startswith("_"):
            yield name, method


def services_of(unit: type) -> set[type]:
    """Return the services that a unit of work builds for whoever opens it."""
    built = {
        get_type_hints(made.func)["return"]
        for name, made in inspect.getmembers(unit)
        if isinstance(made, cached_property) and not name.startswith("_")
    }
    return {one for one in built if Access not in one.__mro__}  # it is what is asked


def _admit(by: Subject, declared: frozenset[Need]) -> None:
    if not declared.isdisjoint(_UNASKED):
        return
    if by.kind is SubjectKind.NOBODY:
        raise UnauthorizedError
    if declared == {Rule.PLATFORM} and by.kind is not SubjectKind.SYSTEM:
        raise ForbiddenError(subject=by.name)
