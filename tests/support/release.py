"""A release of a Terraform provider as its author's tools leave it: archives, their
checksums, and a signature of these.
"""

import base64
import hashlib
import io
import tarfile
from dataclasses import dataclass, field
from functools import cache, cached_property

import pysequoia

from stackyard.kernel.ids import GpgKeyId
from stackyard.registry.providers import PlatformSpec, ProviderVersionSpec

LINUX = ("linux", "amd64")
MAC = ("darwin", "arm64")


@cache
def secret_key(owner: str = "Ada <ada@example.com>") -> pysequoia.Tsk:
    """Return a key, the same for the same *owner*."""
    return pysequoia.Tsk.generate(
        user_id=owner, cipher_suite=pysequoia.CipherSuite.Cv25519
    )


def public_armor(key: pysequoia.Tsk) -> str:
    return str(key.extract_certificate())


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def documents(files: dict[str, bytes]) -> str:
    """Return a gzipped tar archive of these files, in base64."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, body in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(body)
            archive.addfile(member, io.BytesIO(body))
    return base64.b64encode(packed.getvalue()).decode()


@dataclass
class Release:
    kind: str
    number: str = "1.0.0"
    archives: dict[tuple[str, str], bytes] = field(
        default_factory=lambda: {LINUX: b"for linux", MAC: b"for mac"}
    )
    key: pysequoia.Tsk = field(default_factory=secret_key)

    def file_name(self, system: tuple[str, str]) -> str:
        return f"terraform-provider-{self.kind}_{self.number}_{'_'.join(system)}.zip"

    @cached_property
    def sums(self) -> bytes:
        lines = [
            f"{sha256(body)}  {self.file_name(system)}\n"
            for system, body in self.archives.items()
        ]
        return "".join(lines).encode()

    @cached_property
    def signature(self) -> bytes:
        return pysequoia.sign(
            self.key.signer(),
            self.sums,
            mode=pysequoia.SignatureMode.DETACHED,
            armor=False,
        )

    def files(self) -> list[bytes]:
        return [self.sums, self.signature, *self.archives.values()]

    def version(self, key_id: GpgKeyId) -> ProviderVersionSpec:
        return ProviderVersionSpec(
            self.number, ("5.0",), sha256(self.sums), sha256(self.signature), key_id
        )

    def platforms(self) -> list[PlatformSpec]:
        return [
            PlatformSpec(system, architecture, sha256(body), "")
            for (system, architecture), body in self.archives.items()
        ]
