"""An SMTP server on loopback with STARTTLS and a login, for tests of alerts by e-mail."""

import base64
import contextlib
import datetime as dt
import ipaddress
import socketserver
import ssl
import threading
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER, PASSWORD = "alerts", "a-password-that-nobody-may-see"


class SmtpServer:
    """Takes e-mail while the `with` block lasts.

    Args:
        folder: Where its certificate is put.

    Attributes:
        port: Where it listens.
        certificate: Whoever trusts this file trusts the server.
        messages: What it took, in order.
        logins: Whether each login was over TLS and with the right password.
        refuses: Whether it takes no message.
        unknown: What it replies to the addresses that it does not take.
    """

    def __init__(self, folder: Path) -> None:
        self.messages: list[EmailMessage] = []
        self.logins: list[tuple[bool, bool]] = []
        self.refuses = False
        self.unknown: dict[str, str] = {}
        self.certificate, key = _certificate(folder)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, key)
        server = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                session = _Session(server, self.request, context)
                # A client that does not trust the certificate breaks off.
                with contextlib.suppress(ssl.SSLError), contextlib.closing(session):
                    session.run()

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=[0.01], daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Session:
    """One connection."""

    def __init__(self, server: SmtpServer, connection: Any, context: ssl.SSLContext) -> None:
        self._server = server
        self._context = context
        self._is_encrypted = False
        self._use(connection)

    def _use(self, connection: Any) -> None:
        self._connection = connection
        self._lines = connection.makefile("rb")

    def close(self) -> None:
        self._lines.close()
        self._connection.close()

    def _reply(self, *lines: str) -> None:
        code, last = lines[-1][:3], len(lines) - 1
        for number, line in enumerate(lines):
            mark = " " if number == last else "-"
            self._connection.sendall(f"{code}{mark}{line[4:]}\r\n".encode())

    def run(self) -> None:
        self._reply("220 here")
        while line := self._lines.readline():
            word, _, rest = line.decode().strip().partition(" ")
            match word.upper():
                case "EHLO":
                    offers = ["250 AUTH PLAIN"] if self._is_encrypted else ["250 STARTTLS"]
                    self._reply("250 here", *offers)
                case "STARTTLS":
                    self._reply("220 go on")
                    self._use(self._context.wrap_socket(self._connection, server_side=True))
                    self._is_encrypted = True
                case "AUTH":
                    given = base64.b64decode(rest.split(" ")[1]).decode().split("\0")[1:]
                    is_right = given == [USER, PASSWORD]
                    self._server.logins.append((self._is_encrypted, is_right))
                    self._reply("235 welcome" if is_right else "535 no")
                case "DATA":
                    self._reply("354 go on")
                    self._take()
                case "QUIT":
                    self._reply("221 bye")
                    return
                case _:
                    self._reply(self._envelope(word.upper(), rest))

    def _envelope(self, word: str, rest: str) -> str:
        """The reply to the sender, a recipient, or anything else."""
        if word == "MAIL" and self._server.refuses:
            return "451 later"
        address = rest.partition("<")[2].partition(">")[0]
        return self._server.unknown.get(address, "250 well") if word == "RCPT" else "250 well"

    def _take(self) -> None:
        data = b""
        while (line := self._lines.readline()) != b".\r\n":
            data += line
        message = message_from_bytes(data, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self._server.messages.append(message)
        self._reply("250 taken")


def _certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate of 127.0.0.1 that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    paths = folder / "smtp.crt", folder / "smtp.key"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return paths
