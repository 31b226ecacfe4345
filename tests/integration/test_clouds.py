"""Ways into clouds on real SQL: who has them, and where they and theirs may go."""

import pytest
from sqlalchemy.ext.asyncio import AsyncSession
from tests.support.clouds import ROLE_SPEC, SCOPES, a_module, an_aws_spec
from tests.support.realm import Realm
from tests.support.stacks import a_spec

from stackyard.clouds import (
    AwsIntegration,
    AwsRole,
    CloudAttachedError,
    CloudAttachmentNotFoundError,
    CloudOutOfReachError,
    CloudUnreachableError,
    GcpAccount,
    Use,
)
from stackyard.kernel.access import SYSTEM
from stackyard.kernel.errors import ForbiddenError
from stackyard.kernel.ids import ROOT, AttachmentId, CloudId, SpaceId, StackId
from stackyard.modules import ModuleSpec
from stackyard.spaces import SpaceSpec
from stackyard.spaces.errors import CutOffError, SpaceOccupiedError
from stackyard.stacks import OutOfReachError


@pytest.fixture
async def realm(session: AsyncSession) -> Realm:
    return await Realm(session).prepare()


async def integration(
    realm: Realm, name: str, space: SpaceId, *labels: str, by_itself: bool = True
) -> CloudId:
    spec = an_aws_spec(
        name, space_id=space, labels=labels, autoattach_enabled=by_itself
    )
    return (await realm.unit.clouds.create(AwsIntegration, spec, by=SYSTEM)).id


async def attach(realm: Realm, one: CloudId, stack: StackId) -> str:
    attached = await realm.unit.cloud_attachments.attach(
        AwsIntegration, one, stack, Use(), by=SYSTEM
    )
    return attached.id


async def having(realm: Realm, one: CloudId) -> list[tuple[str, bool, bool]]:
    """Return by what it is had, whether by its labels, and whether by a module."""
    found = await realm.unit.cloud_attachments.having([one], by=SYSTEM)
    return [
        (had.stack_id, had.is_autoattached, had.is_module) for had in found.get(one, [])
    ]


async def test_only_what_a_project_s_space_reaches_is_attached(realm: Realm) -> None:
    inherits = await realm.space("inherits", ROOT, inherits=True)
    walled = await realm.space("walled", ROOT)
    one = await integration(realm, "ours", ROOT)
    stack = await realm.stack("one", inherits)
    module = await a_module(realm.unit, "two", inherits)
    cut = await realm.stack("three", walled)

    await attach(realm, one, stack)
    await attach(realm, one, module)
    with pytest.raises(CloudOutOfReachError):
        await attach(realm, one, cut)
    assert await having(realm, one) == [
        ("one", False, False),
        ("terraform-default-two", False, True),
    ]


async def test_an_integration_is_attached_once(realm: Realm) -> None:
    one, stack = await integration(realm, "ours", ROOT), await realm.stack("one", ROOT)
    await attach(realm, one, stack)
    with pytest.raises(CloudAttachedError):
        await attach(realm, one, stack)


async def test_what_attaches_itself_goes_to_labels_that_reach_it_if_it_is_let(
    realm: Realm,
) -> None:
    inherits = await realm.space("inherits", ROOT, inherits=True)
    walled = await realm.space("walled", ROOT)
    by_label = await integration(realm, "by label", ROOT, "x", "autoattach:net")
    to_all = await integration(realm, "all", ROOT, "autoattach:*")
    held = await integration(realm, "held", ROOT, "autoattach:*", by_itself=False)
    none = await integration(realm, "none", ROOT, "autoattach:")
    await realm.stack("labelled", inherits, labels=("a", "net"))
    await a_module(realm.unit, "module", inherits)
    await realm.stack("cut", walled, labels=("net",))

    assert await having(realm, by_label) == [("labelled", True, False)]
    assert await having(realm, to_all) == [
        ("labelled", True, False),
        ("terraform-default-module", True, True),
    ]
    assert await having(realm, held) == []
    assert await having(realm, none) == []
    # what was attached by hand as well is had once
    await attach(realm, by_label, StackId("labelled"))
    assert await having(realm, by_label) == [("labelled", False, False)]


