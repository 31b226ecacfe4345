"""What the provider sends about stacks: of every tool, all settings, and going over.

`tests/operations` holds the client's texts. They are never edited.
"""

import base64
import hashlib
import secrets
from typing import Any, Final

import pytest
from tests.support.edge import Edge
from tests.support.provider import Provider

from stackyard.adapters.postgres import Database
from stackyard.kernel.access import SYSTEM
from stackyard.kernel.ids import StackId
from stackyard.stacks import ReleasedTool, released

NOTHING_OF_HOOKS: Final[dict[str, None]] = {
    f"{when}{phase}": None
    for when in ("before", "after")
    for phase in ("Init", "Plan", "Apply", "Perform", "Destroy")
} | {"afterRun": None}
NOWHERE: Final = "01GBASTWAEPJ1HDMXDMWTRC8DN"
NEWEST: Final = {tool: released(tool)[0] for tool in ReleasedTool}
# Vendor → two lives of its settings: what is sent, and what is read where it differs.
VENDORS: Final[dict[str, list[tuple[dict[str, Any], dict[str, Any]]]]] = {
    "ansible": [({"playbook": "a.yml"}, {}), ({"playbook": "b.yml"}, {})],
    "cloudFormation": [
        (
            {
                "entryTemplateFile": "main.yaml",
                "region": "eu-central-1",
                "stackName": "net",
                "templateBucket": "templates",
            },
            {},
        ),
        (
            {
                "entryTemplateFile": "other.yaml",
                "region": "eu-west-1",
                "stackName": "net2",
                "templateBucket": "others",
            },
            {},
        ),
    ],
    "kubernetes": [
        (
            {"namespace": "", "kubectlVersion": None},
            {
                "kubectlVersion": NEWEST[ReleasedTool.KUBECTL],
                "kubernetesWorkflowTool": "KUBERNETES",
            },
        ),
        (
            {
                "namespace": "apps",
                "kubectlVersion": "1.2.3",
                "kubernetesWorkflowTool": "CUSTOM",
            },
            {},
        ),
    ],
    "opentofu": [
        (
            {},
            {
                "concise": True,
                "externalStateAccessEnabled": False,
                "openTofuWorkflowTool": "OPENTOFU",
                "useSmartSanitization": True,
                "version": None,
                "workspace": None,
            },
        ),
        (
            {
                "concise": False,
                "externalStateAccessEnabled": True,
                "useSmartSanitization": False,
                "version": "1.8.1",
                "workspace": "w",
            },
            {},
        ),
        ({"workflowTool": "CUSTOM"}, {"openTofuWorkflowTool": "CUSTOM"}),
    ],
    "pulumi": [
        ({"loginURL": "s3://one", "stackName": "dev"}, {}),
        ({"loginURL": "s3://two", "stackName": "prod"}, {}),
    ],
    "terraform": [
        (
            {"version": None, "workspace": None},
            {
                "workflowTool": "TERRAFORM_FOSS",
                "useSmartSanitization": False,
                "externalStateAccessEnabled": False,
            },
        ),
        (
            {
                "version": "1.5.0",
                "workspace": "w",
                "workflowTool": "OPEN_TOFU",
                "useSmartSanitization": True,
                "externalStateAccessEnabled": True,
            }
            | {"version": ">=1.6.0 <2.0.0"},
            {},
        ),
        ({"version": "", "workflowTool": "CUSTOM"}, {"version": None}),
    ],
    "terragrunt": [
        (
            {"useRunAll": False, "useSmartSanitization": False},
            {
                "prefixResourceNamesWithModuleName": False,
                "skipReplan": False,
                "skipReplanWhenRunAll": False,
                "terraformVersion": "1.5.7",
                "terragruntVersion": NEWEST[ReleasedTool.TERRAGRUNT],
                "tool": "TERRAFORM_FOSS",
                "useStateManagement": False,
            },
        ),
        (
            {
                "prefixResourceNamesWithModuleName": True,
                "skipReplan": True,
                "skipReplanWhenRunAll": True,
                "terraformVersion": None,
                "terragruntVersion": "0.55.15",
                "tool": "OPEN_TOFU",
                "useRunAll": True,
                "useSmartSanitization": True,
                "useStateManagement": True,
            },
            {"terraformVersion": NEWEST[ReleasedTool.OPENTOFU]},
        ),
        (
            {
                "terraformVersion": "1.5.6",
                "terragruntVersion": "0.45.0",
                "tool": "TERRAFORM_FOSS",
                "useRunAll": True,
                "useSmartSanitization": False,
            },
            {},
        ),
        (
            {
                "terragruntVersion": "0.45.0",
                "tool": "MANUALLY_PROVISIONED",
                "useRunAll": False,
                "useSmartSanitization": False,
            },
            {"terraformVersion": None},
        ),
    ],
}
TYPES: Final = {"cloudFormation": "CloudFormation", "opentofu": "OpenTofu"}


