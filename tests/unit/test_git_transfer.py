import asyncio
from collections.abc import AsyncGenerator

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message

from stackyard.http.git_transfer import GitBody, Transfer, TransferResponse


async def _endless(closed: list[str]) -> AsyncGenerator[bytes]:
    try:
        while True:
            yield b"piece"
            await asyncio.sleep(0)
    finally:
        closed.append("closed")


async def _arriving() -> Message:
    return {"type": "http.request", "body": b"0000", "more_body": True}


async def _leaving() -> Message:
    return {"type": "http.disconnect"}


async def _never(_: Message) -> None:
    await asyncio.Event().wait()


async def _swallow(_: Message) -> None:
    return


async def _silence() -> Message:
    await asyncio.Event().wait()
    raise AssertionError


async def _begun(closed: list[str], slot: asyncio.Semaphore) -> Transfer:
    await slot.acquire()
    body = GitBody(Request({"type": "http", "headers": []}), 0, 1)
    transfer = Transfer(_endless(closed), body, slot)
    await transfer.begin()
    return transfer


async def test_a_client_that_leaves_ends_what_is_behind_the_answer() -> None:
    closed: list[str] = []
    slot = asyncio.Semaphore(1)
    response = TransferResponse(await _begun(closed, slot), "x/y", 60)

    async with asyncio.timeout(10):
        await response({"type": "http"}, _leaving, _swallow)

    assert closed == ["closed"]
    assert not slot.locked()


async def test_a_client_that_stops_reading_is_not_waited_for() -> None:
    closed: list[str] = []
    slot = asyncio.Semaphore(1)
    response = TransferResponse(await _begun(closed, slot), "x/y", 0.01)

    with pytest.raises(TimeoutError):
        await response({"type": "http"}, _silence, _never)

    assert closed == ["closed"]
    assert not slot.locked()


async def test_a_client_that_stops_sending_is_not_waited_for() -> None:
    request = Request({"type": "http", "headers": []}, _silence)

    with pytest.raises(HTTPException) as caught:
        [piece async for piece in GitBody(request, 10, 0.01).pieces()]

    assert caught.value.status_code == 408


async def test_a_body_is_never_longer_than_allowed() -> None:
    request = Request({"type": "http", "headers": []}, _arriving)

    with pytest.raises(HTTPException) as caught:
        [piece async for piece in GitBody(request, 1000, 1).pieces()]

    assert caught.value.status_code == 413
