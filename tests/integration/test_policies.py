"""Policies on real SQL: who may make and give them, and where they may go."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from sqlalchemy.ext.asyncio import AsyncSession
from tests.support.realm import Realm
from tests.support.stacks import a_spec

from stackyard.kernel.access import SYSTEM, Subject
from stackyard.kernel.errors import ForbiddenError
from stackyard.kernel.ids import LEGACY, ROOT, AttachmentId, PolicyId, SpaceId, StackId
from stackyard.kernel.search import Predicate, Search
from stackyard.policies import (
    EngineType,
    NoEngine,
    PolicyNameTakenError,
    PolicyProblemsError,
    PolicySpaceError,
    PolicySpec,
    PolicyType,
    PolicyUnreachableError,
)
from stackyard.spaces import SpaceSpec
from stackyard.spaces.errors import CutOffError, SpaceOccupiedError
from stackyard.stacks import (
    Module,
    OutOfReachError,
    PolicyCounts,
    PolicyOutOfReachError,
)

BODY = "package spacelift"


@pytest.fixture
async def realm(session: AsyncSession) -> Realm:
    return await Realm(session).prepare()


def a_policy(name: str, space: SpaceId | None = None, *labels: str) -> PolicySpec:
    return PolicySpec(name=name, body=BODY, space_id=space, labels=labels)


async def kept(
    realm: Realm,
    name: str,
    space: SpaceId = ROOT,
    *labels: str,
    kind: PolicyType = PolicyType.PLAN,
) -> PolicyId:
    spec = a_policy(name, space, *labels)
    return (await realm.unit.policies.create(spec, kind, by=SYSTEM)).id


async def had(realm: Realm, stack: StackId, by: Subject = SYSTEM) -> list[str]:
    found = await realm.unit.stack_policies.of([stack], by=by)
    return [one.policy_name for one in found.get(stack, [])]


async def given(
    realm: Realm, policy: PolicyId, stack: StackId, by: Subject = SYSTEM
) -> AttachmentId:
    made = await realm.unit.stack_policies.attach(policy, stack, by=by)
    assert made.attachment_id is not None
    return made.attachment_id


async def nested(realm: Realm) -> tuple[SpaceId, SpaceId]:
    """Return a space that has what root has, and one that has not."""
    inherits = await realm.space("inherits", ROOT, inherits=True)
    return inherits, await realm.space("walled", ROOT)


async def test_a_name_is_used_once(realm: Realm) -> None:
    one = await kept(realm, "Our Net")
    await realm.unit.policies.update(one, a_policy("Other"), by=SYSTEM)
    with pytest.raises(PolicyNameTakenError):
        await kept(realm, "Other")


async def test_only_what_the_stack_s_space_reaches_is_attached(realm: Realm) -> None:
    inherits, walled = await nested(realm)
    policy = await kept(realm, "Net")
    near, far = await realm.stack("one", inherits), await realm.stack("two", walled)

    await given(realm, policy, near)
    with pytest.raises(PolicyOutOfReachError):
        await realm.unit.stack_policies.attach(policy, far, by=SYSTEM)
    assert (await had(realm, near), await had(realm, far)) == (["Net"], [])


async def test_what_attaches_itself_goes_to_labels_that_reach_it(realm: Realm) -> None:
    inherits, walled = await nested(realm)
    await kept(realm, "by label", ROOT, "other", "autoattach:net")
    everywhere = await kept(realm, "all", ROOT, "autoattach:*")
    await kept(realm, "none", ROOT, "autoattach:")
    labelled = await realm.stack("labelled", inherits, labels=("a", "net"))
    plain = await realm.stack("plain", inherits)
    cut = await realm.stack("cut", walled, labels=("net",))
    await given(realm, everywhere, plain)

    assert await had(realm, labelled) == ["all", "by label"]
    assert await had(realm, plain) == ["all"]  # once, though it has it both ways
    assert await had(realm, cut) == []
    having = await realm.unit.stack_policies.having([everywhere], by=SYSTEM)
    assert [(one.stack_id, one.is_autoattached) for one in having[everywhere]] == [
        (labelled, True),
        (plain, False),
    ]
    counts = await realm.unit.stack_policies.counts([everywhere], by=SYSTEM)
    assert counts[everywhere].stacks == 2


async def test_a_module_has_policies_as_a_stack_does(realm: Realm) -> None:
    module = Module.create(
        StackId("terraform-default-vpc"),
        a_spec(name="vpc", labels=("net",)),
        space_id=ROOT,
        manages_state=False,
        at=realm.clock(),
    )
    module.terraform_provider, module.public = "default", False
    realm.session.add(module)
    policy = await kept(realm, "Net")
    await kept(realm, "Auto", ROOT, "autoattach:net")
    made = await realm.unit.stack_policies.attach(policy, module.id, by=SYSTEM)

    assert made.is_module
    assert await had(realm, module.id) == ["Auto", "Net"]
    pair = (policy, module.id)
    by_hand = await realm.unit.stack_policies.by_hand([pair], by=SYSTEM)
    assert by_hand == {pair: made}
    counts = await realm.unit.stack_policies.counts([policy], by=SYSTEM)
    assert counts[policy] == PolicyCounts(stacks=0, modules=1)
    assert made.attachment_id is not None
    gone = await realm.unit.stack_policies.detach(made.attachment_id, by=SYSTEM)
    assert gone == made


async def test_a_policy_moves_as_long_as_its_stacks_reach_it_and_they_likewise(
    realm: Realm,
) -> None:
    inherits, walled = await nested(realm)
    policy, stack = await kept(realm, "Net"), await realm.stack("one", inherits)
    await given(realm, policy, stack)
    unit = realm.unit

    moved = await unit.policies.update(policy, a_policy("Net", inherits), by=SYSTEM)
    assert moved.space_id == inherits
    await unit.policies.update(policy, a_policy("Net", ROOT), by=SYSTEM)
    with pytest.raises(OutOfReachError, match='policy "Net"'):
        await unit.stacks.update(stack, a_spec(name="one", space_id=walled), by=SYSTEM)


async def test_a_policy_stays_where_its_stacks_reach_it(realm: Realm) -> None:
    inherits, walled = await nested(realm)
    policy, stack = await kept(realm, "Net"), await realm.stack("one", inherits)
    await given(realm, policy, stack)
    with pytest.raises(PolicyUnreachableError, match='detach it first: stack "one"'):
        await realm.unit.policies.update(policy, a_policy("Net", walled), by=SYSTEM)


async def test_a_space_does_not_stop_inheriting_the_policies_used_there(
    realm: Realm,
) -> None:
    inherits, _ = await nested(realm)
    policy, stack = await kept(realm, "Net"), await realm.stack("one", inherits)
    await given(realm, policy, stack)
    with pytest.raises(CutOffError, match='policy "Net"'):
        await realm.unit.spaces.update(
            inherits, SpaceSpec("inherits", parent=ROOT), by=SYSTEM
        )


async def test_a_space_with_policies_is_not_deleted(realm: Realm) -> None:
    nook = await realm.space("nook", ROOT)
    await kept(realm, "one", nook)
    await kept(realm, "two", nook)
    with pytest.raises(SpaceOccupiedError, match="2 policies"):
        await realm.unit.spaces.delete(nook, by=SYSTEM)


async def test_a_deleted_policy_is_taken_from_its_stacks(realm: Realm) -> None:
    policy, stack = await kept(realm, "Net"), await realm.stack("one", ROOT)
    await given(realm, policy, stack)
    await realm.unit.policies.delete(policy, by=SYSTEM)
    assert await had(realm, stack) == []


async def test_it_takes_an_administrator_to_make_give_and_take_away(
    realm: Realm,
) -> None:
    nook = await realm.space("nook", ROOT)
    writer = await realm.user("eve", (nook, "space-writer"))
    admin = await realm.user("ada", (nook, "space-admin"))
    stack, unit = await realm.stack("one", nook), realm.unit
    policy = await unit.policies.create(
        a_policy("Net", nook), PolicyType.PLAN, by=admin
    )
    use = await given(realm, policy.id, stack, by=admin)

    assert await had(realm, stack, by=writer) == ["Net"]
    for refused in (
        unit.policies.create(a_policy("x", nook), PolicyType.PLAN, by=writer),
        unit.policies.update(policy.id, a_policy("y"), by=writer),
        unit.policies.delete(policy.id, by=writer),
        unit.stack_policies.attach(policy.id, stack, by=writer),
        unit.stack_policies.detach(use, by=writer),
        unit.policies.simulate(BODY, "{}", PolicyType.PLAN, by=writer),
    ):
        with pytest.raises(ForbiddenError):
            await refused
    gone = await unit.stack_policies.detach(use, by=admin)
    assert gone is not None
    assert gone.id == use


async def test_a_login_policy_takes_an_account_s_administrator_and_ends_sessions(
    realm: Realm,
) -> None:
    nook = await realm.space("nook", ROOT)
    admin = await realm.user("ada", (nook, "space-admin"))
    unit, login = realm.unit, PolicyType.LOGIN
    with pytest.raises(PolicyProblemsError):
        await unit.policies.create(a_policy("In", nook), login, by=admin)
    with pytest.raises(PolicySpaceError):
        await unit.policies.create(a_policy("In"), login, by=admin)
    ended = 0

    async def end(by: Subject) -> None:
        nonlocal ended
        ended += 1

    neighbours = replace(unit.policies.neighbours, end_other_sessions=end)
    policies = replace(unit.policies, neighbours=neighbours)
    made = await policies.create(a_policy("In"), login, by=SYSTEM)
    await policies.update(made.id, a_policy("In"), by=SYSTEM)
    await policies.delete(made.id, by=SYSTEM)
    await policies.create(a_policy("Other"), PolicyType.PLAN, by=SYSTEM)
    assert ended == 3


class Strict(NoEngine):
    """An engine that finds fault with everything of V1."""

    async def check(
        self, body: str, kind: PolicyType, engine_type: EngineType
    ) -> Sequence[str]:
        return ["body: no"] if engine_type is EngineType.REGO_V1 else ()


async def test_a_body_that_the_engine_refuses_is_not_kept(realm: Realm) -> None:
    policies = replace(realm.unit.policies, engine=Strict())
    made = await policies.create(a_policy("Net"), PolicyType.PLAN, by=SYSTEM)
    wrong = replace(a_policy("Net"), engine_type=EngineType.REGO_V1)
    with pytest.raises(PolicyProblemsError, match="body: no"):
        await policies.update(made.id, wrong, by=SYSTEM)
    with pytest.raises(PolicyProblemsError, match="body: no"):
        await policies.create(replace(wrong, name="x"), PolicyType.PLAN, by=SYSTEM)


async def test_policies_are_found_by_their_words(realm: Realm) -> None:
    await kept(realm, "Blue net", ROOT, "a")
    await kept(realm, "Red net", LEGACY, "a", "b", kind=PolicyType.ACCESS)

    async def found(*predicates: Predicate, text: str = "") -> list[str]:
        search = Search(text=text, predicates=predicates)
        page = await realm.unit.policies.search(search, by=SYSTEM)
        return [one.name for one in page.items]

    assert await found(text="net") == ["Blue net", "Red net"]
    assert await found(Predicate("label", strings=("b",))) == ["Red net"]
    assert await found(Predicate("type", enums=("TERRAFORM_PLAN",))) == ["Blue net"]
    assert await found(Predicate("type", strings=("ACCESS", "?"))) == ["Red net"]
    assert await found(Predicate("engineType", enums=("REGO_V1",))) == []
    said = Predicate("space", strings=("legacy",), exclude=True)
    assert await found(said) == ["Blue net"]


async def test_every_change_of_a_policy_is_in_the_trail(realm: Realm) -> None:
    unit, policy = realm.unit, await kept(realm, "Net")
    stack = await realm.stack("one", ROOT)
    await unit.policies.update(policy, a_policy("Net"), by=SYSTEM)
    use = await given(realm, policy, stack)
    await unit.stack_policies.detach(use, by=SYSTEM)
    await unit.policies.delete(policy, by=SYSTEM)
    await realm.session.flush()

    entries = (await unit.audit.search(Search(first=100), by=SYSTEM)).items
    assert [one.action for one in entries[::-1] if one.affected_kind == "POLICY"] == [
        "policy.create",
        "policy.update",
        "policy.attach",
        "policy.detach",
        "policy.delete",
    ]
