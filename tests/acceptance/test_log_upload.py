"""Bytes in equal bytes out: any length of line, any encoding, cut anywhere."""

import asyncio
import os
import resource
import shutil
import tempfile
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.authority import make_key
from tests.support.control_plane import ControlPlane, LegRecord, running_control_plane

from stackyard_protocol.report import MAX_CHUNK, Accepted, Ended, Entered, LogEnd
from stackyard_worker.dialogue import Dialogue
from stackyard_worker.journal import Journal
from stackyard_worker.log_upload import uploading

MEBI = 1024 * 1024


@dataclass
class Setting:
    control_plane: ControlPlane
    client: httpx.AsyncClient

    @asynccontextmanager
    async def dialogue(self) -> AsyncIterator[tuple[Dialogue, LegRecord]]:
        """Return an accepted leg's conversation; on leaving, the log is delivered."""
        folder = Path(tempfile.mkdtemp(prefix="stackyard-log-"))
        journal = Journal.open(folder)
        assigned = self.control_plane.make_leg()
        record = self.control_plane.legs[assigned.leg]
        try:
            leg = await journal.begin(record.job)
            dialogue = Dialogue.of(journal, leg, self.client)
            async with uploading(dialogue.upload):
                await dialogue.report(Accepted())
                yield dialogue, record
            await leg.remove()
        finally:
            journal.close()
            shutil.rmtree(folder)


@pytest.fixture(scope="module")
async def setting() -> AsyncIterator[Setting]:
    async with (
        running_control_plane(make_key().public_key()) as control_plane,
        httpx.AsyncClient() as client,
    ):
        yield Setting(control_plane, client)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(st.lists(st.binary(max_size=700), max_size=5), max_size=4))
async def test_every_byte_of_every_state_arrives_once_and_in_order(
    setting: Setting, states: list[list[bytes]]
) -> None:
    async with setting.dialogue() as (talk, leg):
        for pieces in states:
            for piece in pieces:
                talk.write(piece)
            await talk.report(Entered("ANOTHER"))
        await talk.report(Ended("FINISHED"))

    sent = [b"".join(pieces) for pieces in states]
    assert [leg.log(3 + number) for number in range(len(sent))] == sent
    for number, body in enumerate(sent):
        if body:
            end = leg.ends[3 + number]
            assert (end.chunks, end.size) == (len(leg.logs[3 + number]), len(body))


async def test_a_line_of_ten_megabytes_arrives_whole(setting: Setting) -> None:
    line = os.urandom(10 * MEBI) + b"\n"
    async with setting.dialogue() as (talk, leg):
        talk.write(b"before\n")
        talk.write(line)
        talk.write(b"after\n")
        await talk.report(Ended("FINISHED"))

    assert leg.log(3) == b"before\n" + line + b"after\n"
    assert max(map(len, leg.logs[3])) <= MAX_CHUNK


async def test_small_writes_are_gathered_into_few_chunks(setting: Setting) -> None:
    async with setting.dialogue() as (talk, leg):
        for _ in range(5000):
            talk.write(b"a line of the log\n")
        await talk.report(Ended("FINISHED"))

    assert leg.ends[3].size == 5000 * 18
    assert leg.ends[3].chunks < 10


async def test_a_large_log_needs_no_memory_while_the_server_is_away(
    setting: Setting,
) -> None:
    async with setting.dialogue() as (talk, leg):
        await setting.control_plane.stop()
        tracemalloc.start()
        piece = os.urandom(MEBI)
        for _ in range(200):
            talk.write(piece)
            await asyncio.sleep(0)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        await setting.control_plane.start()
        await talk.report(Ended("FINISHED"))

    assert peak < 20 * MEBI
    assert leg.ends[3] == LogEnd(chunks=800, size=200 * MEBI)


async def test_a_report_does_not_wait_for_the_log(setting: Setting) -> None:
    async with setting.dialogue() as (talk, leg):
        talk.write(os.urandom(50 * MEBI))
        await talk.report(Entered("PLANNING"))
        delivered = sum(map(len, leg.logs.get(3, [])))
        await talk.report(Ended("FINISHED"))

    assert delivered < 50 * MEBI
    assert len(leg.log(3)) == 50 * MEBI


async def test_a_report_says_whether_its_state_has_printed(setting: Setting) -> None:
    async with setting.dialogue() as (talk, leg):
        talk.write(b"preparing")
        await talk.report(Entered("INITIALIZING"))
        await talk.report(Entered("PLANNING"))
        talk.write(b"planning")
        await talk.report(Ended("FINISHED"))

    assert [report.printed for report in leg.reports] == [None, 3, None, 5]
    assert (leg.log(3), leg.log(5)) == (b"preparing", b"planning")


async def test_a_full_disk_costs_the_rest_of_the_log_and_nothing_else(
    setting: Setting,
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    async with setting.dialogue() as (talk, leg):
        resource.setrlimit(resource.RLIMIT_FSIZE, (MEBI, hard))
        try:
            talk.write(b"x" * MEBI + b"too much")
            talk.write(b"more of it")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        await talk.report(Ended("FINISHED"))

    assert leg.log(3) == b"x" * MEBI
    assert leg.last == Ended("FINISHED")
