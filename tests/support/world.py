"""An account with two spaces side by side, and everybody who may come to it.

What is asked about lies in HOME; `names` are the ids of one thing of each kind there.
"""

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

import msgspec

from stackyard.blueprints import (
    Blueprint,
    BlueprintSpec,
    Deployed,
    DeploymentSpec,
    Evaluation,
    Publication,
    TemplateSpec,
    TemplateVersion,
    TemplateVersionSpec,
)
from stackyard.clouds import AwsIntegration, AzureIntegration, Use
from stackyard.contexts import ContextSpec
from stackyard.filters import FilterType
from stackyard.http.authentication import COOKIE
from stackyard.http.doors import Doors
from stackyard.identity import Opened, SecurityKey
from stackyard.kernel.access import SYSTEM, Action, Subject, SubjectKind
from stackyard.kernel.blobs import Bucket
from stackyard.kernel.caller import Place
from stackyard.kernel.config import ConfigInput, ConfigType
from stackyard.kernel.federation import OidcSettings
from stackyard.kernel.ids import (
    ROOT,
    CloudId,
    ContextId,
    LegId,
    PluginTemplateId,
    PolicyId,
    PoolId,
    ProviderId,
    ProviderVersionId,
    RepoId,
    RunId,
    SecurityKeyId,
    SpaceId,
    StackId,
    TemplateId,
    TemplateVersionId,
    UserId,
    WorkerId,
    WorkspaceId,
    new_ulid,
)
from stackyard.local_workspaces import uploaded_key
from stackyard.modules import CONFIG_FILE, ModuleSpec, name_module, read_code
from stackyard.plugins import PluginSpec, PluginTemplateSpec, seed_templates
from stackyard.policies import PolicySpec, PolicyType
from stackyard.processes.server import make_doors
from stackyard.registry.providers import ProviderSpec, Uploaded, file_key
from stackyard.runs import Decision, Leg, RunState, RunType
from stackyard.spaces import Holder, HolderKind, SpaceSpec, seed
from stackyard.stacks import (
    DeleteStack,
    DetectDrift,
    Errand,
    PerformTask,
    Provider,
    ReferenceSpec,
    RuntimeConfig,
    Timing,
    TrackedCommit,
    TriggerRun,
)
from stackyard.unit import Unit
from stackyard.vcs import (
    FileChange,
    IntegrationKind,
    NewRevision,
    RepositorySettings,
)
from stackyard.workers import PoolSettings
from stackyard_protocol.mqtt import Register
from stackyard_protocol.report import (
    Accepted,
    Archived,
    Body,
    Change,
    Entered,
    Output,
    Planned,
    Report,
    Resource,
)
from tests.support.bodies import a_blueprint, a_template
from tests.support.certificates import signing_request
from tests.support.clouds import a_hook, a_named_hook, an_aws_spec, an_azure_spec
from tests.support.edge import ADMIN
from tests.support.git_servers import a_connection, a_git_server
from tests.support.legs import tarball
from tests.support.release import LINUX, Release, public_armor, secret_key, sha256
from tests.support.stacks import a_spec
from tests.support.whole import Whole, server_settings

PLACE = Place("192.0.2.7")
ARCHIVE = b"an archive"
MANIFEST = "{name: x, version: 1.0.0, description: x, author: x}"
ANSWERS = (("infracost_api_key", "x"),)
TOKEN = "the-token-of-the-leg"  # noqa: S105 - of a leg that lives for one test
AT_HOME = (
    *("home", "nook", "pool", "idle", "worker", "net", "gov", "bound", "repo", "spare"),
    *("unconfirmed", "queued", "net_run", "stack_binding", "state"),
    *("context", "unused", "attachment"),
    *("provider", "released", "unreleased", "spare_provider", "plugin"),
    *("dependency", "reference"),
    *("scheduled_run", "scheduled_task", "scheduled_delete"),
    *("devops", "bitbucket", "datacenter", "github", "gitlab"),
    *("policy", "spare_policy", "policy_attachment"),
    *("module", "module_version"),
    *("aws", "aws_unused", "aws_attachment"),
    *("azure", "azure_unused", "azure_attachment"),
    *("webhook", "named_webhook"),
    *("blueprint", "draft", "template", "bare", "published", "fresh", "deployment"),
)


