"""Somebody who goes on triggering runs, and remembers what the answers were."""

import threading
from dataclasses import dataclass, field
from itertools import count
from typing import Self

import httpx

from tests.support.client import Client, GraphQLFailedError

AWAY = "The database does not answer at the moment. Try again."


@dataclass
class Load:
    """Triggers tasks on *stacks* in turn. Each has a mark that no other run has.

    A mark that was answered with a run's id is `promised`. Of the others nobody was
    told: the run may exist, for the answer may have been what was lost.
    """

    base: str
    token: str
    stacks: list[str]
    word: str
    every: float = 0.2
    promised: dict[str, str] = field(default_factory=dict)  # mark -> run
    unknown: set[str] = field(default_factory=set)
    refusals: set[str] = field(default_factory=set)
    failures: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._trigger_on_and_on, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()

    def leave(self) -> None:
        self._stop.set()
        if self._thread:
            self._thread.join(60)

    def _trigger_on_and_on(self) -> None:
        client = Client(self.base, self.token)
        for number in count():
            stack = self.stacks[number % len(self.stacks)]
            mark = f"{self.word}-{number}."
            try:
                self.promised[mark] = client.task(stack, f"echo {mark}")
            except GraphQLFailedError as error:
                self.unknown.add(mark)
                self.refusals.add(str(error))
            except httpx.HTTPError as error:
                self.unknown.add(mark)
                self.failures.append(f"{mark} {error!r}")
            if self._stop.wait(self.every):
                client.http.close()
                return
