"""Contexts on real SQL: who has them, where they may go, what runs are given."""

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from tests.support.realm import Realm
from tests.support.runs import Plant
from tests.support.stacks import ADA, a_spec

from stackyard.contexts import (
    ContextNameTakenError,
    ContextSlugTakenError,
    ContextSpec,
    ContextUnreachableError,
)
from stackyard.kernel.access import SYSTEM
from stackyard.kernel.config import ConfigElementError, ConfigInput, ConfigType
from stackyard.kernel.ids import LEGACY, ROOT, ContextId, SpaceId, StackId
from stackyard.kernel.search import Predicate, Search
from stackyard.runs import RunType
from stackyard.runs.job import Grants, build_job
from stackyard.spaces import SpaceSpec
from stackyard.spaces.errors import CutOffError, SpaceOccupiedError
from stackyard.stacks import (
    AttachmentProblemsError,
    ContextAttachedError,
    ContextOutOfReachError,
    OutOfReachError,
)
from stackyard_protocol.job import Archive, EnvVar, Hooks, MountedFile

CANARY = "canary-5ecre7"


@pytest.fixture
async def realm(session: AsyncSession) -> Realm:
    return await Realm(session).prepare()


@pytest.fixture
async def plant(session: AsyncSession) -> Plant:
    return await Plant(session).prepare()


async def shared(
    realm: Realm | Plant, name: str, space: SpaceId = ROOT, *labels: str
) -> ContextId:
    spec = ContextSpec(name=name, space_id=space, labels=labels)
    return (await realm.unit.contexts.create(spec, by=SYSTEM)).id


async def had(realm: Realm, stack: StackId) -> list[tuple[str, bool]]:
    """Return the contexts of a stack, and whether they attached themselves."""
    found = await realm.unit.stack_contexts.of([stack], by=SYSTEM)
    return [(one.context_name, one.is_autoattached) for one in found.get(stack, [])]


def variable(name: str, value: str, *, secret: bool = False) -> ConfigInput:
    return ConfigInput(name, ConfigType.ENVIRONMENT_VARIABLE, value, secret)


async def test_a_slug_stays_and_neither_it_nor_a_name_is_used_twice(
    realm: Realm,
) -> None:
    contexts = realm.unit.contexts
    one = await shared(realm, "Our Net")
    renamed = await contexts.update(one, ContextSpec(name="Other"), by=SYSTEM)

    assert (one, renamed.id, renamed.space_id) == ("our-net", "our-net", ROOT)
    with pytest.raises(ContextSlugTakenError):
        await shared(realm, "our net")
    with pytest.raises(ContextNameTakenError):
        await shared(realm, "Other")


async def test_only_what_the_stack_s_space_reaches_is_attached(realm: Realm) -> None:
    inherits = await realm.space("inherits", ROOT, inherits=True)
    walled = await realm.space("walled", ROOT)
    context = await shared(realm, "Net")
    reaching = await realm.stack("one", inherits)
    cut = await realm.stack("two", walled)

    await realm.unit.stack_contexts.attach(context, reaching, by=SYSTEM)
    with pytest.raises(ContextOutOfReachError):
        await realm.unit.stack_contexts.attach(context, cut, by=SYSTEM)
    assert await had(realm, reaching) == [("Net", False)]
    assert await had(realm, cut) == []


async def test_a_context_is_attached_once_and_can_be_taken_away(realm: Realm) -> None:
    use = realm.unit.stack_contexts
    context, stack = await shared(realm, "Net"), await realm.stack("one", ROOT)
    made = await use.attach(context, stack, priority=3, by=SYSTEM)
    assert made.attachment is not None

    with pytest.raises(ContextAttachedError):
        await use.attach(context, stack, by=SYSTEM)
    with pytest.raises(AttachmentProblemsError):
        await use.attach(context, stack, priority=-1, by=SYSTEM)
    gone = await use.detach(made.attachment.id, by=SYSTEM)
    assert gone is not None
    assert gone.priority == 3
    assert await use.detach(made.attachment.id, by=SYSTEM) is None
    assert await had(realm, stack) == []


