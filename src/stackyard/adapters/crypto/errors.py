from stackyard.kernel.errors import ConflictError


class WrongRsaKeyError(ConflictError):
    """ENCRYPTION_RSA_PRIVATE_KEY is not the key this database was set up with."""
