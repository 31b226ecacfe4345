"""Secrets at rest: AES-256-GCM under a data key that the RSA key wraps.

Sealed: one byte (the id of the data key), 12 bytes of nonce, ciphertext and tag.
"""

import os
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.adapters.crypto.errors import WrongRsaKeyError
from stackyard.adapters.crypto.model import DataKey
from stackyard.kernel.clock import Clock
from stackyard.kernel.secrets import Sealed, UnsealError

CURRENT: Final = 1
_HEADER: Final = bytes([CURRENT])
_NONCE: Final = 12
_TAG: Final = 16
_OAEP: Final = padding.OAEP(
    mgf=padding.MGF1(hashes.SHA256()),
    algorithm=hashes.SHA256(),
    label=b"stackyard data key",
)


@dataclass(frozen=True, slots=True)
class AesVault:
    """Implements `kernel.secrets.Vault`."""

    data_key: bytes = field(repr=False)

    def seal(self, secret: bytes, *, context: str) -> Sealed:
        nonce = os.urandom(_NONCE)
        body = AESGCM(self.data_key).encrypt(nonce, secret, _bound_to(context))
        return Sealed(_HEADER + nonce + body)

    def unseal(self, sealed: Sealed, *, context: str) -> bytes:
        if len(sealed) < len(_HEADER) + _NONCE + _TAG or sealed[:1] != _HEADER:
            raise UnsealError(context=context)
        nonce, body = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
        try:
            return AESGCM(self.data_key).decrypt(nonce, body, _bound_to(context))
        except InvalidTag as error:
            raise UnsealError(context=context) from error


def _bound_to(context: str) -> bytes:
    # the header is bound too: it cannot be changed to point at another data key
    return _HEADER + context.encode()


async def open_vault(
    session: AsyncSession, key: rsa.RSAPrivateKey, *, clock: Clock
) -> AesVault:
    """Return the vault of this database, making its data key if there is none.

    Replicas that start at once agree: each offers a key, the first row stays. With
    another RSA key than the first start's it raises `WrongRsaKeyError`, and makes no
    new data key, since that would orphan every secret there is.
    """
    await session.execute(
        insert(DataKey)
        .values(
            id=CURRENT,
            wrapped=key.public_key().encrypt(os.urandom(32), _OAEP),
            wrapped_by=_fingerprint(key),
            created_at=clock(),
        )
        .on_conflict_do_nothing()
    )
    row = (await session.scalars(select(DataKey).where(DataKey.id == CURRENT))).one()
    return AesVault(_unwrap(row, key))


def _unwrap(row: DataKey, key: rsa.RSAPrivateKey) -> bytes:
    facts = {"expected": row.wrapped_by, "given": _fingerprint(key)}
    if facts["expected"] != facts["given"]:
        raise WrongRsaKeyError(**facts)
    try:
        return key.decrypt(row.wrapped, _OAEP)
    except ValueError as error:  # the row was tampered with
        raise WrongRsaKeyError(**facts) from error


def _fingerprint(key: rsa.RSAPrivateKey) -> str:
    public = key.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    digest = hashes.Hash(hashes.SHA256())
    digest.update(public)
    return f"rsa:sha256:{digest.finalize().hex()}"
