from datetime import datetime

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from stackyard.kernel.orm import Entity


class DataKey(Entity):
    """The key that secrets are sealed with, itself wrapped by the RSA key.

    There is one row; its id is the first byte of everything sealed with it.
    """

    __tablename__ = "data_keys"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)
    wrapped_by: Mapped[str]  # fingerprint of the RSA public key
    created_at: Mapped[datetime]
