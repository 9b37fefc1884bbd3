"""Alerts by e-mail, over SMTP. Not here: who gets which (`routes`), and the text (`delivery`)."""

import smtplib
import ssl
from collections.abc import Sequence
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

from bourne_assets.defs.operations.alert_messages import NotDelivered
from bourne_assets.defs.operations.routes import MailServer
from bourne_assets.text import printable
from bourne_assets.translations import gettext

#: Seconds to connect, and for each reply.
_TIMEOUT_SECONDS = 10
_LONGEST_SUBJECT = 150


def send(
    server: MailServer, password: str | None, to: Sequence[str], subject: str, text: str
) -> None:
    """Send one message to some addresses.

    Args:
        server: Who takes it.
        password: Of the server's user.
        to: The addresses.
        subject: One line.
        text: The body.

    Raises:
        NotDelivered: It was not taken, or not for all of them.
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
                "{place} wants the password of {user}: set BOURNE_SMTP_PASSWORD.",
                place=place,
                user=server.user,
            )
        )
    try:
        with smtplib.SMTP(server.server, server.port, timeout=_TIMEOUT_SECONDS) as connection:
            if server.tls == "starttls":
                connection.starttls(context=ssl.create_default_context())
            if server.user and password:
                connection.login(server.user, password)
            refused = connection.send_message(message)
    except (smtplib.SMTPException, OSError) as error:
        # The cause may quote what was sent.
        raise NotDelivered(
            gettext("{place} did not take an e-mail: {reason}.", place=place, reason=_why(error))
        ) from None
    if refused:
        raise NotDelivered(
            gettext("{place} refused {names}.", place=place, names=", ".join(sorted(refused)))
        )


def _why(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return gettext("it has no STARTTLS, or no login")
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return gettext(
            "it refused the login (code {code}), check BOURNE_SMTP_PASSWORD", code=error.smtp_code
        )
    if isinstance(error, smtplib.SMTPResponseException):
        return gettext("it replied {code}", code=error.smtp_code)
    if isinstance(error, ssl.SSLCertVerificationError):
        return gettext("its certificate is not one that this machine trusts")
    return type(error).__name__
