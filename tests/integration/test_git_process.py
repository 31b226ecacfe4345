import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

import pytest

from stackyard.adapters.git import Git, GitFailedError, GitTimeoutError


@pytest.fixture
def git(tmp_path: Path) -> Git:
    return Git.find(tmp_path / "home")


async def _lines() -> AsyncGenerator[bytes]:
    for _ in range(200):
        yield b"a line\n\n" * 10_000


async def _silence() -> AsyncGenerator[bytes]:
    await asyncio.Event().wait()
    yield b""


async def test_git_can_be_left_in_the_middle_of_what_it_says(git: Git) -> None:
    said = git.stream("stripspace", stdin=_lines())
    async with asyncio.timeout(10), aclosing(said):
        assert await anext(said)
        await asyncio.sleep(0.5)  # its pipe fills up, and nobody reads it


async def test_git_that_takes_too_long_is_killed(git: Git) -> None:
    with pytest.raises(GitTimeoutError):
        async with asyncio.timeout(10):
            await git.run("stripspace", stdin=_silence(), seconds=0.1)


async def test_a_refusal_of_git_says_what_git_said(git: Git) -> None:
    with pytest.raises(GitFailedError, match="not a git command"):
        await git.run("no-such-command")


async def test_nothing_of_the_machine_reaches_git(git: Git, tmp_path: Path) -> None:
    (tmp_path / "home" / ".gitconfig").write_text("[user]\n\tname = Machine\n")

    assert await git.run("config", "--list", "--show-origin") == b""
