"""Everything through PgBouncer in transaction mode, with nothing to listen on."""

from collections.abc import Iterator

import pytest
from tests.support.platform import Platform, running_platform
from tests.support.pooler import running_pooler
from tests.support.ports import free_port


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    server_port = free_port()
    with running_pooler(server_port, size=15) as port:
        url = f"postgres://postgres@127.0.0.1:{port}/stackyard"
        with running_platform(1, postgres_port=server_port, DATABASE_URL=url) as found:
            yield found


def test_a_run_is_planned_confirmed_and_applied(platform: Platform) -> None:
    client = platform.client
    repo = client.create_repo("pooled")
    client.commit(repo, {"main.tf": 'output "made" { value = "one" }\n'})
    stack = client.create_stack("pooled", repo, platform.pool)

    run = client.trigger(stack)
    client.wait_for(stack, run, "UNCONFIRMED", seconds=90)
    client.act("runConfirm", stack, run)
    states = {state for state, _ in client.states(run)}
    client.wait_for(stack, run, "FINISHED", seconds=90)

    assert "FINISHED" in states  # a viewer was told
    assert client.outputs(stack)["made"] == '"one"'
    sessions = platform.query(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = 'stackyard'"
        " AND application_name = 'stackyard'"
    )
    assert sessions <= [(15,)]


def test_who_listens_in_vain_says_so_once(platform: Platform) -> None:
    for name in ("server", "drain"):
        said = platform.said_by(name)
        [warning] = [one for one in said if one["event"] == "database.pooled"]
        assert warning["level"] == "warning"
        assert "STACKYARD_DATABASE_DIRECT_URL" in warning["remedy"]
        assert not [one for one in said if one["level"] in {"error", "critical"}]
