"""Two languages from one catalogue: nothing lacks a translation, and numbers follow the locale."""

import ast
import os
import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.pofile import read_po

import bourne_assets
from bourne_assets.answers.words.language import localizer
from bourne_assets.translations import LANGUAGES, Language, catalogue, catalogue_file, placeholders
from scripts.update_catalogue import messages

_MINUS = "\N{MINUS SIGN}"
#: The zone is set late, as the C library would itself wait for a pipe when Python starts.
_WRITES_A_DATE = """
import os
from datetime import date
os.environ["TZ"] = os.environ["ZONE"]
from bourne_assets.answers.words.language import localizer
print(localizer("en").day(date(2007, 8, 5)), os.environ["TZ"])
"""
_SAYING = {"gettext", "ngettext", "in_english"}
#: Words for what faturamento, carga, guardar, verifique and coluna de id say already.
_SECOND_WORDS = r"receitas?\b|[Ii]ngest|armazen|\b[Cc]onfira\b|coluna de identificação"
_TRANSLATED = [language for language in LANGUAGES if language != "en"]


def _catalogue(language: Language) -> dict[tuple[str, ...], tuple[str, ...]]:
    with catalogue_file(language).open("rb") as file:
        found = read_po(file, locale=catalogue_file(language).parts[-3], charset="utf-8")
    return {_texts(message.id): _texts(message.string) for message in found if message.id}


def _texts(text: object) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)  # type: ignore[arg-type]


def _used_messages() -> list[tuple[str, ...]]:
    return [
        _texts(message.id) for message in messages() if isinstance(message, Message) and message.id
    ]


@pytest.mark.parametrize("language", _TRANSLATED)
def test_no_sentence_lacks_a_translation(language: Language) -> None:
    catalogue = _catalogue(language)
    lacking = [ids for ids in _used_messages() if not all(catalogue.get(ids, ("",)))]
    assert lacking == [], "run `make catalogue` and fill in what it names"
    assert len(_used_messages()) > 100


@pytest.mark.parametrize("language", _TRANSLATED)
def test_the_catalogue_translates_nothing_that_is_not_used(language: Language) -> None:
    assert sorted(_catalogue(language)) == sorted(_used_messages()), "run `make catalogue`"


@pytest.mark.parametrize("language", _TRANSLATED)
def test_no_translation_is_a_guess(language: Language) -> None:
    assert "#, fuzzy" not in catalogue_file(language).read_text(encoding="utf-8")


def test_one_thing_has_one_word_in_portuguese() -> None:
    found = [text for texts in _catalogue("pt").values() for text in texts]
    assert [text for text in found if re.search(_SECOND_WORDS, text)] == []


@pytest.mark.parametrize("language", _TRANSLATED)
def test_the_catalogue_is_read_as_babel_reads_it(language: Language) -> None:
    read = catalogue(language)
    for ids, strings in _catalogue(language).items():
        assert read.gettext(ids[0]) == strings[0]
        if len(ids) > 1:
            assert [read.ngettext(ids[0], ids[1], n) for n in (0, 1, 2)] == [
                strings[0],
                strings[0],
                strings[1],
            ]


@pytest.mark.parametrize("language", _TRANSLATED)
def test_a_translation_has_the_placeholders_of_its_sentence(language: Language) -> None:
    for ids, strings in _catalogue(language).items():
        for english, text in zip(ids, strings, strict=True):
            assert placeholders(text) == placeholders(english), ids
            assert text.endswith(".") == ids[0].endswith("."), ids


