"""What goes over the wire when a client that is written in Go asks the graph."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from tests.support.documents import CLIENTS, oneline

# Neither client says another name than that of its library.
_GO: Final = {
    "Content-Type": "application/json",
    "User-Agent": "Go-http-client/1.1",
    "Accept-Encoding": "gzip",
}
# What they are called in `tests/operations`.
SPACECTL: Final = "spacectl"
PROVIDER: Final = "terraform-provider"
_OWN: Final[Mapping[str, dict[str, str]]] = {
    SPACECTL: {"Spacelift-Client-Type": "spacectl", "Spacelift-Client-OS": "linux"},
    PROVIDER: {
        "Spacelift-Client-Type": "provider",
        "Spacelift-Provider-Commit": "c0ffee0",
        "Spacelift-Provider-Version": "1.52.4",
    },
}
# `stack list` alone names what it does; the provider always does.
_NAMING_ONE: Final = "StackOpenCommandSearchStacks"


def headers(client: str, operation: str, token: str = "") -> dict[str, str]:
    """Return what *client* sends beside the body, for whoever has *token*."""
    sent = _GO | _OWN[client]
    if token:
        sent |= {"Authorization": f"Bearer {token}"}
    if client == PROVIDER or operation == _NAMING_ONE:
        kind = "Mutation" if is_mutation(client, operation) else "Query"
        name = "StacksPage" if client == SPACECTL else operation.partition("__")[0]
        sent |= {f"Spacelift-GraphQL-{kind}": name}
    return sent


def is_mutation(client: str, operation: str) -> bool:
    return text(client, operation).startswith("mutation")


def body(client: str, operation: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is posted: without `variables` where there are none."""
    query = {"query": text(client, operation)}
    return query | {"variables": dict(variables)} if variables else query


@cache
def text(client: str, operation: str) -> str:
    """Return the client's own document, in one line, and without a name."""
    return oneline((CLIENTS / client / f"{operation}.graphql").read_text())
