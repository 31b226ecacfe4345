import base64

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession
from tests.support.certificates import (
    der_of,
    request_pem,
    rsa_key,
    signing_request,
)
from tests.support.pools import ENDPOINTS, Yard

from stackyard.adapters.crypto.authority import SigningRequestError
from stackyard.adapters.mqtt.model import Delivery
from stackyard.kernel.access import SYSTEM, Action, Subject, SubjectKind
from stackyard.kernel.errors import ForbiddenError
from stackyard.kernel.ids import ROOT, LegId, PoolId, SpaceId, new_ulid
from stackyard.spaces import seed
from stackyard.workers import (
    Pool,
    PoolBusyError,
    PoolInUseError,
    PoolNameError,
    PoolNotFoundError,
    PoolSettings,
)
from stackyard_protocol.mqtt import PoolToken, SelfDestruct, ToWorker


@pytest.fixture
async def yard(session: AsyncSession) -> Yard:
    yard = Yard(session)
    await seed(session, at=yard.clock())
    return yard


async def token_of(yard: Yard, pool: Pool) -> PoolToken:
    token = (await yard.pools.tokens([pool.id], by=SYSTEM))[pool.id]
    return msgspec.json.decode(base64.b64decode(token), type=PoolToken)


async def test_the_token_tells_a_launcher_where_to_dial_and_whom_to_trust(
    yard: Yard,
) -> None:
    pool = await yard.pool()
    token = await token_of(yard, pool)
    assert token.pool_ulid == pool.id
    assert token.api.endpoint == ENDPOINTS.api
    assert token.broker.endpoint == ENDPOINTS.broker
    assert token.broker.ca == yard.authority.certificate_pem
    certificate = x509.load_pem_x509_certificate(token.certificate.encode())
    assert certificate.public_key() == rsa_key().public_key()
    assert pool.public_key() == rsa_key().public_key()
    certificate.verify_directly_issued_by(yard.authority.certificate)


async def test_a_user_may_choose_any_subject_and_it_means_nothing(yard: Yard) -> None:
    victim = await yard.pool("victim")
    settings = PoolSettings(name="liar")
    request = signing_request(subject=victim.id)
    liar = await yard.pools.create(settings, request, by=SYSTEM)
    await yard.session.flush()
    der = der_of((await token_of(yard, liar)).certificate)
    assert await yard.pools.authenticate(der, by=SYSTEM) == liar.id


def junk_requests() -> dict[str, tuple[str, str]]:
    pem = request_pem(rsa_key())
    der = bytearray(x509.load_pem_x509_csr(pem).public_bytes(Encoding.DER))
    der[-1] ^= 1  # the signature's last byte
    forged = x509.load_der_x509_csr(bytes(der)).public_bytes(Encoding.PEM)
    certificate = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    small = rsa.generate_private_key(65537, 1024)  # noqa: S505 - the point
    return {
        "nothing": ("", "not a PEM file"),
        "no base64": ("-----BEGIN CERTIFICATE REQUEST-----", "not base64"),
        "no PEM": (base64.b64encode(b"hello").decode(), "not a PEM file"),
        "a certificate": (base64.b64encode(certificate).decode(), "not a PEM file"),
        "forged": (base64.b64encode(forged).decode(), "not made with the key"),
        "small key": (signing_request(small), "1024 bits"),
        "curve": (
            signing_request(ec.generate_private_key(ec.SECP256R1())),
            "elliptic curve",
        ),
        "huge": ("A" * 40_000, "too large"),
    }


@pytest.mark.parametrize("case", junk_requests())
async def test_a_bad_signing_request_is_refused_with_the_reason(
    yard: Yard, case: str
) -> None:
    request, reason = junk_requests()[case]
    with pytest.raises(SigningRequestError, match=reason):
        await yard.pools.create(PoolSettings(name="pool"), request, by=SYSTEM)


async def test_line_breaks_in_base64_do_not_matter(yard: Yard) -> None:
    request = "\n".join(base64.encodebytes(request_pem(rsa_key())).decode().split())
    await yard.pools.create(PoolSettings(name="pool"), request, by=SYSTEM)


async def test_a_pool_needs_a_name(yard: Yard) -> None:
    with pytest.raises(PoolNameError):
        await yard.pools.create(PoolSettings(name=" "), signing_request(), by=SYSTEM)


async def test_readers_do_not_get_the_token(yard: Yard) -> None:
    pool = await yard.pool()

    reader = Subject(SubjectKind.USER, "eve", "Eve")

    assert await yard.pools.tokens([pool.id], by=reader) != {}
    yard.access.refused.add(Action.SPACE_ADMIN)
    assert await yard.pools.tokens([pool.id], by=reader) == {}


async def test_an_update_replaces_everything_but_the_token(yard: Yard) -> None:
    pool = await yard.pools.create(
        PoolSettings(
            name="old",
            description="text",
            labels=("b", "a"),
            space_id=ROOT,
            drift_detection_run_limit=5,
        ),
        signing_request(),
        by=SYSTEM,
    )
    await yard.session.flush()
    before = await token_of(yard, pool)
    yard.clock.advance(10)

    updated = await yard.pools.update(pool.id, PoolSettings(name="new"), by=SYSTEM)

    assert (updated.name, updated.description, updated.labels) == ("new", None, [])
    assert updated.drift_detection_run_limit == -1
    assert updated.space_id == ROOT  # a pool is moved only when somebody says where
    assert updated.updated_at > updated.created_at
    assert await token_of(yard, updated) == before


