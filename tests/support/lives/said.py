"""What the provider sends about resources of which there are many, by their names."""

import base64
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from tests.support.certificates import request_pem, rsa_key
from tests.support.lives.course import Variables

# A git server that nobody asks yet.
OF_GITLAB: Final = {"provider": "GITLAB", "vcsIntegrationId": None, "namespace": "us"}
READER: Final = {"space": "root", "spaceAccessLevel": "READ"}
ROLE: Final = "arn:aws:iam::039653571618:role/empty-test-role"
NO_HOOKS: Final[Mapping[str, list[str]]] = {
    f"{when}{phase}": []
    for when in ("before", "after")
    for phase in ("Init", "Plan", "Apply", "Perform", "Destroy")
} | {"afterRun": []}


def an_input(**given: Any) -> Variables:
    return {"input": given}


def context(name: str, *labels: str) -> Variables:
    return an_input(name=name, description=None, labels=list(labels), hooks=NO_HOOKS)


def policy(name: str, body: str, **given: Any) -> Variables:
    return an_input(name=name, body=body, labels=[], engineType="REGO_V0", **given)


def aws(name: str, seconds: int) -> Variables:
    return {
        "name": name,
        "roleArn": ROLE,
        "durationSeconds": seconds,
        "generateCredentialsInWorker": False,
        "externalID": "",
        "region": None,
        "labels": [],
        "space": "root",
        "autoattachEnabled": False,
        "tagAssumeRole": False,
    }


def azure(name: str, **given: Any) -> Variables:
    usual = {"name": name, "labels": [], "space": "root", "autoattachEnabled": False}
    return usual | {"defaultSubscriptionId": None} | given


def webhook(name: str, enabled: bool) -> Variables:  # noqa: FBT001 - said in a table
    return an_input(
        enabled=enabled,
        endpoint="https://hooks.example/in",
        space="root",
        name=name,
        secret="hush",  # noqa: S106 - nobody's
        labels=[],
        retryOnFailure=False,
    )


def pool(name: str, limit: int) -> Variables:
    return {
        "name": name,
        "description": name,
        "drift_detection_run_limit": limit,
        "labels": [],
        "space": "root",
    }


@cache
def csr() -> str:
    """A request for a certificate; which does not matter, and it is slow to make."""
    return base64.b64encode(request_pem(rsa_key())).decode()


def module(name: str, labels: list[str]) -> Variables:
    return {
        "administrative": False,
        "branch": "main",
        "description": name,
        "labels": labels,
        "localPreviewEnabled": False,
        "protectFromDeletion": False,
    }


def of_repository(name: str) -> Variables:
    return {
        "provider": "GITHUB",
        "repository": f"terraform-aws-{name}",
        "workflowTool": "TERRAFORM_FOSS",
    }


def space(name: str, *, inherit: bool) -> Variables:
    return an_input(
        name=name,
        parentSpace="root",
        inheritEntities=inherit,
        description="",
        labels=[],
    )


def git_server(name: str = "") -> Variables:
    """Say where one is; without a name what is said to change the one there is."""
    host = "https://git.example/"
    return {"apiHost": host, "userFacingHost": host} | _own(name)


def azure_devops(name: str = "") -> Variables:
    organization = "https://dev.azure.example/ops"
    projects = ["two", "one"] if name else ["one"]
    return {
        "organizationURL": organization,
        "userFacingHost": organization,
        "accessibleProjects": projects,
    } | _own(name)


def _own(name: str) -> Variables:
    unsaid = dict.fromkeys(("vcsChecks", "useGitCheckout"))
    if name:
        new = {"name": name, "spaceID": "root", "isDefault": False}
        return {"customInput": new | unsaid | {"labels": [], "description": None}}
    old = {"space": "root", "labels": ["a"], "description": "d"}
    return {"customInput": old | unsaid}
