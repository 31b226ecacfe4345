"""How each field and route is called about the one thing of its kind in the world.

A field that is missing here has no call, and the matrix says so. `{names}` are those of
`World.names`; ghosts take their places to ask for what there is not.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from stackyard.http.authentication import CSRF_HEADER
from tests.support.certificates import signing_request
from tests.support.edge import ADMIN
from tests.support.release import documents, public_armor, secret_key

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
_SETTINGS: Final = (
    'administrative: false, branch: "main", localPreviewEnabled: true,'
    ' protectFromDeletion: false, space: "{home}"'
)
_KEY: Final = 'admin: false, name: "x"'
_RUN: Final = 'stack: "{net}", run: "{queued}"'
_REFERENCE: Final = (
    'outputName: "x", inputName: "X", type: ENVIRONMENT_VARIABLE, triggerAlways: false'
)
_DRIFT: Final = (
    'input: { ignoreState: false, reconcile: false, schedule: ["0 3 * * *"] }'
)
_OF_NET: Final = 'stack: "{net}", scheduled'
_GONE: Final = "input: { shouldDeleteResources: false, timestampSchedule: 123 }"
_TRIGGER: Final = 'input: { name: "x", cronSchedule: ["0 3 * * *"] }'
_TASK: Final = 'input: { command: "true", timestampSchedule: 123 }'
_CLOUD: Final = 'name: "x", labels: [], autoattachEnabled: false, space: "{home}"'
_ROLE: Final = (
    'roleArn: "arn:aws:iam::039653571618:role/x", generateCredentialsInWorker: false'
)
_AWS: Final = (
    f'{_CLOUD}, {_ROLE}, externalID: "", durationSeconds: 900, tagAssumeRole: false'
)
_HOOK: Final = 'enabled: true, endpoint: "https://hooks.example/x", secret: ""'
_NAMED_HOOK: Final = f'input: {{ {_HOOK}, name: "x", space: "{{home}}" }}'
_DEPLOYMENT: Final = 'id: "{deployment}", templateID: "{template}"'
_VERSION: Final = 'versionNumber: "9", state: DRAFT'
_POOL: Final = f'name: "x", certificateSigningRequest: "{CSR}", space: "{{home}}"'
_SHA: Final = "0" * 64
_PLATFORM: Final = (
    'version: "{unreleased}", input: { os: "linux", architecture: "arm64",'
    f' archiveChecksum: "{_SHA}", binaryChecksum: "" }}'
)
_ARMOR: Final = json.dumps(public_armor(secret_key("Eve")))
_DOCUMENTS: Final = documents({"index.md": b"# Ours"})
_HOSTS: Final = 'apiHost: "https://git.example", userFacingHost: "https://git.example"'
_BITBUCKET: Final = 'username: "ada", email: "ada@example.com"'
_NEW_GIT: Final = 'customInput: { name: "x", spaceID: "{home}" }'

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
    "awsIntegration": 'id: "{aws}"',
    "awsIntegrationAttach": 'id: "{aws_unused}", stack: "{net}"',
    "awsIntegrationAttachmentUpdate": 'id: "{aws_attachment}", read: true, write: true',
    "awsIntegrationByName": 'name: "aws"',
    "awsIntegrationCreate": _AWS,
    "awsIntegrationDelete": 'id: "{aws_unused}"',
    "awsIntegrationDetach": 'id: "{aws_attachment}"',
    "awsIntegrationUpdate": f'id: "{{aws}}", {_AWS}',
    "awsIntegrations": "",
    "azureIntegration": 'id: "{azure}"',
    "azureIntegrationAttach": 'id: "{azure_unused}", stack: "{net}"',
    "azureIntegrationAttachmentUpdate": 'id: "{azure_attachment}", read: true,'
    " write: true",
    "azureIntegrationByName": 'name: "azure"',
    "azureIntegrationCreate": f'{_CLOUD}, tenantID: "x"',
    "azureIntegrationDelete": 'id: "{azure_unused}"',
    "azureIntegrationDetach": 'id: "{azure_attachment}"',
    "azureIntegrationUpdate": f'id: "{{azure}}", {_CLOUD}',
    "azureIntegrations": "",
    "azureDevOpsRepoIntegration": 'id: "{devops}"',
    "azureDevOpsRepoIntegrationCreate": 'organizationURL: "https://git.example",'
    f' personalAccessToken: "t", {_NEW_GIT}',
    "azureDevOpsRepoIntegrationDelete": 'id: "{devops}"',
    "azureDevOpsRepoIntegrationUpdate": 'organizationURL: "https://git.example",'
    ' customInput: { id: "{devops}", space: "{home}" }',
    "bitbucketCloudIntegration": 'id: "{bitbucket}"',
    "bitbucketCloudIntegrationCreate": f'{_BITBUCKET}, apiToken: "t", {_NEW_GIT}',
    "bitbucketCloudIntegrationDelete": 'id: "{bitbucket}"',
    "bitbucketCloudIntegrationUpdate": f"{_BITBUCKET},"
    ' customInput: { id: "{bitbucket}", space: "{home}" }',
    "bitbucketDatacenterIntegration": 'id: "{datacenter}"',
    "bitbucketDatacenterIntegrationCreate": f'{_HOSTS}, accessToken: "t", {_NEW_GIT}',
    "bitbucketDatacenterIntegrationDelete": 'id: "{datacenter}"',
    "bitbucketDatacenterIntegrationUpdate": f"{_HOSTS},"
    ' customInput: { id: "{datacenter}", space: "{home}" }',
    "blueprint": 'id: "{blueprint}"',
    "blueprintCreate": 'input: { name: "x", space: "{home}", state: DRAFT }',
    "blueprintCreateStack": 'id: "{blueprint}", input: { templateInputs: [] }',
    "blueprintDelete": 'id: "{blueprint}"',
    "blueprintSchema": "",
    "blueprintUpdate": 'id: "{draft}",'
    ' input: { name: "y", space: "{home}", state: DRAFT }',
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
    "githubEnterpriseIntegration": 'id: "{github}"',
    "githubEnterpriseIntegrationCreate": f'{_HOSTS}, appID: "1", {_NEW_GIT},'
    ' privateKey: "-----BEGIN PRIVATE KEY-----"',
    "githubEnterpriseIntegrationDelete": 'id: "{github}"',
    "githubEnterpriseIntegrationUpdate": f'{_HOSTS}, appID: "1",'
    ' customInput: { id: "{github}", space: "{home}" }',
    "gitlabIntegration": 'id: "{gitlab}"',
    "gitlabIntegrationCreate": f'{_HOSTS}, privateToken: "t", {_NEW_GIT}',
    "gitlabIntegrationDelete": 'id: "{gitlab}"',
    "gitlabIntegrationUpdate": f"{_HOSTS},"
    ' customInput: { id: "{gitlab}", space: "{home}" }',
    "gitlabWebhooksEndpoint": "",
    "gpgKeyCreate": f'name: "x", asciiArmor: {_ARMOR}',
    "gpgKeyRevoke": 'id: "{gpg_key}"',
    "gpgKeys": "",
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
    "module": 'id: "{module}"',
    "moduleCreate": f'input: {{ name: "x1", repository: "y",'
    f" updateInput: {{ {_SETTINGS} }} }}",
    "moduleDelete": 'id: "{module}"',
    "modulePublish": 'id: "{module}"',
    "moduleShare": 'id: "{module}", input: { spaces: ["{home}"] }',
    "moduleUpdateV2": f'id: "{{module}}", input: {{ repository: "y", {_SETTINGS} }}',
    "name": "",
    "namedWebhooksIntegration": 'id: "{named_webhook}"',
    "namedWebhooksIntegrationCreate": _NAMED_HOOK,
    "namedWebhooksIntegrationDelete": 'id: "{named_webhook}"',
    "namedWebhooksIntegrationDeleteHeaders": 'id: "{named_webhook}", headerKeys: []',
    "namedWebhooksIntegrationSetHeaders": 'id: "{named_webhook}",'
    ' input: { entries: [{ key: "X-A", value: "b" }] }',
    "namedWebhooksIntegrationUpdate": f'id: "{{named_webhook}}", {_NAMED_HOOK}',
    "oauthUser": 'token: "x"',
    "openTofuVersions": "",
    "outgoingIPAddresses": "",
    "plugin": 'id: "{plugin}"',
    "pluginDelete": 'id: "{plugin}"',
    "pluginInstall": 'input: { name: "x", pluginTemplateID: "infracost",'
    ' parameters: [{ id: "infracost_api_key", value: "x" }], space: "{home}",'
    ' labelIdentifier: "*" }',
    "pluginTemplate": 'id: "infracost"',
    "pluginTemplateCreate": 'input: { name: "x", manifest:'
    ' "{name: x, version: 1.0.0, description: x, author: x}" }',
    "pluginTemplateDelete": 'id: "{plugin_template}"',
    "pluginTemplates": "",
    "plugins": "",
    "policies": "",
    "policy": 'id: "{policy}"',
    "policyAttach": 'id: "{spare_policy}", stack: "{net}"',
    "policyCreatev2": 'input: { name: "x", body: "package spacelift", type: PLAN,'
    ' space: "{home}" }',
    "policyDelete": 'id: "{policy}"',
    "policyDetach": 'id: "{policy_attachment}"',
    "policyRuntime": "",
    "policySimulate": 'body: "package spacelift", input: "{}", type: PLAN',
    "policyUpdatev2": 'id: "{policy}", input: { name: "y", body: "package spacelift" }',
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
    "runExternalDependencyMarkAsCompleted": 'dependency: "x", status: FINISHED',
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
    "searchBlueprints": "input: {}",
    "searchContexts": "input: {}",
    "searchPolicies": "input: {}",
    "searchModules": "input: {}",
    "searchStacks": "input: {}",
    "searchTemplates": "input: {}",
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
    "stackDependenciesAddReference": 'stackDependencyID: "{dependency}",'
    f" reference: {{ {_REFERENCE} }}",
    "stackDependenciesDeleteReference": 'id: "{reference}"',
    "stackDependenciesUpdateReference": "reference: "
    f'{{ id: "{{reference}}", {_REFERENCE} }}',
    "stackDependencyCreate": 'input: { stackId: "{net}", dependsOnStackId: "{bound}" }',
    "stackDependencyDelete": 'id: "{dependency}"',
    "stackDisable": 'id: "{net}"',
    "stackEnable": 'id: "{net}"',
    "stackIntegrationDriftDetectionCreate": f'stack: "{{bound}}", {_DRIFT}',
    "stackIntegrationDriftDetectionDelete": 'stack: "{net}"',
    "stackIntegrationDriftDetectionUpdate": f'stack: "{{net}}", {_DRIFT}',
    "stackIntegrationAwsCreate": f'id: "{{net}}", {_ROLE}',
    "stackIntegrationAwsDelete": 'id: "{net}"',
    "stackIntegrationGcpCreate": 'id: "{net}", tokenScopes: ["x"]',
    "stackIntegrationGcpDelete": 'id: "{net}"',
    "stackLock": 'id: "{net}"',
    "stackManagedStateRollback": 'id: "{net}", stateVersionId: "{state}"',
    "stackMigrateVendor": 'id: "{net}", targetVendor: Terraform',
    "stackRoleBinding": 'id: "{stack_binding}"',
    "stackRoleBindingCreate": f'input: {{ stackID: "{{net}}", {_BINDING} }}',
    "stackRoleBindingDelete": 'id: "{stack_binding}"',
    "stackScheduledDeleteCreate": f'stack: "{{net}}", {_GONE}',
    "stackScheduledDeleteDelete": f'{_OF_NET}Delete: "{{scheduled_delete}}"',
    "stackScheduledDeleteUpdate": f'{_OF_NET}Delete: "{{scheduled_delete}}", {_GONE}',
    "stackScheduledRunCreate": f'stack: "{{net}}", {_TRIGGER}',
    "stackScheduledRunDelete": f'{_OF_NET}Run: "{{scheduled_run}}"',
    "stackScheduledRunUpdate": f'{_OF_NET}Run: "{{scheduled_run}}", {_TRIGGER}',
    "stackScheduledTaskCreate": f'stack: "{{net}}", {_TASK}',
    "stackScheduledTaskDelete": f'{_OF_NET}Task: "{{scheduled_task}}"',
    "stackScheduledTaskUpdate": f'{_OF_NET}Task: "{{scheduled_task}}", {_TASK}',
    "stackSetCurrentCommit": 'id: "{net}", sha: "{commit}"',
    "stackSyncCommit": 'id: "{net}"',
    "stackUnlock": 'id: "{net}"',
    "stackUpdate": f'id: "{{net}}", input: {{ {_STACK} }}',
    "stacks": "",
    "stateDownloadUrl": 'input: { stackId: "{net}" }',
    "stateUploadUrl": "",
    "taskCreate": 'stack: "{net}", command: "true"',
    "template": 'id: "{template}"',
    "templateCreate": 'input: { name: "x", space: "{home}" }',
    "templateDelete": 'id: "{bare}"',
    "templateDeployment": _DEPLOYMENT,
    "templateDeploymentCreate": 'id: "{published}",'
    ' input: { name: "x", space: "{home}", inputs: [{ id: "env", value: "x" }] }',
    "templateDeploymentDelete": _DEPLOYMENT,
    "templateDeploymentUpdate": f'{_DEPLOYMENT}, input: {{ description: "y" }}',
    "templateSchema": "",
    "templateUpdate": 'id: "{template}", input: { name: "y", space: "{home}" }',
    "templateVersionCreate": f'input: {{ templateID: "{{template}}", {_VERSION} }}',
    "templateVersionDelete": 'id: "{fresh}"',
    "templateVersionParseTemplate": 'template: "x: 1"',
    "templateVersionUpdate": f'id: "{{fresh}}", input: {{ {_VERSION} }}',
    "terraformProvider": 'id: "{provider}"',
    "terraformProviderCreate": 'type: "x", space: "{home}"',
    "terraformProviderDelete": 'id: "{spare_provider}"',
    "terraformProviderSetVisibility": 'id: "{provider}", public: true',
    "terraformProviderUpdate": 'id: "{provider}", space: "{home}"',
    "terraformProviderVersionCreate": 'provider: "{provider}", input: {'
    ' number: "3.0.0", protocolVersions: [], signingKeyId: "{gpg_key}",'
    f' shaSumsFileSHA: "{_SHA}", signatureFileSHA: "{_SHA}" }}',
    "terraformProviderVersionDelete": 'version: "{unreleased}"',
    "terraformProviderVersionPublish": 'version: "{unreleased}"',
    "terraformProviderVersionRegisterPlatform": _PLATFORM,
    "terraformProviderVersionRegisterPlatformV2": _PLATFORM,
    "terraformProviderVersionRevoke": 'version: "{released}"',
    "terraformProviderVersionUpdate": 'version: "{unreleased}", description: "x"',
    "terraformProviderVersionUploadDocs": 'version: "{unreleased}",'
    f' archive: "{_DOCUMENTS}"',
    "terraformProviders": "",
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
    "vcsAgentPool": 'id: "{agents}"',
    "vcsAgentPoolCreate": 'name: "x"',
    "vcsAgentPoolDelete": 'id: "{agents}"',
    "vcsAgentPoolUpdate": 'id: "{agents}", name: "y"',
    "vcsAgentPools": "",
    "versionCreate": 'module: "{module}", commitSha: "{commit}", version: "2.0.0"',
    "versionDelete": 'module: "{module}", id: "{module_version}"',
    "versionProposeLocalWorkspace": 'module: "{module}", workspace: "{tasty}"',
    "viewer": "",
    "webhooksIntegrationCreate": f'stack: "{{net}}", input: {{ {_HOOK} }}',
    "webhooksIntegrationDelete": 'stack: "{net}", id: "{webhook}"',
    "webhooksIntegrationUpdate": 'stack: "{net}", id: "{webhook}",'
    f" input: {{ {_HOOK} }}",
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
    "AwsIntegration.attachedStack": 'id: "{net}"',
    "AwsIntegration.externalIdForStack": 'stackId: "{net}"',
    "AzureIntegration.attachedStack": 'id: "{net}"',
    "Context.attachedStack": 'id: "{net}"',
    "Context.configElement": 'id: "{element}"',
    "Policy.attachedStack": 'id: "{net}"',
    "Policy.evaluationSample": 'key: "x"',
    "Policy.searchEvaluationRecords": "input: {}",
    "Module.configElement": 'id: "{element}"',
    "Module.run": 'id: "{net_run}"',
    "Module.searchModuleVersions": "input: {}",
    "Module.version": 'id: "{module_version}"',
    "Template.templateVersion": 'id: "{published}"',
    "Template.templateVersionByNumber": 'versionNumber: "published"',
    "Stack.run": 'id: "{net_run}"',
    "PublicWorkerPool.searchSchedulableRuns": "input: {}",
    "Run.changesV3": "input: {}",
    "WorkerPool.searchSchedulableRuns": "input: {}",
    "Run.logs": "state: PREPARING",
    "Stack.configElement": 'id: "{element}"',
    "Stack.dependency": 'id: "{dependency}"',
    "StackDependency.reference": 'id: "{reference}"',
    "Stack.runResourceState": 'id: "{queued}"',
    "Stack.scheduledDelete": 'id: "{scheduled_delete}"',
    "Stack.scheduledRun": 'id: "{scheduled_run}"',
    "Stack.scheduledTask": 'id: "{scheduled_task}"',
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
_REGISTRY: Final = "/registry/providers/v1/acme/{provider}"
_MODULE: Final = "/registry/modules/v1/{account}/{name}/{provider}"
_TASTY: Final = "/registry/modules/v1/acme/tasty/default"
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
    "GET /registry/providers/v1/{account}/{type}/versions": Request(
        f"{_REGISTRY}/versions"
    ),
    "GET /registry/providers/v1/{account}/{type}/{version}/download/{os}/{arch}": (
        Request(f"{_REGISTRY}/1.0.0/download/linux/amd64")
    ),
    "PUT /provider-upload/{token}": Request("{archive}", b"an archive"),
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
    "POST /worker/plugin_logs_url": Request(
        "/worker/plugin_logs_url", b'{"plugin_name": "x"}'
    ),
    f"GET {_MODULE}/versions": Request(f"{_TASTY}/versions"),
    f"GET {_MODULE}/{{version}}/download": Request(f"{_TASTY}/1.0.0/download"),
    f"GET {_MODULE}/{{version}}/archive": Request(f"{_TASTY}/1.0.0/archive"),
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
