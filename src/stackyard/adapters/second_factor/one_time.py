"""One-time passwords of authenticator apps (RFC 6238)."""

import hmac
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import pyotp

from stackyard.kernel.second_factor import OneTimePasswordError
from stackyard.kernel.site import Site

_CODE: Final = re.compile(r"[0-9]{6}")
_DRIFT: Final = (-1, 0, 1)  # of 30 seconds each


@dataclass(frozen=True, slots=True)
class PyotpPasswords:
    """Implements `kernel.second_factor.OneTimePasswords`."""

    site: Site

    def new_secret(self) -> str:
        return pyotp.random_base32()

    def uri(self, secret: str, login: str) -> str:
        issuer = f"Stackyard {self.site.host_name}"
        return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=issuer)

    def accept(
        self, secret: str, code: str, *, last_step: int | None, now: datetime
    ) -> int:
        typed = "".join(code[:20].split())
        if not _CODE.fullmatch(typed):
            raise OneTimePasswordError
        password = pyotp.TOTP(secret)
        current = password.timecode(now)
        for step in (current + drift for drift in _DRIFT):
            # whoever looked over a shoulder has the same code for a while
            if last_step is not None and step <= last_step:
                continue
            if hmac.compare_digest(password.generate_otp(step), typed):
                return step
        raise OneTimePasswordError
