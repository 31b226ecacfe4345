from datetime import datetime

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from stackyard.kernel.orm import Entity


class StoredAuthority(Entity):
    """The authority of this installation. There is one row, made once."""

    __tablename__ = "certificate_authorities"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    certificate: Mapped[str]  # PEM
    sealed_key: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
