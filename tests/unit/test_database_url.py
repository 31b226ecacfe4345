"""How the database's address is read."""

from traceback import format_exception

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict

from stackyard.kernel.database_url import DatabaseUrl

CANARY = "canary-7f3a"


def parameters(text: str) -> dict[str, str]:
    return dict(DatabaseUrl.parse(text).parameters)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql"])
def test_both_schemes_and_percent_encoding_are_read(scheme: str) -> None:
    read = parameters(f"{scheme}://me%40corp:p%40%2F%3A%25@db:6543/yard")

    assert read == {
        "user": "me@corp",
        "password": "p@/:%",
        "host": "db",
        "port": "6543",
        "dbname": "yard",
    }


def test_a_sidecar_s_address_needs_no_password() -> None:
    read = parameters("postgres://sa%40project.iam@127.0.0.1:5432/yard")

    assert read["user"] == "sa@project.iam"
    assert "password" not in read


def test_several_hosts_and_a_socket_are_understood() -> None:
    several = parameters("postgres://u@a:1,b:2/yard?target_session_attrs=read-write")

    assert (several["host"], several["port"]) == ("a,b", "1,2")
    assert several["target_session_attrs"] == "read-write"
    assert parameters("postgres:///yard?host=/run/pg")["host"] == "/run/pg"


def test_options_of_libpq_are_kept_and_those_of_others_are_only_named() -> None:
    url = DatabaseUrl.parse(
        "postgres://db/yard?sslmode=verify-full&sslrootcert=%2Fca.pem"
        f"&pool_max_conns={CANARY}&application_name=a%26b"
    )

    assert url.parameters["sslmode"] == "verify-full"
    assert url.parameters["sslrootcert"] == "/ca.pem"
    assert url.parameters["application_name"] == "a&b"
    assert url.ignored == ("pool_max_conns",)
    assert CANARY not in url.conninfo()


@pytest.mark.parametrize(
    ("option", "prepares"),
    [
        ("", True),
        ("?statement_cache_capacity=0", False),
        ("?statement-cache-capacity=0", False),
        ("?statement_cache_capacity=100", True),
    ],
)
def test_no_statement_cache_means_that_nothing_is_prepared(
    option: str,
    prepares: bool,  # noqa: FBT001 - a case of the table
) -> None:
    url = DatabaseUrl.parse(f"postgres://db/yard{option}")

    assert url.prepares is prepares
    assert url.ignored == ()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (f"mysql://u:{CANARY}@db/yard", "must be postgres://"),
        (f"u:{CANARY}@db/yard", "must be postgres://"),
        (f"postgres://u:{CANARY}%@db/yard", "is not a PostgreSQL URL"),
        (f"postgres://u:{CANARY}@d\u2100/yard", "must name a host"),
        (f"postgres://u:{CANARY}@/yard", "must name a host"),
        (f"postgres://u:{CANARY}@db", "must name a host and a database"),
        (f"postgres://u:{CANARY}@db:99999/yard", "ports between"),
        (f"postgres://u:p@db/yard?sslmode={CANARY}", "must have an sslmode"),
    ],
)
def test_what_is_wrong_is_said_without_repeating_it(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint) as caught:
        DatabaseUrl.parse(text)

    assert CANARY not in "".join(format_exception(caught.value))


def test_neither_form_of_it_shows_the_password() -> None:
    url = DatabaseUrl.parse(f"postgres://u:{CANARY}@db/yard")

    assert CANARY not in f"{url} {url!r}"


def test_what_the_url_says_goes_before_our_defaults() -> None:
    url = DatabaseUrl.parse("postgres://db/yard?connect_timeout=2")

    said = conninfo_to_dict(url.conninfo(connect_timeout="5", application_name="us"))
    assert said["connect_timeout"] == "2"
    assert said["application_name"] == "us"


@given(st.text())
def test_whatever_is_given_is_read_or_refused(rest: str) -> None:
    try:
        url = DatabaseUrl.parse(f"postgres://{rest}")
    except ValueError:
        return
    assert url.parameters["dbname"]
