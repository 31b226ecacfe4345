"""Every kind of address, dialled for real: TLS, passwords, several hosts."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from tests.support.authority import Authority, key_pem, make_key
from tests.support.ports import free_port
from tests.support.postgres import administer, postgres_at, running
from tests.support.room import quick_folder

from stackyard.adapters.postgres import Database
from stackyard.adapters.postgres.dial import Connection, dial_blocking

USER, PASSWORD = "me@corp", "p@/:%#?&= ü"
RULES = """
host    all postgres 127.0.0.1/32 trust
hostssl all all      127.0.0.1/32 scram-sha-256
"""


@dataclass(frozen=True, slots=True)
class Strict:
    """A server that lets nobody in without TLS and a password."""

    port: int
    root: Path
    other_root: Path

    def url(self, options: str = "", *, host: str = "") -> str:
        who = f"{quote(USER, safe='')}:{quote(PASSWORD, safe='')}"
        where = host or f"127.0.0.1:{self.port}"
        return f"postgres://{who}@{where}/postgres?{options}"


@pytest.fixture(scope="module")
def strict() -> Iterator[Strict]:
    with quick_folder() as folder:
        names = ("hba.conf", "db.pem", "db.key", "root.pem", "other-root.pem")
        rules, issued, key, *roots = (folder / name for name in names)
        authority, private = Authority(), make_key()
        rules.write_text(RULES)
        issued.write_text(authority.issue("db", private))
        key.touch(mode=0o600)
        key.write_text(key_pem(private))
        for root, of in zip(roots, (authority, Authority()), strict=True):
            root.write_text(of.pem)
        settings = {
            "hba_file": str(rules),
            "ssl": "on",
            "ssl_cert_file": str(issued),
            "ssl_key_file": str(key),
        }
        with running(postgres_at(folder), **settings) as server:
            administer(
                server.port, f"CREATE ROLE \"{USER}\" LOGIN PASSWORD '{PASSWORD}'"
            )
            yield Strict(server.port, *roots)


async def who_at(url: str) -> tuple[str, bool]:
    connection = await Connection.dial(url, autocommit=True)
    asked = await connection.execute(
        "SELECT current_user, ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
    )
    row = await asked.fetchone()
    await connection.close()
    assert row
    return row[0], row[1]


async def test_a_password_with_every_special_character_is_the_right_one(
    strict: Strict,
) -> None:
    url = strict.url("sslmode=require")

    assert await who_at(url) == (USER, True)
    with dial_blocking(url) as connection:
        assert connection.info.user == USER
    database = Database.connect(url)
    async with database.transaction():
        pass
    await database.close()


async def test_the_server_s_certificate_is_verified_where_that_is_asked_for(
    strict: Strict,
) -> None:
    verify = "sslmode=verify-full&sslrootcert={}"
    good = strict.url(verify.format(quote(str(strict.root))))
    wrong = strict.url(verify.format(quote(str(strict.other_root))))

    assert await who_at(good) == (USER, True)
    with pytest.raises(psycopg.OperationalError, match="SSL error") as caught:
        await who_at(wrong)
    assert PASSWORD not in str(caught.value)


async def test_without_tls_nobody_gets_in_who_was_told_not_to_use_it(
    strict: Strict,
) -> None:
    with pytest.raises(psycopg.OperationalError, match="no encryption") as caught:
        await who_at(strict.url("sslmode=disable"))
    assert PASSWORD not in str(caught.value)


async def test_of_several_hosts_the_one_that_answers_is_used(strict: Strict) -> None:
    hosts = f"127.0.0.1:{free_port()},127.0.0.1:{strict.port}"
    url = strict.url("sslmode=require&target_session_attrs=read-write", host=hosts)

    assert await who_at(url) == (USER, True)
