"""What an entry keeps of the arguments that a mutation was given."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any, Final

import pytest
from graphql import (
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
)

from stackyard.audit import masked
from stackyard.audit.model.masking import LONGEST_ALL, LONGEST_TEXT
from stackyard.graphql.schema import build_schema

CANARY: Final = "canary-5ecre7"
# Texts that are kept as they are. A new argument belongs here, if whoever reads the
# trail may read it; or its name says that it is a secret (`masking.py`).
SHOWN: Final = {
    "accessibleProjects",
    "additionalProjectGlobs",
    "afterApply",
    "afterDestroy",
    "afterInit",
    "afterPerform",
    "afterPlan",
    "afterRun",
    "apiHost",
    "appID",
    "architecture",
    "archive",
    "archiveChecksum",
    "authorEmail",
    "authorName",
    "beforeApply",
    "beforeDestroy",
    "beforeInit",
    "beforePerform",
    "beforePlan",
    "binaryChecksum",
    "body",
    "branch",
    "certificateSigningRequest",
    "clientId",
    "command",
    "commitSha",
    "cronSchedule",
    "defaultSubscriptionId",
    "description",
    "email",
    "endpoint",
    "entryTemplateFile",
    "externalID",
    "fileMode",
    "gitSparseCheckoutPaths",
    "groupName",
    "groupsClaim",
    "headerKeys",
    "id",
    "inputName",
    "instructions",
    "invitationEmail",
    "issuer",
    "key",
    "kubectlVersion",
    "labelIdentifier",
    "labels",
    "loginURL",
    "manifest",
    "message",
    "metadata",
    "name",
    "namespace",
    "note",
    "number",
    "organizationURL",
    "os",
    "outputName",
    "path",
    "playbook",
    "privateWorkerPoolRunnerImage",
    "projectRoot",
    "protocolVersions",
    "publicWorkerPoolRunnerImage",
    "region",
    "repository",
    "repositoryURL",
    "roleArn",
    "runnerImage",
    "schedule",
    "securityEmail",
    "sha",
    "sharedAccounts",
    "shaSumsFileSHA",
    "signatureFileSHA",
    "slug",
    "stackName",
    "stackObjectID",
    "subjectExpression",
    "targets",
    "terraformProvider",
    "testIds",
    "subscriptionId",
    "teams",
    "template",
    "templateBucket",
    "tenantID",
    "terraformVersion",
    "terragruntVersion",
    "timezone",
    "tokenScopes",
    "type",
    "userFacingHost",
    "username",
    "version",
    "versionNumber",
    "workspace",
}


def leaves(kind: GraphQLInputType, names: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield the way to every text that may be given for an argument of *kind*."""
    match kind:
        case GraphQLNonNull() | GraphQLList():
            yield from leaves(kind.of_type, names)
        case GraphQLInputObjectType() if len(names) < 8:
            for name, field in kind.fields.items():
                yield from leaves(field.type, (*names, name))
        case GraphQLScalarType(name="String"):
            yield names


def texts() -> set[tuple[str, ...]]:
    mutations = build_schema().mutation_type
    assert mutations is not None
    return {
        way
        for field in mutations.fields.values()
        for name, argument in field.args.items()
        for way in leaves(argument.type, (name,))
    }


def snake(name: str) -> str:
    return "".join(f"_{one.lower()}" if one.isupper() else one for one in name)


def kept(way: tuple[str, ...]) -> dict[str, Any]:
    value: Any = CANARY
    for name in reversed(way):
        value = {snake(name): value}
    return masked(value)


def test_every_text_of_every_mutation_is_known_as_shown_or_is_hidden() -> None:
    clear = {way for way in texts() if CANARY in json.dumps(kept(way))}

    assert {way[-1] for way in clear} <= SHOWN
    hidden = {way[-1] for way in texts() - clear}
    assert {"secret", "value", "content", "data", "input", "asciiArmor"} <= hidden


def test_a_secret_is_known_by_its_sum_alone() -> None:
    digest = hashlib.sha256(CANARY.encode()).hexdigest()

    assert masked({"enabled": True, "secret": CANARY}) == {
        "Enabled": True,
        "SecretSHA": digest,
    }
    assert masked({"secret": None}) == {"Secret": None}
    assert masked({"config": {"id": "A", "value": CANARY}}) == {
        "Config": {"ID": "A", "ValueSHA": digest}
    }


@pytest.mark.parametrize(
    "name",
    [
        "access_token",
        "api_key",
        "client_secret",
        "credentials",
        "db_password",
        "personal_access_token",
        "private_key",
        "secret_headers",
        "webhook_secret",
    ],
)
def test_what_will_be_a_secret_is_one_by_its_name(name: str) -> None:
    for value in (CANARY, [CANARY], {"a": {"b": CANARY}}):
        assert CANARY not in json.dumps(masked({name: value, "deep": {name: value}}))


def test_credentials_in_a_url_are_not_kept() -> None:
    found = masked({"repository_url": f"https://ada:{CANARY}@git.example/x.git"})

    assert found == {"RepositoryURL": "https://***@git.example/x.git"}


def test_what_is_long_is_known_by_its_sum() -> None:
    long = "x" * (LONGEST_TEXT + 1)
    digest = hashlib.sha256(long.encode()).hexdigest()

    assert masked({"description": long, "hooks": [long, "y"]}) == {
        "DescriptionSHA": digest,
        "Hooks": [f"sha256:{digest}", "y"],
    }
    assert set(masked({"many": ["z" * 100] * (LONGEST_ALL // 100)})) == {"SHA"}
