"""Security keys and one-time passwords. Neither talks to anybody."""

from stackyard.adapters.second_factor.one_time import PyotpPasswords
from stackyard.adapters.second_factor.passkeys import WebAuthnPasskeys

__all__ = ["PyotpPasswords", "WebAuthnPasskeys"]
