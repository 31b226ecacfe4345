"""Who may do what where: against a slow, obvious reading of the rules."""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncSession
from tests.support.realm import Realm

from stackyard.identity import Passport
from stackyard.identity.service.subjects import of_run
from stackyard.kernel.access import SYSTEM, Action, Grant, Level, Subject, SubjectKind
from stackyard.kernel.errors import ForbiddenError, NotFoundError
from stackyard.kernel.ids import ROOT, LegId, RunId, SpaceId
from stackyard.spaces import Holder, HolderKind, Space, visible_to
from stackyard.spaces.errors import (
    HolderNotFoundError,
    RoleInUseError,
    RolesByAdminsError,
    RootBindingError,
    SystemRoleError,
)
from stackyard.stacks import Stack, TrackedCommit
from stackyard.stacks.errors import SourceChangedError

READ, WRITE, ADMIN = Action.SPACE_READ, Action.SPACE_WRITE, Action.SPACE_ADMIN
ROLES = {
    "space-reader": {READ},
    "space-writer": {READ, WRITE},
    "space-admin": {READ, WRITE, ADMIN},
    "worker-pool-controller": {
        READ,
        Action.WORKER_POOL_CREATE,
        Action.WORKER_POOL_UPDATE,
        Action.WORKER_POOL_DELETE,
    },
    "only-triggers": {Action.RUN_TRIGGER},
    "reads-and-triggers": {READ, Action.RUN_TRIGGER},
}
ASKED = (
    READ,
    WRITE,
    ADMIN,
    Action.RUN_TRIGGER,
    Action.RUN_TRIGGER_WITH_CUSTOM_RUNTIME_CONFIG,
    Action.RUN_CANCEL,
    Action.WORKER_POOL_UPDATE,
)


@dataclass(frozen=True)
class World:
    """Spaces by number: 0 is root. `tree[n]` is (parent, inherits) of space n + 1."""

    tree: tuple[tuple[int, bool], ...]
    bindings: tuple[tuple[int, str], ...]

    def parent(self, space: int) -> int | None:
        return None if space == 0 else self.tree[space - 1][0]

    def inherits(self, space: int) -> bool:
        return space != 0 and self.tree[space - 1][1]

    def ancestors(self, space: int) -> list[int]:
        above = self.parent(space)
        return [] if above is None else [above, *self.ancestors(above)]

    def beyond(self, space: int) -> list[int]:
        above = self.parent(space)
        if above is None or not self.inherits(space):
            return []
        return [above, *self.beyond(above)]

    def actions(self, space: int) -> set[Action]:
        held: set[Action] = set()
        for where, role in self.bindings:
            if where == space or where in self.ancestors(space):
                held |= ROLES[role]
            if space in self.beyond(where):
                held |= {READ}
        return held

    def level(self, space: int) -> Level:
        held = self.actions(space)
        for action, level in (
            (ADMIN, Level.ADMIN),
            (WRITE, Level.WRITE),
            (READ, Level.READ),
        ):
            if action in held:
                return level
        return Level.NONE

    def allows(self, action: Action, space: int) -> bool:
        level = self.level(space)
        if level is Level.NONE:
            return False
        return action in self.actions(space) or level >= action.level


@st.composite
def worlds(draw: st.DrawFn) -> World:
    size = draw(st.integers(0, 9))
    tree = tuple(
        (draw(st.integers(0, number)), draw(st.booleans())) for number in range(size)
    )
    binding = st.tuples(st.integers(0, size), st.sampled_from(sorted(ROLES)))
    bindings = draw(st.lists(binding, max_size=4, unique=True))
    return World(tree, tuple(bindings))


@pytest.fixture
async def realm(session: AsyncSession) -> Realm:
    realm = await Realm(session).prepare()
    await realm.role("Only triggers", Action.RUN_TRIGGER)
    await realm.role("Reads and triggers", READ, Action.RUN_TRIGGER)
    return realm


def space_of(number: int) -> SpaceId:
    return ROOT if number == 0 else SpaceId(f"s{number}")


async def build(realm: Realm, world: World) -> None:
    for number, (parent, inherits) in enumerate(world.tree, start=1):
        realm.session.add(
            Space(
                id=space_of(number),
                name=str(number),
                description="",
                parent_id=space_of(parent),
                inherits=inherits,
                labels=[],
            )
        )
        await realm.session.flush()


