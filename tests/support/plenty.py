"""More of everything that lists show, in the space where the readers are."""

import msgspec

from stackyard.blueprints import (
    BlueprintSpec,
    Evaluation,
    Publication,
    TemplateSpec,
    TemplateVersionSpec,
)
from stackyard.clouds import AwsIntegration, AzureIntegration, Use
from stackyard.contexts import ContextSpec
from stackyard.filters import FilterType
from stackyard.identity import Known, SessionMethod, User
from stackyard.kernel.access import SYSTEM, Action, Subject, SubjectKind
from stackyard.kernel.config import ConfigInput, ConfigType
from stackyard.kernel.ids import ApiKeyId, PoolId, SpaceId, StackId, WorkerId, new_ulid
from stackyard.modules import ModuleSpec, name_module, read_code
from stackyard.plugins import PluginSpec, PluginTemplateSpec
from stackyard.policies import PolicySpec, PolicyType
from stackyard.registry.providers import (
    GpgKey,
    PlatformSpec,
    ProviderSpec,
    ProviderVersionSpec,
    PublicKey,
)
from stackyard.runs import RunType
from stackyard.spaces import Holder, HolderKind, SpaceSpec
from stackyard.stacks import (
    DetectDrift,
    Provider,
    ReferenceSpec,
    Timing,
    TrackedCommit,
    TriggerRun,
)
from stackyard.state import parse
from stackyard.unit import Unit
from stackyard.vcs import IntegrationKind, RepositorySettings
from stackyard.workers import PoolSettings
from stackyard_protocol.mqtt import Register
from stackyard_protocol.report import Output, Resource
from tests.support.bodies import a_blueprint, a_template
from tests.support.certificates import signing_request
from tests.support.clouds import (
    ROLE_SPEC,
    SCOPES,
    a_hook,
    an_aws_spec,
    an_azure_spec,
)
from tests.support.git_servers import a_connection, a_git_server
from tests.support.stacks import a_spec
from tests.support.world import MANIFEST, PLACE, World


async def add(world: World, numbers: range) -> None:
    home = SpaceId(world.names["home"])
    async with world.whole.platform.unit() as unit:
        for number in numbers:
            pool = await _pool(unit, f"pool {number}", home)
            link = await _link(unit, f"server {number}", home)
            stack = await _stack(unit, f"stack {number}", home, pool, link)
            await _context(unit, f"context {number}", home, stack)
            await _by_itself(unit, stack, StackId(world.names["net"]))
            await _policy(unit, f"policy {number}", home, stack)
            await _module(unit, f"module-{number}", home, stack)
            await _integrations(unit, f"integration {number}", home, stack)
            await _blueprint(unit, f"blueprint {number}", home)
            await _people(unit, f"somebody {number}", home)
            await _catalogue(unit, f"shelf-{number}", home)
            await unit.filters.create(
                FilterType.STACKS, f"filter {number}", "{}", is_public=True, by=SYSTEM
            )
            spec = SpaceSpec(f"space {number}", parent=home, inherits=True)
            await unit.spaces.create(spec, by=SYSTEM)
            await unit.repositories.create(
                home, RepositorySettings(name=f"repository {number}"), by=SYSTEM
            )
            await unit.vcs_agent_pools.create(f"agents {number}", None, by=SYSTEM)
    proven = await world.doors.key_exchange.prove(
        ApiKeyId(world.names["key"]), secret=world.names["secret"], place=PLACE
    )
    assert proven is not None
    for _ in numbers:
        await world.doors.sign_in.by_key(proven, place=PLACE)


async def _pool(unit: Unit, name: str, home: SpaceId) -> PoolId:
    wanted = PoolSettings(name=name, space_id=home)
    pool = await unit.pools.create(wanted, signing_request(), by=SYSTEM)
    payload = msgspec.json.encode(Register(version="1"))
    await unit.session.flush()
    await unit.workers.heard(pool.id, WorkerId(new_ulid()), payload, by=SYSTEM)
    return pool.id


async def _link(unit: Unit, name: str, home: SpaceId) -> str:
    kind = IntegrationKind.GITLAB
    made = await unit.vcs_integrations.create(
        a_git_server(kind, name, home), a_connection(kind), by=SYSTEM
    )
    return made.id


async def _context(unit: Unit, name: str, home: SpaceId, stack: StackId) -> None:
    spec = ContextSpec(name=name, space_id=home)
    context = await unit.contexts.create(spec, by=SYSTEM)
    element = ConfigInput("zone", ConfigType.ENVIRONMENT_VARIABLE, "a", False)
    await unit.context_config.add(context.id, element, by=SYSTEM)
    await unit.stack_contexts.attach(context.id, stack, by=SYSTEM)


async def _catalogue(unit: Unit, name: str, home: SpaceId) -> None:
    owner = PublicKey(name, name, name, None)
    key = GpgKey.create(name, owner, by=SYSTEM, at=unit.clock())
    unit.session.add(key)
    await unit.session.flush()
    made = await unit.terraform_providers.create(name, ProviderSpec(home), by=SYSTEM)
    for number in ("1.0.0", "1.1.0"):
        wanted = ProviderVersionSpec(number, (), "0" * 64, "1" * 64, key.id)
        draft = await unit.provider_versions.create(made.id, wanted, by=SYSTEM)
        platform = PlatformSpec("linux", "amd64", "2" * 64, "")
        await unit.provider_versions.register(draft.id, platform, by=SYSTEM)
    template = await unit.plugin_templates.create(
        PluginTemplateSpec(name, MANIFEST), by=SYSTEM
    )
    plugin = PluginSpec(name, template.id, home, "*")
    await unit.plugins.install(plugin, by=SYSTEM)


