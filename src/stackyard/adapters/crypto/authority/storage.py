"""One authority per installation, however many replicas start at once."""

from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.adapters.crypto.authority.authority import Authority
from stackyard.adapters.crypto.authority.model import StoredAuthority
from stackyard.kernel.clock import Clock
from stackyard.kernel.secrets import Sealed, UnsealError, Vault

_THE_ONE: Final = 1
_CONTEXT: Final = "certificate_authorities/1/key"


async def open_authority(
    session: AsyncSession, vault: Vault, *, clock: Clock
) -> Authority:
    """Return the authority of this database, founding it if there is none.

    Raises `UnsealError` if its key does not open with this installation's key. It is
    never replaced by itself: every pool's token trusts it.
    """
    stored = await _find(session)
    if stored is None:
        new = Authority.found(clock=clock)
        await session.execute(
            insert(StoredAuthority)
            .values(
                id=_THE_ONE,
                certificate=new.certificate_pem,
                sealed_key=vault.seal(_private_bytes(new.key), context=_CONTEXT),
                created_at=clock(),
            )
            .on_conflict_do_nothing()
        )
        stored = await _find(session)  # perhaps another replica's: the first one stays
    assert stored is not None  # noqa: S101 - somebody has just written it
    return _open(stored, vault, clock)


async def _find(session: AsyncSession) -> StoredAuthority | None:
    return await session.scalar(
        select(StoredAuthority).where(StoredAuthority.id == _THE_ONE)
    )


def _open(stored: StoredAuthority, vault: Vault, clock: Clock) -> Authority:
    private = vault.unseal(Sealed(stored.sealed_key), context=_CONTEXT)
    key = load_der_private_key(private, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise UnsealError(context=_CONTEXT)
    certificate = x509.load_pem_x509_certificate(stored.certificate.encode())
    return Authority(certificate, key, clock)


def _private_bytes(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
