from datetime import datetime

from sqlalchemy import BigInteger, Identity, Index, LargeBinary, func
from sqlalchemy.orm import Mapped, mapped_column

from stackyard.kernel.ids import PoolId, WorkerId
from stackyard.kernel.orm import Entity


class Delivery(Entity):
    """A message on its way to a worker. Rows live for seconds: see `Fanout`."""

    __tablename__ = "broker_deliveries"
    __table_args__ = (Index("ix_broker_deliveries_pool_id_id", "pool_id", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    pool_id: Mapped[PoolId]
    worker_id: Mapped[WorkerId]
    payload: Mapped[bytes] = mapped_column(LargeBinary)
    # the database's own clock: writers and sweepers run on several machines
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
