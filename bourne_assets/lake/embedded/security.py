"""The keys that close SeaweedFS's own ports to the other users of the machine.

SigV4 guards the S3 port alone. Behind it master, volume server and filer talk to each other over
ports that authenticate nobody, unless SeaweedFS is given signing keys for its HTTP requests
and a certificate for gRPC. One process holds all of its parts, so they all share one certificate,
which is its own authority, and everything is made afresh at each start.
Run as `python -m bourne_assets.lake.embedded.security FOLDER` by the container that is the lake of
deploy/compose.yaml.
Not here: the S3 credentials (`seaweedfs`), which live as long as the lake.
"""

import ipaddress
import secrets
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bourne_assets.lake.private_files import write_private

CONFIG_FILE = "security.toml"
_CERTIFICATE_FILE = "server.crt"
_KEY_FILE = "server.key"
#: Every part of SeaweedFS that speaks gRPC; one left out would listen in plain text.
_COMPONENTS = (
    "master",
    "volume",
    "filer",
    "s3",
    "client",
    "admin",
    "worker",
    "msg_broker",
    "msg_agent",
    "mq",
)
_JWT_SECTIONS = ("jwt.signing", "jwt.signing.read", "jwt.filer_signing", "jwt.filer_signing.read")
_VALID_FOR = timedelta(days=3650)
#: The clock may be set back while the server runs.
_VALID_SINCE = timedelta(days=3650)


def write_server_keys(folder: Path) -> None:
    """Write new keys, and the configuration that names them, readable by their owner alone.

    SeaweedFS reads `security.toml` from its working folder, which must be `folder`: the paths in
    it are relative, so that the folder may have any name.

    Args:
        folder: An existing folder that only its owner can enter.

    Raises:
        OSError: A file cannot be written.
    """
    certificate, key = self_signed_certificate()
    write_private(folder / _CERTIFICATE_FILE, certificate)
    write_private(folder / _KEY_FILE, key)
    write_private(folder / CONFIG_FILE, _configuration())


def _configuration() -> str:
    """SeaweedFS's security.toml: `weed scaffold -config=security` prints one with every option."""
    lines = []
    for section in _JWT_SECTIONS:
        lines += [f"[{section}]", f'key = "{secrets.token_urlsafe(32)}"']
    lines += ["[grpc]", f'ca = "{_CERTIFICATE_FILE}"']
    for component in _COMPONENTS:
        lines += [
            f"[grpc.{component}]",
            f'cert = "{_CERTIFICATE_FILE}"',
            f'key = "{_KEY_FILE}"',
        ]
    return "\n".join(lines) + "\n"


def self_signed_certificate() -> tuple[str, str]:
    """A certificate and its private key in PEM: ECDSA P-256, made in some 5 ms."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "embedded lake")])
    now = datetime.now(UTC)
    loopback = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _VALID_SINCE)
        .not_valid_after(now + _VALID_FOR)
        .add_extension(x509.SubjectAlternativeName([loopback]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    return (
        certificate.public_bytes(serialization.Encoding.PEM).decode("ascii"),
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode("ascii"),
    )


if __name__ == "__main__":
    write_server_keys(Path(sys.argv[1]))
