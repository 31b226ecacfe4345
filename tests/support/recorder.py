"""A conversation that answers like a control plane and remembers everything."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from stackyard_protocol.report import (
    Answer,
    Archived,
    Body,
    Ended,
    Entered,
    Next,
    Planned,
)
from stackyard_worker.conversation import LetGoError


@dataclass
class Recorder:
    """`after_plan` is the answer to a plan; everything else goes on."""

    after_plan: Next = Next.FINISH
    answers: dict[str, Next] = field(default_factory=dict)
    url: Callable[[], str] = lambda: ""
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    reports: list[Body] = field(default_factory=list)
    logs: dict[str, bytes] = field(default_factory=dict)
    state: str = "PREPARING"
    saw: asyncio.Event = field(default_factory=asyncio.Event)
    waits_for: bytes = b""

    async def report(self, body: Body) -> Answer:
        self.reports.append(body)
        following = Next.GO_ON
        match body:
            case Entered():
                following = self.answers.get(body.state, Next.GO_ON)
                if following is Next.GO_ON:
                    self.state = body.state
            case Planned():
                following = self.after_plan
            case _:
                pass
        if following is Next.LET_GO:
            raise LetGoError
        return Answer(following, self.state, len(self.reports))

    def write(self, masked: bytes) -> None:
        self.logs[self.state] = self.logs.get(self.state, b"") + masked
        if self.waits_for and self.waits_for in self.log:
            self.saw.set()

    async def upload_url(self) -> str:
        return self.url()

    async def until(self, text: bytes, seconds: float = 30) -> None:
        """Wait until *text* is in the log."""
        self.waits_for = text
        if text in self.log:
            return
        self.saw.clear()
        try:
            await asyncio.wait_for(self.saw.wait(), seconds)
        except TimeoutError:
            raise AssertionError(self.log.decode(errors="replace")) from None

    @property
    def log(self) -> bytes:
        return b"".join(self.logs.values())

    @property
    def end(self) -> Ended:
        last = self.reports[-1]
        assert isinstance(last, Ended), last
        return last

    @property
    def planned(self) -> Planned:
        return next(one for one in self.reports if isinstance(one, Planned))

    @property
    def archived(self) -> Archived:
        return next(one for one in self.reports if isinstance(one, Archived))

    @property
    def states(self) -> list[str]:
        return [one.state for one in self.reports if isinstance(one, Entered)]
