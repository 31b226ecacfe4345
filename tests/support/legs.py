"""Makers for legs: a job, its source as an archive, a room to carry it out in."""

import asyncio
import io
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from msgspec.structs import replace

from stackyard_protocol.job import (
    Archive,
    EnvVar,
    Hooks,
    Job,
    LegKind,
    SavedWorkspace,
    StateBackend,
    Tool,
)
from stackyard_worker.host import Host, Limits
from stackyard_worker.leg import carry_out
from tests.support.recorder import Recorder
from tests.support.stores import Stores

POOL_KEY = generate_private_key(public_exponent=65537, key_size=2048)
PASSWORD = "first"  # noqa: S105 - of a server that lives for one test
LIMITS = Limits(transfer_seconds=20, clone_seconds=30, grace_seconds=20)


def tarball(files: dict[str, str | bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), 0o644
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def members(*infos: tarfile.TarInfo, gzip: bool = True) -> bytes:
    """Return an archive of members without content, however odd they are."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz" if gzip else "w:") as archive:
        for info in infos:
            archive.addfile(info, io.BytesIO(b"x" * info.size))
    return buffer.getvalue()


def a_host(tools: Path, **changes: Any) -> Host:
    given: dict[str, Any] = {
        "pool_key": POOL_KEY,
        "tool_folders": (tools,),
        "environ": {},
        "limits": LIMITS,
    }
    return Host(**given | changes)


def a_job(
    stores: Stores,
    tree: dict[str, str | bytes] | bytes,
    kind: LegKind = LegKind.PLAN,
    **changes: Any,
) -> Job:
    content = tree if isinstance(tree, bytes) else tarball(tree)
    url, sha256 = stores.put("source", content)
    given: dict[str, Any] = {
        "run": "01RUN",
        "leg": "01LEG",
        "kind": kind,
        "stack": "stack",
        "run_type": "TRACKED",
        "api": "http://127.0.0.1:1",
        "leg_token": "the-token-of-the-leg",
        "state_version": 1,
        "source": Archive(url=url, sha256=sha256),
        "environment": [],
        "files": [],
        "hooks": Hooks(),
        "tool": Tool(),
        "state_backend": StateBackend(
            address=stores.address("stack"), username="run", password=PASSWORD
        ),
    }
    return Job(**given | changes)


def variables(**named: str) -> list[EnvVar]:
    return [EnvVar(name=name, value=value) for name, value in named.items()]


def saved(stores: Stores, key: str, sha256: str) -> SavedWorkspace:
    return SavedWorkspace(url=stores.url(key), sha256=sha256)


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that other users may enter; pytest's own is closed to them."""
    folder = Path(tempfile.mkdtemp(prefix="stackyard-leg-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def carry(job: Job, recorder: Recorder, folder: Path, host: Host) -> Recorder:
    """Carry a leg out in *folder* and return what was heard of it."""
    room = folder / job.leg
    room.mkdir(exist_ok=True)
    await asyncio.wait_for(carry_out(job, recorder, room, host), 120)
    return recorder


def renewed(job: Job, password: str) -> Job:
    """The same job, with other credentials for the state."""
    assert job.state_backend is not None
    return replace(job, state_backend=replace(job.state_backend, password=password))
