import asyncio

import pytest
from sqlalchemy import func, select
from tests.support.edge import rsa_key
from tests.support.fakes import Clock

from stackyard.adapters.crypto import AesVault, DataKey, WrongRsaKeyError, open_vault
from stackyard.adapters.postgres import Database


async def started(database: Database, *, key: int = 0) -> AesVault:
    async with database.transaction() as session:
        return await open_vault(session, rsa_key(key), clock=Clock())


async def test_starters_that_come_at_once_agree_on_one_key(database: Database) -> None:
    vaults = await asyncio.gather(*(started(database) for _ in range(8)))

    sealed = vaults[0].seal(b"hush", context="here")
    assert [vault.unseal(sealed, context="here") for vault in vaults] == [b"hush"] * 8
    async with database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(DataKey)) == 1


async def test_a_wrong_rsa_key_is_refused_and_nothing_is_changed(
    database: Database,
) -> None:
    first = await started(database)

    with pytest.raises(WrongRsaKeyError) as caught:
        await started(database, key=1)

    assert "ENCRYPTION_RSA_PRIVATE_KEY" in str(caught.value)
    sealed = first.seal(b"hush", context="here")
    assert (await started(database)).unseal(sealed, context="here") == b"hush"


async def test_the_data_key_is_stored_only_wrapped(database: Database) -> None:
    vault = await started(database)

    async with database.transaction() as session:
        row = (await session.scalars(select(DataKey))).one()
        assert vault.data_key not in row.wrapped
