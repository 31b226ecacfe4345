import dataclasses

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from tests.support.fakes import OpenAccess
from tests.support.stacks import ADA, BOB, Bench, NothingOf, a_spec

from stackyard.kernel.access import NOBODY, SYSTEM, Action, Subject, SubjectKind
from stackyard.kernel.config import ConfigInput, ConfigType
from stackyard.kernel.errors import ForbiddenError, UnauthorizedError
from stackyard.kernel.ids import LEGACY, ROOT, PoolId, RepoId, StackId
from stackyard.spaces import SpaceAccess
from stackyard.stacks import (
    ConfigElement,
    Provider,
    RepositoryUnknownError,
    SpaceUnknownError,
    StackCreated,
    StackDeleted,
    StackDeletionRequested,
    StackEnabled,
    StackLockedError,
    StackNotFoundError,
    StackProblemsError,
    StackSlugTakenError,
    StackUnlocked,
    StackUpdated,
    TrackedCommit,
    WorkerPoolUnknownError,
)
from stackyard.stacks.model.vendors import (
    Ansible,
    CloudFormation,
    Kubernetes,
    OpenTofu,
    Pulumi,
    Terraform,
    Terragrunt,
    Vendor,
)
from stackyard_protocol.job import Hooks

NET = StackId("net")


@pytest.fixture
async def bench(session: AsyncSession) -> Bench:
    return await Bench(session).prepare()


async def test_a_new_stack_has_the_slug_of_its_name_and_lives_in_legacy(
    bench: Bench,
) -> None:
    stack = await bench.stacks.create(a_spec(name="Provider test ab3"), by=ADA)

    assert (stack.id, stack.space_id) == ("provider-test-ab3", LEGACY)
    assert stack.vendor == Terraform()
    assert isinstance(bench.outbox.events[0], StackCreated)


async def test_everything_that_was_set_comes_back(bench: Bench) -> None:
    spec = a_spec(
        description="d",
        labels=("b", "a"),
        namespace="acme",
        project_root="a/b",
        additional_project_globs=("modules/**",),
        git_sparse_checkout_paths=("a",),
        autodeploy=True,
        github_action_deploy=False,
        local_preview_enabled=True,
        enable_well_known_secret_masking=True,
        enable_sensitive_output_upload=False,
        protect_from_deletion=True,
        runner_image="image",
        hooks=Hooks(after_run=["z", "a"]),
    )
    await bench.stacks.create(spec, by=ADA)
    bench.session.expunge_all()

    stack = await bench.stacks.get(NET, by=ADA)

    for one in dataclasses.fields(spec):
        wanted = getattr(spec, one.name)
        if one.name not in {"space_id", "vendor", "is_disabled", "hooks"}:
            given = getattr(stack, one.name)
            assert (tuple(given) if isinstance(given, list) else given) == wanted
    assert stack.hooks() == spec.hook_lists()


@pytest.mark.parametrize(
    "vendor",
    [
        Terraform(version="1.5.7", workspace="w"),
        OpenTofu(),
        Terragrunt(use_run_all=True),
        Ansible(playbook="p"),
        CloudFormation(
            region="r", stack_name="s", entry_template_file="f", template_bucket="b"
        ),
        Kubernetes(namespace="n", kubectl_version="1.2.3"),
        Pulumi(login_url="u", stack_name="s"),
    ],
    ids=lambda vendor: type(vendor).__name__,
)
async def test_every_vendor_is_kept_truly(bench: Bench, vendor: Vendor) -> None:
    await bench.stacks.create(a_spec(vendor=vendor), by=ADA)
    bench.session.expunge_all()

    assert (await bench.stacks.get(NET, by=ADA)).vendor == vendor.settled()


async def test_a_slug_is_given_out_once(bench: Bench) -> None:
    await bench.stacks.create(a_spec(), by=ADA)

    with pytest.raises(StackSlugTakenError, match='"net" already exists'):
        await bench.stacks.create(a_spec(name="NET!"), by=ADA)


async def test_a_rename_keeps_the_slug_and_a_slug_may_be_chosen(bench: Bench) -> None:
    await bench.stacks.create(a_spec(), slug="custom-slug-1", by=ADA)

    stack = await bench.stacks.update(
        StackId("custom-slug-1"), a_spec(name="New"), by=ADA
    )

    assert (stack.id, stack.name) == ("custom-slug-1", "New")


async def test_a_name_without_letters_needs_a_slug(bench: Bench) -> None:
    with pytest.raises(StackProblemsError, match="stack has 1 error: slug: "):
        await bench.stacks.create(a_spec(name="äö"), by=ADA)


async def test_an_update_replaces_everything_but_the_space(bench: Bench) -> None:
    await bench.stacks.create(
        a_spec(space_id=ROOT, description="d", labels=("x",), project_root="p"), by=ADA
    )

    stack = await bench.stacks.update(NET, a_spec(), by=ADA)

    assert (stack.description, stack.labels, stack.project_root) == (None, [], None)
    assert stack.space_id == ROOT
    assert isinstance(bench.outbox.events[-1], StackUpdated)


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"space_id": "gone"}, SpaceUnknownError),
        ({"worker_pool_id": PoolId("gone")}, WorkerPoolUnknownError),
        ({"provider": Provider.SPACELIFT}, RepositoryUnknownError),
    ],
)
async def test_what_does_not_exist_is_named_by_the_database_too(
    bench: Bench, given: dict[str, str], error: type[Exception]
) -> None:
    with pytest.raises(error):
        await bench.stacks.create(a_spec(**given), by=ADA)
    await bench.stacks.create(a_spec(), by=ADA)
    with pytest.raises(error):
        await bench.stacks.update(NET, a_spec(**given), by=ADA)