@pytest.mark.parametrize("limit", [-5, 0, 10])
async def test_the_drift_limit_is_kept_as_it_was_sent(yard: Yard, limit: int) -> None:
    settings = PoolSettings(name="pool", drift_detection_run_limit=limit)
    pool = await yard.pools.create(settings, signing_request(), by=SYSTEM)
    assert pool.drift_detection_run_limit == limit


async def test_a_reset_makes_the_former_certificate_nobodys(yard: Yard) -> None:
    pool = await yard.pool()
    former = await token_of(yard, pool)
    assert await yard.pools.authenticate(der_of(former.certificate), by=SYSTEM)

    reset = await yard.pools.reset(pool.id, signing_request(), by=SYSTEM)
    await yard.session.flush()

    assert reset.id == pool.id
    current = await token_of(yard, reset)
    assert current.certificate != former.certificate  # though the key is the same
    former_der, current_der = der_of(former.certificate), der_of(current.certificate)
    assert await yard.pools.authenticate(former_der, by=SYSTEM) is None
    assert await yard.pools.authenticate(current_der, by=SYSTEM) == pool.id


@pytest.mark.parametrize("der", [b"", b"junk"])
async def test_what_is_no_certificate_is_nobodys(yard: Yard, der: bytes) -> None:
    assert await yard.pools.authenticate(der, by=SYSTEM) is None


async def test_a_cycle_tells_every_worker_of_this_pool_to_exit(yard: Yard) -> None:
    pool, other = await yard.pool(), await yard.pool("other")
    mine = {await yard.register(pool.id), await yard.register(pool.id)}
    await yard.register(other.id)

    await yard.pools.cycle(pool.id, by=SYSTEM)

    rows = (await yard.session.scalars(select(Delivery))).all()
    assert {(row.pool_id, row.worker_id) for row in rows} == {
        (pool.id, worker_id) for worker_id in mine
    }
    assert all(
        msgspec.json.decode(row.payload, type=ToWorker) == SelfDestruct()
        for row in rows
    )


async def test_a_pool_that_nothing_uses_is_deleted_with_its_workers(yard: Yard) -> None:
    pool = await yard.pool()
    await yard.register(pool.id)
    await yard.pools.delete(pool.id, by=SYSTEM)
    assert await yard.pools.find(pool.id, by=SYSTEM) is None
    assert await yard.session.scalar(text("SELECT count(*) FROM workers")) == 0


async def test_a_pool_that_something_refers_to_is_not_deleted(yard: Yard) -> None:
    pool = await yard.pool()
    await yard.session.execute(
        text("CREATE TABLE user_of_pool (pool_id text REFERENCES worker_pools (id))")
    )
    await yard.session.execute(
        text("INSERT INTO user_of_pool VALUES (:pool)"), {"pool": pool.id}
    )
    with pytest.raises(PoolInUseError):
        await yard.pools.delete(pool.id, by=SYSTEM)
    assert await yard.pools.find(pool.id, by=SYSTEM) is not None


async def test_a_pool_that_carries_out_a_run_is_not_deleted(yard: Yard) -> None:
    pool = await yard.pool()
    await yard.register(pool.id)
    await yard.workers.claim(pool.id, LegId(new_ulid()), by=SYSTEM)
    with pytest.raises(PoolBusyError):
        await yard.pools.delete(pool.id, by=SYSTEM)


async def test_pools_of_spaces_that_one_cannot_see_are_not_listed(yard: Yard) -> None:
    seen = await yard.pool("seen")
    hide = "INSERT INTO spaces VALUES ('hidden', 'h', '', 'root', false, '{}')"
    await yard.session.execute(text(hide))
    hidden = PoolSettings(name="hidden", space_id=SpaceId("hidden"))
    await yard.pools.create(hidden, signing_request(), by=SYSTEM)
    await yard.session.flush()
    assert [pool.id for pool in await yard.pools.all(by=SYSTEM)] == [seen.id]


async def test_a_pool_that_is_not_there_is_none_to_find_and_an_error_to_get(
    yard: Yard,
) -> None:
    gone = PoolId(new_ulid())
    assert await yard.pools.find(gone, by=SYSTEM) is None
    with pytest.raises(PoolNotFoundError):
        await yard.pools.get(gone, by=SYSTEM)


@pytest.mark.parametrize(
    ("action", "verb"),
    [
        (Action.WORKER_POOL_UPDATE, "update"),
        (Action.WORKER_POOL_RESET, "reset"),
        (Action.WORKER_POOL_CYCLE, "cycle"),
        (Action.WORKER_POOL_DELETE, "delete"),
    ],
)
async def test_each_verb_needs_its_own_right(
    yard: Yard, action: Action, verb: str
) -> None:
    pool = await yard.pool()
    yard.access.refused = {action}
    pools = yard.pools
    verbs = {
        "update": pools.update(pool.id, PoolSettings(name="x"), by=SYSTEM),
        "reset": pools.reset(pool.id, signing_request(), by=SYSTEM),
        "cycle": pools.cycle(pool.id, by=SYSTEM),
        "delete": pools.delete(pool.id, by=SYSTEM),
    }
    chosen = verbs.pop(verb)
    for other in verbs.values():
        other.close()
    with pytest.raises(ForbiddenError):
        await chosen


async def test_moving_a_pool_needs_the_right_to_make_one_there(yard: Yard) -> None:
    pool = await yard.pool()
    yard.access.refused = {Action.WORKER_POOL_CREATE}
    await yard.pools.update(pool.id, PoolSettings(name="stays"), by=SYSTEM)
    with pytest.raises(ForbiddenError):
        await yard.pools.update(
            pool.id, PoolSettings(name="moves", space_id=ROOT), by=SYSTEM
        )
