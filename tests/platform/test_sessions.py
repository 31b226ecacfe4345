"""Whole sessions of the command line: every request in the order and form it is sent.

What is said about one stack and its runs is in `test_spacectl.py`.
"""

from itertools import count
from typing import Any, Final

import httpx
import pytest
from tests.support.client import Client, eventually, stack_input
from tests.support.platform import Platform
from tests.support.release import (
    LINUX,
    Release,
    documents,
    public_armor,
    secret_key,
    sha256,
)
from tests.support.spacectl import Provider, Spacectl, apply, confirm, deploy

PAGE: Final[dict[str, Any]] = {
    "first": 50,
    "after": None,
    "fullTextSearch": "",
    "predicates": None,
    "orderBy": {"field": "name", "direction": "ASC"},
}
CODE: Final = """
variable "size" {
  type    = number
  default = 1
}
resource "terraform_data" "pot" { input = var.size }
"""
BLUEPRINT: Final = """\
inputs:
  - {id: size, name: Size, type: number, default: 3}
options: {trigger_run: true}
stack:
  name: NAME-stack
  space: legacy
  worker_pool: POOL
  auto_deploy: true
  vcs: {branch: main, provider: SPACELIFT, repository: NAME}
  vendor: {terraform: {manage_state: true}}
  environment:
    variables: [{name: TF_VAR_size, value: "${{ inputs.size }}"}]
"""
TEMPLATE: Final = """\
inputs:
  - {id: size, name: Size, type: number, default: 3}
stacks:
  - name: NAME-stack
    key: pot
    worker_pool: POOL
    autodeploy: true
    vcs:
      reference: {value: main, type: branch}
      provider: SPACELIFT
      repository: NAME
    vendor: {terraform: {manage_state: true}}
    environment:
      variables: [{name: TF_VAR_size, value: "${{ inputs.size }}"}]
"""
GO: Final = "Go-http-client/1.1"
OLDEST: Final = {"orderBy": {"field": "createdAt", "direction": "ASC"}}
numbers = count(1)


@pytest.fixture(scope="module")
def spacectl(platform: Platform) -> Spacectl:
    """Sign in as `spacectl profile login` does, once for all that comes."""
    spacectl = Spacectl(Client(platform.base, http=platform.client.http))
    key, secret = platform.key
    assert spacectl.ask("MainGetSpaceliftInstanceVersion")["selfHostedVersion"]
    user = spacectl.ask("SessionApiKeyExchange", id=key, secret=secret)
    spacectl.client.token = user["jwt"]
    assert spacectl.ask("AuthenticatedViewerCurrentViewer")["id"] == key
    return spacectl


@pytest.fixture(scope="module")
def provider(spacectl: Spacectl) -> Provider:
    return Provider(spacectl.client)


@pytest.fixture
def repo(platform: Platform) -> str:
    """Make a repository with code in it; its name and its id are one."""
    name = platform.client.create_repo(f"pot-{next(numbers)}")
    platform.client.commit(name, {"main.tf": CODE}, "Plant")
    return name


def names(found: dict[str, Any]) -> list[str]:
    return [edge["node"]["name"] for edge in found["edges"]]


def first_run(spacectl: Spacectl, stack: str) -> str:
    """Return the run that there is without anybody's asking for it."""
    [run] = spacectl.ask("StackRunListQueryTrackedRuns", stackId=stack)["runs"]
    return str(run["id"])


def delete(spacectl: Spacectl, stack: str) -> None:
    spacectl.ask("StackDeleteDeleteStack", id=stack, destroyResources=True)
    eventually(
        lambda: spacectl.ask("StackStackSelectorStackGetByID", id=stack) is None,
        f"{stack} to be gone",
    )


# Stacks


def test_what_is_said_of_a_run_is_kept_and_everything_is_in_the_trail(
    spacectl: Spacectl, platform: Platform, repo: str
) -> None:
    pot = platform.client.create_stack(repo, repo, platform.pool)
    listed = spacectl.ask("StackOpenCommandSearchStacks", input=PAGE)
    assert repo in names(listed)
    talkative = Spacectl(spacectl.client)
    talkative.note = "because"
    run = deploy(talkative, pot)
    spacectl.until(pot, run, "UNCONFIRMED")
    talkative.note = "and therefore"
    confirm(talkative, pot, run)
    spacectl.follow(pot, run)
    spacectl.until(pot, run, "FINISHED")

    kept = platform.query(f"SELECT user_metadata FROM runs WHERE id = '{run}'")
    assert kept == [(["because", "and therefore"],)]
    page = spacectl.ask("AudittrailListSearchAuditTrailEntries", input=PAGE | OLDEST)
    actions = [edge["node"]["action"] for edge in page["edges"]]
    assert {"api_key.create", "stack.create", "run.trigger", "run.confirm"} <= {
        *actions
    }
    told = "SELECT DISTINCT client, user_agent FROM audit_entries WHERE action = "
    assert platform.query(f"{told}'run.confirm'") == [("spacectl", GO)]


