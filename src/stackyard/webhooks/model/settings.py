"""What people choose of any webhook."""

from dataclasses import dataclass, field
from typing import Self

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from stackyard.kernel.secrets import Sealed, Vault
from stackyard.kernel.webhooks import endpoint_problems, secret_problems
from stackyard.webhooks.errors import HookProblemsError


@dataclass(frozen=True, slots=True, kw_only=True)
class HookSettings:
    """An empty *secret* keeps the one that there is."""

    enabled: bool
    endpoint: str
    retry_on_failure: bool = False
    secret: str = field(default="", repr=False)

    def problems(self) -> list[str]:
        return endpoint_problems(self.endpoint) + secret_problems(self.secret)


class HookFields:
    """The columns of any webhook, beside whose it is."""

    enabled: Mapped[bool]
    endpoint: Mapped[str]
    retry_on_failure: Mapped[bool]
    secret: Mapped[Sealed | None] = mapped_column(LargeBinary)

    def take(self, settings: HookSettings, vault: Vault, *, row: str) -> Self:
        """Hold what is wanted, or raise `HookProblemsError`; *row* is where we are."""
        problems = settings.problems()
        if problems:
            raise HookProblemsError(*problems)
        self.enabled = settings.enabled
        self.endpoint = settings.endpoint
        self.retry_on_failure = settings.retry_on_failure
        if settings.secret:
            self.secret = vault.seal(settings.secret.encode(), context=f"{row}/secret")
        return self

    def clear(self, vault: Vault, *, row: str) -> bytes:
        """Return the secret, to sign with and for nothing else; empty without one."""
        if self.secret is None:
            return b""
        return vault.unseal(self.secret, context=f"{row}/secret")
