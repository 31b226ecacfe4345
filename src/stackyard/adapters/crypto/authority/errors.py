from stackyard.kernel.errors import InvalidError


class SigningRequestError(InvalidError):
    """The certificate signing request cannot be used."""

    def __init__(self, *, reason: str) -> None:
        super().__init__(reason=reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"the certificate signing request cannot be used: {self.reason}"