def test_a_state_is_pulled_and_brought_to_another_stack(
    spacectl: Spacectl, provider: Provider, platform: Platform, repo: str
) -> None:
    """`spacectl stack state pull`, and `import_state_file` of the provider."""
    pot = platform.client.create_stack(repo, repo, platform.pool)
    apply(spacectl, pot)
    found = spacectl.ask("StackStateStatePull", input={"stackId": pot})
    pulled = httpx.get(found["url"])  # with nothing that says who asks
    assert pulled.status_code == 200

    upload = provider.ask("StateUploadUrl")
    of_json = {"Content-Type": "application/json"}
    provider.put(upload["url"], pulled.content, **of_json)
    brought = provider.ask(
        "StackCreate",
        input=stack_input(f"{repo}-too", repo, platform.pool),
        manageState=True,
        slug=None,
        stackObjectID=upload["objectId"],
    )

    other = str(brought["id"])
    again = spacectl.ask("StackStateStatePull", input={"stackId": other})
    assert httpx.get(again["url"]).json() == pulled.json()
    run = deploy(spacectl, other)
    printed = spacectl.follow(other, run)
    assert "No changes." in printed["PLANNING"]
    spacectl.until(other, run, "FINISHED")

    both = {"stackId": other, "dependsOnStackId": pot}
    dependency = provider.ask("StackDependencyCreate", input=both)
    above = spacectl.ask("StackDependenciesDependenciesListOneStack", id=other)
    assert [one["dependsOnStack"]["id"] for one in above["dependsOn"]] == [pot]
    below = spacectl.ask("StackDependenciesDependenciesListOneStack", id=pot)
    assert [one["stack"]["id"] for one in below["isDependedOnBy"]] == [other]
    provider.ask("StackDependencyDelete", id=dependency["id"])
    everything = spacectl.ask("StackMcpListResourcesForAllStacks")
    made = {one["id"]: one["entities"] for one in everything}
    assert "terraform_data.pot" in {one["address"] for one in made[pot]}
    provider.ask("StackDestructorDiscardRuns", id=other)
    assert provider.ask("StackDestructorDelete", id=other)["deleting"] is True
    eventually(
        lambda: provider.ask("StackAWSRoleRead", id=other) is None, "it to be gone"
    )


# The registry


def entries(headers: dict[str, Any]) -> dict[str, str]:
    return {one["key"]: one["value"] for one in headers["entries"]}


def announced(release: Release, key: str) -> dict[str, Any]:
    return {
        "number": release.number,
        "protocolVersions": ["5.0"],
        "shaSumsFileSHA": sha256(release.sums),
        "signatureFileSHA": sha256(release.signature),
        "signingKeyId": key,
    }


def packed(system: tuple[str, str], body: bytes) -> dict[str, str]:
    name, architecture = system
    sums = {"archiveChecksum": sha256(body), "binaryChecksum": sha256(b"binary")}
    return {"os": name, "architecture": architecture} | sums


