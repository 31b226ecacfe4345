"""Which fields of clients' inputs made a whole round: sent, taken, and read again.

A field has come round once a value of it that is not null stood in an answer, within
the test that sent it: under the field's own name, or as the id of something. What only
says which thing is meant is no such field.
"""

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, TypeAlias

import msgspec
from graphql import (
    GraphQLInputType,
    OperationDefinitionNode,
    OperationType,
    get_named_type,
    is_input_object_type,
    is_list_type,
    is_non_null_type,
    parse,
    type_from_ast,
)

from stackyard.graphql.leniency import without_empty_arguments
from stackyard.graphql.schema import build_schema

# What is sent under one name and read under another.
READ_AS: Final[Mapping[str, str]] = {
    "accounts": "subdomain",
    "path": "filePath",
    "template": "rawTemplate",
    "versionNumber": "version",
    "drift_detection_run_limit": "driftDetectionRunLimit",
    "manageState": "managesStateFile",
    "roleArn": "assumedRoleArn",
    "sharedAccounts": "subdomain",
    "vcsIntegrationId": "vcsIntegration",
    "workflowTool": "openTofuWorkflowTool",
}
_ONCE: Final = "asked for once, and no setting"
_HIDDEN: Final = "a secret, which is told to nobody"
# What no client reads, and why.
UNREAD: Final[Mapping[str, str]] = {
    "NamedWebhooksIntegrationInput.secret": _HIDDEN,
    "RevisionCreateInput.authorEmail": "git shows it: test_repos_graph.py",
    "RevisionCreateInput.description": "git shows it: test_repos_graph.py",
    "RevisionCreateInput.message": "git shows it: test_repos_graph.py",
    "RevisionFileInput.action": "the file is there, changed, or deleted",
    "RevisionFileInput.encrypt": "refused: nothing seals files yet",
    "RuntimeConfigInput.yaml": "read as the settings that it says",
    "TerraformProviderVersionInput.shaSumsFileSHA": "what is uploaded must have it",
    "TerraformProviderVersionInput.signatureFileSHA": "what is uploaded must have it",
    "WebhooksIntegrationInput.secret": _HIDDEN,
    "azureDevOpsRepoIntegrationCreate.personalAccessToken": _HIDDEN,
    "azureDevOpsRepoIntegrationUpdate.personalAccessToken": _HIDDEN,
    "bitbucketDatacenterIntegrationCreate.accessToken": _HIDDEN,
    "bitbucketDatacenterIntegrationUpdate.accessToken": _HIDDEN,
    "gitlabIntegrationCreate.token": _HIDDEN,
    "gitlabIntegrationUpdate.privateToken": _HIDDEN,
    "gpgKeyCreate.asciiArmor": "read as its fingerprint",
    "runPrioritizeSet.prioritize": _ONCE,
    "stackCreate.stackObjectID": "what the stack's state is made of",
    "taskCreate.noinit": _ONCE,
    "taskCreate.skipInitialization": _ONCE,
    "versionCreate.commitSha": _ONCE,
    "versionCreate.sha": _ONCE,
    "versionCreate.version": _ONCE,
    "workerDrainSet.drain": _ONCE,
    "workerPoolCreate.csr": "read as the certificate that it is answered with",
}
_KEEPING: Final = re.compile(r"(Add|Attach|Create|Update|Set|Share)(V2|v2)?$")
_test = [""]  # whose values are pending

Said: TypeAlias = Mapping[str, Any]


@dataclass
class Rounds:
    """*back*: the fields that have come round."""

    back: set[str] = field(default_factory=set)
    _pending: defaultdict[str, set[bytes]] = field(
        default_factory=lambda: defaultdict(set)
    )
    _test: str = ""  # whose values are pending

    def note(self, text: str, variables: Said, data: Said) -> None:
        """Take note of what was sent with a document, and answered without an error."""
        test = os.environ.get("PYTEST_CURRENT_TEST", "").partition(" ")[0]
        if test != self._test:
            self._test = test
            self._pending.clear()
        for path, value in _sent(text, variables):
            if value not in (None, "") and path not in self.back:
                self._pending[path].add(msgspec.json.encode(value))
        shown = _shown(data) if self._pending else {}
        for path, sent in list(self._pending.items()):
            if any(sent & shown.get(name, set()) for name in _read_as(path)):
                self.back.add(path)
                del self._pending[path]