async def test_a_project_that_has_an_integration_goes_only_where_it_reaches_it(
    realm: Realm,
) -> None:
    home = await realm.space("home", ROOT)
    beside = await realm.space("beside", ROOT)
    one, stack = await integration(realm, "ours", home), await realm.stack("one", home)
    await attach(realm, one, stack)

    spec = a_spec(name="one", space_id=beside)
    with pytest.raises(OutOfReachError) as refused:
        await realm.unit.stacks.update(stack, spec, by=SYSTEM)
    assert 'stack "one": cloud integration "ours"' in str(refused.value)

    module = await a_module(realm.unit, "two", home)
    await attach(realm, one, module)
    moved = ModuleSpec(a_spec(name="two", space_id=beside))
    with pytest.raises(OutOfReachError) as refused:
        await realm.unit.modules.update(module, moved, by=SYSTEM)
    assert f'module "{module}": cloud integration "ours"' in str(refused.value)


async def test_an_integration_goes_only_where_those_that_have_it_reach_it(
    realm: Realm,
) -> None:
    home = await realm.space("home", ROOT, inherits=True)
    beside = await realm.space("beside", ROOT)
    one, stack = await integration(realm, "ours", home), await realm.stack("one", home)
    await attach(realm, one, stack)

    async def move(space: SpaceId) -> None:
        spec = an_aws_spec("ours", space_id=space)
        await realm.unit.clouds.update(AwsIntegration, one, spec, by=SYSTEM)

    await move(ROOT)
    with pytest.raises(CloudUnreachableError) as refused:
        await move(beside)
    assert 'stack "one": cloud integration "ours"' in str(refused.value)


async def test_a_space_that_cuts_a_project_off_from_its_integration_stays(
    realm: Realm,
) -> None:
    home = await realm.space("home", ROOT, inherits=True)
    one, stack = await integration(realm, "ours", ROOT), await realm.stack("one", home)
    await attach(realm, one, stack)

    walled = SpaceSpec("home", parent=ROOT, inherits=False)
    with pytest.raises(CutOffError):
        await realm.unit.spaces.update(home, walled, by=SYSTEM)


async def test_a_space_with_an_integration_in_it_is_not_deleted(realm: Realm) -> None:
    home = await realm.space("home", ROOT)
    await integration(realm, "ours", home)
    with pytest.raises(SpaceOccupiedError) as refused:
        await realm.unit.spaces.delete(home, by=SYSTEM)
    assert "1 cloud integration" in str(refused.value)


async def test_who_administers_the_stack_attaches_what_they_may_read(
    realm: Realm,
) -> None:
    home = await realm.space("home", ROOT, inherits=True)
    one, stack = await integration(realm, "ours", ROOT), await realm.stack("one", home)
    grace = await realm.user("grace", (home, "space-admin"))
    walter = await realm.user("walter", (home, "space-writer"))
    use = realm.unit.cloud_attachments

    with pytest.raises(ForbiddenError):
        await use.attach(AwsIntegration, one, stack, Use(), by=walter)
    made = await use.attach(AwsIntegration, one, stack, Use(), by=grace)
    attachment = AttachmentId(made.id)
    with pytest.raises(ForbiddenError):
        await use.detach(AwsIntegration, attachment, by=walter)
    with pytest.raises(ForbiddenError):  # it is not hers
        await realm.unit.clouds.delete(AwsIntegration, one, by=grace)


async def test_what_is_not_attached_cannot_be_changed(realm: Realm) -> None:
    nowhere = AttachmentId("nowhere")
    with pytest.raises(CloudAttachmentNotFoundError):
        await realm.unit.cloud_attachments.update(
            AwsIntegration, nowhere, Use(), by=SYSTEM
        )


async def test_what_a_stack_has_goes_with_it(realm: Realm) -> None:
    one, stack = await integration(realm, "ours", ROOT), await realm.stack("one", ROOT)
    await attach(realm, one, stack)
    await realm.unit.own_clouds.set_role(stack, ROLE_SPEC, by=SYSTEM)
    await realm.unit.own_clouds.set_account(stack, SCOPES, by=SYSTEM)
    realm.session.expunge_all()

    await realm.unit.stacks.purge(stack, by=SYSTEM)

    assert await having(realm, one) == []
    assert await realm.session.get(AwsRole, stack) is None
    assert await realm.session.get(GcpAccount, stack) is None
    assert await realm.unit.clouds.delete(AwsIntegration, one, by=SYSTEM) is not None
