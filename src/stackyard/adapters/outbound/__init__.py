"""HTTP to places that a user named."""

from stackyard.adapters.outbound.addresses import AddressRules
from stackyard.adapters.outbound.client import GuardedHttp

__all__ = ["AddressRules", "GuardedHttp"]