@dataclass
class World:
    whole: Whole
    names: dict[str, str] = field(default_factory=dict)
    headers: dict[str, dict[str, str]] = field(default_factory=dict)  # by who asks
    doors: Doors = field(init=False)

    def __post_init__(self) -> None:
        self.doors = make_doors(self.whole.platform, server_settings())

    @property
    def at_home(self) -> set[str]:
        """Return ids of what lies in HOME: only those who may read it learn them."""
        return {self.names[kind] for kind in AT_HOME}

    @property
    def with_ghosts(self) -> dict[str, str]:
        """Return the names, but for what lies in HOME those that nobody has."""
        ghosts = {name: f"{'0' * 20}{number:06}" for number, name in enumerate(AT_HOME)}
        return self.names | ghosts

    async def build(self) -> "World":
        async with self.whole.database.transaction() as session:
            await seed(session, at=self.whole.clock())
            await seed_templates(session, at=self.whole.clock())
        async with self.whole.platform.unit() as unit:
            await self._spaces(unit)
            await self._pools(unit)
            await self._people(unit)
            await self._repositories(unit)
            await self._git_servers(unit)
            await self._filters(unit)
            await self._catalogue(unit)
        await self._push()
        async with self.whole.platform.unit() as unit:
            await self._stacks(unit)
            await self._contexts(unit)
            await self._dependencies(unit)
            await self._schedules(unit)
            await self._policies(unit)
            await self._modules(unit)
            await self._clouds(unit)
            await self._webhooks(unit)
        await self._blueprints()
        await self._states()
        await self._runs()
        await self._keys()
        links = self.whole.platform.state_links
        stack = StackId(self.names["net"])
        self.names["download"] = links.download(stack, self.names["state"])
        self.names["archive"] = self.whole.platform.provider_files.upload_link(
            ProviderVersionId(self.names["unreleased"]), sha256(ARCHIVE)
        )
        self.names["upload"] = links.upload()[1]
        return self

    async def _spaces(self, unit: Unit) -> None:
        await unit.account.set_space_admins_make_spaces(allowed=True, by=SYSTEM)
        for name, parent in (("home", ROOT), ("other", ROOT), ("nook", None)):
            above = SpaceId(self.names["home"]) if parent is None else parent
            made = await unit.spaces.create(SpaceSpec(name, parent=above), by=SYSTEM)
            self.names[name] = made.id

    async def _pools(self, unit: Unit) -> None:
        for name, space in (("pool", "home"), ("idle", "home"), ("away", "other")):
            wanted = PoolSettings(name=name, space_id=SpaceId(self.names[space]))
            made = await unit.pools.create(wanted, signing_request(), by=SYSTEM)
            self.names[name] = made.id

    async def _people(self, unit: Unit) -> None:
        home = SpaceId(self.names["home"])
        role = await unit.roles.create(
            name="Loose", description=None, actions=[Action.RUN_TRIGGER], by=SYSTEM
        )
        invited = await unit.people.invite(username="eve", email=None, by=SYSTEM)
        group = await unit.groups.create(name="ops", description=None, by=SYSTEM)
        key = await unit.api_keys.create(name="ci", admin=False, by=SYSTEM)
        self.names |= {
            "role": role.id,
            "user": invited.user.id,
            "group": group.id,
            "key": key.key.id,
            "secret": key.secret or "",
        }
        for kind, name in (
            (HolderKind.USER, "user"),
            (HolderKind.GROUP, "group"),
            (HolderKind.API_KEY, "key"),
        ):
            bound = await unit.bindings.create(
                Holder(kind, self.names[name]),
                role="space-reader",
                space=home,
                by=SYSTEM,
            )
            self.names[f"{name}_binding"] = bound.id
        self._enrol(unit)
        await unit.sign_ons.try_out(
            OidcSettings("https://id.example", "client", "secret", "groups"), by=SYSTEM
        )

    def _enrol(self, unit: Unit) -> None:
        key = SecurityKey(
            id=SecurityKeyId(new_ulid()),
            user_id=UserId(self.names["user"]),
            name="blue",
            credential_id=b"x",
            public_key=b"x",
            sign_count=0,
            transports=[],
            created_at=self.whole.clock(),
        )
        unit.session.add(key)
        self.names["security_key"] = key.id

    async def _repositories(self, unit: Unit) -> None:
        for name in ("repo", "spare"):
            made = await unit.repositories.create(
                SpaceId(self.names["home"]), RepositorySettings(name=name), by=SYSTEM
            )
            self.names[name] = made.id

    async def _git_servers(self, unit: Unit) -> None:
        for name, kind in (
            ("devops", IntegrationKind.AZURE_DEVOPS),
            ("bitbucket", IntegrationKind.BITBUCKET_CLOUD),
            ("datacenter", IntegrationKind.BITBUCKET_DATACENTER),
            ("github", IntegrationKind.GITHUB_ENTERPRISE),
            ("gitlab", IntegrationKind.GITLAB),
        ):
            made = await unit.vcs_integrations.create(
                a_git_server(kind, f"our {name}", SpaceId(self.names["home"])),
                a_connection(kind),
                by=SYSTEM,
            )
            self.names[name] = made.id
        agents, _key = await unit.vcs_agent_pools.create("agents", None, by=SYSTEM)
        self.names["agents"] = agents.id

    async def _filters(self, unit: Unit) -> None:
        shown = await unit.filters.create(
            FilterType.STACKS, "Broken", "{}", is_public=True, by=SYSTEM
        )
        self.names["filter"] = shown.id

    async def _catalogue(self, unit: Unit) -> None:
        """Make a provider with a release and a draft, and something installed."""
        home = SpaceId(self.names["home"])
        armor = public_armor(secret_key())
        key = await unit.gpg_keys.create("ours", armor, by=SYSTEM)
        self.names["gpg_key"] = key.id
        for name in ("provider", "spare_provider"):
            kind = f"{name.replace('_', '-')}-of-ours"
            made = await unit.terraform_providers.create(
                kind, ProviderSpec(home), by=SYSTEM
            )
            self.names[name] = made.id
        provider = ProviderId(self.names["provider"])
        for name, number in (("released", "1.0.0"), ("unreleased", "2.0.0")):
            release = Release(provider, number, {LINUX: ARCHIVE})
            draft = await unit.provider_versions.create(
                provider, release.version(key.id), by=SYSTEM
            )
            for platform in release.platforms():
                await unit.provider_versions.register(draft.id, platform, by=SYSTEM)
            for body in release.files():
                where = file_key(draft.id, sha256(body))
                await self.whole.blobs.put(Bucket.MODULES, where, body)
            self.names[name] = draft.id
            if name == "released":
                there = Uploaded(
                    release.sums, release.signature, frozenset([sha256(ARCHIVE)])
                )
                await unit.provider_versions.publish(draft.id, there, by=SYSTEM)
        template = await unit.plugin_templates.create(
            PluginTemplateSpec("Ours", MANIFEST), by=SYSTEM
        )
        self.names["plugin_template"] = template.id
        wanted = PluginSpec(
            "installed", PluginTemplateId("infracost"), home, "*", (), ANSWERS
        )
        plugin = await unit.plugins.install(wanted, by=SYSTEM)
        self.names["plugin"] = plugin.id

    async def _push(self) -> None:
        commit = await self.whole.platform.pushes.create_revision(
            NewRevision(
                repo_id=RepoId(self.names["repo"]),
                message="Write main.tf",
                author_name="Ada",
                files=[FileChange(path="main.tf", content=b"# one\n")],
            ),
            by=SYSTEM,
        )
        self.names["commit"] = commit.hash

    async def _stacks(self, unit: Unit) -> None:
        for name, space, pool in (
            ("net", "home", "pool"),
            ("gov", "home", "pool"),
            ("bound", "home", "pool"),
            ("far", "other", "away"),
        ):
            spec = a_spec(
                name=name,
                space_id=SpaceId(self.names[space]),
                worker_pool_id=PoolId(self.names[pool]),
                administrative=name == "gov",
                provider=Provider.SPACELIFT if space == "home" else Provider.GITHUB,
                repository=self.names["repo"],
                local_preview_enabled=True,
            )
            made = await unit.stacks.create(spec, by=SYSTEM)
            self.names[name] = made.id
            await unit.stacks.set_tracked_commit(
                made.id, TrackedCommit(self.names["commit"]), by=SYSTEM
            )
        stack = StackId(self.names["net"])
        element = ConfigInput("region", ConfigType.ENVIRONMENT_VARIABLE, "north", False)
        await unit.stack_config.add(stack, element, by=SYSTEM)
        self.names["element"] = "region"
        await unit.states.replace(
            stack,
            outputs=[Output("address", False, "192.0.2.1")],
            resources=[Resource("x.one", "x", "one", "p")],
            by=SYSTEM,
        )
        bound = await unit.bindings.create(
            Holder(HolderKind.STACK, self.names["bound"]),
            role="space-reader",
            space=SpaceId(self.names["home"]),
            by=SYSTEM,
        )
        self.names["stack_binding"] = bound.id

    async def _contexts(self, unit: Unit) -> None:
        element = ConfigInput("region", ConfigType.ENVIRONMENT_VARIABLE, "south", False)
        for name, space in (
            ("context", "home"),
            ("unused", "home"),
            ("foreign", "other"),
        ):
            spec = ContextSpec(name=name, space_id=SpaceId(self.names[space]))
            made = await unit.contexts.create(spec, by=SYSTEM)
            await unit.context_config.add(made.id, element, by=SYSTEM)
            self.names[name] = made.id
        attached = await unit.stack_contexts.attach(
            ContextId(self.names["context"]), StackId(self.names["net"]), by=SYSTEM
        )
        self.names["attachment"] = attached.id

    async def _dependencies(self, unit: Unit) -> None:
        made = await unit.stack_dependencies.create(
            StackId(self.names["net"]), StackId(self.names["gov"]), by=SYSTEM
        )
        reference = await unit.stack_dependencies.add_reference(
            made.id, ReferenceSpec("address", "ADDRESS"), by=SYSTEM
        )
        self.names |= {"dependency": made.id, "reference": reference.id}

    async def _schedules(self, unit: Unit) -> None:
        stack, daily = StackId(self.names["net"]), Timing(("0 3 * * *",))
        once = Timing(at=self.whole.clock() + timedelta(days=30))
        config = RuntimeConfig(project_root="infra")
        errands: list[tuple[str, Errand, Timing]] = [
            ("scheduled_run", TriggerRun(runtime_config=config), daily),
            ("scheduled_task", PerformTask(command="true"), daily),
            ("scheduled_delete", DeleteStack(destroy_resources=False), once),
            ("drift", DetectDrift(), daily),
        ]
        for name, errand, timing in errands:
            made = await unit.schedules.create(stack, errand, timing, by=SYSTEM)
            self.names[name] = made.id

    async def _policies(self, unit: Unit) -> None:
        for name, space in (
            ("policy", "home"),
            ("spare_policy", "home"),
            ("foreign_policy", "other"),
        ):
            spec = PolicySpec(
                name=name,
                body="package spacelift",
                space_id=SpaceId(self.names[space]),
            )
            made = await unit.policies.create(spec, PolicyType.PLAN, by=SYSTEM)
            self.names[name] = made.id
        attached = await unit.stack_policies.attach(
            PolicyId(self.names["policy"]), StackId(self.names["net"]), by=SYSTEM
        )
        self.names["policy_attachment"] = attached.id

    async def _modules(self, unit: Unit) -> None:
        home = SpaceId(self.names["home"])
        spec = a_spec(
            name="tasty",
            space_id=home,
            provider=Provider.SPACELIFT,
            repository=self.names["repo"],
            local_preview_enabled=True,
        )
        named = name_module("any", name="tasty")
        module = await unit.modules.create(named, ModuleSpec(spec), by=SYSTEM)
        await unit.modules.share(module.id, (), [home], by=SYSTEM)
        files = {"main.tf": "# one\n"}
        commit = TrackedCommit(self.names["commit"])
        code = read_code(commit, files, name="tasty", folder="")
        made = await unit.versions.create(module.id, code, number="1.0.0", by=SYSTEM)
        self.names |= {"module": module.id, "module_version": made.id}
        away = ModuleSpec(a_spec(name="far", space_id=SpaceId(self.names["other"])))
        await unit.modules.create(name_module("any", name="far"), away, by=SYSTEM)

    async def _clouds(self, unit: Unit) -> None:
        stack = StackId(self.names["net"])
        for kind, cloud, wanted in (
            (AwsIntegration, "aws", an_aws_spec),
            (AzureIntegration, "azure", an_azure_spec),
        ):
            for name, space in (
                (cloud, "home"),
                (f"{cloud}_unused", "home"),
                (f"{cloud}_foreign", "other"),
            ):
                spec = wanted(name, space_id=SpaceId(self.names[space]))
                made = await unit.clouds.create(kind, spec, by=SYSTEM)
                self.names[name] = made.id
            attached = await unit.cloud_attachments.attach(
                kind, CloudId(self.names[cloud]), stack, Use(), by=SYSTEM
            )
            self.names[f"{cloud}_attachment"] = attached.id

    async def _webhooks(self, unit: Unit) -> None:
        own = await unit.stack_webhooks.create(
            StackId(self.names["net"]), a_hook(), by=SYSTEM
        )
        named = await unit.named_webhooks.create(
            a_named_hook("Far and wide", SpaceId(self.names["home"])), by=SYSTEM
        )
        self.names |= {"webhook": own.id, "named_webhook": named.id}

    async def _blueprints(self) -> None:
        evaluations = self.whole.platform.evaluations
        home, other = SpaceId(self.names["home"]), SpaceId(self.names["other"])
        for name, space, state in (
            ("blueprint", home, Publication.PUBLISHED),
            ("draft", home, Publication.DRAFT),
            ("form", other, Publication.DRAFT),
        ):
            wanted = BlueprintSpec(
                name=name, space_id=space, state=state, body=a_blueprint(space=home)
            )
            create = partial(_create_blueprint, wanted)
            self.names[name] = (await evaluations.during(create)).id
        async with self.whole.platform.unit() as unit:
            for name, space in (("template", home), ("bare", home), ("pattern", other)):
                template = TemplateSpec(name=name, space_id=space)
                made = await unit.templates.create(template, by=SYSTEM)
                self.names[name] = made.id
        for name, state in (
            ("published", Publication.PUBLISHED),
            ("fresh", Publication.DRAFT),
        ):
            version = TemplateVersionSpec(number=name, state=state, body=a_template())
            publish = partial(
                _create_version, TemplateId(self.names["template"]), version
            )
            self.names[name] = (await evaluations.during(publish)).id
        published = TemplateVersionId(self.names["published"])
        deployed = await evaluations.during(partial(_deploy, published, home))
        self.names["deployment"] = deployed.deployment.id

    async def _states(self) -> None:
        stack, files = StackId(self.names["net"]), self.whole.platform.state_files
        for serial in (1, 2):
            state = {"version": 4, "serial": serial, "lineage": "x"}
            await files.bring(stack, json.dumps(state).encode(), by=SYSTEM)
        async with self.whole.platform.unit() as unit:
            found = await unit.states.versions([stack], by=SYSTEM)
        self.names["state"] = found[stack][-1].id
        await self._upload("workspace", stack, gzip.compress(b""))
        code = tarball({f"tasty/{CONFIG_FILE}": "tests: [{name: x}]"})
        await self._upload("tasty", StackId(self.names["module"]), code)

    async def _upload(self, name: str, project: StackId, code: bytes) -> None:
        workspace = WorkspaceId(new_ulid())
        self.names[name] = workspace
        await self.whole.blobs.put(
            Bucket.USER_UPLOADED_WORKSPACES, uploaded_key(project, workspace), code
        )

    async def _runs(self) -> None:
        waiting = await self._start("net", "pool", RunType.TRACKED)
        await self._plan(waiting)
        self.names["unconfirmed"] = waiting.run_id
        for name, pool in (("net", "pool"), ("gov", "pool"), ("far", "away")):
            leg = await self._start(name, pool, RunType.PROPOSED)
            self.names[f"{name}_run"], self.names[f"{name}_leg"] = leg.run_id, leg.id
        async with self.whole.platform.unit() as unit:
            queued = await unit.triggers.trigger(
                StackId(self.names["net"]), kind=RunType.PROPOSED, by=SYSTEM
            )
            self.names["queued"] = queued.id
            await unit.reviews.add(
                StackId(self.names["net"]),
                waiting.run_id,
                Decision.APPROVE,
                note=None,
                by=SYSTEM,
            )
            leg_id = LegId(self.names["net_leg"])
            by = Subject(SubjectKind.WORKER, leg_id, "worker")
            leg = await unit.legs.get(leg_id, by=by)
            await unit.logs.append(leg, leg.state_version, 0, b"hello\n", by=by)
            self.names["version"] = str(leg.state_version)

    async def _start(self, name: str, where: str, kind: RunType) -> Leg:
        """Let a run of the stack be carried out; return the leg that it is in."""
        stack, pool = StackId(self.names[name]), PoolId(self.names[where])
        worker = WorkerId(new_ulid())
        async with self.whole.platform.unit() as unit:
            payload = msgspec.json.encode(Register(version="1"))
            await unit.workers.heard(pool, worker, payload, by=SYSTEM)
            await unit.triggers.trigger(stack, kind=kind, by=SYSTEM)
            await unit.dispatch.gate(stack, by=SYSTEM)
            claim = await unit.dispatch.claim(pool, by=SYSTEM)
            assert claim is not None
            await unit.legs.give_token(claim.leg.id, TOKEN, by=SYSTEM)
            await unit.legs.report(claim.leg.id, Report(0, Accepted()), by=SYSTEM)
        self.names.setdefault("worker", worker)
        return claim.leg

    async def _plan(self, leg: Leg) -> None:
        steps: list[Body] = [
            Entered(RunState.INITIALIZING),
            Entered(RunState.PLANNING),
            Planned(1, 0, 0, 1, False, [Change("x.one", "x", ["create"])]),
            Archived("0" * 64, 1),
        ]
        async with self.whole.platform.unit() as unit:
            for number, body in enumerate(steps, start=1):
                await unit.legs.report(leg.id, Report(number, body), by=SYSTEM)

    async def _keys(self) -> None:
        home, other = SpaceId(self.names["home"]), SpaceId(self.names["other"])
        self.headers["expired"] = await self._bearer("expired", home, "space-admin")
        self.whole.clock.advance(11 * 3600)
        for who, space, role in (
            ("reader", home, "space-reader"),
            ("writer", home, "space-writer"),
            ("neighbour", other, "space-admin"),
            ("admin", home, "space-admin"),
            ("root", ROOT, "space-admin"),
            ("revoked", home, "space-admin"),
        ):
            self.headers[who] = await self._bearer(who, space, role)
        async with self.whole.platform.unit() as unit:
            [revoked] = [
                one
                for one in await unit.api_keys.all(by=SYSTEM)
                if one.name == "revoked"
            ]
            await unit.api_keys.delete(revoked.id, by=SYSTEM)
            for who, name in (("run", "net"), ("governor", "gov"), ("stranger", "far")):
                token = unit.run_tokens.issue(
                    stack_id=StackId(self.names[name]),
                    run_id=RunId(self.names[f"{name}_run"]),
                    leg_id=LegId(self.names[f"{name}_leg"]),
                    seconds=24 * 3600,
                )
                self.headers[who] = {"authorization": f"Bearer {token}"}
        self.headers |= {
            "nobody": {},
            "worker": {"authorization": f"Bearer {TOKEN}"},
            "crossed": {"cookie": f"{COOKIE}={await self._session()}"},
        }

    async def _bearer(self, who: str, space: SpaceId, role: str) -> dict[str, str]:
        async with self.whole.platform.unit() as unit:
            new = await unit.api_keys.create(name=who, admin=False, by=SYSTEM)
            holder = Holder(HolderKind.API_KEY, new.key.id)
            await unit.bindings.create(holder, role=role, space=space, by=SYSTEM)
        exchange = self.doors.key_exchange
        issued = await exchange.exchange(
            new.key.id, secret=new.secret or "", place=PLACE
        )
        assert issued is not None
        return {"authorization": f"Bearer {issued.jwt}"}

    async def _session(self) -> str:
        """Sign the operator in, as a browser that another site then makes ask."""
        opened = await self.doors.sign_in.by_password(
            username=ADMIN.username, password=ADMIN.password, place=PLACE
        )
        assert isinstance(opened, Opened)
        self.names["session"] = opened.subject.session_id or ""
        return opened.token


def filled(text: str, names: Mapping[str, str]) -> str:
    """Return *text* with every `{name}` that is known replaced."""
    for name, value in names.items():
        text = text.replace("{" + name + "}", value)
    return text


async def _create_blueprint(
    spec: BlueprintSpec, unit: Unit, evaluation: Evaluation
) -> Blueprint:
    return await unit.blueprints.create(spec, evaluation, by=SYSTEM)


async def _create_version(
    template: TemplateId,
    spec: TemplateVersionSpec,
    unit: Unit,
    evaluation: Evaluation,
) -> TemplateVersion:
    return await unit.template_versions.create(template, spec, evaluation, by=SYSTEM)


async def _deploy(
    version: TemplateVersionId, space: SpaceId, unit: Unit, evaluation: Evaluation
) -> Deployed:
    spec = DeploymentSpec(name="deployment", inputs={"env": "dev", "token": "t0p"})
    return await unit.template_deployments.create(
        version, space, spec, evaluation, by=SYSTEM
    )