async def test_what_attaches_itself_goes_to_labels_that_reach_it(realm: Realm) -> None:
    inherits = await realm.space("inherits", ROOT, inherits=True)
    walled = await realm.space("walled", ROOT)
    await shared(realm, "by label", ROOT, "other", "autoattach:net")
    everywhere = await shared(realm, "all", ROOT, "autoattach:*")
    await shared(realm, "none", ROOT, "autoattach:")
    labelled = await realm.stack("labelled", inherits, labels=("a", "net"))
    plain = await realm.stack("plain", inherits)
    cut = await realm.stack("cut", walled, labels=("net",))

    assert await had(realm, labelled) == [("all", True), ("by label", True)]
    assert await had(realm, plain) == [("all", True)]
    assert await had(realm, cut) == []
    having = await realm.unit.stack_contexts.having([everywhere], by=SYSTEM)
    assert [one.stack_id for one in having[everywhere]] == [labelled, plain]


async def test_what_was_attached_by_hand_does_not_attach_itself_too(
    realm: Realm,
) -> None:
    context = await shared(realm, "all", ROOT, "autoattach:*")
    stack = await realm.stack("one", ROOT)
    await realm.unit.stack_contexts.attach(context, stack, by=SYSTEM)

    assert await had(realm, stack) == [("all", False)]


async def test_a_context_does_not_move_away_from_its_stacks(realm: Realm) -> None:
    inherits = await realm.space("inherits", ROOT, inherits=True)
    walled = await realm.space("walled", ROOT)
    context, stack = await shared(realm, "Net"), await realm.stack("one", inherits)
    await realm.unit.stack_contexts.attach(context, stack, by=SYSTEM)

    moved = ContextSpec(name="Net", space_id=walled)
    with pytest.raises(ContextUnreachableError, match='stack "one": context "Net"'):
        await realm.unit.contexts.update(context, moved, by=SYSTEM)


async def test_a_stack_does_not_move_away_from_its_contexts(realm: Realm) -> None:
    inherits = await realm.space("inherits", ROOT, inherits=True)
    walled = await realm.space("walled", ROOT)
    context, stack = await shared(realm, "Net"), await realm.stack("one", inherits)
    await realm.unit.stack_contexts.attach(context, stack, by=SYSTEM)

    elsewhere = a_spec(name="one", space_id=walled)
    with pytest.raises(OutOfReachError, match='context "Net"'):
        await realm.unit.stacks.update(stack, elsewhere, by=SYSTEM)


async def test_a_space_does_not_stop_inheriting_what_is_used_there(
    realm: Realm,
) -> None:
    inherits = await realm.space("inherits", ROOT, inherits=True)
    context, stack = await shared(realm, "Net"), await realm.stack("one", inherits)
    await realm.unit.stack_contexts.attach(context, stack, by=SYSTEM)

    with pytest.raises(CutOffError, match='context "Net"'):
        await realm.unit.spaces.update(
            inherits, SpaceSpec("inherits", parent=ROOT), by=SYSTEM
        )


async def test_a_context_moves_to_where_all_its_stacks_reach_it(realm: Realm) -> None:
    inherits = await realm.space("inherits", ROOT, inherits=True)
    context, stack = await shared(realm, "Net"), await realm.stack("one", inherits)
    await realm.unit.stack_contexts.attach(context, stack, by=SYSTEM)

    spec = ContextSpec(name="Net", space_id=inherits)
    moved = await realm.unit.contexts.update(context, spec, by=SYSTEM)
    assert moved.space_id == inherits
    assert await had(realm, stack) == [("Net", False)]


async def test_a_space_with_contexts_is_not_deleted(realm: Realm) -> None:
    nook = await realm.space("nook", ROOT)
    await shared(realm, "one", nook)
    await shared(realm, "two", nook)

    with pytest.raises(SpaceOccupiedError, match="2 contexts"):
        await realm.unit.spaces.delete(nook, by=SYSTEM)


async def test_a_deleted_context_is_taken_from_its_stacks(plant: Plant) -> None:
    context = await shared(plant, "Net", LEGACY)
    await plant.unit.context_config.add(context, variable("A", "x"), by=ADA)
    await plant.unit.stack_contexts.attach(context, plant.stack_id, by=ADA)

    assert await plant.unit.contexts.delete(context, by=ADA) is not None
    assert await plant.unit.contexts.delete(context, by=ADA) is None
    assert await plant.unit.stack_contexts.of([plant.stack_id], by=ADA) == {}


