"""Our own certificate authority: it vouches for pools of workers and for the broker.

Start with `authority.py`. Nothing is ever revoked by list: a pool's certificate is good
while it is the one that the pool's row holds, and the broker asks for every connection.
"""

from stackyard.adapters.crypto.authority.authority import Authority
from stackyard.adapters.crypto.authority.errors import SigningRequestError
from stackyard.adapters.crypto.authority.model import StoredAuthority
from stackyard.adapters.crypto.authority.server import BrokerTls
from stackyard.adapters.crypto.authority.storage import open_authority

__all__ = [
    "Authority",
    "BrokerTls",
    "SigningRequestError",
    "StoredAuthority",
    "open_authority",
]
