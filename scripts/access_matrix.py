# ruff: noqa: INP001 - a script's other half, not a package
"""The page that says who may do what: read off what everything declares.

`tests/acceptance/test_access_matrix.py` asks all of it in everybody's name and compares
the answers with the page.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from graphql import GraphQLField, GraphQLNonNull, GraphQLSchema, is_list_type
from starlette.applications import Starlette

from stackyard.composition import Platform
from stackyard.graphql.needs import field_needs, fields_of
from stackyard.graphql.schema import build_schema
from stackyard.http.routes import DeclaredMount, DeclaredRoute
from stackyard.kernel.actions import Action, Level
from stackyard.kernel.clock import system_clock
from stackyard.kernel.needs import Need, Rule
from stackyard.kernel.site import Site
from stackyard.processes.server import make_app
from stackyard.settings import ServerSettings
from stackyard.unit import Means

NOTE: Final = "<!-- Written by scripts/generate-docs from the code. Do not edit. -->"
YES, OWN, EMPTY, NULL = "yes", "own", "empty", "null"
MISSING, NO, DENIED = "missing", "no", "denied"


@dataclass(frozen=True)
class Asker:
    """Somebody, by what they are in the space of the thing; None: we know nobody."""

    level: Level | None
    meaning: str
    space_admin: bool = False  # of some space
    account_admin: bool = False


WHO: Final[Mapping[str, Asker]] = MappingProxyType(
    {
        "nobody": Asker(None, "has not signed in"),
        "reader": Asker(Level.READ, "an API key with Space reader in the space"),
        "writer": Asker(Level.WRITE, "an API key with Space writer in the space"),
        "neighbour": Asker(
            Level.NONE, "an API key with Space admin in a space beside it", True
        ),
        "admin": Asker(Level.ADMIN, "an API key with Space admin in the space", True),
        "root": Asker(Level.ADMIN, "an API key with Space admin in root", True, True),
        "run": Asker(
            Level.NONE, "the token inside a run of this very stack, without a role"
        ),
        "governor": Asker(
            Level.ADMIN, "that of a run of an administrative stack in the space", True
        ),
        "stranger": Asker(
            Level.NONE, "that of a run of a stack in a space beside it, without a role"
        ),
        "worker": Asker(None, "the token by which a worker carries out the run"),
        "expired": Asker(None, "the token of such an admin, too old"),
        "revoked": Asker(None, "the token of such an admin whose key was deleted"),
        "crossed": Asker(
            None, "root's own browser, sent by another site: no header against it"
        ),
    }
)
LEGEND: Final[Mapping[str, str]] = MappingProxyType(
    {
        YES: "it is answered, and done",
        OWN: "only what lies where they may read",
        EMPTY: "an empty list or text",
        NULL: "null, or nothing is done: as for what does not exist",
        MISSING: "an error, in the words of what does not exist",
        NO: "an error that says `unauthorized`",
        DENIED: "an error that says `denied`: a run's own stack, without a role",
    }
)
_INTRODUCTION: Final = """\
Every query, mutation and route declares what it needs of whoever asks, and so does
every field that is worked out; what declares nothing ends the start. An action is
asked for in the space of the thing; one of several is enough, as the case may be.
PARENT is whoever was given what the field is part of, ANY_SPACE_ADMIN an administrator
of any space, ACCOUNT_ADMIN one of root, CREATOR who made the thing, OWN_RUN a run about
its own stack, LINK whoever has the link, WORKER who carries out the leg.

[Access](access.md) lists the actions; [Who may do what](../explanation/access.md) says
how they hang together.

