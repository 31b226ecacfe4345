"""The bytes of states between the network, the vault and object storage.

A write is judged, then made durable, then named by a row: acknowledged only at the
end, and no transaction waits for the store.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from stackyard.kernel.access import SYSTEM, Subject
from stackyard.kernel.blobs import BlobNotFoundError, Blobs, Bucket
from stackyard.kernel.ids import RunId, StackId, new_ulid
from stackyard.kernel.links import SealedLinks
from stackyard.kernel.secrets import Sealed, UnsealError, Vault
from stackyard.stacks import Stack
from stackyard.state import StateVersion, UploadMissingError, is_bare, parse
from stackyard.unit import OpenUnit, Unit

LINK_SECONDS: Final = 600
DOWNLOAD, UPLOAD = "state-download", "state-upload"


@dataclass(frozen=True, slots=True)
class StateFiles:
    open_unit: OpenUnit
    blobs: Blobs
    vault: Vault

    async def write(
        self, stack_id: StackId, body: bytes, lock_id: str | None, *, by: Subject
    ) -> None:
        """Make *body* the current state, under the lock *lock_id*."""
        given = await asyncio.to_thread(parse, body)
        async with self.open_unit() as unit:
            version = await unit.states.prepare_write(stack_id, given, lock_id, by=by)
        if version is None:
            return
        await self._store(version, body)
        async with self.open_unit() as unit:
            await unit.states.record_write(version, lock_id, by=by)

    async def bring(
        self, stack_id: StackId, body: bytes, *, by: Subject, old: str | None = None
    ) -> None:
        """Make *body*, which somebody brought along, or an *old* version, current."""
        given = await asyncio.to_thread(parse, body)
        async with self.open_unit() as unit:
            version = await unit.states.prepare_import(stack_id, given, by=by)
        if version is None:
            return
        await self._store(version, body)
        async with self.open_unit() as unit:
            await unit.states.record_import(version, old=old, by=by)

    async def bring_to_new(
        self,
        make: Callable[[Unit], Awaitable[Stack]],
        object_id: str,
        *,
        by: Subject,
    ) -> Stack:
        """Make a stack, and what was uploaded its state: both, or neither.

        So it is tried first, and undone: the state is durable before a row names it.
        """
        body = await self._uploaded(object_id)
        given = await asyncio.to_thread(parse, body)
        async with self.open_unit() as unit:
            stack = await make(unit)
            version = await unit.states.prepare_import(stack.id, given, by=by)
            await unit.session.rollback()
        assert version is not None  # noqa: S101 - it is the stack's first
        await self._store(version, body)
        async with self.open_unit() as unit:
            stack = await make(unit)
            await unit.states.record_import(version, by=by)
        return stack

    async def roll_back(
        self, stack_id: StackId, version_id: str, *, by: Subject
    ) -> None:
        """Make an old version's content the current state, as the next version."""
        async with self.open_unit() as unit:
            old = await unit.states.get(stack_id, version_id, by=by)
            current = await unit.states.newest(stack_id, by=by)
        state = json.loads(await self.read(old))
        state["serial"] = current.serial + 1
        body = json.dumps(state, indent=2).encode()
        await self.bring(stack_id, body, old=version_id, by=by)

    async def rescue(self, stack_id: StackId, run_id: RunId, body: bytes) -> None:
        """Keep a state that a worker saved from an apply whose write had failed."""
        given = await asyncio.to_thread(parse, body)
        async with self.open_unit() as unit:
            version = await unit.states.prepare_rescue(
                stack_id, run_id, given, by=SYSTEM
            )
        if version is None:
            return
        await self._store(version, body)
        async with self.open_unit() as unit:
            await unit.states.record_rescue(version, by=SYSTEM)

    async def read(self, version: StateVersion) -> bytes:
        sealed = Sealed(await self.blobs.get(Bucket.STATES, version.key))
        return await asyncio.to_thread(
            self.vault.unseal, sealed, context=_context(version)
        )

    async def is_bare(self, version: StateVersion) -> bool:
        """Whether there is nothing in it; what cannot be read may be of something."""
        try:
            body = await self.read(version)
        except (BlobNotFoundError, UnsealError):
            return False
        return await asyncio.to_thread(is_bare, body)

    async def _uploaded(self, object_id: str) -> bytes:
        """Return what somebody put at an upload link."""
        key = uploaded_key(object_id)
        try:
            sealed = Sealed(await self.blobs.get(Bucket.UPLOADS, key))
        except BlobNotFoundError:
            raise UploadMissingError(object=object_id) from None
        return await asyncio.to_thread(self.vault.unseal, sealed, context=key)

    async def _store(self, version: StateVersion, body: bytes) -> None:
        sealed = await asyncio.to_thread(
            self.vault.seal, body, context=_context(version)
        )
        await self.blobs.put(Bucket.STATES, version.key, sealed)


def _context(version: StateVersion) -> str:
    return f"state_versions/{version.stack_id}/{version.id}"


@dataclass(frozen=True, slots=True)
class StateLinks:
    links: SealedLinks

    def download(self, stack_id: StackId, version_id: str) -> str:
        what = f"{stack_id}/{version_id}"
        return self.links.make(DOWNLOAD, what, seconds=LINK_SECONDS)

    def upload(self) -> tuple[str, str]:
        """Return the id that the uploaded object will have, and the link."""
        object_id = new_ulid()
        return object_id, self.links.make(UPLOAD, object_id, seconds=LINK_SECONDS)

    def read(self, purpose: str, token: str) -> str:
        return self.links.read(purpose, token)


def uploaded_key(object_id: str) -> str:
    return f"states/{object_id}"
