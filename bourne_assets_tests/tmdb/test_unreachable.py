"""The first request finds no server, or one that is not trusted: it is final, and tried once."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bourne_assets.tmdb.client import connect_tmdb
from bourne_assets.tmdb.errors import TmdbUnavailable, TmdbUnreachable
from bourne_assets_tests.standin import PACE, TmdbStandIn

pytestmark = pytest.mark.usefixtures("no_naps")


def _self_signed(folder: Path) -> Path:
    """A file with a key and a certificate for 127.0.0.1 that nobody trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path


@contextmanager
def _tls_server(certificate: Path) -> Iterator[tuple[int, list[str]]]:
    """A server that speaks TLS: its port, and a word for each handshake that was tried."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    handshakes: list[str] = []

    def serve() -> None:
        while True:
            connection, _ = listener.accept()
            if stopped.is_set():
                connection.close()
                return
            handshakes.append("tried")
            try:
                context.wrap_socket(connection, server_side=True).close()
            except OSError:
                connection.close()

    stopped = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield port, handshakes
        finally:
            stopped.set()
            socket.create_connection(("127.0.0.1", port)).close()
            thread.join()


def _says(base_url: str) -> str:
    client = connect_tmdb(base_url, token="a-token", key=None, requests_per_second=PACE)
    with pytest.raises(TmdbUnreachable) as caught:
        client.authentication()
    assert "a-token" not in str(caught.value)
    return str(caught.value)


def test_a_certificate_that_nobody_trusts_is_final(tmp_path: Path) -> None:
    with _tls_server(_self_signed(tmp_path)) as (port, handshakes):
        message = _says(f"https://127.0.0.1:{port}/3")
        assert handshakes == ["tried"]
    assert f"127.0.0.1:{port}: its TLS certificate was not accepted" in message


def test_a_name_that_does_not_resolve_is_final() -> None:
    assert "no-such-host.invalid: its name does not resolve" in _says(
        "https://no-such-host.invalid/3"
    )


def test_a_port_that_nobody_listens_on_is_final() -> None:
    with socket.socket() as holder:  # so that nobody else can listen there meanwhile
        holder.bind(("127.0.0.1", 0))
        port = holder.getsockname()[1]
        assert f"127.0.0.1:{port}: it refused the connection" in _says(f"http://127.0.0.1:{port}/3")


def test_a_server_that_has_responded_before_may_come_back() -> None:
    with TmdbStandIn() as server:
        client = server.client()
        client.authentication()
    with pytest.raises(TmdbUnavailable, match="no connection") as caught:
        client.authentication()
    assert not isinstance(caught.value, TmdbUnreachable)
