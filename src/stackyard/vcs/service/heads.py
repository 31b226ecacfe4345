"""Where the branches of other people's repositories are. Starts no git process."""

import asyncio
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from stackyard.kernel.needs import Rule, needs
from stackyard.kernel.outbound import Answer, RemoteUnavailableError
from stackyard.vcs.errors import NotAGitServerError, RemoteRepositoryMissingError
from stackyard.vcs.model import GitUrl
from stackyard.vcs.model.pkt_line import PktLineError, PktLines
from stackyard.vcs.ports import Outbound

_MOST_BYTES: Final = 16 * 1024 * 1024
_BRANCHES: Final = "refs/heads/"
_OK: Final = 200
_MISSING: Final = {401, 403, 404, 410}
_SERVER_ERRORS: Final = 500
_TOO_MANY_REQUESTS: Final = 429
_SERVICE: Final = b"# service=git-upload-pack"
_REF: Final = re.compile(rb"([0-9a-f]{40}) ([^\0\n]+)(?:\0.*)?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Heads:
    outbound: Outbound

    @needs(Rule.ANYBODY)
    async def of(self, url: GitUrl, branches: Collection[str]) -> dict[str, str]:
        """Return the newest hash of each of *branches* that there is, in one call.

        Asks nobody's leave: whoever may name a repository in a stack may know its
        public branches.
        """
        address = f"{url}".rstrip("/")
        answer = await self.outbound.get(
            f"{address}/info/refs?service=git-upload-pack", limit=_MOST_BYTES
        )
        _check(answer)
        # a large one takes a while to read: not on the loop
        return await asyncio.to_thread(_heads, answer.body, frozenset(branches))


def _heads(body: bytes, branches: Collection[str]) -> dict[str, str]:
    found = {}
    for name, sha in _refs(body):
        branch = name.removeprefix(_BRANCHES)
        if branch != name and branch in branches:
            found[branch] = sha
    return found


def _check(answer: Answer) -> None:
    if answer.status in _MISSING:
        raise RemoteRepositoryMissingError(status=answer.status)
    if answer.status >= _SERVER_ERRORS or answer.status == _TOO_MANY_REQUESTS:
        raise RemoteUnavailableError(status=answer.status)
    expected = "application/x-git-upload-pack-advertisement"
    if answer.status != _OK or answer.content_type != expected:
        raise NotAGitServerError(status=answer.status)


def _refs(body: bytes) -> Iterator[tuple[str, str]]:
    """Read the advertisement of protocol version 0."""
    lines = PktLines()
    lines.feed(body)
    try:
        read = [line for line in lines.take() if line is not None]
    except PktLineError as error:
        raise NotAGitServerError from error
    if lines.rest or not read or read[0].rstrip(b"\n") != _SERVICE:
        raise NotAGitServerError
    for line in read[1:]:
        if found := _REF.fullmatch(line.rstrip(b"\n")):
            yield found[2].decode(errors="replace"), found[1].decode()
