"""The trail on a real database: written with its cause, sealed, found, let go."""

import argparse
import asyncio
import json
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event
from tests.support.registry import Registry
from tests.support.stacks import ADA, a_spec

from stackyard.adapters.postgres import Database
from stackyard.audit import (
    AuditAdminOnlyError,
    AuditStore,
    Finding,
    Mark,
    Problem,
    Verification,
)
from stackyard.audit.model.chain import Chain
from stackyard.audit.service.sealing import MOST_AT_ONCE
from stackyard.kernel.access import SYSTEM, Subject, SubjectKind
from stackyard.kernel.audit import Resource, ResourceType
from stackyard.kernel.errors import InvalidError
from stackyard.kernel.ids import ROOT, StackId
from stackyard.kernel.search import (
    CursorError,
    Order,
    Predicate,
    Search,
    SearchFieldError,
)
from stackyard.processes.audit import one_moment, run
from stackyard.settings import MigrateSettings
from stackyard.spaces import SpaceAccess
from stackyard.stacks import StackSlugTakenError

KEY = Subject(SubjectKind.API_KEY, "01KEY", "ci", admin=True)
RUN = Subject(SubjectKind.RUN, "net/01RUN", "net/01RUN", stack_id=StackId("net"))
WAITING = (
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
    " AND wait_event_type = 'Lock'"
)
NET = Resource(ResourceType.STACK, "net")


@pytest.fixture
async def registry(database: Database) -> Registry:
    registry = Registry(database)
    await registry.prepare()
    return registry


async def note(registry: Registry, action: str = "stack.update", **given: Any) -> None:
    """Have something happen, a second after whatever happened last."""
    registry.clock.advance(1)
    async with registry.unit() as unit:
        usual: dict[str, Any] = {"affected": NET, "by": ADA}
        await unit.trail.note(action, **usual | given)


async def seal(registry: Registry) -> int:
    async with registry.unit() as unit:
        return await unit.audit_sealing.seal(by=SYSTEM)


async def sealed(registry: Registry, count: int = 5) -> None:
    for number in range(count):
        await note(registry, affected=Resource(ResourceType.STACK, f"net-{number}"))
    await registry.work()


async def create(registry: Registry, *names: str) -> None:
    async with registry.unit() as unit:
        for name in names:
            await unit.stacks.create(a_spec(name=name), by=ADA)


async def test_an_entry_is_there_exactly_if_its_cause_is(registry: Registry) -> None:
    await create(registry, "Net")
    with pytest.raises(StackSlugTakenError):
        await create(registry, "Other", "Net")

    [entry] = await registry.entries()
    assert (entry.action, entry.event_type, entry.outcome) == (
        "stack.create",
        "CREATE",
        "done",
    )
    assert (entry.affected_kind, entry.affected_id) == ("STACK", "net")
    assert (entry.actor, entry.space_id) == ("Ada", "legacy")
    assert json.loads(entry.data) == {"ID": "net", "Name": "Net"}


@pytest.mark.parametrize(
    ("by", "shown"), [(KEY, "api::01KEY"), (RUN, "net/01RUN"), (SYSTEM, "system")]
)
async def test_an_actor_is_shown_as_clients_know_it(
    registry: Registry, by: Subject, shown: str
) -> None:
    await note(registry, by=by)

    [entry] = await registry.entries()
    assert (entry.actor, entry.actor_kind, entry.actor_id) == (shown, by.kind, by.id)
    assert entry.actor_roles is None


async def test_entries_are_sealed_without_a_gap(registry: Registry) -> None:
    await sealed(registry)

    entries = await registry.entries()
    assert [entry.position for entry in entries] == [1, 2, 3, 4, 5]
    assert entries[0].previous == bytes(32)
    assert [one.previous for one in entries[1:]] == [one.hash for one in entries[:-1]]
    verdict = await registry.verify()
    assert (verdict.finding, verdict.count, verdict.unsealed.count) == (None, 5, 0)
    assert verdict.head == Mark(5, entries[-1].hash or b"")


async def test_many_that_seal_at_once_make_one_chain(registry: Registry) -> None:
    for _ in range(4):
        await note(registry)
        await asyncio.gather(*(seal(registry) for _ in range(4)))

    assert [entry.position for entry in await registry.entries()] == [1, 2, 3, 4]
    assert (await registry.verify()).finding is None