@pytest.fixture
async def provider(database: Database) -> Provider:
    edge = Edge(database)
    await edge.prepare()
    return await Provider(edge).sign_in()


def a_stack(vendor: dict[str, Any] | None, **given: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "administrative": False,
        "autodeploy": False,
        "autoretry": False,
        "branch": "master",
        "githubActionDeploy": True,
        "labels": None,
        "localPreviewEnabled": False,
        "enableWellKnownSecretMasking": False,
        "enableSensitiveOutputUpload": True,
        "name": "Net",
        "protectFromDeletion": False,
        "provider": "GITHUB",
        "repository": "demo",
        "vendorConfig": vendor,
    }
    return usual | NOTHING_OF_HOOKS | given


async def create(
    provider: Provider, stack: dict[str, Any], *, managed: bool = True
) -> Any:
    return await provider.data(
        "StackCreate", input=stack, manageState=managed, slug=None, stackObjectID=None
    )


@pytest.mark.parametrize("name", VENDORS)
async def test_the_life_of_a_stack_of_every_tool(provider: Provider, name: str) -> None:
    kind = f"StackConfigVendor{TYPES.get(name, name.capitalize())}"
    for number, (sent, differs) in enumerate(VENDORS[name]):
        stack = a_stack({name: sent})
        if number == 0:
            made = await create(provider, stack)
        else:
            made = await provider.data("StackUpdate", id="net", input=stack)
        wanted = {"__typename": kind} | sent | differs
        if name == "opentofu":  # which is read under a name of its own
            wanted.pop("workflowTool", None)
        assert wanted.items() <= made["vendorConfig"].items()
        read = await provider.data("StackAWSRoleRead", id="net")
        assert read["vendorConfig"] == made["vendorConfig"]


async def test_a_new_stack_has_what_the_provider_takes_for_defaults(
    provider: Provider,
) -> None:
    made = await create(provider, a_stack(None))
    found = await provider.data(
        "StacksPage",
        input={
            "first": 50,
            "after": None,
            "fullTextSearch": None,
            "predicates": [
                {
                    "field": "locked",
                    "constraint": {"booleanEquals": [False]},
                    "exclude": None,
                },
                {
                    "field": "vendor",
                    "constraint": {"enumEquals": ["Terraform"]},
                    "exclude": None,
                },
            ],
            "orderBy": None,
        },
    )

    assert [one["node"]["id"] for one in found["edges"]] == ["net"]
    assert made["vendorConfig"]["__typename"] == "StackConfigVendorTerraform"
    defaults = {
        "deleting": False,
        "isDisabled": False,
        "managesStateFile": True,
        "space": "legacy",
        "vcsIntegration": None,
        "workerPool": None,
        "labels": [],
        "beforeInit": [],
        "afterRun": [],
    }
    assert defaults.items() <= made.items()
    assert made["integrations"]["webhooks"] == []


