"""What a link to a git server must keep to, and what changes it."""

from typing import Any

import pytest
from tests.support.fake_vault import MemoryVault
from tests.support.fakes import Clock
from tests.support.git_servers import PEM, a_connection, a_git_server

from stackyard.kernel.ids import LEGACY, ROOT
from stackyard.vcs import Integration, IntegrationKind, IntegrationSettings
from stackyard.vcs.errors import DefaultIntegrationMovedError, IntegrationProblemsError

AT = Clock()()
GITLAB = IntegrationKind.GITLAB


def made(
    kind: IntegrationKind = GITLAB, name: str = "Our Git", **given: Any
) -> tuple[Integration, MemoryVault]:
    vault = MemoryVault()
    wanted = a_git_server(kind, name, **given)
    return Integration.create(wanted, a_connection(kind), vault, AT), vault


@pytest.mark.parametrize(
    ("kind", "clones"),
    [
        (IntegrationKind.AZURE_DEVOPS, True),
        (IntegrationKind.BITBUCKET_CLOUD, False),
        (IntegrationKind.BITBUCKET_DATACENTER, False),
        (IntegrationKind.GITHUB_ENTERPRISE, False),
        (IntegrationKind.GITLAB, True),
    ],
)
def test_use_git_checkout_null_is_the_default_of_the_kind(
    kind: IntegrationKind, *, clones: bool
) -> None:
    integration, vault = made(kind)
    assert integration.use_git_checkout is clones
    chosen = IntegrationSettings(use_git_checkout=not clones)
    integration.change(chosen, a_connection(kind), vault, AT)
    assert integration.use_git_checkout is not clones


@pytest.mark.parametrize(
    ("kind", "given", "problem"),
    [
        (GITLAB, {"api_host": "git.example"}, "apiHost: must be https://"),
        (GITLAB, {"api_host": "javascript://x"}, "apiHost: must be https://"),
        (GITLAB, {"api_host": "https://x:0"}, "apiHost: must be https://"),
        (GITLAB, {"api_host": "https://x:y"}, "apiHost: must be https://"),
        (GITLAB, {"api_host": "https://x?y"}, "apiHost: must be a URL"),
        (GITLAB, {"api_host": "https://a b"}, "apiHost: must be a URL"),
        (GITLAB, {"user_facing_host": "https://a:b@c"}, "userFacingHost: must not"),
        (GITLAB, {"token": " "}, "privateToken: needed"),
        (GITLAB, {"token": "x" * 20_000}, "privateToken: at most"),
        (GITLAB, {"username": "a\0"}, "username: at most"),
        (IntegrationKind.AZURE_DEVOPS, {"api_host": "x"}, "organizationURL: must"),
        (
            IntegrationKind.AZURE_DEVOPS,
            {"accessible_projects": ("a", "a")},
            "accessibleProjects: must not name the same thing twice",
        ),
        (IntegrationKind.BITBUCKET_CLOUD, {"email": ""}, "username, email: both"),
        (IntegrationKind.GITHUB_ENTERPRISE, {"app_id": ""}, "appID: needed"),
        (IntegrationKind.GITHUB_ENTERPRISE, {"token": "t"}, "privateKey: must be"),
    ],
)
def test_what_nobody_could_connect_with_is_refused(
    kind: IntegrationKind, given: dict[str, Any], problem: str
) -> None:
    found = list(a_connection(kind, **given).problems(is_new=True))
    assert any(problem in one for one in found), found


@pytest.mark.parametrize("host", ["private://ops", "private://ops/git"])
def test_a_server_may_be_reached_by_agents(host: str) -> None:
    assert list(a_connection(GITLAB, api_host=host).problems(is_new=True)) == []


def test_an_update_needs_no_token() -> None:
    kept = a_connection(GITLAB, token="")
    assert list(kept.problems(is_new=False)) == []


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"name": "!!!"}, "name: must have a letter"),
        ({"name": "n" * 257}, "name: at most 256"),
        ({"space": LEGACY, "is_default": True}, 'in the space "root"'),
        ({"settings": IntegrationSettings(labels=("a", "a"))}, "labels: must not"),
        ({"settings": IntegrationSettings(labels=(" ",))}, "labels: an entry"),
        ({"settings": IntegrationSettings(description="\0")}, "description, labels"),
    ],
)
def test_what_it_cannot_be_called_or_told_is_refused(
    given: dict[str, Any], problem: str
) -> None:
    with pytest.raises(IntegrationProblemsError, match=problem):
        made(**given)


def test_the_id_comes_from_the_name() -> None:
    assert made(name="  Our  Git (EU) ")[0].id == "our-git-eu"


def test_only_the_default_stays_in_root() -> None:
    default, _ = made(is_default=True)
    default.move(ROOT)
    with pytest.raises(DefaultIntegrationMovedError):
        default.move(LEGACY)
    other, _ = made()
    other.move(LEGACY)
    assert other.space_id == LEGACY


def test_secrets_are_sealed_for_their_row_and_stay_until_others_come() -> None:
    kind = IntegrationKind.GITHUB_ENTERPRISE
    integration, vault = made(kind)
    hook, token = integration.webhook_secret, integration.token
    integration.change(None, a_connection(kind, token=""), vault, AT)
    assert (integration.webhook_secret, integration.token) == (hook, token)
    other = a_connection(kind, token=PEM + PEM, webhook_secret="ours")  # noqa: S106 - of a test
    integration.change(None, other, vault, AT)
    assert integration.token != token
    assert integration.open_webhook_secret(vault) == "ours"


def test_what_a_connection_holds_is_not_shown_by_accident() -> None:
    held = a_connection(GITLAB, token="canary", webhook_secret="canary")  # noqa: S106 - of a test
    assert "canary" not in repr(held)