async def test_who_seals_waits_for_who_is_sealing(registry: Registry) -> None:
    """The entry of a slow transaction has its place behind a later one."""
    await sealed(registry, 1)
    async with AsyncExitStack() as slow:
        unit = await slow.enter_async_context(registry.unit())
        await unit.trail.note("stack.create", NET, by=ADA)
        await note(registry, "stack.lock")
        async with registry.unit() as first:
            assert await first.audit_sealing.seal(by=SYSTEM) == 1
            await slow.aclose()
            second = asyncio.create_task(seal(registry))
            while not await registry.sql(WAITING):  # noqa: ASYNC110 - PostgreSQL tells nobody
                await asyncio.sleep(0.01)
        assert await second == 1

    places = {entry.action: entry.position for entry in await registry.entries()}
    assert places == {"stack.update": 1, "stack.lock": 2, "stack.create": 3}
    assert (await registry.verify()).finding is None


async def test_what_is_sealed_or_let_go_meanwhile_does_not_look_wrong(
    registry: Registry,
) -> None:
    @dataclass(frozen=True)
    class Interrupted(AuditStore):
        """While somebody verifies, the front goes, and more comes to the end."""

        async def find_chain(self) -> Chain | None:
            found = await super().find_chain()
            registry.clock.advance(timedelta(days=31).total_seconds())
            await registry.forget()
            await sealed(registry, 2)
            return found

    await sealed(registry, 3)
    async with one_moment(registry.database) as session:
        verification = Verification(Interrupted(session), SpaceAccess(session))
        verdict = await verification.verify(by=SYSTEM)

    assert (verdict.finding, verdict.count) == (None, 3)
    verdict = await registry.verify()
    assert (verdict.finding, verdict.count) == (None, 2)


async def test_what_its_message_did_not_seal_the_tick_does(registry: Registry) -> None:
    await note(registry)
    await registry.sql("DELETE FROM message_queue_messages RETURNING id")
    await registry.tick()
    assert (await registry.verify()).unsealed.count == 1

    registry.clock.advance(60)
    await registry.tick()
    assert (await registry.verify()).unsealed.count == 0


async def test_more_than_fits_into_one_transaction_is_sealed_all_the_same(
    registry: Registry,
) -> None:
    async with registry.unit() as unit:
        for _ in range(MOST_AT_ONCE + 1):
            await unit.trail.note("stack.update", NET, by=ADA)
    await registry.work()

    verdict = await registry.verify()
    assert (verdict.finding, verdict.count) == (None, MOST_AT_ONCE + 1)


@pytest.mark.parametrize(
    ("change", "problem", "position"),
    [
        ("UPDATE audit_entries SET actor = 'eve' WHERE position = 3", "altered", 3),
        ("UPDATE audit_entries SET data = '[]' WHERE position = 1", "altered", 1),
        (
            "UPDATE audit_entries SET actor_roles = '{admin}' WHERE position = 2",
            "altered",
            2,
        ),
        (
            "UPDATE audit_entries SET at = at + interval '1 us' WHERE position = 5",
            "altered",
            5,
        ),
        ("DELETE FROM audit_entries WHERE position = 3", "removed", 3),
        ("DELETE FROM audit_entries WHERE position = 1", "removed", 1),
        ("DELETE FROM audit_entries WHERE position = 5", "removed", 5),
        ("DELETE FROM audit_entries", "removed", 1),
        (
            "UPDATE audit_entries SET position = NULL WHERE position = 4",
            "removed",
            4,
        ),
        (
            "UPDATE audit_entries SET position = 9 WHERE position = 2",
            "removed",
            2,
        ),
        ("UPDATE audit_chain SET position = 4", "inserted", 5),
        ("UPDATE audit_chain SET position = 6", "removed", 6),
        (
            "UPDATE audit_chain SET hash = anchor_hash",
            "the end is not what it was",
            5,
        ),
        (
            "UPDATE audit_chain SET anchor_hash = hash",
            "the beginning is not what it was",
            0,
        ),
        ("UPDATE audit_chain SET anchor_position = 1", "inserted", 1),
        ("DELETE FROM audit_chain", "inserted", 1),
    ],
)
async def test_what_somebody_did_in_the_database_is_found(
    registry: Registry, change: str, problem: str, position: int
) -> None:
    await sealed(registry)
    await registry.sql(f"{change} RETURNING 1")

    found = (await registry.verify()).finding

    assert found is not None
    assert (found.problem, found.position) == (Problem(problem), position)