def test_a_provider_is_published_listed_and_revoked(
    spacectl: Spacectl, provider: Provider
) -> None:
    kind = "garden"
    provider.ask("TerraformProviderCreate", type=kind, space="root", labels=[])
    armor = public_armor(secret_key())
    key = spacectl.ask("ProviderAddGpgKeyAddGPGKey", name="ours", asciiArmor=armor)
    assert spacectl.ask("ProviderListGpgKeysListGPGKeys") == [key]

    version = upload(spacectl, Release(kind, "1.0.0"), key["id"])
    spacectl.ask(
        "ProviderUploadDocsUploadDocs",
        version=version,
        archive=documents({"index.md": b"# Garden"}),
    )
    described = {"version": version, "description": "## 1.0.0"}
    spacectl.ask("ProviderCreateVersionCreateVersion__3", **described)
    [draft] = spacectl.ask("ProviderListVersionsListVersions", id=kind)["versions"]
    assert (draft["status"], draft["description"]) == ("DRAFT", "## 1.0.0")
    published = spacectl.ask("ProviderPublishVersionPublishVersion", version=version)
    assert published["status"] == "PUBLISHED"
    account = provider.answer("AccountDetails")["data"]["name"]
    address = f"{spacectl.client.base}/registry/providers/v1/{account}/{kind}"
    served = spacectl.get(f"{address}/1.0.0/download/linux/amd64").json()
    body = httpx.get(served["download_url"]).content
    assert sha256(body) == served["shasum"]

    older = upload_as_before(spacectl, Release(kind, "1.1.0"), key["id"])
    gone = spacectl.ask("ProviderDeleteVersionDeleteVersion", version=older)
    assert (gone["number"], gone["status"]) == ("1.1.0", "DRAFT")
    revoked = spacectl.ask("ProviderRevokeVersionRevokeVersion", version=version)
    assert revoked["status"] == "REVOKED"
    listed = spacectl.ask("ProviderListVersionsListVersions", id=kind)["versions"]
    assert listed == [revoked]
    spacectl.ask("ProviderRevokeGpgKeyRevokeGPGKey", id=key["id"])
    assert spacectl.ask("ProviderListGpgKeysListGPGKeys")[0]["revokedAt"]
    provider.ask("TerraformProviderDelete", id=kind)
    assert provider.ask("TerraformProviderRead", id=kind) is None


def upload(spacectl: Spacectl, release: Release, key: str) -> str:
    """Draft a version, and put everything where and how the answers say."""
    made = spacectl.ask(
        "ProviderCreateVersionCreateVersion",
        provider=release.kind,
        input=announced(release, key),
    )
    sums, signature = "sha256SumsUpload", "sha256SumsSigUpload"
    for what, body in ((sums, release.sums), (signature, release.signature)):
        spacectl.put(made[f"{what}URL"], body, **entries(made[f"{what}Headers"]))
    version = str(made["version"]["id"])
    for system, body in release.archives.items():
        to = spacectl.ask(
            "ProviderCreateVersionRegisterPlatformV2",
            version=version,
            input=packed(system, body),
        )
        spacectl.put(to["uploadUrl"], body, **entries(to["uploadHeaders"]))
    return version


def upload_as_before(spacectl: Spacectl, release: Release, key: str) -> str:
    """Do as clients did that chose the headers themselves."""
    made = spacectl.ask(
        "ProviderCreateVersionCreateVersion__2",
        provider=release.kind,
        input=announced(release, key),
    )
    spacectl.put(made["sha256SumsUploadURL"], release.sums)
    spacectl.put(made["sha256SumsSigUploadURL"], release.signature)
    version = str(made["version"]["id"])
    body = release.archives[LINUX]
    url = spacectl.ask(
        "ProviderCreateVersionRegisterPlatform",
        version=version,
        input=packed(LINUX, body),
    )
    chosen = {"os": "linux", "architecture": "amd64", "checksum": sha256(b"binary")}
    named = {f"x-amz-meta-binary-{name}": value for name, value in chosen.items()}
    spacectl.put(url, body, **named)
    return version


def test_a_module_is_published_found_used_and_deleted(
    spacectl: Spacectl, provider: Provider, platform: Platform, repo: str
) -> None:
    module = str(provider.ask("ModuleCreate", input=a_module(repo))["id"])
    first = spacectl.ask(
        "ModuleCreateVersionCreateVersion",
        module=module,
        commitSha=None,
        version="1.0.0",
    )
    sha = platform.client.commit(repo, {"b.tf": "locals {}\n"}, "Grow")
    second = spacectl.ask(
        "ModuleCreateVersionCreateVersion",
        module=module,
        commitSha=sha,
        version="1.1.0",
    )
    assert repo in names(spacectl.ask("ModuleListSearchModules", input=PAGE))
    shown = spacectl.ask("ModuleMcpRegisterGetModuleTool", moduleId=module)
    assert (shown["current"]["number"], shown["versionsCount"]) == ("1.1.0", 2)
    found = spacectl.ask(
        "ModuleSearchVersionGetSearchModuleVersions",
        id=module,
        input={"first": 50, "after": None},
    )["searchModuleVersions"]
    assert {edge["node"]["number"] for edge in found["edges"]} == {"1.0.0", "1.1.0"}
    listing = {"moduleId": module, "includeFailed": False}
    listed = spacectl.ask("ModuleMcpRegisterListModuleVersionsTool", **listing)
    assert {one["id"] for one in listed["versions"]} == {first["id"], second["id"]}
    one = spacectl.ask(
        "ModuleMcpRegisterGetModuleVersionTool", moduleId=module, versionId=first["id"]
    )["version"]
    assert (one["number"], one["state"]) == ("1.0.0", "ACTIVE")
    assert one["metadata"]["root"]["inputs"][0]["name"] == "size"
    assert spacectl.get(one["downloadLink"]).content

    for version in (first, second):
        gone = spacectl.ask(
            "ModuleDeleteVersionDeleteVersion", module=module, id=version["id"]
        )
        assert gone == {"number": version["number"]}
    listed = spacectl.ask("ModuleMcpRegisterListModuleVersionsTool", **listing)
    assert {one["yanked"] for one in listed["versions"]} == {True}
    provider.ask("ModuleDelete", id=module)
    assert spacectl.ask("ModuleMcpRegisterGetModuleTool", moduleId=module) is None