async def test_contexts_are_found_by_their_words(realm: Realm) -> None:
    await shared(realm, "Blue net", ROOT, "a")
    await shared(realm, "Red net", LEGACY, "a", "b")
    contexts = realm.unit.contexts

    async def found(**given: object) -> list[str]:
        page = await contexts.search(Search(**given), by=SYSTEM)  # type: ignore[arg-type] # its own
        return [one.name for one in page.items]

    assert await found(text="net") == ["Blue net", "Red net"]
    assert await found(predicates=(Predicate("label", strings=("b",)),)) == ["Red net"]
    said = Predicate("space", strings=("legacy",), exclude=True)
    assert await found(predicates=(said,)) == ["Blue net"]
    first = await contexts.search(Search(first=1), by=SYSTEM)
    assert first.has_next
    assert await found(after=first.end_cursor) == ["Red net"]


async def test_a_secret_of_a_context_is_in_no_column_error_or_entry(
    plant: Plant,
) -> None:
    config, context = plant.unit.context_config, await shared(plant, "Net", LEGACY)
    made = await config.add(context, variable("A", CANARY, secret=True), by=ADA)
    with pytest.raises(ConfigElementError) as caught:
        await config.add(context, variable("B", f"{CANARY}\n", secret=True), by=ADA)

    every = text("SELECT context_config::text FROM context_config")
    rows = await plant.session.scalar(every)
    entries = (await plant.unit.audit.search(Search(), by=SYSTEM)).items
    assert made.value is None
    assert CANARY not in f"{caught.value!r} {caught.value.facts} {rows}"
    assert CANARY not in str([one.data for one in entries])


async def test_every_change_of_a_context_is_in_the_trail(plant: Plant) -> None:
    unit, context = plant.unit, await shared(plant, "Net", LEGACY)
    await unit.contexts.update(context, ContextSpec(name="Net"), by=ADA)
    await unit.context_config.add(context, variable("A", "x"), by=ADA)
    await unit.context_config.replace(context, [variable("B", "x")], by=ADA)
    made = await unit.stack_contexts.attach(context, plant.stack_id, by=ADA)
    assert made.attachment is not None
    await unit.stack_contexts.detach(made.attachment.id, by=ADA)
    await unit.contexts.delete(context, by=ADA)
    await plant.session.flush()

    entries = (await unit.audit.search(Search(first=100), by=SYSTEM)).items
    assert [one.action for one in entries[::-1] if one.affected_kind == "CONTEXT"] == [
        "context.create",
        "context.update",
        "context_config.add",
        "context_config.delete",
        "context_config.add",
        "context.attach",
        "context.detach",
        "context.delete",
    ]


async def test_the_job_of_a_run_holds_what_its_contexts_give(plant: Plant) -> None:
    unit, net = plant.unit, plant.stack_id
    file = ConfigInput("net/ca.pem", ConfigType.FILE_MOUNT, "eA==", True)
    for name, priority, values in (
        ("Far", 2, [variable("A", "far"), variable("B", "far"), file]),
        ("Near", 1, [variable("B", "near", secret=True), variable("C", "near")]),
    ):
        hooks = Hooks(before_plan=[f"echo {name}"], after_plan=[f"echo {name}"])
        spec = ContextSpec(name=name, hooks=hooks)
        context = await unit.contexts.create(spec, by=ADA)
        for one in values:
            await unit.context_config.add(context.id, one, by=ADA)
        await unit.stack_contexts.attach(context.id, net, priority=priority, by=ADA)
    await unit.stack_config.add(net, variable("C", "own"), by=ADA)
    held = await plant.started(RunType.PROPOSED)

    job = build_job(
        run=held.run,
        leg=held.leg,
        stack=await unit.stacks.get(net, by=SYSTEM),
        config=await unit.stack_contexts.for_run(net, by=SYSTEM),
        source=Archive("https://store.example", "0"),
        workspace=None,
        grants=Grants("https://x.example", "acme", "leg", "run", "oidc"),
    )

    given = [one for one in job.environment if len(one.name) == 1]
    assert sorted(given, key=lambda one: one.name) == [
        EnvVar("A", "far"),
        EnvVar("B", "near", secret=True),
        EnvVar("C", "own"),
    ]
    assert job.files == [MountedFile("net/ca.pem", "eA==", secret=True)]
    assert job.hooks.before_plan == ["echo Near", "echo Far"]
    assert job.hooks.after_plan == ["echo Far", "echo Near"]
