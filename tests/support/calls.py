"""How each field and route is called about the one thing of its kind in the world.

A field that is missing here has no call, and the matrix says so. `{names}` are those of
`World.names`; ghosts take their places to ask for what there is not.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from stackyard.http.authentication import CSRF_HEADER
from tests.support.certificates import signing_request
from tests.support.edge import ADMIN

CSR: Final = signing_request()
_BINDING: Final = 'roleID: "space-reader", spaceID: "{nook}"'
_SPACE: Final = 'name: "x", description: "", inheritEntities: false'
_STACK: Final = (
    'administrative: false, autodeploy: false, autoretry: false, branch: "main",'
    ' name: "Net", repository: "infra", githubActionDeploy: false,'
    " localPreviewEnabled: false, enableWellKnownSecretMasking: false,"
    " enableSensitiveOutputUpload: false, protectFromDeletion: false,"
    ' space: "{home}"'
)
_KEY: Final = 'admin: false, name: "x"'
_RUN: Final = 'stack: "{net}", run: "{queued}"'
_POOL: Final = f'name: "x", certificateSigningRequest: "{CSR}", space: "{{home}}"'

# Field of a root → its arguments; "" for none.
ROOTS: Final[Mapping[str, str]] = {
    "accountAllowNonRootAdminSpaceCreation": "allowed: true",
    "accountEnforceSecondFactor": "enforced: true",
    "accountSetManagementStrategy": "strategy: USER_MANAGEMENT",
    "accountSettings": "",
    "accountUpdateDefaultWorkerPoolRunnerImages": 'privateWorkerPoolRunnerImage: "x"',
    "accountUpdateSecurityEmail": 'securityEmail: "ada@example.com"',
    "apiKey": 'id: "{key}"',
    "apiKeyCreate": f"input: {{ {_KEY} }}",
    "apiKeyDelete": 'id: "{key}"',
    "apiKeyRoleBinding": 'id: "{key_binding}"',
    "apiKeyRoleBindingCreate": f'input: {{ apiKeyID: "{{key}}", {_BINDING} }}',
    "apiKeyRoleBindingDelete": 'id: "{key_binding}"',
    "apiKeyRotate": 'id: "{key}"',
    "apiKeyUpdate": 'id: "{key}", input: { name: "y" }',
    "apiKeyUser": 'id: "{key}", secret: "{secret}"',
    "apiKeys": "",
    "auditTrailDeleteWebhook": "",
    "auditTrailSetWebhook": 'input: { enabled: false, endpoint: "https://log.example",'
    ' includeRuns: false, secret: "x" }',
    "auditTrailWebhook": "",
    "context": 'id: "{context}"',
    "contextAttach": 'id: "{unused}", stack: "{net}"',
    "contextConfigAdd": 'context: "{context}", config: { id: "x",'
    ' type: ENVIRONMENT_VARIABLE, value: "y", writeOnly: false }',
    "contextConfigDelete": 'context: "{context}", id: "{element}"',
    "contextCreateV2": 'input: { name: "x", space: "{home}" }',
    "contextDelete": 'id: "{context}"',
    "contextDetach": 'id: "{attachment}"',
    "contextUpdateV2": 'id: "{context}", input: { name: "y" }',
    "contexts": "",
    "debugInfo": "",
    "defaultPrivateWorkerPoolRunnerImage": "",
    "defaultPublicWorkerPoolRunnerImage": "",
    "gitlabWebhooksEndpoint": "",
    "kubectlVersions": "",
    "managedUser": 'id: "{user}"',
    "managedUserDelete": 'id: "{user}"',
    "managedUserGroup": 'id: "{group}"',
    "managedUserGroupCreate": 'input: { groupName: "x", description: "" }',
    "managedUserGroupDelete": 'id: "{group}"',
    "managedUserGroupUpdate": 'input: { id: "{group}", description: "" }',
    "managedUserGroups": "",
    "managedUserInvite": 'input: { username: "mallory" }',
    "managedUserInviteAgain": 'id: "{user}"',
    "managedUserUpdate": 'input: { id: "{user}", accessRules: [] }',
    "managedUsers": "",
    "name": "",
    "oauthUser": 'token: "x"',
    "openTofuVersions": "",
    "outgoingIPAddresses": "",
    "publicWorkerPool": "",
    "repo": 'id: "{repo}"',
    "repoCreate": 'input: { spaceID: "{home}", name: "x" }',
    "repoDelete": 'id: "{spare}"',
    "repoFileHistory": 'repoID: "{repo}", filePath: "main.tf"',
    "repoUpdate": 'id: "{repo}", input: { name: "y" }',
    "repos": 'spaceID: "{home}"',
    "revisionCreate": 'input: { repoID: "{repo}", message: "x", authorName: "Ada",'
    ' files: [{ path: "x", content: "eA==" }] }',
    "role": 'id: "{role}"',
    "roleCreate": 'input: { name: "x", actions: [SPACE_READ] }',
    "roleDelete": 'id: "{role}"',
    "roleUpdate": 'id: "{role}", input: { name: "y" }',
    "roles": "",
    "runCancel": _RUN,
    "runConfirm": 'stack: "{net}", run: "{unconfirmed}"',
    "runDiscard": 'stack: "{net}", run: "{unconfirmed}"',
    "runDiscardAll": 'stack: "{net}"',
    "runPrioritizeSet": f"{_RUN}, prioritize: true",
    "runPromote": 'stack: "{net}", run: "{net_run}"',
    "runProposeLocalWorkspace": 'stack: "{net}", workspace: "{workspace}"',
    "runRetry": _RUN,
    "runReview": 'stack: "{net}", run: "{unconfirmed}", decision: APPROVE',
    "runStack": 'runId: "{queued}"',
    "runStop": 'stack: "{net}", run: "{net_run}"',
    "runTargetedReplan": 'stack: "{net}", run: "{unconfirmed}", targets: ["x.one"]',
    "runTrigger": 'stack: "{net}"',
    "savedFilter": 'id: "{filter}"',
    "savedFilterCreate": "input: "
    '{ name: "x", data: "{}", type: "stacks", isPublic: false }',
    "savedFilterDelete": 'id: "{filter}"',
    "savedFilterUpdate": 'id: "{filter}", name: "x", data: "{}", isPublic: true',
    "savedFilters": "",
    "searchAuditTrailEntries": "input: {}",
    "searchContexts": "input: {}",
    "searchStacks": "input: {}",
    "searchWorkerPools": "input: {}",
    "securityEmail": "",
    "securityKeyDelete": 'id: "{security_key}"',
    "sessionDelete": 'id: "{session}"',
    "sessions": "",
    "sessionsDeleteOthers": "",
    "signOn": "",
    "signOnRemove": "",
    "signOnSetOidc": 'input: { issuer: "https://id.example", clientId: "x",'
    ' clientSecret: "y" }',
    "signOnSetSaml": 'input: { metadata: "https://id.example/metadata",'
    " nameIdFormat: PERSISTENT }",
    "space": 'id: "{home}"',
    "spaceCreate": f'input: {{ {_SPACE}, parentSpace: "{{home}}" }}',
    "spaceDelete": 'space: "{nook}"',
    "spaceUpdate": f'space: "{{nook}}", input: {{ {_SPACE}, parentSpace: "{{home}}" }}',
    "spaces": "",
    "spaceliftAwsAccountId": "",
    "stack": 'id: "{net}"',
    "stackConfigAdd": 'stack: "{net}", config: { id: "x", type: ENVIRONMENT_VARIABLE,'
    ' value: "y", writeOnly: false }',
    "stackConfigDelete": 'stack: "{net}", id: "{element}"',
    "stackCreate": f'slug: "x", input: {{ {_STACK} }}',
    "stackDelete": 'id: "{net}"',
    "stackDisable": 'id: "{net}"',
    "stackEnable": 'id: "{net}"',
    "stackLock": 'id: "{net}"',
    "stackManagedStateRollback": 'id: "{net}", stateVersionId: "{state}"',
    "stackMigrateVendor": 'id: "{net}", targetVendor: Terraform',
    "stackRoleBinding": 'id: "{stack_binding}"',
    "stackRoleBindingCreate": f'input: {{ stackID: "{{net}}", {_BINDING} }}',
    "stackRoleBindingDelete": 'id: "{stack_binding}"',
    "stackSetCurrentCommit": 'id: "{net}", sha: "{commit}"',
    "stackSyncCommit": 'id: "{net}"',
    "stackUnlock": 'id: "{net}"',
    "stackUpdate": f'id: "{{net}}", input: {{ {_STACK} }}',
    "stacks": "",
    "stateDownloadUrl": 'input: { stackId: "{net}" }',
    "stateUploadUrl": "",
    "taskCreate": 'stack: "{net}", command: "true"',
    "terraformVersions": "",
    "terragruntVersions": "",
    "tier": "",
    "uploadLocalWorkspace": 'stack: "{net}"',
    "userGroupRoleBinding": 'id: "{group_binding}"',
    "userGroupRoleBindingCreate": f'input: {{ userGroupID: "{{group}}", {_BINDING} }}',
    "userGroupRoleBindingDelete": 'id: "{group_binding}"',
    "userRoleBinding": 'id: "{user_binding}"',
    "userRoleBindingBatchCreate": 'input: { bindings: [{ userID: "{user}",'
    f" {_BINDING} }}] }}",
    "userRoleBindingDelete": 'id: "{user_binding}"',
    "viewer": "",
    "workerDrainSet": 'workerPool: "{pool}", id: "{worker}", drain: true',
    "workerPool": 'id: "{pool}"',
    "workerPoolCreate": _POOL,
    "workerPoolCycle": 'id: "{pool}"',
    "workerPoolDelete": 'id: "{idle}"',
    "workerPoolReset": f'id: "{{idle}}", certificateSigningRequest: "{CSR}"',
    "workerPoolUpdate": 'id: "{pool}", name: "y"',
    "workerPools": "",
}
# What leads to one of a type, where the root field's usual arguments do not.
INSTEAD: Final[Mapping[str, str]] = {"Stack.roleBindings": 'id: "{bound}"'}
# Arguments of other fields.
ARGUMENTS: Final[Mapping[str, str]] = {
    "Context.attachedStack": 'id: "{net}"',
    "Context.configElement": 'id: "{element}"',
    "Stack.run": 'id: "{net_run}"',
    "PublicWorkerPool.searchSchedulableRuns": "input: {}",
    "Run.changesV3": "input: {}",
    "WorkerPool.searchSchedulableRuns": "input: {}",
    "Run.logs": "state: PREPARING",
    "Stack.configElement": 'id: "{element}"',
    "Stack.dependency": 'id: "x"',
    "Stack.runResourceState": 'id: "{queued}"',
    "Stack.scheduledDelete": 'id: "x"',
    "Stack.scheduledRun": 'id: "x"',
    "Stack.scheduledTask": 'id: "x"',
}


@dataclass(frozen=True)
class Request:
    """How a route is called. *basic*: as git does it, the token being the password."""

    url: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    basic: bool = False


_JSON: Final = {"content-type": "application/json"}
_OWN_PAGE: Final = {CSRF_HEADER: "1"}
_GIT: Final = "/git/{repo}.git"
_LOCK: Final = b'{"ID": "0b11", "Operation": "plan", "Who": "x"}'
_STATE: Final = b'{"version": 4, "serial": 3, "lineage": "x"}'
_LEG: Final = "/worker/legs/{net_leg}"


def _git(service: str, body: bytes) -> Request:
    kind = {"content-type": f"application/x-git-{service}-request"}
    return Request(f"{_GIT}/git-{service}", body, kind, basic=True)


# Method and path of a route → the request. What is not here is asked as it is written.
ROUTES: Final[Mapping[str, Request]] = {
    "GET /git/{repo}.git/info/refs": Request(
        f"{_GIT}/info/refs?service=git-upload-pack", basic=True
    ),
    "POST /git/{repo}.git/git-upload-pack": _git("upload-pack", b"0000"),
    "POST /git/{repo}.git/git-receive-pack": _git("receive-pack", b"0000"),
    "GET /usageanalytics/csv": Request(
        "/usageanalytics/csv?since=2026-01-01&until=2026-01-31&aspect=run-minutes"
    ),
    "GET /state/{stack}": Request("/state/{net}"),
    "POST /state/{stack}": Request("/state/{net}", _STATE),
    "LOCK /state/{stack}": Request("/state/{net}", _LOCK),
    "UNLOCK /state/{stack}": Request("/state/{net}", _LOCK),
    "GET /state-download/{token}": Request("{download}"),
    "PUT /state-upload/{token}": Request("{upload}", _STATE),
    "GET /runs/{run}/events": Request("/runs/{net_run}/events"),
    "GET /runs/{run}/logs/{version:int}/stream": Request(
        "/runs/{net_run}/logs/{version}/stream"
    ),
    "GET /stacks/{stack}/events": Request("/stacks/{net}/events"),
    "POST /worker/legs/{leg}/reports": Request(
        f"{_LEG}/reports",
        b'{"sequence": 1, "body": {"kind": "entered", "state": "INITIALIZING"}}',
    ),
    "POST /worker/legs/{leg}/logs/{version:int}/{number:int}": Request(
        f"{_LEG}/logs/{{version}}/1", b"more"
    ),
    "POST /worker/legs/{leg}/logs/{version:int}/end": Request(
        f"{_LEG}/logs/{{version}}/end", b'{"chunks": 1, "size": 6}'
    ),
    "POST /worker/legs/{leg}/workspace-url": Request(f"{_LEG}/workspace-url"),
    "POST /worker/legs/{leg}/errored-state": Request(f"{_LEG}/errored-state", _STATE),
    "POST /graphql": Request("/graphql", b'{"query": "{ debugInfo { __typename } }"}'),
    "POST /session": Request(
        "/session",
        f'{{"username": "{ADMIN.username}", "password": "{ADMIN.password}"}}'.encode(),
        _JSON,
    ),
    "POST /session/key": Request(
        "/session/key", b'{"id": "{key}", "secret": "{secret}"}', _JSON
    ),
    "DELETE /session": Request("/session", headers=_OWN_PAGE),
}