def a_module(repo: str) -> dict[str, Any]:
    settings = {
        "administrative": False,
        "branch": "main",
        "localPreviewEnabled": False,
        "protectFromDeletion": False,
        "space": "root",
    }
    return {
        "updateInput": settings,
        "name": repo,
        "provider": "SPACELIFT",
        "repository": repo,
        "workflowTool": "TERRAFORM_FOSS",
    }


# Blueprints and templates


def filled(body: str, repo: str, pool: str) -> str:
    return body.replace("NAME", repo).replace("POOL", pool)


def test_a_blueprint_is_listed_shown_and_deployed_by_the_worker(
    spacectl: Spacectl, provider: Provider, platform: Platform, repo: str
) -> None:
    given = {"space": "root", "name": repo, "state": "PUBLISHED", "labels": []}
    body = filled(BLUEPRINT, repo, platform.pool)
    made = provider.ask("BlueprintCreate", input=given | {"template": body})
    listed = spacectl.ask("BlueprintListSearchBlueprints", input=PAGE)
    assert repo in names(listed)
    shown = spacectl.ask("BlueprintShowGetBlueprintByID", blueprintId=made["id"])
    assert [one["id"] for one in shown["inputs"]] == ["size"]

    values = {"templateInputs": [{"id": "size", "value": "7"}]}
    deployed = spacectl.ask("BlueprintDeployDeploy", id=made["id"], input=values)

    stack = str(deployed["stackID"])
    run = first_run(spacectl, stack)
    spacectl.until(stack, run, "FINISHED")
    assert "+ input  = 7" in spacectl.follow(stack, run)["PLANNING"]
    provider.ask("BlueprintDelete", id=made["id"])
    delete(spacectl, stack)


def test_a_template_is_listed_shown_and_deployed_by_the_worker(
    spacectl: Spacectl, provider: Provider, platform: Platform, repo: str
) -> None:
    given: dict[str, Any] = {"space": "root", "name": repo, "labels": []}
    template = str(provider.ask("TemplateCreate", input=given)["id"])
    version = provider.ask(
        "TemplateVersionCreate",
        input={
            "templateID": template,
            "versionNumber": "1.0.0",
            "state": "PUBLISHED",
            "template": filled(TEMPLATE, repo, platform.pool),
            "instructions": None,
            "labels": None,
        },
    )
    assert repo in names(spacectl.ask("TemplateListSearchTemplates", input=PAGE))
    shown = spacectl.ask("TemplateShowGetTemplateByID", templateId=template)
    assert shown["latestVersion"] == {"id": version["id"], "version": "1.0.0"}

    deployment = provider.ask(
        "TemplateDeploymentCreate",
        id=version["id"],
        input={"space": "legacy", "name": repo, "description": None, "inputs": None},
    )

    named = {"id": deployment["id"], "templateID": template}

    def state() -> Any:
        found = provider.ask("TemplateDeployment__2", **named)
        return found and found["state"]

    eventually(lambda: state() == "FINISHED", "the deployment")
    [stack] = [one["id"] for one in deployment["stacks"]]
    outcome = spacectl.follow(stack, first_run(spacectl, stack))
    assert "Apply complete! Resources: 1 added" in outcome["APPLYING"]
    provider.ask("TemplateDeploymentDelete", **named)
    eventually(lambda: state() is None, "the deployment to be gone")
    assert spacectl.ask("StackStackSelectorStackGetByID", id=stack) is None
    provider.ask("TemplateVersionDelete", id=version["id"])
    provider.ask("TemplateDelete", id=template)
    gone = spacectl.ask("TemplateShowGetTemplateByID", templateId=template)
    assert gone is None


