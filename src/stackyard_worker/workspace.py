"""The workspace between two legs: packed, sealed to the pool, put into the store.

With it goes what is no file: the variables that hooks have exported and the words
that they wanted masked. The control plane and the store see ciphertext only.
"""

import asyncio
import gzip
import hashlib
import json
from pathlib import Path
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from msgspec import Struct, field

from stackyard_protocol.envelope import (
    EnvelopeError,
    open_stream,
    pieces,
    seal_stream,
)
from stackyard_protocol.job import SavedWorkspace
from stackyard_protocol.report import Archived
from stackyard_worker import beneath
from stackyard_worker.archive import Bounds, Unpacker, pack
from stackyard_worker.conversation import Conversation
from stackyard_worker.errors import LegFailedError
from stackyard_worker.host import Host, Limits
from stackyard_worker.room import Room
from stackyard_worker.transfer import download, upload

_MEMORY: Final = "memory.json"
_OF_THE_MACHINE: Final = frozenset({"PATH", "HOME", "TMPDIR"})
_LARGEST_MEMORY: Final = 16 * 1024 * 1024


class Memory(Struct):
    """What a later leg has to know besides the files."""

    exported: dict[str, str | None] = field(default_factory=dict)
    masked: list[str] = field(default_factory=list)

    def portable(self) -> "Memory":
        """Leave out what is true on this machine only: the next may differ."""
        exported = {
            name: value
            for name, value in self.exported.items()
            if name not in _OF_THE_MACHINE
        }
        return Memory(exported, self.masked)


async def save(
    room: Room, memory: Memory, host: Host, conversation: Conversation
) -> Archived:
    """Put the workspace into the store and return what to report about it."""
    sealed = room.folder / "workspace.sealed"
    key = host.pool_key.public_key()
    sha256 = await asyncio.to_thread(_seal, room, memory, key, sealed)
    size = sealed.stat().st_size
    seconds = host.limits.transfer_seconds
    await upload(sealed, conversation.upload_url, seconds=seconds)
    sealed.unlink()
    return Archived(sha256=sha256, size=size)


async def restore(room: Room, saved: SavedWorkspace, host: Host) -> Memory:
    """Bring a saved workspace back, or say why that is impossible."""
    limits = host.limits
    sealed = room.folder / "workspace.sealed"
    await download(
        saved.url,
        sealed,
        sha256=saved.sha256,
        most=limits.workspace_bytes,
        seconds=limits.transfer_seconds,
    )
    return await asyncio.to_thread(_open, room, host.pool_key, sealed, limits)


def _seal(room: Room, memory: Memory, key: RSAPublicKey, sealed: Path) -> str:
    packed = room.folder / "workspace.tar.gz"
    # the standard library's: a variable may hold bytes that are not UTF-8
    memory_text = json.dumps(msgspec.to_builtins(memory.portable()))
    (room.folder / _MEMORY).write_text(memory_text, encoding="ascii")
    # level 1: providers shrink to a third, and more would be waited for
    with packed.open("wb") as target:
        sink = gzip.GzipFile(fileobj=target, mode="wb", compresslevel=1, mtime=0)
        with sink:
            pack(room.folder, [_MEMORY, room.workspace.name], sink)
    digest = hashlib.sha256()
    with packed.open("rb") as file, sealed.open("wb") as out:
        for piece in seal_stream(key, pieces(file)):
            digest.update(piece)
            out.write(piece)
    packed.unlink()
    return digest.hexdigest()


def _open(room: Room, key: RSAPrivateKey, sealed: Path, limits: Limits) -> Memory:
    packed = room.folder / "workspace.tar.gz"
    try:
        with sealed.open("rb") as file, packed.open("wb") as out:
            for piece in open_stream(key, pieces(file)):
                out.write(piece)
    except EnvelopeError:
        raise LegFailedError(
            "The saved workspace can't be decrypted with the key of this pool."
        ) from None
    sealed.unlink()
    # Unpacked only now that its end has been seen to be authentic. Our own folder is
    # the root: the archive has `workspace/` and the memory side by side.
    unpacker = Unpacker(
        room.folder,
        Bounds(limits.members, limits.unpacked_bytes),
        room.owner,
        trusted_links=True,
    )
    with packed.open("rb") as file:
        unpacker.unpack(file)
    packed.unlink()
    text = beneath.read_bounded(room.folder, _MEMORY, _LARGEST_MEMORY)
    return msgspec.convert(json.loads(text or b"{}"), Memory)