@pytest.mark.parametrize("kind", ["user", "key", "group", "grants"])
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(world=worlds())
async def test_what_the_database_says_is_what_the_rules_say(
    realm: Realm, world: World, kind: str
) -> None:
    async with realm.session.begin_nested() as attempt:
        await build(realm, world)
        roles = [(space_of(where), role) for where, role in world.bindings]
        match kind:
            case "user":
                by = await realm.user("eve", *roles)
            case "key":
                by = await realm.key("ci", *roles)
            case "group":
                await realm.group("DevOps", *roles)
                by = await realm.user("eve", groups=("DevOps",))
            case _:
                grants = tuple(Grant(space, role) for space, role in roles)
                by = Subject(SubjectKind.USER, "x", "eve", grants=grants, bound=False)
        access = realm.another_unit().access
        spaces = [space_of(number) for number in range(len(world.tree) + 1)]
        levels = await access.levels(by, spaces=spaces)
        visible = set(await realm.session.scalars(visible_to(by)))
        for number, space in enumerate(spaces):
            assert levels[space] is world.level(number), space
            assert (space in visible) is (world.level(number) >= Level.READ), space
            rights = await access.rights(by, space)
            for action in ASKED:
                assert rights.allow(action) is world.allows(action, number), action
        await attempt.rollback()


async def test_a_role_in_a_space_that_does_not_inherit_shows_nothing_above(
    realm: Realm,
) -> None:
    """identity.md §9, check 1."""
    a = await realm.space("A", ROOT, inherits=True)
    b = await realm.space("B", a, inherits=True)
    c = await realm.space("C", b)
    beside = await realm.space("Beside", a, inherits=True)
    everywhere = [ROOT, a, b, c, beside]

    in_c = await realm.user("c", (c, "space-reader"))
    in_b = await realm.user("b", (b, "space-reader"))

    access = realm.unit.access
    assert await access.levels(in_c, spaces=everywhere) == {
        ROOT: Level.NONE,
        a: Level.NONE,
        b: Level.NONE,
        c: Level.READ,
        beside: Level.NONE,
    }
    assert await access.levels(in_b, spaces=everywhere) == {
        ROOT: Level.READ,
        a: Level.READ,
        b: Level.READ,
        c: Level.READ,
        beside: Level.NONE,
    }


async def test_an_administrator_governs_what_does_not_inherit(realm: Realm) -> None:
    """identity.md §9, check 2."""
    parent = await realm.space("Parent", ROOT)
    child = await realm.space("Child", parent)
    boss = await realm.user("boss", (parent, "space-admin"))

    await realm.unit.access.require(boss, Action.SPACE_ADMIN, space=child)


async def test_without_the_right_to_read_there_is_no_right_to_trigger(
    realm: Realm,
) -> None:
    """identity.md §9, check 4."""
    team = await realm.space("Team", ROOT)
    await realm.stack("Net", team)
    blind = await realm.user("blind", (team, "only-triggers"))

    assert await realm.unit.stacks.all(by=blind) == []
    with pytest.raises(NotFoundError):
        await realm.unit.access.require(blind, Action.RUN_TRIGGER, space=team)


async def test_a_writer_confirms_but_does_not_change_how_a_run_goes(
    realm: Realm,
) -> None:
    """identity.md §9, check 5."""
    team = await realm.space("Team", ROOT)
    writer = await realm.user("w", (team, "space-writer"))
    access = realm.unit.access

    await access.require(writer, Action.RUN_CONFIRM, space=team)
    custom = Action.RUN_TRIGGER_WITH_CUSTOM_RUNTIME_CONFIG
    with pytest.raises(ForbiddenError):
        await access.require(writer, custom, space=team)


async def test_a_stack_gets_a_role_in_root_only_if_it_is_there(realm: Realm) -> None:
    """identity.md §9, check 6."""
    team = await realm.space("Team", ROOT)
    inner, outer = await realm.stack("Inner", team), await realm.stack("Outer", ROOT)

    with pytest.raises(RootBindingError):
        await realm.bind(Holder(HolderKind.STACK, inner), "space-reader", ROOT)
    await realm.bind(Holder(HolderKind.STACK, outer), "space-writer", ROOT)
    levels = await realm.unit.access.levels(realm.run_of(outer), spaces=[ROOT, team])
    assert levels == {ROOT: Level.WRITE, team: Level.WRITE}
    with pytest.raises(HolderNotFoundError):
        await realm.bind(Holder(HolderKind.STACK, "nope"), "space-reader", team)


async def test_who_binds_a_stack_gives_away_no_more_than_they_have(
    realm: Realm,
) -> None:
    home = await realm.space("Home", ROOT)
    prize = await realm.space("Prize", ROOT)
    stack = Holder(HolderKind.STACK, await realm.stack("Net", home))
    by_home = await realm.user("h", (home, "space-admin"), (prize, "space-writer"))
    by_prize = await realm.user("p", (prize, "space-admin"), (home, "space-writer"))
    both = await realm.user("b", (prize, "space-admin"), (home, "space-admin"))
    bindings = realm.unit.bindings

    for refused in (by_home, by_prize):
        with pytest.raises(ForbiddenError):
            await bindings.create(stack, role="space-admin", space=prize, by=refused)
    made = await bindings.create(stack, role="space-admin", space=prize, by=both)
    for refused in (by_home, by_prize):
        with pytest.raises(ForbiddenError):
            await bindings.delete(made.id, HolderKind.STACK, by=refused)
    await bindings.delete(made.id, HolderKind.STACK, by=both)


