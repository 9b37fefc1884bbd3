"""Which texts are plain spellings of values, and keep every digit: predicates and texts in SQL.

Two of them are in Python as well, for the values of a sample.
Not here: what a column's values are (`column_types`), and the patterns themselves (`kinds`).
"""

import re
from decimal import Decimal

from bourne_assets.csvs.options import DatasetOptions
from bourne_assets.csvs.reading import kinds
from bourne_assets.sql import literal

#: A number of this many characters, sign and point included, is exact as a DOUBLE; one of 16 digits
#: may be beyond 2**53.
_EXACT_CHARACTERS = 15
_DATE_CHARACTERS = len("2002-06-14")
_SECOND_CHARACTERS = len("2002-06-14 20:15:00")


def in_words(text: str, options: DatasetOptions) -> tuple[str, str]:
    """The truth value of a text in words that are declared, and whether it is one of them."""
    true, false = (
        f"({', '.join(map(literal, words or ('',)))})"
        for words in (options.true_words, options.false_words)
    )
    value = f"CASE WHEN {text} IN {true} THEN true WHEN {text} IN {false} THEN false END"
    return value, f"({value}) IS NOT NULL"


def is_plain(family: str, text: str) -> str:
    """A predicate in SQL: whether a text is a plain spelling of the family's types."""
    if family == "number":
        return f"regexp_full_match({text}, {literal(kinds.NUMBER)})"
    if family == "date":
        # DuckDB has days without a number, `infinity`, and years of more digits, or before Christ.
        shown = f"CAST(TRY_CAST({text} AS DATE) AS VARCHAR)"
        return f"coalesce(strlen({text}) = {_DATE_CHARACTERS} AND {shown} = {text}, false)"
    if family == "boolean":
        return f"{text} IN ({', '.join(map(literal, kinds.BOOLEAN.split('|')))})"
    zone = kinds.UTC if family == "instant" else ""
    bare = without_zone(text) if zone else text
    moment = f"TRY_CAST({bare} AS TIMESTAMP)"
    spelled = f"regexp_full_match({text}, {literal(kinds.TIMESTAMP + zone)})"
    fits = f"({spelled} AND {moment} IS NOT NULL)"
    if zone:
        return fits
    # The usual spelling is DuckDB's own, which is seen in half the time.
    as_shown = f"strlen({text}) = {_SECOND_CHARACTERS} AND CAST({moment} AS VARCHAR) = {text}"
    return f"CASE WHEN {as_shown} THEN true ELSE {fits} END"


def without_zone(text: str) -> str:
    """A moment's text in SQL without its mark of UTC."""
    return f"regexp_replace({text}, {literal(kinds.UTC + '$')}, '')"


def scale_of(text: str) -> str:
    """How many digits a number's text has after its point, in SQL."""
    return f"CASE WHEN contains({text}, '.') THEN strlen({text}) - strpos({text}, '.') ELSE 0 END"


def is_exact(text: str) -> str:
    """Whether a DOUBLE's shortest print is the number that the text says, to the last digit."""
    shown = f"CAST(TRY_CAST({text} AS DOUBLE) AS VARCHAR)"
    trimmed = f"rtrim(rtrim({text}, '0'), '.')"
    bare = f"CASE WHEN suffix({shown}, '.0') THEN left({shown}, -2) ELSE {shown} END"
    # Each condition costs several times as much as the one before it.
    return (
        f"CASE WHEN strlen({text}) <= {_EXACT_CHARACTERS} THEN true WHEN {shown} = {text} THEN true"
        f" WHEN contains({text}, '.') THEN {trimmed} = {bare} ELSE {text} = {bare} END"
    )


def is_exact_double(text: str) -> bool:
    """What `is_exact` asks in SQL, of a text."""
    return len(text) <= _EXACT_CHARACTERS or Decimal(text) == Decimal(repr(float(text)))


def number_text(text: str, options: DatasetOptions) -> str:
    """A number's text in SQL with a point and without groups, where others are declared."""
    decimal, thousands = options.decimal or ".", options.thousands
    if thousands:
        grouped = literal(_grouped(thousands, decimal))
        text = (
            f"CASE WHEN regexp_full_match({text}, {grouped})"
            f" THEN replace({text}, {literal(thousands)}, '') ELSE {text} END"
        )
    return f"translate({text}, ',.', '.x')" if decimal == "," else text


def plain_number(text: str, options: DatasetOptions) -> str:
    """What `number_text` makes of a text that begins like a number."""
    if options.decimal != "," and not options.thousands:
        return text
    decimal, thousands = options.decimal or ".", options.thousands
    if not re.match(r"[+-]?\d[\d.,' _\u2019\u00a0\u202f]*\Z", text):
        return text
    if thousands and re.fullmatch(_grouped(thousands, decimal), text):
        text = text.replace(thousands, "")
    return text.translate(str.maketrans(",.", ".x")) if decimal == "," else text


def _grouped(thousands: str, decimal: str) -> str:
    """The pattern of a number with groups of digits."""
    group, point = re.escape(thousands), re.escape(decimal)
    return rf"[+-]?\d{{1,3}}({group}\d{{3}})+({point}\d+)?"