async def test_a_pool_and_a_repository_that_are_not_ours_are_refused(
    session: AsyncSession,
) -> None:
    pools, repositories = NothingOf(), NothingOf()
    bench = await Bench(session, pools=pools, repositories=repositories).prepare()

    with pytest.raises(WorkerPoolUnknownError):
        await bench.stacks.create(a_spec(worker_pool_id=PoolId("p")), by=ADA)
    with pytest.raises(RepositoryUnknownError):
        await bench.stacks.create(
            a_spec(provider=Provider.SPACELIFT, vcs_integration_id="r"), by=ADA
        )
    assert (pools.asked, repositories.asked) == (["p"], [RepoId("r")])


async def test_only_who_may_force_it_opens_the_lock_of_another(
    session: AsyncSession,
) -> None:
    access = OpenAccess()
    bench = await Bench(session, access=access).prepare()
    await bench.stacks.create(a_spec(), by=ADA)
    await bench.stacks.lock(NET, note="n", by=ADA)
    access.refused.add(Action.STACK_UNLOCK_FORCE)

    with pytest.raises(StackLockedError, match="locked by Ada"):
        await bench.stacks.unlock(NET, by=BOB)
    access.refused.clear()
    stack = await bench.stacks.unlock(NET, by=BOB)

    assert stack.locked_by is None
    assert isinstance(bench.outbox.events[-1], StackUnlocked)


async def test_enabling_is_told_once(bench: Bench) -> None:
    await bench.stacks.create(a_spec(is_disabled=True), by=ADA)

    await bench.stacks.enable(NET, by=ADA)
    await bench.stacks.enable(NET, by=ADA)

    told = [one for one in bench.outbox.events if isinstance(one, StackEnabled)]
    assert len(told) == 1


async def test_a_deletion_is_asked_for_then_done_and_takes_the_configuration(
    bench: Bench,
) -> None:
    await bench.stacks.create(a_spec(), by=ADA)
    wanted = ConfigInput("A", ConfigType.ENVIRONMENT_VARIABLE, "x")
    await bench.config.add(NET, wanted, by=ADA)

    stack = await bench.stacks.delete(NET, destroy_resources=True, by=ADA)
    deleting = stack is not None and stack.deleting
    event = bench.outbox.events[-1]
    await bench.stacks.purge(NET, by=SYSTEM)

    assert deleting
    assert isinstance(event, StackDeletionRequested)
    assert event.destroy_resources
    assert isinstance(bench.outbox.events[-1], StackDeleted)
    assert await bench.stacks.find(NET, by=ADA) is None
    left = await bench.session.scalar(select(func.count()).select_from(ConfigElement))
    assert left == 0


async def test_a_deletion_that_failed_leaves_a_stack_as_before(bench: Bench) -> None:
    await bench.stacks.create(a_spec(), by=ADA)
    await bench.stacks.delete(NET, destroy_resources=True, by=ADA)

    stack = await bench.stacks.keep(NET, by=SYSTEM)

    assert not stack.deleting
    assert not stack.destroy_on_delete


async def test_the_commit_of_a_push_is_tracked(bench: Bench) -> None:
    await bench.stacks.create(a_spec(), by=ADA)

    stack = await bench.stacks.set_tracked_commit(
        NET, TrackedCommit("a" * 40, message="m"), set_by="Grace", by=SYSTEM
    )

    assert stack.tracked_commit is not None
    assert stack.tracked_commit["message"] == "m"
    assert stack.tracked_commit_set_by == "Grace"


async def test_strangers_cannot_tell_what_exists(session: AsyncSession) -> None:
    bench = await Bench(session, access=SpaceAccess(session)).prepare()
    await bench.stacks.create(a_spec(), by=ADA)
    stranger = Subject(SubjectKind.USER, "eve", "Eve")

    for stack_id in (NET, StackId("missing")):
        assert await bench.stacks.find(stack_id, by=stranger) is None
        with pytest.raises(StackNotFoundError):
            await bench.stacks.lock(stack_id, by=stranger)
        with pytest.raises(UnauthorizedError):
            await bench.stacks.find(stack_id, by=NOBODY)


@pytest.mark.parametrize(
    ("action", "verb"),
    [
        (Action.STACK_LOCK, "lock"),
        (Action.STACK_UNLOCK, "unlock"),
        (Action.STACK_ENABLE, "enable"),
        (Action.STACK_DISABLE, "disable"),
        (Action.STACK_DELETE, "delete"),
        (Action.SPACE_ADMIN, "purge"),
        (Action.SPACE_ADMIN, "keep"),
    ],
)
async def test_every_verb_asks_for_leave(
    session: AsyncSession, action: Action, verb: str
) -> None:
    access = OpenAccess()
    bench = await Bench(session, access=access).prepare()
    await bench.stacks.create(a_spec(), by=ADA)
    access.refused.add(action)

    with pytest.raises(ForbiddenError):
        await getattr(bench.stacks, verb)(NET, by=BOB)


async def test_administrative_rights_are_given_by_administrators_only(
    session: AsyncSession,
) -> None:
    access = OpenAccess({Action.SPACE_ADMIN})
    bench = await Bench(session, access=access).prepare()

    with pytest.raises(ForbiddenError):
        await bench.stacks.create(a_spec(administrative=True), by=ADA)
