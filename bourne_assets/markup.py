"""Text from outside, as plain words in Markdown, in Slack's mrkdwn and in e-mail.

A cell of a CSV file or a title of TMDB may hold a picture, a link or a tag; code that puts such
text between markup of its own calls one of these functions, and it is read as it was written.
HTML is made by Jinja alone, which escapes on its own.
Not here: whole pages and messages.
"""

import re
from html import escape

from bourne_assets.text import drawable, printable

#: What CommonMark and GFM take for an edge of a table, a link, a picture, HTML, code or emphasis.
_SIGNS = re.compile(r"[\\`*_\[\]<>|~]")
#: What makes a heading, a list or a quotation at the beginning of a line.
_BEGINNING = re.compile(r"^(\d{0,9})([-+#=.):])")
#: What GFM, Slack and programs for e-mail turn into links though nothing marks it: addresses of the
#: web and of mail.
_ADDRESS = re.compile(r"((?:https?|ftp|mailto|xmpp)(?=:)|www(?=\.)|@)", re.IGNORECASE)
#: Between two letters it shows nothing and breaks no line, and an address with it is not one.
_WORD_JOINER = "\u2060"
_BACKTICKS = re.compile("`+")


def in_markdown(text: object) -> str:
    """A value within a paragraph, a cell, or the alternative text of a picture, in Markdown."""
    words = " ".join(drawable(str(text)).split())
    words = _ADDRESS.sub(rf"\1{_WORD_JOINER}", _SIGNS.sub(r"\\\g<0>", words))
    return _BEGINNING.sub(r"\1\\\2", words).replace("&", "&amp;")


def markdown_code(text: str, language: str = "") -> str:
    """Lines of code as a block, whose fence is longer than any that the code holds."""
    longest = max((len(found[0]) for found in _BACKTICKS.finditer(text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def in_slack(text: object) -> str:
    """A value within a message of Slack: no mention, no link, and one line.

    See https://docs.slack.dev/messaging/formatting-message-text, "Escaping text".
    """
    words = escape(drawable(str(text)), quote=False)
    return _ADDRESS.sub(rf"\1{_WORD_JOINER}", words).replace("`", "'")


def in_mail(text: object) -> str:
    """A value within an e-mail of plain text: one line, in which no client finds an address."""
    return _ADDRESS.sub(rf"\1{_WORD_JOINER}", printable(str(text)))
