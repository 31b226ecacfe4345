"""Whether a draft may be published: what was announced is there, whole, and signed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from stackyard.registry.providers.model.gpg_key import GpgKey
from stackyard.registry.providers.model.version import ProviderPlatform, ProviderVersion
from stackyard.registry.providers.openpgp import is_signed_by


@dataclass(frozen=True, slots=True)
class Awaited:
    """The checksums of the files that a draft waits for."""

    sums: str
    signature: str
    archives: frozenset[str]

    def __contains__(self, checksum: object) -> bool:
        return checksum in {self.sums, self.signature, *self.archives}


@dataclass(frozen=True, slots=True)
class Uploaded:
    """What came of that. None: it did not come; *archives* are those that did."""

    sums: bytes | None
    signature: bytes | None
    archives: frozenset[str]


def awaited_of(
    version: ProviderVersion, platforms: Sequence[ProviderPlatform]
) -> Awaited:
    return Awaited(
        version.sums_checksum,
        version.signature_checksum,
        frozenset(one.archive_checksum for one in platforms),
    )


def publication_problems(
    version: ProviderVersion,
    platforms: Sequence[ProviderPlatform],
    key: GpgKey,
    uploaded: Uploaded,
) -> list[str]:
    """Return all that keeps the draft from being published."""
    return [
        *_signature_problems(key, uploaded),
        *_platform_problems(version, platforms, uploaded),
    ]


def _signature_problems(key: GpgKey, uploaded: Uploaded) -> Iterator[str]:
    if key.revoked:
        yield f'the GPG key "{key.name}" was revoked'
    if uploaded.sums is None:
        yield "the file SHA256SUMS was not uploaded"
    if uploaded.signature is None:
        yield "the signature of SHA256SUMS was not uploaded"
    if uploaded.sums is None or uploaded.signature is None:
        return
    if uploaded.signature.startswith(b"-----BEGIN"):
        yield "the signature of SHA256SUMS is ASCII-armored: Terraform wants it binary"
    elif not is_signed_by(key.ascii_armor, uploaded.sums, uploaded.signature):
        yield f'SHA256SUMS is not signed by the GPG key "{key.name}"'


def _platform_problems(
    version: ProviderVersion,
    platforms: Sequence[ProviderPlatform],
    uploaded: Uploaded,
) -> Iterator[str]:
    if not platforms:
        yield "no platform was registered"
    listed = read_sums(uploaded.sums or b"")
    for one in platforms:
        name = one.file_name(version)
        if one.archive_checksum not in uploaded.archives:
            yield f"{name} was not uploaded"
        if uploaded.sums is not None and listed.get(name) != one.archive_checksum:
            yield f"SHA256SUMS does not have the checksum of {name}"


def read_sums(body: bytes) -> dict[str, str]:
    """Return the checksums in the output of `sha256sum`, by the files' names."""
    pairs = (
        line.split(maxsplit=1) for line in body.decode(errors="replace").split("\n")
    )
    return {
        pair[1].strip().removeprefix("*"): pair[0].lower()
        for pair in pairs
        if len(pair) == 2  # noqa: PLR2004 - a checksum and a name
    }
