from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

from stackyard.kernel.clock import Clock
from stackyard.kernel.ids import LegId, RunId, SpaceId, StackId, new_ulid
from stackyard.kernel.site import Site
from stackyard.kernel.tokens import Tokens

RUN_ISSUER: Final = "spacelift"  # what existing clients ask of a token inside a run


FEDERATION_SECONDS: Final = 3600


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What a cloud is told of a run. *scope* is `write` if the run may change things.

    The claims' names and the subject's form are the reference product's: roles in
    clouds are tied to them.
    """

    stack_id: StackId
    space_id: SpaceId
    run_id: RunId
    run_type: str
    scope: Literal["read", "write"]
    is_module: bool = False

    @property
    def caller_type(self) -> str:
        return "module" if self.is_module else "stack"

    @property
    def subject(self) -> str:
        return (
            f"space:{self.space_id}:{self.caller_type}:{self.stack_id}"
            f":run_type:{self.run_type}:scope:{self.scope}"
        )


@dataclass(frozen=True, slots=True)
class RunTokens:
    """Tokens that a run carries. Its claims are what clients read: no more, no less."""

    tokens: Tokens
    site: Site
    clock: Clock

    def issue(
        self, *, stack_id: StackId, run_id: RunId, leg_id: LegId, seconds: int
    ) -> str:
        """Return a token of the run and its stack; it ends with this leg, or sooner."""
        now = self.clock()
        issued = int(now.timestamp())
        return self.tokens.sign(
            {
                "aud": self.site.base_url,
                "exp": int((now + timedelta(seconds=seconds)).timestamp()),
                "iat": issued,
                "iss": RUN_ISSUER,
                "jti": leg_id,
                "nbf": issued,
                "sub": f"{stack_id}/{run_id}",
            }
        )

    def federate(self, run: RunFacts) -> str:
        """Return a token by which clouds know the run. Nothing of ours is opened by it:
        its audience is a host name, and we take only tokens for our own address.
        """
        now = int(self.clock().timestamp())
        return self.tokens.sign(
            {
                "aud": self.site.host_name,
                "callerId": run.stack_id,
                "callerType": run.caller_type,
                "exp": now + FEDERATION_SECONDS,
                "iat": now,
                "iss": self.site.issuer,
                "jti": new_ulid(),
                "nbf": now,
                "runId": run.run_id,
                "runType": run.run_type,
                "scope": run.scope,
                "spaceId": run.space_id,
                "sub": run.subject,
            }
        )
