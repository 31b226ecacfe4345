"""The promise to authors of policies, held against inputs that they know."""

import json
from copy import deepcopy
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator
from starlette.applications import Starlette
from tests.support.edge import SITE
from tests.support.policy_inputs import (
    HAPPENING,
    INPUTS,
    MODULE,
    PLAN,
    PUSH,
    RUN,
    STACK,
    UPDATED,
)

from stackyard.http.app import build_app
from stackyard.http.policy_contract import policy_contract_route
from stackyard.policies import PolicyType, policy_contract

PATH = "/.well-known/policy-contract.json"
TYPES: dict[str, Any] = json.loads(policy_contract())["types"]
RULES = {
    PolicyType.ACCESS: {"read", "write", "deny", "deny_write"},
    PolicyType.APPROVAL: {
        *("approve", "reject", "approve_with_note", "reject_with_note"),
        *("flag", "reset_flag"),
    },
    PolicyType.GIT_PUSH: {
        *("track", "propose", "ignore", "ignore_track", "notrigger", "notify"),
        *("fail", "message", "cancel", "prioritize", "lock", "unlock", "allow_fork"),
        *("module_version", "external_dependency", "flag", "reset_flag"),
    },
    PolicyType.INITIALIZATION: {"deny"},
    PolicyType.INTENT: {"allow", "deny"},
    PolicyType.LOGIN: {
        *("allow", "admin", "deny", "deny_admin", "roles", "team"),
        *("space_admin", "space_write", "space_read"),
    },
    PolicyType.NOTIFICATION: {"inbox", "slack", "webhook", "pull_request"},
    PolicyType.PLAN: {"deny", "warn", "flag", "reset_flag"},
    PolicyType.TASK: {"deny"},
    PolicyType.TRIGGER: {"trigger", "flag", "reset_flag"},
}


def is_promised(kind: PolicyType, document: Any, what: str = "input") -> bool:
    return bool(Draft202012Validator(TYPES[kind][what]).is_valid(document))


def changed(document: dict[str, Any], place: str, to: Any) -> dict[str, Any]:
    """Return a copy that has something else at a place, or nothing at all."""
    copy = deepcopy(document)
    *path, last = place.split(".")
    at = copy
    for name in path:
        at = at[name]
    del at[last]
    if to is not None:
        at[last] = to
    return copy


def app() -> Starlette:
    return build_app([policy_contract_route()], site=SITE)


async def test_anybody_reads_it_once_and_is_told_when_it_changes() -> None:
    transport = httpx.ASGITransport(app())
    async with httpx.AsyncClient(transport=transport, base_url=SITE.base_url) as client:
        said = await client.get(PATH)
        assert said.status_code == 200
        assert said.headers["content-type"] == "application/json"
        assert said.headers["cache-control"] == "public, max-age=300"
        tag = said.headers["etag"]
        for known in (tag, f'"other", W/{tag}', "*"):
            again = await client.get(PATH, headers={"if-none-match": known})
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["etag"] == tag
        other = await client.get(PATH, headers={"if-none-match": '"other"'})
        assert other.content == said.content == policy_contract()


def test_it_says_all_types_and_both_engines() -> None:
    contract = json.loads(policy_contract())
    assert set(contract["types"]) == set(PolicyType)
    assert [one["type"] for one in contract["engines"]] == ["REGO_V0", "REGO_V1"]
    assert TYPES["PLAN"]["formerNames"] == ["TERRAFORM_PLAN"]
    assert [name for name, one in TYPES.items() if one["deprecated"]] == [
        *("ACCESS", "INITIALIZATION", "TASK")
    ]


@pytest.mark.parametrize("kind", list(PolicyType))
def test_its_schemas_are_schemas_that_stand_alone(kind: PolicyType) -> None:
    for what in ("input", "result"):
        schema = TYPES[kind][what]
        Draft202012Validator.check_schema(schema)
        assert set(refs(schema)) <= {f"#/$defs/{name}" for name in schema["$defs"]}


def refs(schema: Any) -> list[str]:
    if isinstance(schema, list):
        return [ref for one in schema for ref in refs(one)]
    if not isinstance(schema, dict):
        return []
    here = [schema["$ref"]] if "$ref" in schema else []
    return here + [ref for one in schema.values() for ref in refs(one)]


@pytest.mark.parametrize("kind", list(PolicyType))
def test_the_rules_that_are_read_are_named(kind: PolicyType) -> None:
    rules = TYPES[kind]["rules"]
    assert set(rules) == RULES[kind] | {"sample"}
    assert is_promised(kind, rules, "result")  # what holds if a policy has none
    assert not is_promised(kind, rules | {"sample": ["x"]}, "result")


@pytest.mark.parametrize(("kind", "document", "place"), INPUTS)
def test_an_input_is_as_promised_or_it_is_none(
    kind: PolicyType, document: dict[str, Any], place: str
) -> None:
    assert is_promised(kind, document)
    assert is_promised(kind, document | {"more": 1})  # there may be more, later
    assert not is_promised(kind, changed(document, place, None))
    assert not is_promised(kind, changed(document, place, {"odd": True}))
    assert not is_promised(kind, {})


def test_an_input_is_of_one_kind() -> None:
    both = PUSH | {"stack": STACK, "module": MODULE}
    assert not is_promised(PolicyType.GIT_PUSH, both)
    two = HAPPENING | {
        "run_updated": UPDATED,
        "internal_error": {"error": "x", "message": "y", "severity": "ERROR"},
    }
    assert not is_promised(PolicyType.NOTIFICATION, two)


def test_only_where_a_run_came_before_is_it_told_of() -> None:
    with_previous = deepcopy(PLAN)
    with_previous["spacelift"]["previous_run"] = RUN
    assert is_promised(PolicyType.PLAN, with_previous)
    with_previous["spacelift"]["previous_run"] = None
    assert not is_promised(PolicyType.PLAN, with_previous)
