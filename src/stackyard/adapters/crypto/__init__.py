"""Keys: the installation's RSA key, the data key it wraps, and signed tokens."""

from stackyard.adapters.crypto.errors import WrongRsaKeyError
from stackyard.adapters.crypto.keys import generate_rsa_key
from stackyard.adapters.crypto.model import DataKey
from stackyard.adapters.crypto.tokens import RsaTokens
from stackyard.adapters.crypto.vault import AesVault, open_vault

__all__ = [
    "AesVault",
    "DataKey",
    "RsaTokens",
    "WrongRsaKeyError",
    "generate_rsa_key",
    "open_vault",
]
