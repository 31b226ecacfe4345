"""What a way into a cloud must be, and what is made up for it."""

import json
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.support.clouds import ROLE, an_aws_spec, an_azure_spec

from stackyard.clouds import (
    AwsIntegration,
    AwsRole,
    AwsRoleSpec,
    AzureIntegration,
    AzureSpec,
    CloudProblemsError,
    GcpAccount,
    own_external_id,
    trust_statement,
)
from stackyard.kernel.clock import system_clock
from stackyard.kernel.ids import LEGACY, StackId

NET = StackId("net")
AT = system_clock()


def an_integration(**given: Any) -> AwsIntegration:
    return AwsIntegration.create(
        an_aws_spec("ours", **given), space_id=LEGACY, account="acme", at=AT
    )


def a_role(**given: Any) -> AwsRole:
    role = AwsRole(stack_id=NET)
    role.change(AwsRoleSpec(**({"role_arn": ROLE} | given)), at=AT)
    return role


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"labels": ("",)}, "labels: a label must not be empty"),
        ({"duration_seconds": 899}, "durationSeconds: between 900 and 43200"),
        ({"duration_seconds": 43_201}, "durationSeconds: between 900 and 43200"),
        ({"external_id": "a\0"}, "without NUL characters"),
        ({"labels": ("a\0",)}, "without NUL characters"),
    ],
)
def test_what_is_wrong_is_said(given: dict[str, Any], found: str) -> None:
    with pytest.raises(CloudProblemsError) as refused:
        an_integration(**given)
    assert found in str(refused.value)


@pytest.mark.parametrize(
    "arn",
    [
        ROLE,
        "arn:aws-us-gov:iam::123456789012:role/path/to/one",
        "arn:aws-cn:iam::123456789012:role/x",
    ],
)
def test_a_role_is_known_by_its_arn(arn: str) -> None:
    assert a_role(role_arn=arn).role_arn == arn


@pytest.mark.parametrize(
    "arn", ["", "role", "arn:aws:iam::12:role/x", "arn:aws:iam::123456789012:user/x"]
)
def test_what_is_no_role_is_refused_but_by_workers(arn: str) -> None:
    with pytest.raises(CloudProblemsError):
        a_role(role_arn=arn)
    if arn:  # they may have their own ways
        a_role(role_arn=arn, generate_credentials_in_worker=True)


def test_an_external_id_of_another_s_choice_is_for_workers_alone() -> None:
    ours = an_integration(external_id="theirs")
    assert ours.external_id_for(NET, account="acme", write=False) == (
        f"acme@{ours.id}@net@read"
    )
    assert own_external_id(NET, None, account="acme") == "acme@net"
    assert own_external_id(NET, a_role(external_id="x"), account="acme") == "acme@net"
    in_worker = a_role(external_id="x", generate_credentials_in_worker=True)
    assert own_external_id(NET, in_worker, account="acme") == "x"


def test_a_statement_lets_one_account_in_by_one_external_id() -> None:
    assert json.loads(trust_statement("a@b", aws_account="039653571618")) == {
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": "a@b"}},
        "Effect": "Allow",
        "Principal": {"AWS": "039653571618"},
    }


def test_an_application_is_made_up_once_and_for_one_integration() -> None:
    spec = an_azure_spec("ours")
    one, two = (
        AzureIntegration.create(spec, space_id=LEGACY, account="acme", at=AT)
        for _ in range(2)
    )
    assert one.application_id != two.application_id
    assert one.display_name == "acme: ours"
    before = (one.application_id, one.object_id, one.display_name, one.tenant_id)

    one.change(AzureSpec(name="theirs"), space_id=LEGACY, at=AT)

    after = (one.application_id, one.object_id, one.display_name, one.tenant_id)
    assert (one.name, after) == ("theirs", before)


def test_a_tenant_s_name_leads_nowhere_else() -> None:
    spec = an_azure_spec("ours", tenant_id="../evil?x=")
    one = AzureIntegration.create(spec, space_id=LEGACY, account="acme", at=AT)
    found = urlsplit(one.admin_consent_url)
    assert found.path == "/..%2Fevil%3Fx%3D/adminconsent"
    assert found.query == f"client_id={one.application_id}"


def test_an_account_at_google_s_is_nobody_s() -> None:
    account = GcpAccount.create(NET)
    assert account.email.endswith(".invalid")
    for wrong in ((), ("",), ("a\0",), ("x",) * 101):
        with pytest.raises(CloudProblemsError):
            account.change(wrong, at=AT)