async def test_two_that_changed_places_are_found(registry: Registry) -> None:
    await sealed(registry)
    ids = [entry.id for entry in await registry.entries()]
    for position, one in ((99, ids[1]), (2, ids[3]), (4, ids[1])):
        await registry.sql(
            "UPDATE audit_entries SET position = :position WHERE id = :id RETURNING 1",
            position=position,
            id=one,
        )

    found = (await registry.verify()).finding
    assert found == Finding(Problem.OUT_OF_PLACE, 2, ids[3])


async def test_what_waits_to_be_sealed_is_told_of_and_looked_at(
    registry: Registry,
) -> None:
    await sealed(registry)
    await note(registry)
    verdict = await registry.verify()
    assert verdict.unsealed.count == 1
    assert verdict.unsealed.oldest_at == registry.clock.now
    assert verdict.unsealed.altered is None

    await registry.sql(
        "UPDATE audit_entries SET actor = 'eve' WHERE position IS NULL RETURNING 1"
    )
    last = (await registry.entries())[-1]
    verdict = await registry.verify()
    assert verdict.unsealed.altered == Finding(Problem.ALTERED, None, last.id)

    await registry.work()  # and it does not become right by being sealed
    assert (await registry.verify()).finding == Finding(Problem.ALTERED, 6, last.id)


async def test_what_was_made_unreadable_holds_up_nothing(registry: Registry) -> None:
    await note(registry)
    await registry.sql(
        "UPDATE audit_entries SET data = '{', affected_kind = 'EVE',"
        " actor_kind = 'eve', at = 'epoch' RETURNING 1"
    )
    await registry.work()

    assert (await registry.verify()).finding is not None
    query = (
        "{ searchAuditTrailEntries(input: {}) { edges { node { body actor { username }"
        " affectedResource { resourceType } } } } }"
    )
    [edge] = (await registry.ask(query))["searchAuditTrailEntries"]["edges"]
    assert edge["node"]["affectedResource"] == {"resourceType": "UNKNOWN"}


async def test_strange_text_is_kept_as_well_as_it_can_be(registry: Registry) -> None:
    await note(
        registry,
        affected=Resource(ResourceType.STACK, "a\0\ud800" + "x" * 1_000),
        facts={"Name": "\ud800\0"},
    )
    await registry.work()

    [entry] = await registry.entries()
    assert (entry.affected_id or "").startswith("a?x")
    assert (await registry.verify()).finding is None


async def test_old_entries_go_from_the_front_and_the_rest_still_verifies(
    registry: Registry,
) -> None:
    await sealed(registry, 3)
    registry.clock.advance(timedelta(days=31).total_seconds())
    await sealed(registry, 2)
    await registry.forget()

    assert [entry.position for entry in await registry.entries()] == [4, 5]
    verdict = await registry.verify()
    assert (verdict.finding, verdict.count) == (None, 2)
    assert verdict.anchor.position == 3

    registry.clock.advance(timedelta(days=31).total_seconds())
    await registry.forget()
    verdict = await registry.verify()
    assert (verdict.finding, verdict.count) == (None, 0)
    assert verdict.anchor == verdict.head

    await sealed(registry, 1)
    assert (await registry.verify()).finding is None
    assert [entry.position for entry in await registry.entries()] == [6]


async def test_what_is_not_sealed_yet_is_not_let_go(registry: Registry) -> None:
    await note(registry)
    registry.clock.advance(timedelta(days=31).total_seconds())
    await registry.forget()

    assert len(await registry.entries()) == 1