def test_the_catalogue_is_found_wherever_the_package_is(tmp_path: Path) -> None:
    code = (
        "from bourne_assets.answers.words.language import localizer\n"
        "print(localizer('pt').gettext('Film'))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout == "Filme\n"


@pytest.mark.parametrize(
    ("value", "digits", "english", "portuguese"),
    [
        (0, 1, "0.0", "0,0"),
        (1234567.89, 1, "1,234,567.9", "1.234.567,9"),
        (-1234.5, 1, f"{_MINUS}1,234.5", f"{_MINUS}1.234,5"),
        (999.96, 1, "1,000.0", "1.000,0"),
        (-0.001, 1, "0.0", "0,0"),
        (12, 0, "12", "12"),
    ],
)
def test_numbers_have_the_marks_of_their_language(
    value: float, digits: int, english: str, portuguese: str
) -> None:
    assert localizer("en").number(value, digits) == english
    assert localizer("pt").number(value, digits) == portuguese


@pytest.mark.parametrize(
    ("amount", "english", "portuguese"),
    [
        (1_500_000, "$1.5 million", "US$ 1,5 milhão"),
        (-1_500_000, f"{_MINUS}$1.5 million", f"{_MINUS}US$ 1,5 milhão"),
        (2_000_000, "$2.0 million", "US$ 2,0 milhões"),
        (1_960_000, "$2.0 million", "US$ 2,0 milhões"),
        (1_519_557_910, "$1,519.6 million", "US$ 1.519,6 milhões"),
        (28, "$28", "US$ 28"),
        (7_000, "$7,000", "US$ 7.000"),
        (-204_000.4, f"{_MINUS}$204,000", f"{_MINUS}US$ 204.000"),
        (999_999.6, "$1,000,000", "US$ 1.000.000"),
        (None, "unknown", "desconhecido"),
    ],
)
def test_money_is_in_millions_with_its_sign_in_front(
    amount: int | None, english: str, portuguese: str
) -> None:
    assert localizer("en").money(amount) == english
    assert localizer("pt").money(amount).replace("\N{NO-BREAK SPACE}", " ") == portuguese


def test_a_change_has_its_sign_in_any_case() -> None:
    t = localizer("en")
    assert t.signed_money(1_500_000) == "+$1.5 million"
    assert t.signed_money(-1_500_000) == f"{_MINUS}$1.5 million"
    assert localizer("pt").number(0.5, 1, signed=True) == "+0,5"
    assert t.number(-0.5, 1, signed=True) == f"{_MINUS}0.5"
    assert [t.percent(value) for value in (34.7916, 0.0, -0.04, -46.1538, None)] == [
        "+34.8%",
        "+0.0%",
        "+0.0%",
        f"{_MINUS}46.2%",
        "unknown",
    ]


@pytest.mark.parametrize(
    ("value", "english", "portuguese"),
    [
        (0.9416, "p = 0.94", "p = 0,94"),
        (0.1, "p = 0.10", "p = 0,10"),
        (0.0333, "p = 0.033", "p = 0,033"),
        (0.0004, "p < 0.001", "p < 0,001"),
        (0.0, "p < 0.001", "p < 0,001"),
    ],
)
def test_a_p_value_has_the_digits_that_matter(value: float, english: str, portuguese: str) -> None:
    assert localizer("en").p_value(value) == english
    assert localizer("pt").p_value(value) == portuguese


def test_dates_are_those_of_the_language() -> None:
    day = date(2017, 9, 1)
    english, portuguese = localizer("en"), localizer("pt")
    assert (english.day(day), portuguese.day(day)) == (
        "September 1, 2017",
        "1º de setembro de 2017",
    )
    assert (english.month(day), portuguese.month(day)) == ("September 2017", "setembro de 2017")
    assert portuguese.short_day(day) == "1º de set. de 2017"
    assert portuguese.day(date(2017, 9, 11)) == "11 de setembro de 2017"


def test_a_value_with_braces_stays_as_it_is() -> None:
    translated = localizer("pt").gettext("{verdict}.", verdict="{verdict} {0} %s")
    assert translated == "{verdict} {0} %s."


def test_every_sentence_is_given_what_its_braces_name() -> None:
    checked, wrong = 0, []
    for path in sorted(Path(bourne_assets.__file__).parent.rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and ast.unparse(call.func) in _SAYING:
                texts = [
                    each.value
                    for each in call.args
                    if isinstance(each, ast.Constant) and isinstance(each.value, str)
                ]
                given = {each.arg for each in call.keywords}
                if texts and None not in given:  # **values are known when they are filled in
                    checked += 1
                    counted = {"n"} if len(texts) > 1 else set()
                    wrong += [
                        f"{path.name}: {t}" for t in texts if placeholders(t) - counted != given
                    ]
    assert wrong == []
    assert checked > 400


@pytest.mark.parametrize("zone", ["/etc/passwd", ":/etc/passwd", "a pipe", "Atlantis/City", "UTC"])
def test_dates_are_written_whatever_is_called_a_time_zone(zone: str, tmp_path: Path) -> None:
    """Babel alone would end with a traceback, or wait for the pipe forever."""
    os.mkfifo(tmp_path / "a pipe")
    (tmp_path / "UTC").write_text("no zone")
    done = subprocess.run(
        [sys.executable, "-c", _WRITES_A_DATE],
        env={**os.environ, "TZ": "UTC", "PYTHONPATH": os.pathsep.join(sys.path), "ZONE": zone},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == f"August 5, 2007 {zone}\n"