def unlike(texts: Iterable[str], back: set[str]) -> list[str]:
    """Return a line for each field that should have come round, or should not have."""
    missing = sorted(fields(texts) - back - UNREAD.keys())
    wrong = sorted(UNREAD.keys() & back)
    return [
        *(f"{path} is sent, but no test reads it again" for path in missing),
        *(f"{path} is read again, but: {UNREAD[path]}" for path in wrong),
    ]


def fields(texts: Iterable[str]) -> set[str]:
    """Return all fields that these documents may send of what is kept."""
    return {path for text in texts for path in _fields(text)}


def _read_as(path: str) -> set[str]:
    name = path.rpartition(".")[2]
    return {name.lower(), READ_AS.get(name, name).lower(), "id"}


@cache
def _schema() -> Any:
    return build_schema()


@cache
def _variables(text: str) -> Mapping[str, tuple[str, GraphQLInputType]]:
    """Return the variables of a mutation that keeps something, whose they are."""
    [operation] = [
        one
        for one in parse(without_empty_arguments(text)).definitions
        if isinstance(one, OperationDefinitionNode)
    ]
    root = operation.selection_set.selections[0].name.value  # type: ignore[attr-defined]
    if operation.operation is not OperationType.MUTATION or not _KEEPING.search(root):
        return {}
    found = {}
    for one in operation.variable_definitions or ():
        kind: Any = type_from_ast(_schema(), one.type)
        if str(kind) != "ID!":
            found[one.variable.name.value] = (root, kind)
    return found


def _sent(text: str, variables: Said) -> Iterator[tuple[str, Any]]:
    for name, (root, kind) in _variables(text).items():
        yield from _walk(f"{root}.{name}", kind, variables.get(name))


def _walk(path: str, kind: Any, value: Any) -> Iterator[tuple[str, Any]]:
    if value is None:
        return
    if is_non_null_type(kind):
        yield from _walk(path, kind.of_type, value)
    elif is_list_type(kind):
        for one in value if isinstance(value, list) else [value]:
            yield from _walk(path, kind.of_type, one)
    elif not is_input_object_type(kind):
        yield path, value
    else:
        for name, inner in kind.fields.items():
            yield from _walk(f"{kind.name}.{name}", inner.type, value.get(name))


def _fields(text: str) -> set[str]:
    found: set[str] = set()

    def look(path: str, kind: Any) -> None:
        named: Any = get_named_type(kind)
        if path in found:
            return
        if not is_input_object_type(named):
            found.add(path)
        elif not any(one.startswith(f"{named.name}.") for one in found):
            for name, inner in named.fields.items():
                look(f"{named.name}.{name}", inner.type)

    for name, (root, kind) in _variables(text).items():
        look(f"{root}.{name}", kind)
    return found


def _shown(data: Said) -> dict[str, set[bytes]]:
    """Return all values of an answer by their names; whatever names an id is one."""
    shown: defaultdict[str, set[bytes]] = defaultdict(set)
    for name, value in _leaves(data):
        shown["id" if name.endswith("Id") else name.lower()].add(
            msgspec.json.encode(value)
        )
    return shown


def _leaves(said: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each value with its name; an object with an id is that id, too."""
    if isinstance(said, dict):
        if name and "id" in said:
            yield name, said["id"]
        for inner, value in said.items():
            yield from _leaves(value, inner)
    elif isinstance(said, list):
        for one in said:
            yield from _leaves(one, name)
    else:
        yield name, said