What a caller may not see does not exist for them: a query is null or empty, a mutation
says what it says of a name that nobody has. Here the account lets space administrators
make spaces. Each line is asked in these names:
"""

# Type → the fields through which the matrix gets at one of it.
FOUND_BY: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "AccountSettings": ("Query.accountSettings",),
        "AuditTrailEntry": (
            "Query.searchAuditTrailEntries",
            "SearchAuditTrailEntriesOutput.edges",
            "SearchAuditTrailEntriesEdge.node",
        ),
        "AuditTrailWebhook": ("Query.auditTrailWebhook",),
        "ApiKey": ("Query.apiKey",),
        "ApiKeyRoleBinding": ("Query.apiKeyRoleBinding",),
        "AwsIntegration": ("Query.awsIntegration",),
        "AzureIntegration": ("Query.azureIntegration",),
        "AzureDevOpsRepoIntegration": ("Query.azureDevOpsRepoIntegration",),
        "BitbucketCloudIntegration": ("Query.bitbucketCloudIntegration",),
        "BitbucketDatacenterIntegration": ("Query.bitbucketDatacenterIntegration",),
        "Blueprint": ("Query.blueprint",),
        "ConfigElement": ("Query.stack", "Stack.config"),
        "Context": ("Query.context",),
        "ContextStackAttachment": ("Query.context", "Context.attachedStacks"),
        "GpgKey": ("Query.gpgKeys",),
        "Integrations": ("Query.stack", "Stack.integrations"),
        "GithubEnterpriseIntegration": ("Query.githubEnterpriseIntegration",),
        "GitlabIntegration": ("Query.gitlabIntegration",),
        "ManagedEntity": ("Query.stack", "Stack.entities"),
        "ManagedUser": ("Query.managedUser",),
        "ManagedUserGroup": ("Query.managedUserGroup",),
        "Plugin": ("Query.plugin",),
        "PluginTemplate": ("Query.pluginTemplate",),
        "Policy": ("Query.policy",),
        "Module": ("Query.module",),
        "ModuleShare": ("Query.module", "Module.moduleShares"),
        "ModuleShareScope": (
            "Query.module",
            "Module.moduleShares",
            "ModuleShare.to",
        ),
        "NamedWebhooksIntegration": ("Query.namedWebhooksIntegration",),
        "PublicWorkerPool": ("Query.publicWorkerPool",),
        "Repo": ("Query.repo",),
        "RepoConnection": ("Query.repos",),
        "RepoFile": (
            "Query.repoFileHistory",
            "RepoFileConnection.edges",
            "RepoFileEdge.node",
        ),
        "Role": ("Query.role",),
        "Run": ("Query.stack", "Stack.run"),
        "RunReview": ("Query.stack", "Stack.blocker", "Run.reviews"),
        "SecurityKey": ("Query.managedUser", "ManagedUser.securityKeys"),
        "SignOn": ("Query.signOn",),
        "SignOnProvider": ("Query.signOn", "SignOn.trial"),
        "SignedIn": ("Query.sessions",),
        "Space": ("Query.space",),
        "Stack": ("Query.stack",),
        "StackContextAttachment": ("Query.stack", "Stack.attachedContexts"),
        "StackDependency": ("Query.stack", "Stack.dependsOn"),
        "StackDependencyReference": (
            "Query.stack",
            "Stack.dependsOn",
            "StackDependency.reference",
        ),
        "StackRoleBinding": ("Query.stackRoleBinding",),
        "StackScheduledDelete": ("Query.stack", "Stack.scheduledDelete"),
        "StackScheduledRun": ("Query.stack", "Stack.scheduledRun"),
        "StackScheduledTask": ("Query.stack", "Stack.scheduledTask"),
        "StateVersion": ("Query.stack", "Stack.stateVersions"),
        "Template": ("Query.template",),
        "TemplateDeployment": ("Query.templateDeployment",),
        "TemplateDeploymentInput": (
            "Query.templateDeployment",
            "TemplateDeployment.inputs",
        ),
        "TemplateVersion": ("Query.template", "Template.templateVersion"),
        "TerraformProvider": ("Query.terraformProvider",),
        "TerraformProviderVersion": (
            "Query.terraformProvider",
            "TerraformProvider.versions",
        ),
        "UserGroupRoleBinding": ("Query.userGroupRoleBinding",),
        "UserRoleBinding": ("Query.userRoleBinding",),
        "VcsAgentPool": ("Query.vcsAgentPool",),
        "Version": ("Query.module", "Module.versions"),
        "Viewer": ("Query.viewer",),
        "WebhooksIntegration": (
            "Query.stack",
            "Stack.integrations",
            "Integrations.webhooks",
        ),
        "Worker": ("Query.workerPool", "WorkerPool.workers"),
        "WorkerPool": ("Query.workerPool",),
    }
)
# Root fields about a stack that do not name it with an argument `stack`.
_ABOUT_A_STACK: Final = frozenset(
    {
        "awsIntegrationAttachmentUpdate",
        "awsIntegrationDetach",
        "azureIntegrationAttachmentUpdate",
        "azureIntegrationDetach",
        "contextDetach",
        "policyDetach",
        "runStack",
        "stack",
        "stackDelete",
        "stackDependenciesAddReference",
        "stackDependenciesDeleteReference",
        "stackDependenciesUpdateReference",
        "stackDependencyCreate",
        "stackDependencyDelete",
        "stackDisable",
        "stackEnable",
        "stackIntegrationAwsCreate",
        "stackIntegrationAwsDelete",
        "stackIntegrationGcpCreate",
        "stackIntegrationGcpDelete",
        "stackLock",
        "stackManagedStateRollback",
        "stackMigrateVendor",
        "stackSetCurrentCommit",
        "stackSyncCommit",
        "stackUnlock",
        "stackUpdate",
        "stateDownloadUrl",
    }
)
# Lists that are cut to what one may read, and so are never refused.
_CUT: Final = frozenset(
    {
        "awsIntegrations",
        "azureIntegrations",
        "contexts",
        "policies",
        "searchContexts",
        "searchModules",
        "searchPolicies",
        "searchStacks",
        "searchWorkerPools",
        "spaces",
        "stacks",
        "workerPools",
        "searchBlueprints",
        "searchTemplates",
    }
)
_WITHHELD: Final = dict.fromkeys(("reader", "writer"), EMPTY)
_GIT_SERVERS: Final = (
    *("azureDevOpsRepo", "bitbucketCloud", "bitbucketDatacenter"),
    *("githubEnterprise", "gitlab"),
)
_WEBHOOKS: Final = (
    *(f"AzureDevOpsRepoIntegration.webhook{one}" for one in ("Password", "Url")),
    *(f"BitbucketCloudIntegration.webhook{one}" for one in ("Secret", "Url")),
    *(f"BitbucketDatacenterIntegration.webhook{one}" for one in ("Secret", "URL")),
    *(f"GithubEnterpriseIntegration.webhook{one}" for one in ("Secret", "Url")),
    *(f"GitlabIntegration.webhook{one}" for one in ("Secret", "Url")),
)
_UNSEEN: Final = dict.fromkeys(("reader", "writer", "run", "stranger"), MISSING)
_GONE: Final = dict.fromkeys(("neighbour", "run", "stranger"), NULL)
_GONE_OF_STACK: Final = dict.fromkeys(("neighbour", "stranger"), NULL)
# What is said otherwise than the rules above would have it, and why.
EXCEPTIONS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        # it says who asks: null is nobody
        "Query.viewer": dict.fromkeys(("nobody", "worker", "expired", "revoked"), NULL),
        # the client compares the text "not found"
        "Query.runStack": dict.fromkeys(("neighbour", "stranger"), MISSING),
        # a stack's binding is seen by who may read both the stack and the space
        "Query.stackRoleBinding": {"neighbour": NULL},
        "Stack.roleBindings": {"run": NULL},  # asked of a stack that is not its own
        # clients delete twice, and mean no harm
        "Mutation.awsIntegrationDelete": _GONE,
        "Mutation.awsIntegrationDetach": _GONE_OF_STACK,
        "Mutation.azureIntegrationDelete": _GONE,
        "Mutation.azureIntegrationDetach": _GONE_OF_STACK,
        "Mutation.namedWebhooksIntegrationDelete": _GONE,
        "Mutation.workerPoolDelete": _GONE,
        **{
            f"Mutation.{noun}Delete": dict.fromkeys(
                ("neighbour", "run", "stranger"), NULL
            )
            for noun in (
                "blueprint",
                "context",
                "module",
                "template",
                "templateDeployment",
                "templateVersion",
            )
        },
        "Mutation.contextConfigDelete": _GONE,
        "Mutation.contextDetach": dict.fromkeys(("neighbour", "stranger"), NULL),
        "Mutation.pluginDelete": dict.fromkeys(("neighbour", "run", "stranger"), NULL),
        **dict.fromkeys(
            (f"Mutation.{kind}IntegrationDelete" for kind in _GIT_SERVERS),
            dict.fromkeys(("neighbour", "run", "stranger"), NULL),
        ),
        "Mutation.policyDelete": dict.fromkeys(("neighbour", "run", "stranger"), NULL),
        "Mutation.policyDetach": dict.fromkeys(("neighbour", "stranger"), NULL),
        "Mutation.repoDelete": dict.fromkeys(("neighbour", "run", "stranger"), YES),
        "Mutation.spaceDelete": dict.fromkeys(("neighbour", "run", "stranger"), NULL),
        "Mutation.terraformProviderDelete": dict.fromkeys(
            ("neighbour", "run", "stranger"), NULL
        ),
        "Mutation.terraformProviderVersionDelete": dict.fromkeys(
            ("neighbour", "run", "stranger"), NULL
        ),
        # a destructor deletes a stack before what is the stack's own
        **dict.fromkeys(
            (
                "Mutation.stackConfigDelete",
                "Mutation.stackDelete",
                "Mutation.stackIntegrationAwsDelete",
                "Mutation.stackIntegrationDriftDetectionDelete",
                "Mutation.stackIntegrationGcpDelete",
                "Mutation.webhooksIntegrationDelete",
            ),
            _GONE_OF_STACK,
        ),
        # nobody comes in this way as long as no provider can be set up
        "Mutation.oauthUser": dict.fromkeys(WHO, NO),
        "Mutation.stackDependencyDelete": dict.fromkeys(
            ("neighbour", "stranger"), NULL
        ),
        "Mutation.stackDependenciesDeleteReference": dict.fromkeys(
            ("neighbour", "stranger"), NULL
        ),
        # no policy can declare one so far
        "Mutation.runExternalDependencyMarkAsCompleted": dict.fromkeys(
            (who for who, asker in WHO.items() if asker.level is not None), MISSING
        ),
        # asked of a stack that is not the run's own
        "Mutation.stackIntegrationDriftDetectionCreate": {"run": MISSING},
        # whoever cannot see the parent is not told whether it is there
        "Mutation.spaceCreate": dict.fromkeys(("neighbour", "run", "stranger"), NO),
        # only administrators of a space see who is given what; a neighbour sees it
        "Mutation.apiKeyRoleBindingDelete": _UNSEEN | {"neighbour": NO},
        "Mutation.userGroupRoleBindingDelete": _UNSEEN | {"neighbour": NO},
        "Mutation.userRoleBindingDelete": _UNSEEN | {"neighbour": NO},
        "Mutation.stackRoleBindingDelete": _UNSEEN,
        # this run is a proposed one, and those change nothing
        "POST /state/{stack}": {"run": DENIED},
        # every run has plugins of its own
        "POST /worker/plugin_logs_url": {"neighbour": NO}
        | dict.fromkeys(("governor", "stranger"), YES),
        # that there is an account is no secret; a browser's cookie does not count
        "GET /usageanalytics/csv": dict.fromkeys(
            ("neighbour", "run", "stranger", "crossed"), NO
        ),
        # a text of the contract that must be there
        "WorkerPool.config": _WITHHELD,
        **dict.fromkeys(_WEBHOOKS, _WITHHELD),
    }
)
_EVERYTHING_SAFE: Final = frozenset({"GET", "HEAD"})


@dataclass(frozen=True)
class Row:
    """One thing that can be asked for, and how it is answered to whom."""

    name: str
    needs: frozenset[Need]
    outcomes: Mapping[str, str]


def matrix_page() -> str:
    lines = ["# Who is answered what", "", NOTE, "", *_INTRODUCTION.splitlines(), ""]
    lines += [f"* `{who}`: {asker.meaning}" for who, asker in WHO.items()]
    lines += ["", "and answered:", ""]
    lines += [f"* `{outcome}`: {meaning}" for outcome, meaning in LEGEND.items()]
    for title, rows in sections():
        lines += ["", f"## {title}", ""]
        lines += [
            f"| asked | needs | {' | '.join(WHO)} |",
            "|---" * (2 + len(WHO)) + "|",
        ]
        lines += [_line(row) for row in rows]
    return "\n".join([*lines, ""])


def _line(row: Row) -> str:
    needs = ", ".join(sorted(row.needs))
    return (
        f"| `{row.name}` | {needs} | {' | '.join(row.outcomes[who] for who in WHO)} |"
    )


def sections() -> Iterator[tuple[str, list[Row]]]:
    schema = build_schema()
    yield "Queries", list(_roots(schema, "Query"))
    yield "Mutations", list(_roots(schema, "Mutation"))
    yield "Fields", sorted(_fields(schema), key=lambda row: row.name)
    yield "Routes", list(_routes())


def _roots(schema: GraphQLSchema, root: str) -> Iterator[Row]:
    for owner, name, field in sorted(fields_of(schema), key=lambda found: found[1]):
        if owner == root:
            yield _row(
                f"{root}.{name}", name, field_needs(field), _of_root(root, field)
            )


def _fields(schema: GraphQLSchema) -> Iterator[Row]:
    known = {f"{owner}.{name}": field for owner, name, field in fields_of(schema)}
    for full, field in known.items():
        owner, _, _name = full.partition(".")
        if owner not in {"Query", "Mutation"} and field_needs(field):
            chain = [*FOUND_BY[owner], full]
            yield Row(
                full,
                field_needs(field),
                {who: _through(chain, known, who) for who in WHO},
            )


Refusal = Callable[[str, str], str]


def _row(full: str, name: str, needs: frozenset[Need], refused: Refusal) -> Row:
    return Row(
        full, needs, {who: _outcome(full, name, needs, refused, who) for who in WHO}
    )


def _outcome(
    full: str, name: str, needs: frozenset[Need], refused: Refusal, who: str
) -> str:
    if who in EXCEPTIONS.get(full, {}):
        return EXCEPTIONS[full][who]
    if who == "crossed":
        return NO
    return YES if _is_allowed(needs, who) else refused(name, who)


def _is_allowed(needs: frozenset[Need], who: str) -> bool:
    asker = WHO[who]
    if needs & {Rule.ANYBODY, Rule.LINK}:
        return True
    if Rule.WORKER in needs:
        return who == "worker"
    if asker.level is None:
        return False
    level = asker.level
    return (
        bool(needs & {Rule.SIGNED_IN, Rule.PARENT})
        or (Rule.ACCOUNT_ADMIN in needs and asker.account_admin)
        or (Rule.ANY_SPACE_ADMIN in needs and asker.space_admin)
        or (Rule.OWN_RUN in needs and who == "run")
        or any(isinstance(one, Action) and level >= one.level for one in needs)
    )


def _of_root(root: str, field: GraphQLField) -> Refusal:
    needs = field_needs(field)

    def refused(name: str, who: str) -> str:
        level = WHO[who].level
        if level is None or Rule.ACCOUNT_ADMIN in needs:
            return NO
        if Rule.ANY_SPACE_ADMIN in needs:
            return NO if root == "Mutation" else _nothing(field)
        if level >= Level.READ:
            return NO
        if name in _CUT:
            return OWN if who == "neighbour" else EMPTY
        if who == "run" and (name in _ABOUT_A_STACK or "stack" in field.args):
            return DENIED
        return MISSING if root == "Mutation" else _nothing(field)

    return refused


def _nothing(field: GraphQLField) -> str:
    kind = field.type
    if not isinstance(kind, GraphQLNonNull):
        return NULL
    return EMPTY if is_list_type(kind.of_type) else MISSING


def _through(chain: list[str], known: Mapping[str, GraphQLField], who: str) -> str:
    """Return the first answer on the way that is not what was asked for."""
    if who in EXCEPTIONS.get(chain[-1], {}):
        return EXCEPTIONS[chain[-1]][who]
    for full in chain:
        owner, _, name = full.partition(".")
        field = known[full]
        if owner == "Query":
            refused = _of_root("Query", field)
            said = _outcome(full, name, field_needs(field), refused, who)
        else:
            needs = field_needs(field) or frozenset({Rule.PARENT})
            said = _outcome(full, name, needs, _of_part(needs), who)
        if said != YES:
            return said
    return YES


def _of_part(needs: frozenset[Need]) -> Refusal:
    def refused(_name: str, _who: str) -> str:
        return EMPTY if Rule.ANY_SPACE_ADMIN in needs else NO

    return refused


# --- routes -----------------------------------------------------------------------


def _routes() -> Iterator[Row]:
    for name, route in routes_of(server()):
        method = name.partition(" ")[0]
        outcomes = {who: _of_route(route, method, who) for who in WHO}
        yield Row(name, route.needs, outcomes | dict(EXCEPTIONS.get(name, {})))


def routes_of(app: Starlette) -> Iterator[tuple[str, DeclaredRoute | DeclaredMount]]:
    """Yield each method and path, and its route."""
    for route in app.routes:
        assert isinstance(route, DeclaredRoute | DeclaredMount)  # noqa: S101 - or no start
        for method in sorted((getattr(route, "methods", None) or {"GET"}) - {"HEAD"}):
            yield f"{method} {route.path}", route


def _of_route(route: DeclaredRoute | DeclaredMount, method: str, who: str) -> str:
    needs = route.needs
    if Rule.WORKER in needs:
        return {"worker": YES, "nobody": NO, "crossed": NO}.get(who, MISSING)
    asker, git = WHO[who], route.path.startswith("/git/")
    if who == "crossed":  # a browser's own addresses are safe to be asked for
        safe = method in _EVERYTHING_SAFE and not git
        open_to_all = bool(needs & {Rule.ANYBODY, Rule.LINK})
        proves = route.path == "/session" and method == "DELETE"
        return YES if (safe or open_to_all) and not proves else NO
    if _is_allowed(needs, who):
        return YES
    if asker.level is None or asker.level >= Level.READ:
        return NO
    about_stack = "{stack}" in route.path or "{run}" in route.path
    return DENIED if who == "run" and about_stack else MISSING


def server() -> Starlette:
    """Return the server's application, which could not answer anything."""
    nothing: Any = None
    site = Site("https://stackyard.example", "stackyard")
    means = Means(
        **dict.fromkeys(
            ("blobs", "vault", "tokens", "signer", "endpoints", "handover"), nothing
        ),
        follow_every=nothing,
        site=site,
        clock=system_clock,
    )
    settings = ServerSettings.model_construct(stackyard_web_folder=Path("/nonexistent"))
    platform = Platform(
        settings=settings,
        means=means,
        **dict.fromkeys(
            ("database", "reading", "authority", "mirrors", "traffic", "providers"),
            nothing,
        ),
        saml=nothing,
        expressions=nothing,
    )
    return make_app(platform, nothing)
