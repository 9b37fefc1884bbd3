"""The answers as Markdown, read back by a real Markdown parser; titles come from outside."""

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from bourne_assets.answers.markdown import as_markdown
from bourne_assets.answers.questions import QUESTIONS, origin, to_text
from bourne_assets.tmdb import NOTICE
from bourne_assets.translations import LANGUAGES, Language
from bourne_assets_tests.answers.builders import SCENARIOS, films_of_2017, result_of

_HOSTILE = [
    "a|b",
    "a||b|",
    "a\\|b",
    "a\\\\|b",
    "\\",
    "line\nbreak",
    "line\r\nbreak\n\n| x | y |",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "&lt;script&gt;",
    "a & b",
    "a\u2028b",
    "<!-- comment",
]


def _tokens(text: str) -> list[Token]:
    """Everything that the parser saw, inner tokens as well."""
    found = MarkdownIt("commonmark").enable("table").parse(text)
    return [part for token in found for part in (token, *(token.children or ()))]


def _rows(text: str) -> list[list[str]]:
    """The cells of the table's body, as text."""
    rows: list[list[str]] = []
    in_body = False
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        if token.type in {"tbody_open", "tbody_close"}:
            in_body = token.type == "tbody_open"
        elif in_body and token.type == "tr_open":
            rows.append([])
        elif in_body and token.type == "inline":
            rows[-1].append("".join(part.content for part in token.children or ()))
    return rows


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", SCENARIOS)
def test_the_table_has_a_row_for_each_sentence_and_the_question_beside_the_first(
    name: str, language: Language
) -> None:
    result = result_of(*SCENARIOS[name])
    expected = [
        [answer_text.question if first else "", sentence.replace("\N{NO-BREAK SPACE}", " ")]
        for answer_text in to_text(result, language)
        for first, sentence in zip(
            [True] + [False] * 99, (*answer_text.sentences, answer_text.caveat), strict=False
        )
    ]
    assert _rows(as_markdown(result, language)) == expected


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_origin_and_tmdbs_notice_stand_below_the_table(language: Language) -> None:
    result = result_of(*films_of_2017())
    *_, source_line, _, notice = as_markdown(result, language).splitlines()
    assert source_line == origin(result, language)
    assert notice == NOTICE


def test_english_is_the_language_unless_another_is_asked_for() -> None:
    result = result_of(*films_of_2017())
    assert as_markdown(result) == as_markdown(result, "en") != as_markdown(result, "pt")


@pytest.mark.parametrize("title", _HOSTILE)
def test_a_hostile_title_breaks_neither_the_table_nor_the_page(title: str) -> None:
    known = films_of_2017()
    known[2]["title"] = title
    known[3]["title"] = title[::-1]
    known[0]["revenue"] = None
    known[0]["title"] = title
    text = as_markdown(result_of(*known))
    rows = _rows(text)
    assert {len(row) for row in rows} == {2}
    assert sum(bool(question) for question, _ in rows) == len(QUESTIONS)
    assert not any(token.type.startswith("html") for token in _tokens(text))
    shown = " ".join(title.split())
    assert any(answer.startswith(f"Smaller: {shown} (2007) earned") for _, answer in rows)
    assert text.count(NOTICE) == 1


@pytest.mark.parametrize(
    "title",
    ["![x](https://example.org/x.png)", "[x](https://example.org)", "<https://example.org>"],
)
def test_a_title_brings_no_picture_and_no_link_with_it(title: str) -> None:
    known = films_of_2017()
    known[2]["title"] = title
    kinds = {token.type for token in _tokens(as_markdown(result_of(*known)))}
    assert not kinds & {"image", "link_open"}
