"""A slot: one worker of the pool, which carries out one leg at a time."""

import asyncio
from dataclasses import dataclass, field
from typing import Generic

import structlog

from stackyard_protocol.mqtt import RunAssigned
from stackyard_worker.held_leg import H, HeldLeg, Workshop

log = structlog.get_logger()


@dataclass
class Slot(Generic[H]):
    """Room for one leg at a time, known to the control plane as one worker."""

    worker: str
    shop: Workshop[H]
    held: HeldLeg[H] | None = None
    off_duty: bool = False
    _next: RunAssigned | None = None
    _tasks: "dict[str, asyncio.Task[None]]" = field(default_factory=dict)
    _followers: "set[asyncio.Task[None]]" = field(default_factory=set)

    @property
    def legs(self) -> list[str]:
        """Return what it carries out, as the control plane is to know it."""
        held = self.held
        return [held.assigned.leg] if held is not None and held.accepting else []

    def knows(self, leg: str) -> bool:
        """Whether the leg is here in any form: also one that is only being tidied."""
        return leg in self._tasks or (self._next is not None and self._next.leg == leg)

    def assign(self, assigned: RunAssigned) -> None:
        """Begin, or line up behind a leg that ends this moment; refuse by silence."""
        if self.held is None:
            self._begin(assigned)
        elif not self.held.accepting:
            # The control plane has taken the other one back, or would not send this.
            self._tasks[self.held.assigned.leg].cancel()
            self._next = assigned
        elif self.held.is_ending:
            self._next = assigned
        else:
            log.warning("leg.refused", leg=assigned.leg, worker=self.worker)

    def stop(self, leg: str) -> None:
        if self.held is not None and self.held.assigned.leg == leg:
            self.held.stop.set()

    def cut(self, note: str) -> None:
        self._next = None
        if self.held is not None:
            if self.held.accepting:
                self.held.cut(note)
            else:
                self._tasks[self.held.assigned.leg].cancel()

    def refuse_more(self) -> None:
        """Take nothing new from now on; a leg that only waits goes back unbegun."""
        self._next = None
        if self.held is not None and not self.held.accepting:
            self._tasks[self.held.assigned.leg].cancel()

    async def until_free(self) -> None:
        while self.held is not None:
            await self.held.freed.wait()
            await asyncio.sleep(0)  # `_follow` runs before we look again

    async def until_delivered(self) -> None:
        while self._tasks:
            await asyncio.wait(self._tasks.values())

    async def abandon(self) -> None:
        """Stop delivering; the journal keeps it for the next life."""
        for task in self._tasks.values():
            task.cancel()
        await self.until_delivered()

    def _begin(self, assigned: RunAssigned) -> None:
        held = self.held = HeldLeg(assigned, self.shop)
        leg = assigned.leg
        self._tasks[leg] = asyncio.create_task(held.live(), name=f"leg {leg}")
        self._tasks[leg].add_done_callback(lambda task: self._forget(leg, task))
        follower = asyncio.create_task(self._follow(held), name=f"after {leg}")
        self._followers.add(follower)
        follower.add_done_callback(self._followers.discard)

    async def _follow(self, held: HeldLeg[H]) -> None:
        """When the leg has freed the slot, begin what has lined up behind it."""
        await held.freed.wait()
        self.held = None
        following, self._next = self._next, None
        if following is not None:
            self._begin(following)

    def _forget(self, leg: str, task: "asyncio.Task[None]") -> None:
        del self._tasks[leg]
        if not task.cancelled() and (problem := task.exception()) is not None:
            log.error("leg.crashed", leg=leg, exc_info=problem)