@pytest.mark.parametrize(
    ("vendor", "text"),
    [
        (
            {"terraform": {"version": "1.0.1" + ".1" * 14}},
            (
                "stack has 1 error: terraform: invalid Terraform version constraints:"
                f' improper constraint: "1.0.1{".1" * 14}"'
            ),
        ),
        (
            {
                "terragrunt": {
                    "tool": "OPEN_TOFU",
                    "terraformVersion": "1.5.6",
                    "useRunAll": False,
                    "useSmartSanitization": False,
                }
            },
            (
                "stack has 1 error: terragrunt: no supported OpenTofu version"
                f" (1.6.0 - {NEWEST[ReleasedTool.OPENTOFU]})"
                ' satisfies constraints "1.5.6"'
            ),
        ),
        (
            {
                "terragrunt": {
                    "tool": "TERRAFORM_FOSS",
                    "terraformVersion": "1.6.2",
                    "useRunAll": False,
                    "useSmartSanitization": False,
                }
            },
            (
                "stack has 1 error: terragrunt: no supported Terraform version"
                ' (0.12.0 - 1.5.7) satisfies constraints "1.6.2"'
            ),
        ),
        (
            {"ansible": {"playbook": "x"}, "pulumi": {"loginURL": "", "stackName": ""}},
            "stack has 1 error: vendorConfig: exactly one vendor, not several",
        ),
        (
            {"pulumi": {"loginURL": "", "stackName": ""}},
            (
                "stack has 2 errors: pulumi: loginURL must not be empty;"
                " pulumi: stackName must not be empty"
            ),
        ),
    ],
)
async def test_what_a_tool_cannot_have_is_refused_in_the_words_that_clients_compare(
    provider: Provider, vendor: dict[str, Any], text: str
) -> None:
    sent = a_stack(vendor)
    made = {"input": sent, "manageState": True}
    assert await provider.error("StackCreate", **made) == text
    await create(provider, a_stack(None))
    assert await provider.error("StackUpdate", id="net", input=sent) == text


@pytest.mark.parametrize("managed", [True, False])
async def test_a_stack_goes_over_to_terragrunt_and_back_as_itself(
    provider: Provider, *, managed: bool
) -> None:
    """As the provider does it: first the migration, then the update."""
    await create(
        provider, a_stack({"terraform": {"version": "1.5.0"}}), managed=managed
    )

    over = await provider.data(
        "StackMigrateVendor",
        id="net",
        targetVendor="Terragrunt",
        config={
            "labels": ["terragrunt", "b"],
            "terragrunt": {"terragruntVersion": "0.45.0"},
        },
    )
    assert (over["id"], over["labels"]) == ("net", ["terragrunt", "b"])
    assert over["managesStateFile"] is managed
    assert over["vendorConfig"] == {
        "__typename": "StackConfigVendorTerragrunt",
        "prefixResourceNamesWithModuleName": False,
        "skipReplan": False,
        "skipReplanWhenRunAll": False,
        "terraformVersion": "1.5.0",
        "terragruntVersion": "0.45.0",
        "tool": "TERRAFORM_FOSS",
        "useRunAll": False,
        "useSmartSanitization": False,
        "useStateManagement": managed,
    }
    then = {"tool": "OPEN_TOFU", "useRunAll": True, "useSmartSanitization": False}
    sent = a_stack({"terragrunt": then | {"useStateManagement": managed}}, labels=["b"])
    updated = await provider.data("StackUpdate", id="net", input=sent)
    read = await provider.data("StackAWSRoleRead", id="net")
    assert read["vendorConfig"] == updated["vendorConfig"]
    assert updated["vendorConfig"]["useStateManagement"] is managed
    assert updated["managesStateFile"] is managed

    sent = a_stack({"terragrunt": then | {"terraformVersion": "1.6.0"}})
    await provider.data("StackUpdate", id="net", input=sent)
    back = await provider.data(
        "StackMigrateVendor",
        id="net",
        targetVendor="Terraform",
        config={"labels": ["b"], "terragrunt": None},
    )
    assert (back["labels"], back["managesStateFile"]) == (["b"], managed)
    assert back["vendorConfig"]["__typename"] == "StackConfigVendorTerraform"
    assert back["vendorConfig"]["version"] == "1.6.0"


async def test_terragrunt_without_its_label_is_refused(provider: Provider) -> None:
    await create(provider, a_stack(None, labels=["x"]))

    said = await provider.error(
        "StackMigrateVendor", id="net", targetVendor="Terragrunt", config=None
    )

    assert said == (
        'stack has 1 error: labels: needs the label "terragrunt" to go over to'
        " Terragrunt"
    )


EVERYTHING: Final[dict[str, Any]] = {
    "administrative": True,
    "additionalProjectGlobs": ["shared/**", "*.tf"],
    "autodeploy": True,
    "description": "ours",
    "enableSensitiveOutputUpload": False,
    "enableWellKnownSecretMasking": True,
    "gitSparseCheckoutPaths": ["infra", "shared"],
    "githubActionDeploy": False,
    "labels": ["b", "a"],
    "localPreviewEnabled": True,
    "projectRoot": "infra/",
    "protectFromDeletion": True,
    "runnerImage": "registry.example/runner:1",
}
HOOKS: Final = {name: [f"echo {name}", "true"] for name in NOTHING_OF_HOOKS}
UNSET: Final[dict[str, Any]] = {
    "additionalProjectGlobs": [],
    "description": None,
    "gitSparseCheckoutPaths": [],
    "labels": [],
    "projectRoot": None,
    "runnerImage": None,
}


