from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from stackyard.kernel.clock import Clock
from stackyard.kernel.ids import RunId, StackId
from stackyard.kernel.site import Site
from stackyard.kernel.tokens import Tokens

RUN_ISSUER: Final = "spacelift"  # what existing clients ask of a token inside a run


@dataclass(frozen=True, slots=True)
class RunTokens:
    """Tokens that a run carries. Its claims are what clients read: no more, no less."""

    tokens: Tokens
    site: Site
    clock: Clock

    def issue(self, *, stack_id: StackId, run_id: RunId, seconds: int) -> str:
        """Return a token of the run and its stack; it ends with the run, or sooner."""
        now = self.clock()
        issued = int(now.timestamp())
        return self.tokens.sign(
            {
                "aud": self.site.base_url,
                "exp": int((now + timedelta(seconds=seconds)).timestamp()),
                "iat": issued,
                "iss": RUN_ISSUER,
                "nbf": issued,
                "sub": f"{stack_id}/{run_id}",
            }
        )
