import base64
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from tests.support.fakes import OpenAccess
from tests.support.stacks import ADA, Bench, a_spec

from stackyard.adapters.crypto import AesVault
from stackyard.kernel.access import SYSTEM, Action
from stackyard.kernel.config import (
    ConfigElementError,
    ConfigInput,
    ConfigType,
    checksum,
)
from stackyard.kernel.errors import ForbiddenError
from stackyard.kernel.ids import StackId
from stackyard.kernel.secrets import UnsealError

NET = StackId("net")
CANARY = "canary-51c0ffee"


def variable(name: str, value: str = CANARY, *, secret: bool = True) -> ConfigInput:
    return ConfigInput(name, ConfigType.ENVIRONMENT_VARIABLE, value, secret, "d")


@pytest.fixture
async def bench(session: AsyncSession) -> Bench:
    bench = await Bench(session).prepare()
    await bench.stacks.create(a_spec(), by=ADA)
    return bench


async def test_a_secret_is_in_no_column_as_it_is(session: AsyncSession) -> None:
    bench = await Bench(session, vault=AesVault(b"\1" * 32)).prepare()  # type: ignore[arg-type] # any vault
    await bench.stacks.create(a_spec(), by=ADA)
    element = await bench.config.add(NET, variable("A"), by=ADA)

    row = await session.scalar(text("SELECT stack_config::text FROM stack_config"))

    assert element.value is None
    assert CANARY not in str(row)
    assert CANARY.encode().hex() not in str(row)
    assert element.checksum == checksum(CANARY)


async def test_a_worker_is_given_everything_in_clear(bench: Bench) -> None:
    content = base64.b64encode(b"file").decode()
    await bench.config.add(NET, variable("A"), by=ADA)
    await bench.config.add(NET, variable("B", "", secret=False), by=ADA)
    await bench.config.add(
        NET, ConfigInput("a/f", ConfigType.FILE_MOUNT, content), by=ADA
    )

    values = await bench.config.values_for_run(NET, by=SYSTEM)

    assert {(one.id, one.value, one.secret, one.is_file) for one in values} == {
        ("A", CANARY, True, False),
        ("B", "", False, False),
        ("a/f", content, True, True),
    }


async def test_adding_again_replaces(bench: Bench) -> None:
    await bench.config.add(NET, variable("A"), by=ADA)
    element = await bench.config.add(NET, variable("A", "plain", secret=False), by=ADA)

    assert (element.value, element.sealed) == ("plain", None)
    assert len((await bench.config.of([NET], by=ADA))[NET]) == 1


async def test_deleting_what_is_gone_does_no_harm(bench: Bench) -> None:
    await bench.config.add(NET, variable("A"), by=ADA)

    assert await bench.config.delete(NET, "A", by=ADA) is not None
    assert await bench.config.delete(NET, "A", by=ADA) is None
    assert await bench.config.of([NET], by=ADA) == {}


async def test_a_sealed_value_that_was_moved_does_not_open(bench: Bench) -> None:
    await bench.config.add(NET, variable("A"), by=ADA)
    await bench.session.execute(text("UPDATE stack_config SET id = 'B'"))
    bench.session.expunge_all()

    with pytest.raises(UnsealError):
        await bench.config.values_for_run(NET, by=SYSTEM)


async def test_the_database_itself_refuses_a_secret_in_clear(bench: Bench) -> None:
    await bench.config.add(NET, variable("A"), by=ADA)
    with pytest.raises(IntegrityError):
        await bench.session.execute(text("UPDATE stack_config SET value = 'clear'"))


async def test_an_error_never_holds_the_value(bench: Bench) -> None:
    with pytest.raises(ConfigElementError) as caught:
        await bench.config.add(NET, variable("A", f"{CANARY}\n"), by=ADA)
    assert CANARY not in f"{caught.value!r} {caught.value} {caught.value.facts}"


@pytest.mark.parametrize(
    "action",
    [Action.STACK_ADD_CONFIG, Action.STACK_DELETE_CONFIG, Action.SPACE_ADMIN],
)
async def test_every_verb_asks_for_leave(session: AsyncSession, action: Action) -> None:
    access = OpenAccess()
    bench = await Bench(session, access=access).prepare()
    await bench.stacks.create(a_spec(), by=ADA)
    access.refused.add(action)

    attempts: dict[Action, Callable[[], Awaitable[object]]] = {
        Action.STACK_ADD_CONFIG: lambda: bench.config.add(NET, variable("A"), by=ADA),
        Action.STACK_DELETE_CONFIG: lambda: bench.config.delete(NET, "A", by=ADA),
        Action.SPACE_ADMIN: lambda: bench.config.values_for_run(NET, by=ADA),
    }

    with pytest.raises(ForbiddenError):
        await attempts[action]()