async def _by_itself(unit: Unit, stack: StackId, above: StackId) -> None:
    made = await unit.stack_dependencies.create(stack, above, by=SYSTEM)
    wanted = ReferenceSpec("address", "ADDRESS")
    await unit.stack_dependencies.add_reference(made.id, wanted, by=SYSTEM)
    for errand in (TriggerRun(), DetectDrift()):
        await unit.schedules.create(stack, errand, Timing(("0 3 * * *",)), by=SYSTEM)


async def _blueprint(unit: Unit, name: str, home: SpaceId) -> None:
    draft = Publication.DRAFT  # nobody evaluates its expressions
    evaluation = Evaluation(unit.clock(), seed="")
    spec = BlueprintSpec(name=name, space_id=home, state=draft, body=a_blueprint())
    await unit.blueprints.create(spec, evaluation, by=SYSTEM)
    template = await unit.templates.create(
        TemplateSpec(name=name, space_id=home), by=SYSTEM
    )
    version = TemplateVersionSpec(number="1", state=draft, body=a_template())
    await unit.template_versions.create(template.id, version, evaluation, by=SYSTEM)


async def _policy(unit: Unit, name: str, home: SpaceId, stack: StackId) -> None:
    spec = PolicySpec(name=name, body="package spacelift", space_id=home)
    policy = await unit.policies.create(spec, PolicyType.PLAN, by=SYSTEM)
    await unit.stack_policies.attach(policy.id, stack, by=SYSTEM)


async def _module(unit: Unit, name: str, home: SpaceId, stack: StackId) -> None:
    spec = ModuleSpec(a_spec(name=name, space_id=home), ("spacelift-io",))
    module = await unit.modules.create(name_module("x", name=name), spec, by=SYSTEM)
    await unit.modules.share(module.id, ["spacelift-io"], [home], by=SYSTEM)
    commit = TrackedCommit("c0ffee1")
    code = read_code(commit, {"main.tf": ""}, name=name, folder="")
    await unit.versions.create(module.id, code, number="1.0.0", by=SYSTEM)
    run = f"{stack}/{new_ulid()}"
    by = Subject(SubjectKind.RUN, run, run, stack_id=stack)
    await unit.module_registry.take("acme", name, "default", "1.0.0", by=by)


async def _integrations(unit: Unit, name: str, home: SpaceId, stack: StackId) -> None:
    for kind, spec in (
        (AwsIntegration, an_aws_spec(name, space_id=home)),
        (AzureIntegration, an_azure_spec(name, space_id=home)),
    ):
        made = await unit.clouds.create(kind, spec, by=SYSTEM)
        await unit.cloud_attachments.attach(kind, made.id, stack, Use(), by=SYSTEM)
    await unit.own_clouds.set_role(stack, ROLE_SPEC, by=SYSTEM)
    await unit.own_clouds.set_account(stack, SCOPES, by=SYSTEM)
    await unit.stack_webhooks.create(stack, a_hook(), by=SYSTEM)


async def _stack(
    unit: Unit, name: str, home: SpaceId, pool: PoolId, link: str
) -> StackId:
    spec = a_spec(
        name=name,
        space_id=home,
        worker_pool_id=pool,
        provider=Provider.GITLAB,
        namespace="ops",
        vcs_integration_id=link,
    )
    stack = await unit.stacks.create(spec, by=SYSTEM)
    await unit.stacks.set_tracked_commit(stack.id, TrackedCommit("c0ffee1"), by=SYSTEM)
    element = ConfigInput("region", ConfigType.ENVIRONMENT_VARIABLE, "north", False)
    await unit.stack_config.add(stack.id, element, by=SYSTEM)
    await _things(unit, stack.id)
    for kind in (RunType.TRACKED, RunType.PROPOSED):
        await unit.triggers.trigger(stack.id, kind=kind, by=SYSTEM)
    await unit.triggers.create_task(stack.id, "true", by=SYSTEM)
    await unit.dispatch.gate(stack.id, by=SYSTEM)
    holder = Holder(HolderKind.STACK, stack.id)
    await unit.bindings.create(holder, role="space-reader", space=home, by=SYSTEM)
    return stack.id


async def _things(unit: Unit, stack: StackId) -> None:
    await unit.states.replace(
        stack,
        outputs=[Output("address", False, "192.0.2.1")],
        resources=[Resource("x.one", "x", "one", "p")],
        by=SYSTEM,
    )
    given = parse(b'{"version": 4, "serial": 1, "lineage": "x"}')
    version = await unit.states.prepare_import(stack, given, by=SYSTEM)
    assert version is not None
    await unit.states.record_import(version, by=SYSTEM)


async def _people(unit: Unit, name: str, home: SpaceId) -> None:
    user = User.arrive(Known(name, name, (), SessionMethod.OIDC), at=unit.clock())
    unit.session.add(user)
    await unit.session.flush()
    group = await unit.groups.create(name=name, description=None, by=SYSTEM)
    key = await unit.api_keys.create(name=name, admin=False, by=SYSTEM)
    role = await unit.roles.create(
        name=name, description=None, actions=[Action.SPACE_READ], by=SYSTEM
    )
    for holder in (
        Holder(HolderKind.USER, user.id),
        Holder(HolderKind.GROUP, group.id),
        Holder(HolderKind.API_KEY, key.key.id),
    ):
        await unit.bindings.create(holder, role=role.id, space=home, by=SYSTEM)
