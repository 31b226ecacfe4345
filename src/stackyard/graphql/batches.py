"""What every set of loaders stands on: units, and in whose name they are opened."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from stackyard.graphql.loader import Loader
from stackyard.kernel.access import Subject
from stackyard.unit import OpenUnit, Unit

K = TypeVar("K")
V = TypeVar("V")


class Batches:
    def __init__(
        self,
        open_unit: OpenUnit,
        subject: Subject,
        *,
        open_list: OpenUnit | None = None,
    ) -> None:
        self._open_unit = open_unit
        self._open_list = open_list or open_unit
        self._by = subject
        self._pages: dict[tuple[object, ...], Any] = {}

    def _loader(
        self,
        ask: Callable[[Unit, Sequence[K]], Awaitable[Mapping[K, V]]],
        missing: Callable[[K], V],
        open_unit: OpenUnit | None = None,
    ) -> Loader[K, V]:
        async def fetch(keys: Sequence[K]) -> Mapping[K, V]:
            async with (open_unit or self._open_unit)() as unit:
                return await ask(unit, keys)

        return Loader(fetch, missing)


def nothing(_key: object) -> None:
    return None


def grouped(rows: Iterable[tuple[K, V]]) -> dict[K, list[V]]:
    groups: dict[K, list[V]] = {}
    for key, row in rows:
        groups.setdefault(key, []).append(row)
    return groups
