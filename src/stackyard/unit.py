"""One unit of work: everything a request, or a message, may use.

A plain typed object stands in for a dependency-injection framework: the editor
can jump through it, mypy can check it, and a test can build one by hand.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.kernel.access import Access
from stackyard.kernel.blobs import Blobs
from stackyard.kernel.clock import Clock
from stackyard.kernel.events import Outbox
from stackyard.kernel.secrets import Vault


@dataclass(frozen=True)
class Unit:
    """The parts; each slice's service is a `cached_property` that is built of them."""

    session: AsyncSession
    access: Access
    outbox: Outbox
    clock: Clock
    blobs: Blobs
    vault: Vault


OpenUnit: TypeAlias = Callable[[], AbstractAsyncContextManager[Unit]]
