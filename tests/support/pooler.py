"""PgBouncer in transaction mode, as strict as it comes: no startup option is let by."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from tests.support.ports import free_port

CONFIGURATION = """
[databases]
* = host=127.0.0.1 port={server}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {folder}/users
pool_mode = transaction
default_pool_size = {size}
max_client_conn = 200
server_fast_close = 1
"""


@contextmanager
def running_pooler(server_port: int, *, size: int = 10) -> Iterator[int]:
    """Yield the port of a pooler before that server, with *size* sessions."""
    folder = Path(tempfile.mkdtemp(prefix="stackyard-pooler-"))
    folder.chmod(0o755)
    port = free_port()
    text = CONFIGURATION.format(server=server_port, port=port, folder=folder, size=size)
    (folder / "pgbouncer.ini").write_text(text)
    (folder / "users").write_text('"postgres" ""\n')
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    assert program, "there is no pgbouncer: run `make system`"
    identity: dict[str, Any] = {}
    if os.geteuid() == 0:  # which it refuses to be
        nobody = pwd.getpwnam("nobody")
        identity = {"user": nobody.pw_uid, "group": nobody.pw_gid}
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [program, str(folder / "pgbouncer.ini")],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            **identity,
        )
    try:
        _wait_until_it_listens(process, port)
        yield port
    finally:
        process.terminate()
        process.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def _wait_until_it_listens(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + 10
    url = f"postgresql://postgres@127.0.0.1:{port}/pgbouncer"
    while True:
        assert process.poll() is None, "the pooler has ended"
        try:
            psycopg.connect(url, autocommit=True, connect_timeout=2).close()
        except psycopg.OperationalError as error:
            if "refused" not in str(error):  # it answered, if only to decline
                return
            assert time.monotonic() < deadline, "the pooler does not answer"
            time.sleep(0.05)
        else:
            return
