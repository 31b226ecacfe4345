"""The way of a message out of a transaction: a row, and a hint that it is there.

Both leave only on commit. The hint carries no content: a notification is limited to
8,000 bytes, and may be missed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.adapters.mqtt.model import Delivery
from stackyard.kernel.ids import PoolId, WorkerId
from stackyard_protocol.mqtt import ToWorker

CHANNEL: Final = "stackyard_broker"
SENT: Final = "sent"  # to a worker of this pool
CUT: Final = "cut"  # this pool's certificate


@dataclass(frozen=True, slots=True)
class BrokerCourier:
    """Implements `workers.Courier` for the built-in broker."""

    session: AsyncSession

    async def send(
        self, pool_id: PoolId, worker_id: WorkerId, message: ToWorker
    ) -> None:
        await self.broadcast(pool_id, [worker_id], message)

    async def broadcast(
        self, pool_id: PoolId, worker_ids: Sequence[WorkerId], message: ToWorker
    ) -> None:
        if not worker_ids:
            return
        payload = msgspec.json.encode(message)
        rows = [
            {"pool_id": pool_id, "worker_id": worker_id, "payload": payload}
            for worker_id in worker_ids
        ]
        await self.session.execute(insert(Delivery), rows)
        await self._notify(f"{SENT} {pool_id}")

    async def cut(self, pool_id: PoolId) -> None:
        """Hang up on the pool's workers, in every replica."""
        await self._notify(f"{CUT} {pool_id}")

    async def _notify(self, hint: str) -> None:
        await self.session.execute(select(func.pg_notify(CHANNEL, hint)))
