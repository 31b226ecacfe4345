"""Find the commit that a version of a module is to be made of, and read its code.

Crosses slices and may wait for git, so it is no use case of one of them and no part of
a transaction. What is elsewhere than in a repository of ours is not fetched here: a
version of it waits until a worker has tried it.
"""

import asyncio
import tarfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from stackyard.heads import find_head
from stackyard.kernel.access import SYSTEM
from stackyard.modules import (
    CODE,
    CONFIG_FILE,
    WRITTEN_AS_JSON,
    Code,
    EncryptedModuleError,
    read_code,
)
from stackyard.stacks import (
    CommitFacts,
    CommitUnknownError,
    Module,
    Provider,
    TrackedCommit,
)
from stackyard.unit import OpenUnit
from stackyard.vcs import Contents, Heads
from stackyard_protocol.sealed_file import NOTE, is_sealed

_PAGES: Final = frozenset({"README.md", "CHANGELOG.md", CONFIG_FILE})
_ENDINGS: Final = (*CODE, *WRITTEN_AS_JSON)
_LARGEST: Final = 512 * 1024
_LARGEST_ALL: Final = 4 * 1024 * 1024
_MOST: Final = 200


@dataclass(frozen=True, slots=True)
class ModuleCode:
    open_unit: OpenUnit
    contents: Contents
    heads: Heads

    async def at(self, module: Module, sha: str | None) -> Code:
        """Return the code of the commit, or of the newest one of the branch."""
        commit = await self._commit(module, sha)
        named = str(commit.as_dict()["hash"])
        if module.vcs_repo_id is None:
            return Code(commit, _url(module, named))
        async with (
            self.contents.mirror(module.vcs_repo_id, by=SYSTEM) as mirror,
            mirror.archive(named) as archive,
        ):
            return await asyncio.to_thread(_read, module, commit, archive)

    async def _commit(self, module: Module, sha: str | None) -> CommitFacts:
        if sha is None:
            return await find_head(self.open_unit, self.heads, module, module.branch)
        named = TrackedCommit(sha.strip().lower())
        if module.vcs_repo_id is None:
            return named  # elsewhere only the hash is known
        async with self.open_unit() as unit:
            known = await unit.repositories.commit(
                module.vcs_repo_id, named.hash, by=SYSTEM
            )
        if known is None:
            raise CommitUnknownError(commit=named.hash, repository=module.vcs_repo_id)
        return known


def _read(module: Module, commit: CommitFacts, archive: Path) -> Code:
    folder = module.project_root or ""
    files = read_folder(archive, folder)
    return read_code(commit, files, name=module.name, folder=folder)


def read_folder(archive: Path, folder: str) -> dict[str, str]:
    """Return the texts of a module's own files in a tar.gz, by their names in *folder*.

    What is too large, too many or no text is left out, as if it were not there. Raises
    `EncryptedModuleError` for a file that no user of the module could read.
    """
    found: dict[str, str] = {}
    left = _LARGEST_ALL
    with tarfile.open(archive, "r:gz") as tar:
        for member in tar:
            path = PurePosixPath(member.name)
            if not member.isfile() or not path.is_relative_to(folder):
                continue
            name = str(path.relative_to(folder))
            file = tar.extractfile(member)
            assert file is not None  # noqa: S101 - it is a file
            begin = file.read(len(NOTE))  # only forwards: back is from the start
            if is_sealed(begin):
                raise EncryptedModuleError(file=member.name)
            wanted = name in _PAGES or ("/" not in name and name.endswith(_ENDINGS))
            if not wanted or member.size > min(_LARGEST, left) or len(found) >= _MOST:
                continue
            left -= member.size
            text = (begin + file.read()).decode(errors="replace")
            found[name] = text.replace("\0", "")
    return found


def _url(module: Module, sha: str) -> str | None:
    """Return where people read code that is elsewhere, if anybody can tell."""
    match module.provider:
        case Provider.GITHUB if module.namespace:
            return (
                f"https://github.com/{module.namespace}/{module.repository}/tree/{sha}"
            )
        case Provider.GIT:
            return module.repository_url
        case _:
            return None
