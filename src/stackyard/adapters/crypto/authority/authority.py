"""Makes certificates. What is in them is chosen here, never by who asks."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_address
from typing import Final, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from stackyard.adapters.crypto.authority.requests import read_request
from stackyard.kernel.clock import Clock
from stackyard.kernel.ids import PoolId, new_ulid

_TOLERANCE: Final = timedelta(hours=1)  # the clocks of workers may be behind
_AUTHORITY_LIFE: Final = timedelta(days=3652)
_POOL_LIFE: Final = timedelta(days=365)
_SERVER_LIFE: Final = timedelta(days=30)
_LONGEST_COMMON_NAME: Final = 64


@dataclass(frozen=True, slots=True)
class Authority:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey = field(repr=False)
    clock: Clock

    @classmethod
    def found(cls, *, clock: Clock) -> Self:
        """Make a new authority; `open_authority` sees to it that there is one."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name(f"Stackyard workers {new_ulid()}")
        identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        certificate = (
            _begin(name, clock, _AUTHORITY_LIFE)
            .issuer_name(name)
            .public_key(key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(authority=True), critical=True)
            .add_extension(identifier, critical=False)
            .sign(key, hashes.SHA256())
        )
        return cls(certificate, key, clock)

    @property
    def certificate_pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()

    def sign(self, request: str, *, pool_id: PoolId) -> str:
        """Return a certificate (PEM) for the key of a base64-encoded PEM request.

        Raises `SigningRequestError`. No two certificates are alike, so that a pool's
        former one is not good any more once it has another.
        """
        names: list[x509.GeneralName] = [
            x509.UniformResourceIdentifier(f"urn:stackyard:worker-pool:{pool_id}")
        ]
        return self._issue(
            str(pool_id),
            read_request(request),
            names,
            life=_POOL_LIFE,
            use=ExtendedKeyUsageOID.CLIENT_AUTH,
        )

    def certify_server(
        self, names: Sequence[str], key: ec.EllipticCurvePublicKey
    ) -> str:
        """Return a certificate (PEM) for a server under these hosts and addresses."""
        return self._issue(
            names[0][:_LONGEST_COMMON_NAME],
            key,
            [_general_name(name) for name in names],
            life=_SERVER_LIFE,
            use=ExtendedKeyUsageOID.SERVER_AUTH,
        )

    def _issue(
        self,
        common_name: str,
        key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey,
        names: Sequence[x509.GeneralName],
        *,
        life: timedelta,
        use: x509.ObjectIdentifier,
    ) -> str:
        ours = self.certificate.public_key()
        assert isinstance(ours, ec.EllipticCurvePublicKey)  # noqa: S101 - `found` made it
        certificate = (
            _begin(_name(common_name), self.clock, life)
            .issuer_name(self.certificate.subject)
            .public_key(key)
            .add_extension(
                x509.BasicConstraints(ca=False, path_length=None), critical=True
            )
            .add_extension(_usage(authority=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([use]), critical=False)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key), critical=False
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(ours),
                critical=False,
            )
            .sign(self.key, hashes.SHA256())
        )
        return certificate.public_bytes(Encoding.PEM).decode()


def _begin(
    subject: x509.Name, clock: Clock, life: timedelta
) -> x509.CertificateBuilder:
    now = clock()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _TOLERANCE)
        .not_valid_after(now + life)
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )
