"""The one place of the control plane that starts git, on our own repositories only.

What a user names is never fetched from here: no git process of the control plane
talks to a network. Every process has an environment built from nothing, no
configuration but the repository's own (which we wrote), no hooks, no terminal and an
end; when it must die, its children die with it.
"""

import asyncio
import os
import shutil
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from stackyard.kernel.errors import UnavailableError

PIECE: Final = 64 * 1024
SECONDS: Final = 60.0
_TAIL: Final = 20
_MIB: Final = 1024 * 1024


class GitTimeoutError(UnavailableError):
    """Git took too long on the repository. Try again."""


class GitFailedError(Exception):
    """Git refused something that it should not have: a bug, or a broken disk."""


class OutputTooLargeError(Exception):
    """Git printed more than was asked for."""


@dataclass(frozen=True, slots=True)
class Git:
    program: str
    home: Path  # stays empty: git looks there for people's configuration

    @classmethod
    def find(cls, home: Path) -> Self:
        program = shutil.which("git")
        if program is None:
            message = "git is not installed, and built-in repositories need it"
            raise FileNotFoundError(message)
        home.mkdir(parents=True, exist_ok=True)
        return cls(program, home)

    async def run(
        self,
        *arguments: str | Path,
        stdin: AsyncIterator[bytes] | bytes = b"",
        limit: int = 16 * _MIB,
        seconds: float = SECONDS,
    ) -> bytes:
        """Return what git printed, or raise `GitFailedError`."""
        body = _once(stdin) if isinstance(stdin, bytes) else stdin
        output = bytearray()
        async with aclosing(
            self.stream(*arguments, stdin=body, seconds=seconds)
        ) as pieces:
            async for piece in pieces:
                output += piece
                if len(output) > limit:
                    raise OutputTooLargeError
        return bytes(output)

    async def stream(
        self,
        *arguments: str | Path,
        stdin: AsyncIterator[bytes] | None = None,
        seconds: float = SECONDS,
        protocol: str = "",
        check: bool = True,
    ) -> AsyncGenerator[bytes]:
        """Yield what git prints; close the generator to kill it."""
        process = await self._start(arguments, fed=stdin is not None, protocol=protocol)
        loop = asyncio.get_running_loop()
        late = loop.call_later(seconds, _kill, process)
        deadline = loop.time() + seconds
        feeding = asyncio.create_task(_feed(process, stdin))
        listening = asyncio.create_task(_tail(process))
        try:
            assert process.stdout is not None  # noqa: S101 - we asked for a pipe
            while piece := await process.stdout.read(PIECE):
                yield piece
            async with asyncio.timeout_at(deadline):
                await feeding
                status = await process.wait()
            if loop.time() >= deadline:
                raise GitTimeoutError(command=str(arguments[0]))
            if check and status:
                raise GitFailedError(arguments, status, await listening)
        except TimeoutError as error:
            raise GitTimeoutError(command=str(arguments[0])) from error
        finally:
            late.cancel()
            await _end(process, feeding, listening)

    async def _start(
        self, arguments: tuple[str | Path, ...], *, fed: bool, protocol: str
    ) -> Process:
        return await asyncio.create_subprocess_exec(
            self.program,
            *map(str, arguments),
            stdin=PIPE if fed else DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
            cwd=self.home,
            env=self._environment(protocol),
            start_new_session=True,
        )

    def _environment(self, protocol: str) -> dict[str, str]:
        environment = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.home),
            "XDG_CONFIG_HOME": str(self.home),
            "LC_ALL": "C",
            "TZ": "UTC",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ALLOW_PROTOCOL": "none",
            "GIT_NO_REPLACE_OBJECTS": "1",  # a pushed refs/replace/ replaces nothing
            "GIT_LITERAL_PATHSPECS": "1",
            "GIT_CEILING_DIRECTORIES": "/",
        }
        return environment | ({"GIT_PROTOCOL": protocol} if protocol else {})


async def _once(body: bytes) -> AsyncGenerator[bytes]:
    if body:
        yield body


async def _feed(process: Process, body: AsyncIterator[bytes] | None) -> None:
    """Pass *body* on. One that git does not want to hear to its end is still read.

    If reading it fails, git must not take the part that came for the whole.
    """
    if body is None or process.stdin is None:
        return
    heard = True
    try:
        async for piece in body:
            if heard:
                heard = await _write(process.stdin, piece)
    except BaseException:
        _kill(process)
        raise
    finally:
        process.stdin.close()


async def _write(pipe: asyncio.StreamWriter, piece: bytes) -> bool:
    try:
        pipe.write(piece)
        await pipe.drain()
    except (BrokenPipeError, ConnectionResetError):
        return False
    return True


async def _tail(process: Process) -> str:
    """Read all that git complains of, and keep the end."""
    kept: deque[bytes] = deque(maxlen=_TAIL)
    assert process.stderr is not None  # noqa: S101 - we asked for a pipe
    while piece := await process.stderr.read(1024):
        kept.append(piece)
    return b"".join(kept).decode(errors="replace")


async def _end(process: Process, *tasks: "asyncio.Task[object]") -> None:
    _kill(process)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    if process.stdin is not None:
        process.stdin.close()
        with suppress(BrokenPipeError, ConnectionResetError):
            await process.stdin.wait_closed()
    for pipe in (process.stdout, process.stderr):
        # asyncio waits for full pipes too: unread, `wait` would never return
        while pipe is not None and await pipe.read(PIECE):
            pass
    await process.wait()


def _kill(process: Process) -> None:
    """End the whole group; git leaves the work to children."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
