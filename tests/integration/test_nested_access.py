"""What lists join in is asked about once more: having an id is no leave to look."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest
from sqlalchemy.ext.asyncio import AsyncSession
from tests.support.realm import Realm

from stackyard.contexts import ContextSpec
from stackyard.kernel.access import SYSTEM, Subject
from stackyard.kernel.config import ConfigInput, ConfigType
from stackyard.kernel.errors import NotFoundError
from stackyard.kernel.ids import (
    ROOT,
    ContextId,
    PoolId,
    RunId,
    StackId,
    WorkerId,
    new_ulid,
)
from stackyard.runs import RunType
from stackyard.spaces import Holder, HolderKind, RunWithoutRightsError
from stackyard.stacks import TrackedCommit
from stackyard.state import parse
from stackyard.unit import Unit
from stackyard_protocol.mqtt import Register
from stackyard_protocol.report import Output, Resource

Look = Callable[[Unit, "Things", Subject], Awaitable[Any]]


class Things:
    """One of each, in a space that the outsider does not see."""

    stack: StackId
    pool: PoolId
    run: RunId
    context: ContextId
    insider: Subject
    outsider: Subject


LOOKS: dict[str, Look] = {
    "blockers": lambda u, it, by: u.runs.blockers([it.stack], by=by),
    "configuration": lambda u, it, by: u.stack_config.of([it.stack], by=by),
    "contexts": lambda u, it, by: u.contexts.some([it.context], by=by),
    "contexts of stacks": lambda u, it, by: u.stack_contexts.of([it.stack], by=by),
    "contexts' configuration": lambda u, it, by: u.context_config.of(
        [it.context], by=by
    ),
    "contexts' stacks": lambda u, it, by: u.stack_contexts.having([it.context], by=by),
    "given to runs": lambda u, it, by: u.stack_contexts.given([it.stack], by=by),
    "history": lambda u, it, by: u.runs.history([it.run], by=by),
    "newest": lambda u, it, by: u.runs.newest([it.stack], by=by),
    "outputs": lambda u, it, by: u.states.outputs([it.stack], by=by),
    "pools": lambda u, it, by: u.pools.some([it.pool], by=by),
    "resources": lambda u, it, by: u.states.resources([it.stack], by=by),
    "runs": lambda u, it, by: u.runs.some([it.run], by=by),
    "runs of stacks": lambda u, it, by: u.runs.of_stacks(
        [it.stack], [RunType.TRACKED], by=by
    ),
    "stacks": lambda u, it, by: u.stacks.some([it.stack], by=by),
    "states": lambda u, it, by: u.states.versions([it.stack], by=by),
    "tokens": lambda u, it, by: u.pools.tokens([it.pool], by=by),
    "waiting runs": lambda u, it, by: u.runs.waiting_counts([it.pool], by=by),
    "workers": lambda u, it, by: u.workers.of([it.pool], by=by),
    "workers' counts": lambda u, it, by: u.pools.counts([it.pool], by=by),
}


@pytest.fixture
async def realm(session: AsyncSession) -> Realm:
    return await Realm(session).prepare()


async def furnish(realm: Realm) -> Things:
    home, beside = await realm.space("Home", ROOT), await realm.space("Beside", ROOT)
    unit, it = realm.unit, Things()
    it.pool = await realm.pool("builders", home)
    it.stack = await realm.stack("Net", home, worker_pool_id=it.pool)
    await unit.stacks.set_tracked_commit(it.stack, TrackedCommit("c0ffee1"), by=SYSTEM)
    it.run = (await unit.triggers.trigger(it.stack, by=SYSTEM)).id
    await unit.dispatch.gate(it.stack, by=SYSTEM)
    payload = msgspec.json.encode(Register(version="1"))
    await unit.workers.heard(it.pool, WorkerId(new_ulid()), payload, by=SYSTEM)
    element = ConfigInput("region", ConfigType.ENVIRONMENT_VARIABLE, "north", False)
    await unit.stack_config.add(it.stack, element, by=SYSTEM)
    spec = ContextSpec(name="Net", space_id=home)
    it.context = (await unit.contexts.create(spec, by=SYSTEM)).id
    await unit.context_config.add(it.context, element, by=SYSTEM)
    await unit.stack_contexts.attach(it.context, it.stack, by=SYSTEM)
    await unit.states.replace(
        it.stack,
        outputs=[Output("address", False, "192.0.2.1")],
        resources=[Resource("x.one", "x", "one", "p")],
        by=SYSTEM,
    )
    given = parse(b'{"version": 4, "serial": 1, "lineage": "x"}')
    version = await unit.states.prepare_import(it.stack, given, by=SYSTEM)
    assert version is not None
    await unit.states.record_import(version, by=SYSTEM)
    it.insider = await realm.user("in", (home, "space-admin"))
    it.outsider = await realm.user("out", (beside, "space-admin"))
    return it


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
async def test_what_is_in_another_space_is_not_among_the_answers(
    realm: Realm, look: Look
) -> None:
    it = await furnish(realm)
    assert await look(realm.unit, it, it.insider)
    assert not await look(realm.unit, it, it.outsider)


async def test_the_log_of_a_run_is_not_there_for_who_does_not_see_the_stack(
    realm: Realm,
) -> None:
    it = await furnish(realm)
    [run] = await realm.unit.runs.some([it.run], by=SYSTEM)
    await realm.unit.logs.read(run, 1, offset=0, by=it.insider)
    with pytest.raises(NotFoundError):
        await realm.unit.logs.read(run, 1, offset=0, by=it.outsider)


async def test_taking_rules_away_needs_an_administrator_of_the_account(
    realm: Realm,
) -> None:
    """Also where none is given, and nothing seems to be asked for."""
    it = await furnish(realm)
    holder = Holder(HolderKind.USER, it.insider.id)
    with pytest.raises(NotFoundError):
        await realm.unit.bindings.set_rules(holder, {}, by=it.outsider)
    rules = await realm.unit.bindings.rules(
        HolderKind.USER, [it.insider.id], by=it.insider
    )
    assert len(rules[it.insider.id]) == 1


async def test_a_run_does_not_bring_a_state_without_the_right_to(realm: Realm) -> None:
    """It writes its own stack's state by the protocol, while it may change things."""
    it = await furnish(realm)
    given = parse(b'{"version": 4, "serial": 2, "lineage": "x"}')
    with pytest.raises(RunWithoutRightsError):
        await realm.unit.states.prepare_import(
            it.stack, given, by=realm.run_of(it.stack)
        )
