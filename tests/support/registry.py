"""The edge with the audit trail as the composition root wires it, and its reactions.

There is no drain: `work` does what one would do about the trail and about webhooks,
and nothing else.
"""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, cast

from sqlalchemy import text
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from stackyard.adapters.outbound import GuardedHttp
from stackyard.adapters.queue import PostgresOutbox
from stackyard.audit import (
    AuditTrail,
    Entry,
    Refusal,
    Verdict,
    Webhooks,
    WebhookSetup,
    watching,
)
from stackyard.choreography import Outcome
from stackyard.kernel.access import SYSTEM
from stackyard.kernel.caller import Caller
from stackyard.kernel.queue import Message, Queue
from stackyard.kernel.search import Search
from stackyard.processes.audit import verify
from stackyard.reactions import CHOREOGRAPHY, Tools
from stackyard.reactions.audit import catch_up, forget_old
from stackyard.unit import Unit
from tests.support.edge import SITE, Edge
from tests.support.stacks import ADA

NOTHING = cast("Any", None)
LOCAL = GuardedHttp.guard(allowed_networks=["127.0.0.0/8"])
REACTIONS = (
    "seal_recorded",
    "deliver_due",
    "offer_queued",
    "offer_confirmed",
    "offer_ended",
    "send_due",
)


@dataclass
class Registry(Edge):
    outbound: GuardedHttp = LOCAL
    retention: timedelta = timedelta(days=30)

    def __post_init__(self) -> None:
        self.audit_webhook = WebhookSetup(self.audit_webhooks, self.outbound)
        super().__post_init__()

    @asynccontextmanager
    async def unit(self) -> AsyncIterator[Unit]:
        async with watching(self._trail) as refusals, super().unit() as unit:
            yield self._wired(unit, refusals)

    @asynccontextmanager
    async def audit_webhooks(self) -> AsyncIterator[Webhooks]:
        async with self.unit() as unit:
            yield unit.audit_webhooks

    @property
    def tools(self) -> Tools:
        return Tools(
            open_unit=self.unit,
            blobs=NOTHING,
            state_files=NOTHING,
            log_files=NOTHING,
            contents=NOTHING,
            repository_upkeep=NOTHING,
            heads=NOTHING,
            poster=self.outbound,
            clock=self.clock,
            site=SITE,
            worker_lease=timedelta(seconds=20),
            audit_retention=self.retention,
            queue_vacuum=NOTHING,
        )

    async def ask(self, query: str, *, by: Any = ADA, **variables: Any) -> Any:
        answer = await self.graph.answer(query, variables=variables, caller=Caller(by))
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    async def refusal(self, query: str, *, by: Any = ADA, **variables: Any) -> str:
        answer = await self.graph.answer(query, variables=variables, caller=Caller(by))
        return str(answer["errors"][0]["message"])

    async def work(self) -> list[Outcome]:
        """React to every message about the trail, or webhooks, until there is none."""
        outcomes = []
        while bodies := await self._taken():
            for body in bodies:
                message = Message("1", Queue.ASYNC, body, None, "", 1)
                outcomes.append(await CHOREOGRAPHY.react(self.tools, message))
        return outcomes

    async def tick(self) -> None:
        await catch_up(self.tools)

    async def forget(self) -> None:
        await forget_old(self.tools)

    async def entries(self, **given: Any) -> list[Entry]:
        """Return the entries, the oldest first."""
        async with self.unit() as unit:
            page = await unit.audit.search(Search(first=100, **given), by=SYSTEM)
        return page.items[::-1]

    async def actions(self) -> list[str]:
        return [entry.action for entry in await self.entries()]

    async def verify(self) -> Verdict:
        return await verify(self.database)

    async def sql(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        """Look at rows, or with RETURNING change them."""
        async with self.database.transaction() as session:
            found = await session.execute(text(statement), values)
            return [tuple(row) for row in found]

    @asynccontextmanager
    async def _trail(self) -> AsyncIterator[AuditTrail]:
        async with super().unit() as unit:
            yield self._wired(unit, []).trail

    def _wired(self, unit: Unit, refusals: list[Refusal]) -> Unit:
        return replace(
            unit,
            outbox=PostgresOutbox(unit.session, CHOREOGRAPHY.routes),
            refusals=refusals,
        )

    async def _taken(self) -> list[dict[str, Any]]:
        rows = await self.sql(
            "WITH taken AS (DELETE FROM message_queue_messages"
            " WHERE body->>'reaction' = ANY(:reactions) RETURNING id, body)"
            " SELECT body FROM taken ORDER BY id",
            reactions=list(REACTIONS),
        )
        return [body for (body,) in rows]


@dataclass
class Heard:
    headers: dict[str, str]
    body: bytes

    @property
    def said(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    def is_signed_with(self, secret: str) -> bool:
        key = secret.encode()
        return (
            self.headers.get("x-signature")
            == f"sha1={hmac.new(key, self.body, hashlib.sha1).hexdigest()}"
            and self.headers.get("x-signature-256")
            == f"sha256={hmac.new(key, self.body, hashlib.sha256).hexdigest()}"
        )


@dataclass
class Receiver:
    """Somebody's endpoint; it says what *status* is, and remembers what it was told."""

    status: int = 200
    location: str = ""
    silent: bool = False
    heard: list[Heard] = field(default_factory=list)

    @property
    def app(self) -> Starlette:
        return Starlette(routes=[Route("/hook", self._hear, methods=["POST"])])

    @property
    def actions(self) -> list[str]:
        return [one.said["action"] for one in self.heard]

    async def _hear(self, request: Request) -> Response:
        self.heard.append(Heard(dict(request.headers), await request.body()))
        if self.silent:
            await asyncio.Event().wait()
        if self.location:
            return RedirectResponse(self.location, 307)
        return Response(status_code=self.status)
