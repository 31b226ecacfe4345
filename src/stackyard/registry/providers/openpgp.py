"""What OpenPGP says of keys and signatures.

Sequoia judges: it takes nothing that is signed with SHA-1 or by a key that was revoked.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pysequoia import Cert, Sig, verify

from stackyard.registry.providers.errors import GpgKeyProblemsError

LONGEST_ARMOR: Final = 256 * 1024
_VERSION_4: Final = 40  # digits of its fingerprints


@dataclass(frozen=True, slots=True)
class PublicKey:
    """*armor* never holds the private half."""

    fingerprint: str
    armor: str
    user_id: str | None
    expires_at: datetime | None


def read_public_key(text: str) -> PublicKey:
    """Read an armored key, public or private; raise `GpgKeyProblemsError`."""
    if len(text) > LONGEST_ARMOR:
        raise GpgKeyProblemsError(f"the key has at most {LONGEST_ARMOR} characters")
    try:
        certs = Cert.split_bytes(text.encode())
    except Exception:  # noqa: BLE001 - the library has no error of its own
        certs = []
    if len(certs) != 1:
        raise GpgKeyProblemsError(
            "the key is one ASCII-armored OpenPGP key, as `gpg --armor --export` has it"
        )
    [cert] = certs
    if len(cert.fingerprint) != _VERSION_4:
        raise GpgKeyProblemsError("Terraform reads OpenPGP keys of version 4 only")
    if cert.is_revoked:
        raise GpgKeyProblemsError("the key was revoked by its owner")
    names = [str(one) for one in cert.user_ids]
    return PublicKey(
        cert.fingerprint.upper(),
        str(cert),
        names[0] if names else None,
        cert.expiration,
    )


def is_signed_by(armor: str, data: bytes, signature: bytes) -> bool:
    """Whether *signature*, detached and binary, is one of *data* by this key."""
    cert = Cert.from_bytes(armor.encode())
    try:
        verify(bytes=data, store=lambda _: [cert], signature=Sig.from_bytes(signature))
    except Exception:  # noqa: BLE001 - the library has no error of its own
        return False
    return True
