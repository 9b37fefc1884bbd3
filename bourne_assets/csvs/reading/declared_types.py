"""Types that the user declares: a value has its column's type, or is named.

Not here: types that are found (`column_types`), and what happens to a line (`reader`).
"""

import re

from bourne_assets.csvs.options import DatasetOptions
from bourne_assets.csvs.reading.column_types import TEXT, Column
from bourne_assets.csvs.reading.duckdb_session import DuckDbSession
from bourne_assets.csvs.reading.moments import in_format
from bourne_assets.csvs.reading.number_types import DECIMAL
from bourne_assets.csvs.reading.spellings import in_words, number_text
from bourne_assets.sql import literal

_INTEGER = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?")
_TIMESTAMP = re.compile(r"TIMESTAMP(_S|_MS|_NS)?( WITH TIME ZONE)?")
#: Digits of a second that a type keeps.
_PRECISION = {"_S": 0, "_MS": 3, None: 6, "_NS": 9}
#: What a Parquet file of DuckDB's holds with a loss, and what it holds instead.
_HELD_AS = {
    **dict.fromkeys(("HUGEINT", "UHUGEINT"), "DECIMAL(38,0)"),
    "TIME WITH TIME ZONE": TEXT,
}
_CLOCK = r"([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6}0*)?)?"
_OFFSET = r"([+-]\d{2}(:?\d{2})?)?"
_DAY = r"\d{4}([-/])\d{1,2}[-/]\d{1,2}"
#: Numbers with a decimal comma, and one that cannot be a number with groups.
_COMMA = r"[+-]?(\d{1,3}(\.\d{3})+|\d+)(,\d+)?"
_SURELY_COMMA = r".*,(\d{1,2}|\d{4,})|.*\..*,.*|\d{4,},\d+"


def declared_column(place: str, kind: str, options: DatasetOptions) -> Column:
    """How a column is converted to its declared type.

    Args:
        place: The column of texts in SQL.
        kind: The type, as DuckDB spells it.
        options: What the user declares of the dataset.
    """
    if kind == TEXT:
        return Column(TEXT, place)
    text = f"nullif({place}, '')"
    value, condition = _value(text, kind, options)
    held = _HELD_AS.get(kind, kind)
    if held == TEXT:
        value = text
    elif held != kind:
        value = f"TRY_CAST({value} AS {held})"
        condition = f"{condition} AND {value} IS NOT NULL"
    return Column(held, value, f"({text} IS NULL OR coalesce({condition}, false))")


def with_decimal_comma(
    session: DuckDbSession, source: str, place: str, kind: str, options: DatasetOptions
) -> DatasetOptions:
    """Options with a decimal comma, where a number's values all have one and cannot be others.

    Args:
        session: DuckDB.
        source: The columns of texts as a query's source.
        place: The column.
        kind: Its declared type.
        options: What the user declares of the dataset.

    Raises:
        duckdb.Error: The query fails.
    """
    is_real = kind in {"FLOAT", "DOUBLE"} or DECIMAL.fullmatch(kind)
    if not is_real or options.decimal or options.thousands:
        return options
    text = f"nullif({place}, '')"
    ((values, commas, sure),) = session.rows(
        f"SELECT count({text}), count(*) FILTER (regexp_full_match({text}, {literal(_COMMA)})),"
        f" count(*) FILTER (regexp_full_match({text}, {literal(_SURELY_COMMA)})) FROM {source}"
    )
    if not values or commas < values or not sure:
        return options
    return options.model_copy(update={"decimal": ",", "thousands": "."})


def _value(text: str, kind: str, options: DatasetOptions) -> tuple[str, str]:
    """The value of a text in SQL, and whether the text is one of the type."""
    number = number_text(f"trim({text})", options)
    if _INTEGER.fullmatch(kind):
        value = f"TRY_CAST({number} AS {kind})"
        return value, f"regexp_full_match({number}, '[+-]?\\d+') AND {value} IS NOT NULL"
    if decimal := DECIMAL.fullmatch(kind):
        scale = int(decimal[2])
        value = f"TRY_CAST({number} AS {kind})"
        shape = rf"[+-]?(\d+(\.\d{{0,{scale}}}0*)?|\.\d{{1,{max(1, scale)}}}0*)"
        return value, f"regexp_full_match({number}, {literal(shape)}) AND {value} IS NOT NULL"
    if kind in {"FLOAT", "DOUBLE"}:
        return _real(number, kind)
    if kind == "BOOLEAN" and (options.true_words or options.false_words):
        return in_words(text, options)
    if kind == "DATE" or kind.startswith("TIME"):
        return _moment(text, kind, options)
    value = f"TRY_CAST({text} AS {kind})"
    return value, f"{value} IS NOT NULL"


def _real(number: str, kind: str) -> tuple[str, str]:
    """A number whose shortest print is the number of the text, to the last digit."""
    value = f"TRY_CAST({number} AS {kind})"
    is_word = f"lower(ltrim({number}, '+-')) IN ('nan', 'inf', 'infinity')"
    same = f"{_significant(number)} = {_significant(f'CAST({value} AS VARCHAR)')}"
    return value, f"{value} IS NOT NULL AND ({is_word} OR {same})"


def _significant(number: str) -> str:
    """The digits of a number without sign, point, exponent, and zeros at its ends."""
    digits = f"replace(regexp_replace({number}, '[eE].*$', ''), '.', '')"
    return f"rtrim(ltrim({digits}, '+-0'), '0')"


def _moment(text: str, kind: str, options: DatasetOptions) -> tuple[str, str]:
    match = _TIMESTAMP.fullmatch(kind)
    given = options.date_format if kind == "DATE" else options.timestamp_format if match else None
    if given:
        return in_format(text, kind, given)
    value = f"TRY_CAST({text} AS {kind})"
    return value, f"regexp_full_match({text}, {literal(_shape(kind))}) AND {value} IS NOT NULL"


def _shape(kind: str) -> str:
    """The pattern of what is written as a type of dates and times."""
    if kind == "DATE":
        return _DAY
    match = _TIMESTAMP.fullmatch(kind)
    if match is None:
        return _CLOCK + (_OFFSET if kind != "TIME" else "")
    digits = _PRECISION[match[1]]
    fraction = rf"(\.\d{{1,{digits}}}0*)?" if digits else r"(\.0+)?"
    zone = r"\s?(Z|UTC|[+-]\d{2}(:?\d{2})?)?" if match[2] else ""
    return rf"{_DAY}([ T]\d{{1,2}}:\d{{2}}(:\d{{2}}{fraction})?)?{zone}"