async def test_the_command_says_what_is_wrong_and_where(
    registry: Registry, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = MigrateSettings.model_construct(database_url=database_url)
    sound = argparse.Namespace(action="verify", witness=None)
    await sealed(registry)
    await note(registry)

    assert await run(settings, sound) == 0
    said = dict(line.split("\t", 1) for line in capsys.readouterr().out.splitlines())
    assert said["verified"] == "5"
    assert said["not sealed yet"].startswith("1, oldest ")
    witness = Mark.parse(said["ends with"])

    await registry.sql("DELETE FROM audit_entries WHERE position = 2 RETURNING 1")
    assert await run(settings, sound) == 1
    assert "WRONG\tremoved\t2\t-" in capsys.readouterr().out

    await registry.sql("DELETE FROM audit_entries RETURNING 1")
    await registry.sql("DELETE FROM audit_chain RETURNING 1")
    await sealed(registry)  # a whole new chain
    assert await run(settings, sound) == 0
    witnessed = argparse.Namespace(action="verify", witness=witness)
    assert await run(settings, witnessed) == 1


async def test_only_administrators_of_the_account_read_it(registry: Registry) -> None:
    for by in (Subject(SubjectKind.USER, "eve", "eve"), RUN):
        async with registry.unit() as unit:
            with pytest.raises(AuditAdminOnlyError):
                await unit.audit.search(Search(), by=by)


async def test_a_search_narrows_by_what_is_on_the_list_and_nothing_else(
    registry: Registry,
) -> None:
    await note(registry, "stack.create", space=ROOT)
    await note(registry, "stack.lock", by=KEY)
    await note(
        registry,
        "run.trigger",
        affected=Resource(ResourceType.RUN, "01RUN"),
        related=NET,
    )
    found = {
        ("action", ("stack.lock", "run.trigger")): ["stack.lock", "run.trigger"],
        ("actor", ("api::01KEY",)): ["stack.lock"],
        ("eventType", ("CREATE",)): ["stack.create", "run.trigger"],
        ("affectedResourceType", ("RUN",)): ["run.trigger"],
        ("affectedResourceId", ("net",)): ["stack.create", "stack.lock"],
        ("relatedResourceType", ("STACK",)): ["run.trigger"],
        ("relatedResourceId", ("net",)): ["run.trigger"],
        ("outcome", ("denied",)): [],
        ("space", ("root",)): ["stack.create"],
        ("createdAt", ("2030-01-01",)): ["stack.create", "stack.lock", "run.trigger"],
        ("createdAt", ("..2029-12-31",)): [],
        ("createdAt", ("2030-01-01T00:00:02Z..",)): ["stack.lock", "run.trigger"],
        ("createdAt", ("1893456001",)): ["stack.create"],
        ("action", ()): ["stack.create", "stack.lock", "run.trigger"],
    }
    for (field, values), actions in found.items():
        predicate = Predicate(field, enums=values)
        entries = await registry.entries(predicates=(predicate,))
        assert [entry.action for entry in entries] == actions, field

    without = Predicate("relatedResourceId", strings=("net",), exclude=True)
    entries = await registry.entries(predicates=(without,))
    assert [entry.action for entry in entries] == ["stack.create", "stack.lock"]
    assert len(await registry.entries(text="01key LOCK")) == 1
    for wrong in (
        Predicate("data", strings=("x",)),
        Predicate("createdAt", strings=("yesterday",)),
        Predicate("createdAt", strings=("..",)),
    ):
        with pytest.raises(InvalidError):
            await registry.entries(predicates=(wrong,))
    with pytest.raises(SearchFieldError):
        await registry.entries(predicates=(Predicate("digest", strings=("x",)),))


async def test_pages_follow_one_another_and_each_is_one_query(
    registry: Registry,
) -> None:
    for _ in range(5):
        await note(registry)
    seen: list[str] = []
    statements: list[str] = []

    def count(*arguments: object) -> None:
        statements.append(str(arguments[2]))

    event.listen(registry.database.engine.sync_engine, "before_cursor_execute", count)
    after = None
    for _ in range(3):
        async with registry.unit() as unit:
            page = await unit.audit.search(Search(first=2, after=after), by=ADA)
        seen += [entry.id for entry in page.items]
        after = page.end_cursor
    event.remove(registry.database.engine.sync_engine, "before_cursor_execute", count)

    assert len([one for one in statements if one.startswith("SELECT audit")]) == 3
    assert not page.has_next
    assert seen == [entry.id for entry in await registry.entries()][::-1]
    with pytest.raises(CursorError):
        await registry.entries(after=after, order=Order("createdAt"))


async def test_a_failed_sign_in_is_one_of_the_outcomes(registry: Registry) -> None:
    async with registry.unit() as unit:
        await unit.trail.note_failed_sign_in(
            Resource(ResourceType.LOGIN, "ada"),
            by=Subject(SubjectKind.NOBODY, "", "ada"),
        )

    [entry] = await registry.entries()
    assert (entry.action, entry.outcome) == ("login.fail", "sign_in_failed")
