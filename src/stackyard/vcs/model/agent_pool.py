"""A pool of agents: programs that reach a git server for us where we cannot.

An integration names it in the host of its server, `private://<pool>/…`.
"""

import base64
import hashlib
import json
import secrets
from datetime import datetime
from typing import Any, Final, Self

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from stackyard.kernel.ids import VcsAgentPoolId, new_ulid
from stackyard.kernel.orm import Entity
from stackyard.kernel.text import CONTROLS, storable
from stackyard.vcs.errors import AgentPoolDescriptionError, AgentPoolNameError

LONGEST_NAME: Final = 256
_KEY_BYTES: Final = 32


class AgentPool(Entity):
    __tablename__ = "vcs_agent_pools"
    __table_args__ = (Index("uq_vcs_agent_pools_name", "name", unique=True),)

    id: Mapped[VcsAgentPoolId] = mapped_column(primary_key=True)
    name: Mapped[str]
    description: Mapped[str | None]
    key_hash: Mapped[str]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    @classmethod
    def create(
        cls, name: str, description: str | None, *, at: datetime
    ) -> tuple[Self, str]:
        """Return a new pool and the key of its agents, which is shown once."""
        key = secrets.token_urlsafe(_KEY_BYTES)
        pool = cls(
            id=VcsAgentPoolId(new_ulid()),
            # the key is as random as its sum: nobody finds it by trying words
            key_hash=hashlib.sha256(key.encode()).hexdigest(),
            created_at=at,
        )
        pool.change(name, description, at=at)
        return pool, key

    def change(self, name: str, description: str | None, *, at: datetime) -> None:
        """Take a new name. Integrations that name the old one lose their agents."""
        if not name.strip() or len(name) > LONGEST_NAME or not _plain(name):
            raise AgentPoolNameError(name=name[:LONGEST_NAME])
        if not storable(description or ""):
            raise AgentPoolDescriptionError
        self.name, self.description, self.updated_at = name, description, at

    @property
    def address(self) -> str:
        """Return how an integration names it."""
        return f"private://{self.name}"

    def facts(self) -> dict[str, Any]:
        """Return what the audit trail keeps of it."""
        return {"ID": self.id, "Name": self.name}


def agent_token(pool_id: VcsAgentPoolId, key: str, *, gateway: str) -> str:
    """Return all that an agent is given: where to call, and as whom."""
    said = {"host": gateway, "key": key, "pool_ulid": pool_id}
    return base64.b64encode(json.dumps(said).encode()).decode()


def _plain(name: str) -> bool:
    return storable(name) and "/" not in name and not CONTROLS.search(name)
