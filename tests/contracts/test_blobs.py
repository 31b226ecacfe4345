"""What every `Blobs` must do: the fake as well as the real one."""

import asyncio
import socket
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from tests.support.blobs import NAMES, MemoryBlobs, RunningStore, running_store

from stackyard.adapters.blobs import (
    BlobStoreRefusedError,
    BlobStoreUnavailableError,
    BucketUnnamedError,
    S3Blobs,
    S3Endpoint,
)
from stackyard.kernel.blobs import BlobNotFoundError, Blobs, Bucket
from stackyard.kernel.errors import UnavailableError

MEBI = 1024 * 1024
LOGS = Bucket.RUN_LOGS


@pytest.fixture(scope="module")
async def store() -> AsyncIterator[RunningStore]:
    with tempfile.TemporaryDirectory(prefix="stackyard-store-") as folder:
        async with running_store(Path(folder)) as running:
            yield running


@pytest.fixture(params=["memory", "s3"])
def blobs(request: pytest.FixtureRequest, store: RunningStore) -> Blobs:
    return MemoryBlobs() if request.param == "memory" else store.connect()


async def test_what_goes_in_comes_out(blobs: Blobs) -> None:
    await blobs.put(LOGS, "runs/1/plan+a_b-c.log", b"+ bucket")

    assert await blobs.get(LOGS, "runs/1/plan+a_b-c.log") == b"+ bucket"


async def test_an_empty_body_is_a_body(blobs: Blobs) -> None:
    await blobs.put(LOGS, "empty", b"")

    assert await blobs.get(LOGS, "empty") == b""
    assert await blobs.get_range(LOGS, "empty", start=0, length=5) == b""


async def test_the_last_body_wins(blobs: Blobs) -> None:
    await blobs.put(LOGS, "state", b"old and longer")
    await blobs.put(LOGS, "state", b"new")

    assert await blobs.get(LOGS, "state") == b"new"


async def test_a_key_belongs_to_its_bucket(blobs: Blobs) -> None:
    await blobs.put(LOGS, "shared", b"log")
    await blobs.put(Bucket.STATES, "shared", b"state")

    assert await blobs.get(LOGS, "shared") == b"log"


async def test_a_missing_key_is_named(blobs: Blobs) -> None:
    with pytest.raises(BlobNotFoundError) as caught:
        await blobs.get(LOGS, "nowhere")
    with pytest.raises(BlobNotFoundError):
        await blobs.get_range(LOGS, "nowhere", start=0, length=1)
    with pytest.raises(BlobNotFoundError):
        await anext(aiter(blobs.stream(LOGS, "nowhere")))

    assert caught.value.facts == {"bucket": LOGS, "key": "nowhere"}


async def test_what_was_deleted_is_gone_and_deleting_again_is_nothing(
    blobs: Blobs,
) -> None:
    await blobs.put(LOGS, "short-lived", b"x")
    await blobs.delete(LOGS, "short-lived")
    await blobs.delete(LOGS, "short-lived")

    with pytest.raises(BlobNotFoundError):
        await blobs.get(LOGS, "short-lived")


@pytest.mark.parametrize(
    ("start", "length", "expected"),
    [(0, 3, b"012"), (4, 2, b"45"), (8, 9, b"89"), (10, 1, b""), (99, 5, b"")],
)
async def test_a_range_ends_where_the_body_ends(
    blobs: Blobs, start: int, length: int, expected: bytes
) -> None:
    await blobs.put(LOGS, "digits", b"0123456789")

    assert await blobs.get_range(LOGS, "digits", start=start, length=length) == expected


