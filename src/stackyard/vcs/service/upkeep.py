"""Keep what repositories leave behind from growing: packs, old objects, old clones."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from stackyard.kernel.access import Action, Subject
from stackyard.kernel.blobs import Bucket
from stackyard.kernel.ids import RepoId
from stackyard.kernel.needs import Rule, needs
from stackyard.vcs.service.contents import Contents, read_file
from stackyard.vcs.service.repositories import StoredPack

MANY_PACKS: Final = 50
_REPOSITORIES: Final = 10
_OBJECTS: Final = 200


@dataclass(frozen=True, slots=True)
class Upkeep:
    contents: Contents
    many_packs: int = MANY_PACKS

    @needs(Rule.PLATFORM)
    async def sweep(self, *, by: Subject) -> None:
        """Do a bounded amount of what is due. For a timer, by the platform itself."""
        async with self.contents.open() as repositories:
            crowded = await repositories.many_packed(
                over=self.many_packs, limit=_REPOSITORIES, by=by
            )
            keys = await repositories.due_garbage(limit=_OBJECTS, by=by)
        await self._delete(keys, by)
        for repo_id in crowded:
            await self.consolidate(repo_id, by=by)
        await self.contents.mirrors.prune()

    @needs(Action.SPACELIFT_VCS_COMMIT_FILES)
    async def consolidate(self, repo_id: RepoId, *, by: Subject) -> None:
        """Put all packs of a repository into one, with every object they had.

        What no branch leads to any more stays: a stack may still be at that commit.
        """
        async with self.contents.open() as repositories:
            old = await repositories.packs(repo_id, by=by)
        names = [pack.name for pack in old]
        async with (
            self.contents.mirror(repo_id, by=by, writing=True) as mirror,
            mirror.repacked(names) as pack,
        ):
            async with self.contents.open() as repositories:
                keys = await repositories.announce_packs(repo_id, 1, by=by)
            [(pack_id, key)] = keys.items()
            body = read_file(pack.path)
            await self.contents.blobs.put_stream(Bucket.MODULES, key, body)
        new = StoredPack(pack_id, pack.name, pack.size)
        async with self.contents.open() as repositories:
            await repositories.replace_packs(
                repo_id, [pack.id for pack in old], new, by=by
            )

    async def _delete(self, keys: Sequence[str], by: Subject) -> None:
        for key in keys:
            await self.contents.blobs.delete(Bucket.MODULES, key)
        async with self.contents.open() as repositories:
            await repositories.buried(keys, by=by)
