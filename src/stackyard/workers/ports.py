"""What the slice needs of others: a signature, a way to a worker, who uses a pool."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeAlias

from sqlalchemy import Select

from stackyard.kernel.access import Subject
from stackyard.kernel.ids import PoolId, SpaceId, WorkerId
from stackyard_protocol.mqtt import ToWorker

# The spaces a subject may read, as a subquery (`stackyard.spaces.visible_to`).
VisibleSpaces: TypeAlias = Callable[[Subject], Select[SpaceId]]

# The stacks and modules that are in a pool and do not reach it, described.
FindCutOff: TypeAlias = Callable[[PoolId], Awaitable[Sequence[str]]]


class Signer(Protocol):
    def sign(self, request: str, *, pool_id: PoolId) -> str:
        """Return a certificate (PEM) for the RSA key of *request* (base64 of a PEM).

        The name in it is the pool's, whatever the request says, and no two are alike.
        Raises an `InvalidError` that says what is wrong with the request.
        """


class Courier(Protocol):
    async def send(
        self, pool_id: PoolId, worker_id: WorkerId, message: ToWorker
    ) -> None:
        """Send *message* if, and only if, the current transaction commits.

        It only wakes: a worker that is not there registers when it comes back.
        """

    async def broadcast(
        self, pool_id: PoolId, worker_ids: Sequence[WorkerId], message: ToWorker
    ) -> None:
        """Send the same to several workers of one pool."""

    async def cut(self, pool_id: PoolId) -> None:
        """Hang up on the pool's workers; those with a good certificate come back."""
