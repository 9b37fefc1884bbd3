"""Alerts by e-mail, over SMTP.

Not here: who gets which (`routes`), and the text (`alert_messages`).
"""

import contextlib
import smtplib
import ssl
import threading
from collections.abc import Sequence
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

from bourne_assets.defs.operations.alert_messages import NotDelivered
from bourne_assets.defs.operations.routes import MailServer
from bourne_assets.text import printable
from bourne_assets.tmdb.deadlines import Limits, limited_reader
from bourne_assets.translations import gettext

#: Seconds to connect to an address, and for the handshake of TLS.
_TIMEOUT_SECONDS = 5
#: Seconds and bytes for all replies: a server that sends a byte at a time holds nothing.
_WHOLE_SECONDS, _MOST_BYTES = 15, 256 * 1024
_LONGEST_SUBJECT = 150
#: A server's reply before it closes the connection: later is another time.
_CLOSING = 421


def send(
    server: MailServer, password: str | None, to: Sequence[str], subject: str, text: str
) -> dict[str, int]:
    """Send one message to some addresses.

    Args:
        server: Who takes it.
        password: Of the server's user.
        to: The addresses.
        subject: One line.
        text: The body.

    Returns:
        The addresses that the server refused, and its replies: from 500 on for good.

    Raises:
        NotDelivered: It was not taken, whoever it is for.
    """
    message = EmailMessage()
    message["Subject"] = printable(subject)[:_LONGEST_SUBJECT]
    message["From"], message["To"] = server.sender, ", ".join(to)
    message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain="bourne-assets")
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    place = f"{server.server}:{server.port}"
    if server.user and not password:
        raise NotDelivered(
            gettext(
                "{place} needs the password of {user}: set BOURNE_SMTP_PASSWORD.",
                place=place,
                user=server.user,
            )
        )
    try:
        connection = _Connection(server.server, server.port, timeout=_TIMEOUT_SECONDS)
        with contextlib.closing(connection):
            if server.tls == "starttls":
                connection.starttls(context=ssl.create_default_context())
            if server.user and password:
                connection.login(server.user, password)
            refused = _refused(connection, message, to)
            with contextlib.suppress(smtplib.SMTPException, OSError):
                connection.quit()  # however it ends, the message has been taken
    except (smtplib.SMTPException, OSError, ValueError) as error:
        # The cause may quote what was sent. A ValueError: a challenge that is not base64.
        raise NotDelivered(
            gettext("{place} did not take an e-mail: {reason}.", place=place, reason=_why(error))
        ) from None
    return refused


def _refused(connection: smtplib.SMTP, message: EmailMessage, to: Sequence[str]) -> dict[str, int]:
    """Send a message; the addresses that do not get it, with the server's replies."""
    try:
        refused = connection.send_message(message, to_addrs=list(to))
    except smtplib.SMTPRecipientsRefused as error:  # all, or with a 421 the rest unasked
        refused = error.recipients
        return {address: refused.get(address, (_CLOSING, b""))[0] for address in to}
    return {address: code for address, (code, _) in refused.items()}


class _Connection(smtplib.SMTP):
    """A connection whose replies, all of them together, have a deadline and an end."""

    _limits: Limits | None = None

    def getreply(self) -> tuple[int, bytes]:
        """As smtplib does, within the limits."""
        if self._limits is None:
            self._limits = Limits(_WHOLE_SECONDS, _MOST_BYTES, threading.Event())
        if self.file is None and self.sock is not None:  # at first, and after STARTTLS
            self.file = limited_reader(self.sock, self._limits)
        return super().getreply()


def _why(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return gettext("it does not support STARTTLS, or login")
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return gettext(
            "it refused the login (code {code}), check BOURNE_SMTP_PASSWORD", code=error.smtp_code
        )
    if isinstance(error, smtplib.SMTPResponseException):
        return gettext("it replied {code}", code=error.smtp_code)
    if isinstance(error, ssl.SSLCertVerificationError):
        return gettext("this machine does not trust its certificate")
    return type(error).__name__
