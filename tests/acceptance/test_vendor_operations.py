"""What the provider sends about stacks of every tool, and of one that goes over.

`tests/operations` holds the client's texts. They are never edited.
"""

from typing import Any, Final

import pytest
from tests.support.edge import Edge
from tests.support.provider import Provider

from stackyard.adapters.postgres import Database
from stackyard.stacks import ReleasedTool, released

NOTHING_OF_HOOKS: Final[dict[str, None]] = {
    f"{when}{phase}": None
    for when in ("before", "after")
    for phase in ("Init", "Plan", "Apply", "Perform", "Destroy")
} | {"afterRun": None}
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
    await create(provider, a_stack(None))

    said = await provider.error("StackUpdate", id="net", input=a_stack(vendor))

    assert said == text


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
    read = await provider.data("StackAWSRoleRead", id="net")
    assert read["vendorConfig"] == over["vendorConfig"]

    back = await provider.data(
        "StackMigrateVendor",
        id="net",
        targetVendor="Terraform",
        config={"labels": ["b"], "terragrunt": None},
    )
    assert (back["labels"], back["managesStateFile"]) == (["b"], managed)
    assert back["vendorConfig"]["__typename"] == "StackConfigVendorTerraform"
    assert back["vendorConfig"]["version"] == "1.5.0"


async def test_terragrunt_without_its_label_is_refused(provider: Provider) -> None:
    await create(provider, a_stack(None, labels=["x"]))

    said = await provider.error(
        "StackMigrateVendor", id="net", targetVendor="Terragrunt", config=None
    )

    assert said == (
        'stack has 1 error: labels: needs the label "terragrunt" to go over to'
        " Terragrunt"
    )
