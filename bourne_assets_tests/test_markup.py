"""Text from outside in Markdown and in messages: it is read as it was written."""

import pytest

from bourne_assets.markup import in_mail, in_markdown, in_slack, markdown_code

_JOINER = "\u2060"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("![x](http://evil/a)", rf"!\[x\](http{_JOINER}://evil/a)"),
        ('<img src="x">', r'\<img src="x"\>'),
        ("a | b", r"a \| b"),
        ("`code`", r"\`code\`"),
        ("two\nlines\r\n\n# head", "two lines # head"),
        ("# head", r"\# head"),
        ("- item", r"\- item"),
        ("1. item", r"1\. item"),
        ("> quotation", r"\> quotation"),
        ("&lt;b&gt;", "&amp;lt;b&amp;gt;"),
        ("www.evil.example", rf"www{_JOINER}.evil.example"),
        ("HTTPS://evil.example", rf"HTTPS{_JOINER}://evil.example"),
        ("me@evil.example", rf"me@{_JOINER}evil.example"),
        (r"back\slash", r"back\\slash"),
        ("~~gone~~ *bold* _thin_", r"\~\~gone\~\~ \*bold\* \_thin\_"),
        ("\x1b[31mred", r"\[31mred"),
        (12, "12"),
    ],
)
def test_a_value_is_plain_words_in_markdown(text: object, written: str) -> None:
    assert in_markdown(text) == written


def test_code_cannot_end_its_block() -> None:
    assert markdown_code("a\n````\n![x](y)", "json") == "`````json\na\n````\n![x](y)\n`````"
    assert markdown_code("a") == "```\na\n```"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("<!channel> & <@U1>", "&lt;!channel&gt; &amp; &lt;@" + _JOINER + "U1&gt;"),
        ("<http://evil|click>", f"&lt;http{_JOINER}://evil|click&gt;"),
        ("two\nlines", "two lines"),
        ("`x`", "'x'"),
    ],
)
def test_a_value_is_plain_words_in_slack(text: str, written: str) -> None:
    assert in_slack(text) == written


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("sign in: http://evil.example/a", f"sign in: http{_JOINER}://evil.example/a"),
        ("www.evil.example", f"www{_JOINER}.evil.example"),
        ("ann@evil.example", f"ann@{_JOINER}evil.example"),
        ("<b> & `x`", "<b> & `x`"),
        ("two\nlines", "two lines"),
    ],
)
def test_a_value_is_plain_words_in_an_e_mail(text: str, written: str) -> None:
    assert in_mail(text) == written
