"""Links to git servers that nobody ever calls."""

from typing import Any

from stackyard.kernel.ids import ROOT, SpaceId
from stackyard.vcs import Connection, IntegrationKind, NewIntegration

PEM = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"


def a_git_server(
    kind: IntegrationKind, name: str, space: SpaceId = ROOT, **given: Any
) -> NewIntegration:
    return NewIntegration(kind=kind, name=name, space_id=space, **given)


def a_connection(kind: IntegrationKind, **given: Any) -> Connection:
    is_app = kind is IntegrationKind.GITHUB_ENTERPRISE
    usual: dict[str, Any] = {
        "api_host": "https://git.example",
        "user_facing_host": "https://git.example",
        "username": "ada",
        "email": "ada@example.com",
        "app_id": "1",
        "token": PEM if is_app else "a-token",
    }
    return Connection(kind=kind, **usual | given)
