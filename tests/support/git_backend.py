"""Other people's git server: git's own CGI program behind https."""

import asyncio
import os
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.support.ports import free_port


@dataclass(frozen=True)
class GitBackend:
    root: Path

    async def __call__(self, request: Request) -> Response:
        process = await asyncio.create_subprocess_exec(
            "git",
            "http-backend",
            env={
                "PATH": os.environ["PATH"],
                "GIT_CONFIG_NOSYSTEM": "1",
                "GIT_CONFIG_GLOBAL": "/dev/null",
                "GIT_PROJECT_ROOT": str(self.root),
                "GIT_HTTP_EXPORT_ALL": "1",
                "REQUEST_METHOD": request.method,
                "PATH_INFO": request.url.path,
                "QUERY_STRING": request.url.query,
            },
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
        )
        output, _ = await process.communicate()
        head, _, body = output.partition(b"\r\n\r\n")
        lines = (line.split(": ", 1) for line in head.decode().split("\r\n"))
        headers = {name.lower(): value for name, value in lines}
        status = int(headers.pop("status", "200").split()[0])
        return Response(body, status, headers)


@dataclass(frozen=True)
class OwnTls:
    """A certificate for 127.0.0.1 and localhost that is its own authority."""

    certificate: Path
    key: Path

    @classmethod
    def make(cls, folder: Path) -> "OwnTls":
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
        now = datetime.now(UTC)  # noqa: TID251 - OpenSSL asks the machine too
        names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(key, hashes.SHA256())
        )
        own = cls(folder / "certificate.pem", folder / "key.pem")
        own.certificate.write_bytes(
            certificate.public_bytes(serialization.Encoding.PEM)
        )
        own.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return own

    def trusted(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.certificate))


@contextmanager
def git_server(root: Path, tls: OwnTls) -> Iterator[str]:
    """Serve the repositories in *root* from a thread; yield the base URL.

    A thread of its own, since tests of the whole platform block theirs.
    """
    port = free_port()
    app = Starlette(routes=[Route("/{path:path}", GitBackend(root).__call__)])
    config = uvicorn.Config(
        app,
        "127.0.0.1",
        port,
        log_level="warning",
        lifespan="off",
        ssl_certfile=tls.certificate,
        ssl_keyfile=str(tls.key),
    )
    server = uvicorn.Server(config)
    serving = threading.Thread(target=server.run)
    serving.start()
    try:
        yield f"https://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        serving.join(20)