async def test_every_setting_of_a_stack_is_kept_as_sent_and_can_be_unset(
    provider: Provider,
) -> None:
    await create(provider, a_stack(None))

    sent = EVERYTHING | HOOKS
    updated = await provider.data("StackUpdate", id="net", input=a_stack(None, **sent))
    read = await provider.data("StackAWSRoleRead", id="net")
    for shown in (updated, read):
        assert sent.items() <= shown.items()

    unset = await provider.data("StackUpdate", id="net", input=a_stack(None))
    assert UNSET.items() <= unset.items()
    assert all(unset[hook] == [] for hook in HOOKS)
    assert unset["space"] == "legacy", "which null keeps"


async def test_code_on_any_public_server_keeps_its_url_and_owner(
    provider: Provider,
) -> None:
    url = "https://git.example/acme/demo.git"
    raw = {"provider": "GIT", "repositoryURL": url, "namespace": "acme"}
    made = await create(provider, a_stack(None, **raw))
    assert raw.items() <= made.items()
    assert made["vcsIntegration"] is None

    shown = {"provider": "SHOWCASE", "namespace": "spacelift-io"}
    moved = await provider.data("StackUpdate", id="net", input=a_stack(None, **shown))
    assert shown.items() <= moved.items()
    assert moved["repositoryURL"] is None


async def test_a_stack_is_switched_off_and_on(provider: Provider) -> None:
    await create(provider, a_stack(None))
    for document, expected in (
        ("StackActivatorDisable", True),
        ("StackActivatorEnable", False),
    ):
        said = await provider.data(document, id="net")
        assert said["isDisabled"] is expected


async def test_what_documented_clients_say_in_the_settings_is_kept_too(
    provider: Provider,
) -> None:
    """Which no client of today does: off and on, and the version of its tool."""
    await create(provider, a_stack(None))
    for off, version in ((True, "1.5.6"), (False, "1.5.7")):
        old = {"isDisabled": off, "terraformVersion": version}
        said = await provider.data("StackUpdate", id="net", input=a_stack(None, **old))
        assert (said["isDisabled"], said["terraformVersion"]) == (off, version)
        assert await provider.data("StackAWSRoleRead", id="net") == said


@pytest.mark.parametrize("kind", ["ENVIRONMENT_VARIABLE", "FILE_MOUNT"])
async def test_the_life_of_a_stack_s_own_variable_and_file(
    provider: Provider, kind: str
) -> None:
    await create(provider, a_stack(None))
    config: dict[str, Any] = {
        "id": "TOKEN",
        "type": kind,
        "value": base64.b64encode(b"sesame").decode(),
        "writeOnly": True,
        "description": "",
    }
    made = await provider.data(
        "EnvironmentVariableCreateModule", stack="net", config=config
    )
    assert made["value"] is None
    assert made["checksum"] == hashlib.sha256(config["value"].encode()).hexdigest()
    named = {"stack": "net", "id": "TOKEN"}
    read = await provider.data("EnvironmentVariableReadStack", **named)
    assert read == {"configElement": made}
    await provider.data("EnvironmentVariableDeleteStack", **named)
    read = await provider.data("EnvironmentVariableReadStack", **named)
    assert read == {"configElement": None}


async def test_a_new_stack_has_no_outputs_and_is_gone_when_asked_to(
    provider: Provider,
) -> None:
    await create(provider, a_stack(None))
    assert (await provider.data("StackOutputsRead", id="net"))["outputs"] == []

    said = await provider.data("StackDelete", id="net")
    assert said["deleting"] is True
    async with provider.edge.unit() as unit:
        await unit.deletions.go_on(StackId("net"), by=SYSTEM)
    assert await provider.data("StackAWSRoleRead", id="net") is None


