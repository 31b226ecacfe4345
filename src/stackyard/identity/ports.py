"""What the slice needs of the outside: short transactions of its own."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TypeAlias

from sqlalchemy.ext.asyncio import AsyncSession

OpenSession: TypeAlias = Callable[[], AbstractAsyncContextManager[AsyncSession]]