async def test_a_stream_yields_the_body_in_small_pieces(blobs: Blobs) -> None:
    body = bytes(range(256)) * (5 * MEBI // 256)
    await blobs.put(LOGS, "five", body)

    pieces = [piece async for piece in blobs.stream(LOGS, "five")]

    assert b"".join(pieces) == body
    assert max(map(len, pieces)) <= 2 * MEBI


async def test_64_megabytes_stream_in_bounded_memory(store: RunningStore) -> None:
    blobs = store.connect()
    await blobs.put(LOGS, "large", bytes(64 * MEBI))
    before = _memory_now()

    size = 0
    async for piece in blobs.stream(LOGS, "large"):
        size += len(piece)

    assert size == 64 * MEBI
    assert _memory("VmHWM") - before < 24 * MEBI


def _memory_now() -> int:
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
    return _memory("VmRSS")


def _memory(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


async def test_a_signed_url_reads_and_writes_without_credentials(
    store: RunningStore,
) -> None:
    blobs = store.connect()
    async with httpx.AsyncClient(timeout=10) as client:
        put = await client.put(
            await blobs.presign_put(Bucket.WORKSPACE, "leg/1", seconds=60),
            content=b"archive",
            headers={"content-type": "text/markdown"},  # as plugins do
        )
        got = await client.get(
            await blobs.presign_get(Bucket.WORKSPACE, "leg/1", seconds=60)
        )

    assert put.status_code == httpx.codes.OK  # a plugin takes no other
    assert got.content == b"archive"
    assert await blobs.get(Bucket.WORKSPACE, "leg/1") == b"archive"


async def test_a_signed_url_is_good_for_one_key_one_method_and_its_time(
    store: RunningStore,
) -> None:
    blobs = store.connect()
    for key in ("mine", "other"):
        await blobs.put(LOGS, key, key.encode())
    url = await blobs.presign_get(LOGS, "mine", seconds=60)
    brief = await blobs.presign_get(LOGS, "mine", seconds=1)
    async with httpx.AsyncClient(timeout=10) as client:
        other = await client.get(url.replace("mine", "other"))
        write = await client.put(url, content=b"overwritten")
        longer = await client.get(url.replace("Expires=60", "Expires=6000"))
        bare = await client.get(url.partition("?")[0])
        await asyncio.sleep(2)  # only time makes it too old
        late = await client.get(brief)

    refused = {httpx.codes.FORBIDDEN}
    assert {r.status_code for r in (other, write, longer, bare, late)} == refused
    assert await blobs.get(LOGS, "mine") == b"mine"


async def test_wrong_credentials_are_refused_and_not_repeated(
    store: RunningStore,
) -> None:
    blobs = store.connect("not-the-secret-key")

    with pytest.raises(BlobStoreRefusedError) as caught:
        await blobs.put(LOGS, "x", b"x")

    assert "not-the-secret-key" not in repr((caught.value, blobs))


async def test_a_bucket_that_nobody_named_is_said_so(store: RunningStore) -> None:
    endpoint = S3Endpoint(store.server.address, "key", "secret")
    blobs = S3Blobs.connect(endpoint, {LOGS: NAMES[LOGS]})

    with pytest.raises(BucketUnnamedError):
        await blobs.put(Bucket.STATES, "x", b"x")


async def test_a_write_into_a_bucket_that_was_never_made_is_not_a_missing_key(
    store: RunningStore,
) -> None:
    endpoint = S3Endpoint(
        store.server.address,
        store.server.access_key_id,
        store.server.secret_access_key,
        patience_seconds=1,
    )
    blobs = S3Blobs.connect(endpoint, {LOGS: "never-made"})

    with pytest.raises(BlobStoreUnavailableError):
        await blobs.put(LOGS, "x", b"x")


async def test_a_store_that_is_down_is_unavailable_and_has_everything_when_back(
    store: RunningStore,
) -> None:
    blobs = store.connect(patience=1)
    await blobs.put(LOGS, "kept", b"before")
    store.stop()

    with pytest.raises(UnavailableError):
        await blobs.get(LOGS, "kept")
    with pytest.raises(UnavailableError):
        await blobs.put(LOGS, "lost", b"never acknowledged")

    await store.start()
    assert await blobs.get(LOGS, "kept") == b"before"
    await blobs.put(LOGS, "kept", b"after")
    assert await blobs.get(LOGS, "kept") == b"after"


async def test_a_store_that_accepts_and_never_answers_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = S3Endpoint(
            f"127.0.0.1:{silent.getsockname()[1]}", "k", "s", patience_seconds=0.5
        )
        blobs = S3Blobs.connect(endpoint, NAMES)

        async with asyncio.timeout(20):
            with pytest.raises(BlobStoreUnavailableError):
                await blobs.get(LOGS, "x")
            with pytest.raises(BlobStoreUnavailableError):
                await blobs.put(LOGS, "x", b"x")