async def test_what_went_with_its_stack_is_deleted_once_more_without_an_error(
    provider: Provider,
) -> None:
    """A destructor deletes a stack before all that it needs, and that before itself."""
    await create(provider, a_stack(None))
    async with provider.edge.unit() as unit:
        await unit.stacks.purge(StackId("net"), by=SYSTEM)

    said, here = provider.data, {"stack": "net"}
    own, alone = {"id": "net"}, {"id": NOWHERE}
    assert await said("StackDestructorDelete", **own) is None
    assert await said("EnvironmentVariableDeleteStack", **here, id="TOKEN") is None
    assert await said("WebhookDelete", **here, webhook=NOWHERE) is None
    assert await said("AWSRoleDelete", **own) == {"activated": False}
    assert await said("GCPServiceAccountDelete", **own) == {"activated": False}
    assert await said("DriftDetectionDelete", **here) == {"deleted": True}
    for kind in ("Context", "Policy", "AwsIntegration", "AzureIntegration"):
        assert await said(f"{kind}AttachmentDelete", **alone) is None
    assert await said("StackDependencyDelete", **alone) is None
    assert await said("StackDelete", **own) is None
    assert await said("WorkerPoolDelete", **alone) is None


async def test_a_new_stack_is_idle_free_and_untracked_and_has_empty_lists(
    provider: Provider,
) -> None:
    await create(provider, a_stack(None))
    query = """{ stack(id: "net") {
      state lockedBy trackedCommit { hash } blocker { id }
      workerPool { id } dependsOn { id } isDependedOnBy { id } config { id }
      outputs { id } entities { id } attachedContexts { id } runs { id }
      runtimeConfig { element { id } }
      integrations {
        aws { assumedRoleArn assumeRolePolicyStatement }
        gcp { serviceAccountEmail tokenScopes }
        driftDetection { schedule } webhooks { id } } } }"""
    async with provider.edge.client() as client:
        answer = await client.post(
            "/graphql", json={"query": query}, headers=provider.headers
        )
    assert "errors" not in answer.json(), answer.json()
    shown = answer.json()["data"]["stack"]

    assert shown.pop("state") == "NONE"
    assert {element["element"]["id"] for element in shown.pop("runtimeConfig")}
    integrations = shown.pop("integrations")
    assert integrations["aws"].pop("assumeRolePolicyStatement")
    assert integrations == {
        "aws": {"assumedRoleArn": None},
        "gcp": {"serviceAccountEmail": None, "tokenScopes": []},
        "driftDetection": {"schedule": []},
        "webhooks": [],
    }
    assert {name: said for name, said in shown.items() if said != []} == dict.fromkeys(
        ("lockedBy", "trackedCommit", "blocker", "workerPool")
    )


async def test_what_is_not_said_or_null_or_empty_beside_a_new_stack_is_usual(
    provider: Provider,
) -> None:
    """Its slug is that of its name, and its state is kept here."""
    document = """mutation ($input: StackInput!, $managed: Boolean, $text: String) {
      stackCreate(input: $input, manageState: $managed, slug: $text,
                  stackObjectID: $text) { id managesStateFile } }"""
    async with provider.edge.client() as client:
        for name, said in (
            ("Absent", {}),
            ("Null", {"managed": None, "text": None}),
            ("Empty", {"text": ""}),
        ):
            variables = said | {"input": a_stack(None, name=name)}
            answer = await client.post(
                "/graphql",
                json={"query": document, "variables": variables},
                headers=provider.headers,
            )
            made = {"id": name.lower(), "managesStateFile": True}
            assert answer.json() == {"data": {"stackCreate": made}}


@pytest.mark.parametrize(
    "given", [{"labels": [secrets.token_hex(9000)]}, {"space": secrets.token_hex(9000)}]
)
async def test_what_is_too_long_for_an_index_is_said_to_be(
    provider: Provider, given: dict[str, Any]
) -> None:
    sent = {"input": a_stack(None, **given), "manageState": True}
    said = await provider.answer("StackCreate", **sent)
    assert said["errors"][0]["extensions"]["code"] == "INVALID"
    assert "shorten it" in said["errors"][0]["message"]


async def test_a_slug_of_one_s_own_choice_stays(provider: Provider) -> None:
    made = await provider.data(
        "StackCreate", input=a_stack(None), manageState=True, slug="custom-slug-x"
    )
    assert made["id"] == "custom-slug-x"
    renamed = await provider.data(
        "StackUpdate", id="custom-slug-x", input=a_stack(None, name="Other")
    )
    assert (renamed["id"], renamed["name"]) == ("custom-slug-x", "Other")
