"""A vault that hides nothing, and binds what it seals to its context all the same."""

from stackyard.kernel.secrets import Sealed, UnsealError


class MemoryVault:
    def __init__(self) -> None:
        self._sealed: dict[bytes, tuple[str, bytes]] = {}

    def seal(self, secret: bytes, *, context: str) -> Sealed:
        ticket = f"sealed-{len(self._sealed)}".encode()
        self._sealed[ticket] = (context, secret)
        return Sealed(ticket)

    def unseal(self, sealed: Sealed, *, context: str) -> bytes:
        bound_to, secret = self._sealed.get(bytes(sealed), (None, b""))
        if bound_to != context:
            raise UnsealError(context=context)
        return secret
