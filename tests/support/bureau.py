"""Reactions without processes: real units on a real database, a git world of words."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast
from urllib.parse import urlsplit

from sqlalchemy import text

from stackyard.adapters.postgres import Database
from stackyard.adapters.queue import PostgresOutbox
from stackyard.follows import RemotesDue
from stackyard.kernel.access import SYSTEM
from stackyard.kernel.blobs import Blobs
from stackyard.kernel.ids import StackId
from stackyard.kernel.routing import event_of
from stackyard.log_files import LogFiles
from stackyard.reactions import CHOREOGRAPHY, Tools
from stackyard.reactions.follows import ask_due, look_round
from stackyard.runs import Run, RunType
from stackyard.spaces import seed
from stackyard.stacks import Provider, Stack
from stackyard.state_files import StateFiles
from stackyard.unit import Means, Unit
from stackyard.vcs import Answer, Heads, RemoteUnavailableError
from stackyard.workers import Courier, Signer
from tests.support.edge import NO_BLOBS, NO_COURIER, NO_SIGNER, NO_UPKEEP, SITE
from tests.support.fakes import Clock
from tests.support.stacks import a_spec

EVERY = timedelta(seconds=120)
NOTHING = cast("Any", None)


@dataclass
class GitWorld:
    """Git servers that say what they are told to; hosts in *silent* never answer."""

    branches: dict[str, dict[str, str]] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    away: set[str] = field(default_factory=set)
    mad: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    async def get(self, url: str, *, limit: int) -> Answer:
        repository = url.partition("/info/refs")[0]
        self.asked.append(repository)
        host = urlsplit(url).netloc
        if host in self.silent:
            await asyncio.Event().wait()
        if host in self.away:
            raise RemoteUnavailableError(host=host)
        if host in self.mad:
            raise ZeroDivisionError
        await asyncio.sleep(0)
        if repository not in self.branches:
            return Answer(404, "text/plain", b"")
        return _advertisement(self.branches[repository])

    def push(self, url: str, sha: str, branch: str = "main") -> None:
        self.branches.setdefault(url, {})[branch] = sha


@dataclass
class Bureau:
    """One drain's worth of tools; several may share a database and a world."""

    database: Database
    world: GitWorld = field(default_factory=GitWorld)
    clock: Clock = field(default_factory=Clock)
    signer: Signer = NO_SIGNER
    blobs: Blobs = NO_BLOBS
    courier: Courier = NO_COURIER

    @asynccontextmanager
    async def unit(self) -> AsyncIterator[Unit]:
        means = Means(
            blobs=self.blobs,
            vault=NOTHING,
            tokens=NOTHING,
            signer=self.signer,
            endpoints=NOTHING,
            site=SITE,
            clock=self.clock,
            handover=timedelta(seconds=10),
            follow_every=EVERY,
        )
        async with self.database.transaction() as session:
            outbox = PostgresOutbox(session, CHOREOGRAPHY.routes)
            yield Unit(session, outbox, self.courier, NO_UPKEEP, means)

    @property
    def tools(self) -> Tools:
        return Tools(
            open_unit=self.unit,
            blobs=self.blobs,
            state_files=StateFiles(self.unit, self.blobs, NOTHING),
            log_files=LogFiles(self.unit, self.blobs),
            contents=NOTHING,
            repository_upkeep=NOTHING,
            heads=Heads(self.world),
            poster=NOTHING,
            clock=self.clock,
            site=SITE,
            worker_lease=timedelta(seconds=20),
            audit_retention=timedelta(days=30),
            queue_vacuum=NOTHING,
        )

    async def prepare(self) -> "Bureau":
        async with self.database.transaction() as session:
            await seed(session, at=self.clock())
        return self

    async def follow(self, name: str, url: str, **given: Any) -> StackId:
        """Make a stack whose code is on somebody's git server."""
        spec = a_spec(name=name, provider=Provider.GIT, repository_url=url, **given)
        async with self.unit() as unit:
            return (await unit.stacks.create(spec, by=SYSTEM)).id

    async def stack(self, stack_id: StackId) -> Stack:
        async with self.unit() as unit:
            return await unit.stacks.get(stack_id, by=SYSTEM)

    async def runs(self, stack_id: StackId) -> list[Run]:
        kinds = [RunType.TRACKED, RunType.PROPOSED]
        async with self.unit() as unit:
            found = await unit.runs.of_stacks([stack_id], kinds, by=SYSTEM)
            return found[stack_id]

    async def commits(self, stack_id: StackId) -> list[str]:
        """Return the commits that the stack has runs of, the newest first."""
        return [(run.commit or {})["hash"] for run in await self.runs(stack_id)]

    async def look(self) -> None:
        """Do what a tick does."""
        await look_round(self.tools)

    async def due(self) -> list[RemotesDue]:
        """Take what the tick had sent."""
        return [event_of(RemotesDue, facts) for facts in await self.taken("ask_due")]

    async def check(self) -> None:
        """Have a tick and what comes of it."""
        await self.look()
        for event in await self.due():
            await ask_due(self.tools, event)

    async def wait(self, seconds: float) -> None:
        """Let time pass as it does when all is well: with ticks."""
        while seconds > 0:
            self.clock.advance(min(seconds, 15))
            seconds -= 15
            await self.look()

    async def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """Look at rows, or with RETURNING change them."""
        async with self.database.transaction() as session:
            return [tuple(row) for row in await session.execute(text(statement))]

    async def taken(self, reaction: str) -> list[Any]:
        """Take the messages for *reaction* off their queue; return their facts."""
        rows = await self.sql(
            "WITH taken AS (DELETE FROM message_queue_messages"
            f" WHERE body->>'reaction' = '{reaction}' RETURNING id, body)"
            " SELECT body->'facts' FROM taken ORDER BY id"
        )
        return [facts for (facts,) in rows]


def _advertisement(branches: dict[str, str]) -> Answer:
    lines = [f"{sha} refs/heads/{name}\n" for name, sha in branches.items()]
    body = b"001e# service=git-upload-pack\n0000" + b"".join(map(_packet, lines))
    kind = "application/x-git-upload-pack-advertisement"
    return Answer(200, kind, body + b"0000")


def _packet(line: str) -> bytes:
    return f"{len(line) + 4:04x}{line}".encode()