# What there is beside stacks


def test_spaces_pools_contexts_policies_and_keys_are_listed_and_shown(
    spacectl: Spacectl, provider: Provider, platform: Platform
) -> None:
    space = {"name": "shelf", "parentSpace": "root", "inheritEntities": True}
    made = provider.ask("CreateSpace", input=space | {"description": "", "labels": []})
    listed = spacectl.ask("SpaceMcpRegisterListSpacesTool")
    shown = spacectl.ask("SpaceMcpRegisterGetSpaceTool", spaceId=made["id"])
    assert shown in listed
    provider.ask("DeleteSpace", id=made["id"])
    assert spacectl.ask("SpaceMcpRegisterGetSpaceTool", spaceId=made["id"]) is None

    context = provider.ask(
        "ContextCreate", input={"name": "shelf", "description": None, "labels": []}
    )
    assert "shelf" in names(spacectl.ask("ContextMcpSearchContexts", input=PAGE))
    shown = spacectl.ask("ContextMcpRegisterGetContextTool", contextId=context["id"])
    assert (shown["name"], shown["attachedStacks"]) == ("shelf", [])
    provider.ask("ContextDelete", id=context["id"])

    body = {"name": "shelf", "body": "package spacelift", "type": "PLAN"}
    policy = provider.ask("PolicyCreateV2", input=body | {"labels": []})
    assert "shelf" in names(spacectl.ask("PolicyListSearchPolicies", input=PAGE))
    shown = spacectl.ask("PolicyShowGetPolicyByID", policyId=policy["id"])
    assert shown["body"] == body["body"]
    provider.ask("PolicyDelete", id=policy["id"])

    key, _ = platform.key
    assert key in {
        one["id"] for one in spacectl.ask("ApikeyMcpRegisterListAPIKeysTool")
    }
    assert spacectl.ask("ApikeyMcpRegisterGetAPIKeyTool", id=key)["admin"] is True

    found = spacectl.ask("WorkerpoolMcpSearchWorkerPools", input=PAGE)
    assert names(found) == ["tests"]
    waiting = spacectl.ask(
        "DataWorkerpoolsGetPrivatePoolRuns",
        id=platform.pool,
        input={"first": 50, "after": None},
    )
    assert waiting["searchSchedulableRuns"]["edges"] == []


def test_the_samples_of_a_policy_that_nothing_evaluates_are_none(
    spacectl: Spacectl, provider: Provider
) -> None:
    body = {"name": "sampled", "body": "package spacelift", "type": "PLAN"}
    policy = str(provider.ask("PolicyCreateV2", input=body | {"labels": []})["id"])
    listed = spacectl.ask("PolicyMcpRegisterListPolicySamplesTool", policyId=policy)
    assert listed == {"id": policy, "evaluationRecords": []}
    one = spacectl.ask(
        "PolicyMcpRegisterGetPolicySampleTool", policyId=policy, key="gone"
    )
    assert one == {"evaluationSample": None}
    found = spacectl.ask(
        "PolicySamplesIndexedSearchEvaluationRecords", id=policy, input=PAGE | OLDEST
    )
    assert found["searchEvaluationRecords"]["edges"] == []
    tried = {"body": body["body"], "input": "{}", "type": "PLAN"}
    said = spacectl.answer("PolicySimulateSimulate", **tried)
    assert "opa eval" in said["errors"][0]["message"]
    provider.ask("PolicyDelete", id=policy)


def test_a_token_of_github_s_signs_nobody_in_and_what_does_is_said(
    platform: Platform,
) -> None:
    """The client shows the words; GitHub is no place to sign in with here."""
    stranger = Spacectl(Client(platform.base))
    said = stranger.answer("SessionGithubTokenExchange", token="gho_any")  # noqa: S106 - nobody's
    assert (said.get("data") or {}).get("oauthUser") is None
    assert "use an API key" in said["errors"][0]["message"]
    stranger.client.http.close()


def test_usage_is_a_table_for_whoever_signed_in(spacectl: Spacectl) -> None:
    """A plain request: it is no question to the graph."""
    asked = {"since": "2020-01-01", "until": "2020-01-31", "aspect": "run-minutes"}
    url = f"{spacectl.client.base}/usageanalytics/csv"
    told = spacectl.get(url, **asked)
    assert told.headers["content-type"].startswith("text/csv")
    assert spacectl.client.http.get(url, params=asked).status_code == 401