async def test_roles_are_made_by_the_account_and_seen_by_who_administers_a_space(
    realm: Realm,
) -> None:
    team = await realm.space("Team", ROOT)
    boss = await realm.user("boss", (team, "space-admin"))
    reader = await realm.user("reader", (ROOT, "space-reader"))
    roles = realm.unit.roles

    assert len(await roles.list(by=boss)) == len(ROLES)
    assert await roles.list(by=reader) == []
    for by in (boss, reader):
        with pytest.raises((ForbiddenError, RolesByAdminsError)):
            await roles.create(name="x", description=None, actions=[READ], by=by)
    with pytest.raises(SystemRoleError):
        await roles.update("space-reader", name="x", by=SYSTEM)
    await realm.user("u", (team, "only-triggers"))
    with pytest.raises(RoleInUseError):
        await roles.delete("only-triggers", by=SYSTEM)


async def test_a_changed_role_holds_at_once_and_keeps_its_slug(realm: Realm) -> None:
    team = await realm.space("Team", ROOT)
    by = await realm.user("u", (team, "reads-and-triggers"))
    with pytest.raises(ForbiddenError):
        await realm.unit.access.require(by, Action.RUN_CONFIRM, space=team)

    changed = await realm.unit.roles.update(
        "reads-and-triggers", name="New", actions=[READ, Action.RUN_CONFIRM], by=SYSTEM
    )

    assert (changed.slug, changed.name) == ("reads-and-triggers", "New")
    await realm.unit.access.require(by, Action.RUN_CONFIRM, space=team)


async def test_a_group_is_matched_to_the_letter(realm: Realm) -> None:
    """identity.md §9, check 12."""
    await realm.group("DevOps ", (ROOT, "space-admin"))
    plain = await realm.user("plain", groups=("DevOps",))
    exact = await realm.user("exact", groups=("DevOps ",))

    levels = [
        (await realm.unit.access.levels(by, spaces=[ROOT]))[ROOT]
        for by in (plain, exact)
    ]
    assert levels == [Level.NONE, Level.ADMIN]


async def test_access_rules_are_bindings_of_system_roles(realm: Realm) -> None:
    team = await realm.space("Team", ROOT)
    user = await realm.user("u", (team, "only-triggers"), (ROOT, "space-reader"))
    holder, bindings = Holder(HolderKind.USER, user.id), realm.unit.bindings

    await bindings.set_rules(holder, {team: Level.WRITE, ROOT: Level.READ}, by=SYSTEM)
    rules = await bindings.rules(HolderKind.USER, [user.id], by=SYSTEM)
    assert sorted(rules[user.id]) == sorted([(team, Level.WRITE), (ROOT, Level.READ)])
    await bindings.set_rules(holder, {}, by=SYSTEM)
    held = await bindings.of(HolderKind.USER, [user.id], by=SYSTEM)
    assert len(held[user.id]) == 1, "a custom role is no access rule, and stays"


async def test_an_administrative_stack_governs_its_space_and_its_bindings_are_nothing(
    realm: Realm,
) -> None:
    """identity.md §9, check 6; §2.4."""
    home = await realm.space("Home", ROOT)
    below = await realm.space("Below", home)
    beside = await realm.space("Beside", ROOT)
    stack = await realm.stack("Net", home, administrative=True)
    for space in (home, beside):
        await realm.bind(Holder(HolderKind.STACK, stack), "space-reader", space)
    passport = Passport(LegId("leg"), stack, home, administrative=True)

    levels = await realm.unit.access.levels(
        of_run(RunId("run"), passport), spaces=[home, below, beside, ROOT]
    )

    assert levels == {
        home: Level.ADMIN,
        below: Level.ADMIN,
        beside: Level.NONE,
        ROOT: Level.NONE,
    }


async def test_who_may_sync_a_stack_needs_no_right_to_choose_its_commit(
    realm: Realm,
) -> None:
    net = await realm.stack("Net", ROOT)
    role = await realm.role("Syncs", READ, Action.STACK_SYNC_COMMIT)
    eve = await realm.user("eve", (ROOT, role))
    stacks, head = realm.unit.stacks, TrackedCommit("c0ffee1")
    looked_at = await stacks.get(net, by=eve)

    assert (await stacks.sync_commit(looked_at, head, by=eve)).tracked_commit
    with pytest.raises(ForbiddenError):
        await stacks.set_tracked_commit(net, head, by=eve)


async def test_a_head_is_not_taken_for_that_of_other_code(realm: Realm) -> None:
    net = await realm.stack("Net", ROOT)
    before = cast("Stack", SimpleNamespace(id=net, source=("elsewhere",)))
    with pytest.raises(SourceChangedError):
        await realm.unit.stacks.sync_commit(before, TrackedCommit("c0ffee1"), by=SYSTEM)
