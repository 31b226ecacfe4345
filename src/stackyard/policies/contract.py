"""What authors of policies can rely on, as a document that tools can read.

Made of the very types that inputs are built of and results are read into, so that it
cannot say anything else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import msgspec

from stackyard.policies.inputs import events, results, runs
from stackyard.policies.model import FORMER_NAMES, EngineType, PolicyType

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
VERSION: Final = 1  # a higher one for what takes a promise back
# Policies decide by their input alone: by no other machine, and by no clock.
UNAVAILABLE: Final = (
    "http.send",
    "opa.runtime",
    "rego.parse_module",
    "time.now_ns",
    "trace",
)
DEPRECATED: Final = frozenset(
    {PolicyType.ACCESS, PolicyType.INITIALIZATION, PolicyType.TASK}
)
_LANGUAGES: Final = {
    EngineType.REGO_V0: ("Rego", "v0"),
    EngineType.REGO_V1: ("Rego", "v1"),
}


@dataclass(frozen=True, slots=True)
class Promise:
    """The documents that policies of a type are asked with, and what is read."""

    result: type[results.Result]
    inputs: tuple[type[msgspec.Struct], ...]


PROMISES: Final = {
    PolicyType.ACCESS: Promise(
        results.AccessResult, (events.StackAccess, events.ModuleAccess)
    ),
    PolicyType.APPROVAL: Promise(results.ApprovalResult, (runs.Approval,)),
    PolicyType.GIT_PUSH: Promise(
        results.PushResult, (events.PushedToStack, events.PushedToModule)
    ),
    PolicyType.INITIALIZATION: Promise(results.DenyResult, (runs.Initialization,)),
    PolicyType.INTENT: Promise(results.IntentResult, (events.Intent,)),
    PolicyType.LOGIN: Promise(
        results.LoginResult, (events.SignIn, events.SignInBySlack)
    ),
    PolicyType.NOTIFICATION: Promise(
        results.NotificationResult,
        (events.RunHappening, events.VersionHappening, events.ErrorHappening),
    ),
    PolicyType.PLAN: Promise(results.PlanResult, (runs.Plan,)),
    PolicyType.TASK: Promise(results.DenyResult, (runs.Task,)),
    PolicyType.TRIGGER: Promise(
        results.TriggerResult, (runs.RunEnded, runs.VersionPublished)
    ),
}


@cache
def policy_contract() -> bytes:
    """Return the contract, in JSON; the same bytes as long as it says the same."""
    contract = {
        "version": VERSION,
        "package": "spacelift",
        "engines": [
            {"type": kind, "language": language, "languageVersion": version}
            for kind, (language, version) in _LANGUAGES.items()
        ],
        "unavailableFunctions": UNAVAILABLE,
        "types": {
            kind: {
                "deprecated": kind in DEPRECATED,
                "formerNames": [
                    old for old, new in FORMER_NAMES.items() if new == kind
                ],
                "rules": msgspec.json.decode(msgspec.json.encode(promise.result())),
                "input": schema_of(promise.inputs),
                "result": schema_of([promise.result]),
            }
            for kind, promise in PROMISES.items()
        },
    }
    return msgspec.json.encode(contract)


def schema_of(documents: Sequence[type[msgspec.Struct]]) -> dict[str, Any]:
    """Return a schema that stands alone, of something that is one of *documents*."""
    found, parts = msgspec.json.schema_components(
        documents, ref_template="#/$defs/{name}"
    )
    either = found[0] if len(found) == 1 else {"oneOf": list(found)}
    return {"$schema": DIALECT, **either, "$defs": parts}
