"""The broker's own certificate: made in memory, short-lived, renewed while it runs."""

import asyncio
import ssl
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import structlog
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from stackyard.adapters.crypto.authority.authority import Authority

log = structlog.get_logger()

_RENEW_SECONDS: Final = 24 * 3600


@dataclass(eq=False)
class BrokerTls:
    """`names`: hosts and addresses that workers dial. Mutual TLS, 1.2 or later."""

    authority: Authority
    names: Sequence[str]
    context: ssl.SSLContext = field(init=False)

    def __post_init__(self) -> None:
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.context.verify_mode = ssl.CERT_REQUIRED
        self.context.load_verify_locations(cadata=self.authority.certificate_pem)
        # no resumption: every connection shows its certificate
        self.context.options |= ssl.OP_NO_TICKET | ssl.OP_NO_RENEGOTIATION
        self.context.num_tickets = 0
        self.renew()

    def renew(self) -> None:
        """Use a new key and certificate for every handshake from now on."""
        key = ec.generate_private_key(ec.SECP256R1())
        chain = (
            self.authority.certify_server(self.names, key.public_key())
            + self.authority.certificate_pem
        )
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        # Python's TLS reads from files only; the folder is ours alone (0700)
        with tempfile.TemporaryDirectory(prefix="stackyard-tls-") as folder:
            path = Path(folder) / "server.pem"
            path.write_bytes(private + chain.encode())
            self.context.load_cert_chain(path)

    async def run(self) -> None:
        """Renew every day, until cancelled."""
        while True:
            await asyncio.sleep(_RENEW_SECONDS)
            self.renew()
            log.info("broker.certificate_renewed")
