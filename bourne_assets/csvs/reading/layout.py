"""What the records of a file are: lines above the header, the header, units below it, rows.

Not here: how a record is divided (`dialect`, `records`).
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from bourne_assets.csvs.errors import CsvRejected
from bourne_assets.csvs.options import DatasetOptions
from bourne_assets.csvs.reading.below_names import BelowNames, names_below_groups, two_levels
from bourne_assets.csvs.reading.headers import has_header, names_columns, score_of
from bourne_assets.csvs.reading.kinds import looks_like
from bourne_assets.csvs.reading.records import Fields, Record
from bourne_assets.translations import in_english

#: This many records below the header are compared with it.
_COMPARED = 200
#: A header is looked for in this many records.
_SEARCHED = 100
#: A line with one word is a title where one of this many below it has more.
_LOOKED_BELOW = 5
_PAIR = 2
#: At most this many lines of keys with values may be above a table.
_PREFACE = 8
#: Without a blank line between them, the table has this many times as many; this many agree in it.
_FAR_MORE, _ALIKE_SHARE = 3, 0.9
#: What comments begin with, where a line is as wide as the rows by chance.
_COMMENT = re.compile(r"\s*(#|//|%|--)")


@dataclass(frozen=True)
class Layout:
    """What is where.

    Attributes:
        header: The fields of the header; None where there is none.
        names: Names of the columns as the header has them, empty where it has none.
        width: Fields of a record.
        first_line: Physical line of the first record below the header.
        drops_last: Whether the last field of a record, which is empty, is not a column.
        notes: What was decided, and why.
    """

    header: Fields | None
    names: tuple[str, ...]
    width: int
    first_line: int
    drops_last: bool = False
    notes: tuple[str, ...] = ()


@dataclass
class _Search:
    """Records of a sample, and what is found in them."""

    records: Sequence[Record]
    widths: Counter[int]
    options: DatasetOptions
    notes: list[str] = field(default_factory=list)


def find_layout(
    records: Sequence[Record], others: Sequence[Record], options: DatasetOptions
) -> Layout:
    """Find the header, and how many fields a record has.

    Args:
        records: The records of the file's beginning, without blank lines.
        others: Records of other parts of it.
        options: What the user declares of its dataset.

    Raises:
        CsvRejected: No record is as wide as the columns that the user names.
    """
    widths = Counter(len(r.fields) for r in (*records, *others) if not r.fault)
    search = _Search(records, widths, options)
    width = _width(search)
    if options.header is False:
        return _without_header(search, width)
    place = 0 if options.skip is not None else _first_of(search, width)
    header = _header(search, width, place)
    if header is None:
        return _without_header(search, width)
    return _with_header(search, width, header)


def _width(search: _Search) -> int:
    """How many fields a record has: those of the header, unless all records agree on others."""
    widths, columns = search.widths, search.options.columns
    if columns:
        if len(columns) not in widths:
            raise other_columns(widths.most_common(1)[0][0] if widths else 0, columns)
        return len(columns)
    first = search.records[0]
    own = len(first.fields)
    is_named = not first.fault and own > 1 and widths[own] > 1 and names_columns(first.fields)
    if is_named and not _is_preface(search, own):
        return own
    wide = {width: count for width, count in widths.items() if width > 1}
    agreed = [width for width in wide if width != own]
    if widths[own] == 1 and len(agreed) == 1 and len(widths) == len({own, *agreed}):
        return agreed[0] if wide[agreed[0]] > 1 or _ends_empty(search, agreed[0]) else own
    if not wide or search.options.pad:
        return max(widths, default=1)
    most = max(wide.values())
    return own if wide.get(own) == most else max(w for w, c in wide.items() if c == most)


def _is_preface(search: _Search, own: int) -> bool:
    """Whether records at the top are keys with values, as a wider table begins below them."""
    count = search.widths[own]
    top, below = search.records[:count], search.records[count:]
    is_apart = bool(below) and below[0].line > top[-1].line + top[-1].lines
    if count > _PREFACE or len(below) <= count * (1 if is_apart else _FAR_MORE):
        return False
    width = len(below[0].fields)
    alike = sum(len(record.fields) == width for record in below)
    if {len(record.fields) for record in top} != {own} or width <= own or below[0].fault:
        return False
    if alike < _ALIKE_SHARE * len(below):
        return False
    score = score_of(below[0].fields, _rows(search, count + 1, width))
    return score > 0 or (is_apart and (score == 0 or names_columns(below[0].fields)))


def _ends_empty(search: _Search, width: int) -> bool:
    """Whether the only record of a width has an empty last field."""
    record = next((r for r in search.records if len(r.fields) == width), None)
    return record is not None and record.fields[-1] is None


def _first_of(search: _Search, width: int) -> int:
    """The first record that may be the header: as wide as the others, and not nearly empty."""
    records = search.records
    for place, record in enumerate(records[:_SEARCHED]):
        if record.fault or len(record.fields) != width:
            continue
        nearly_empty = width > _PAIR and _filled(record.fields) <= 1
        if width > _PAIR and _is_above_names(search, place, width):
            continue
        below = [r for r in records[place + 1 :][:_LOOKED_BELOW] if len(r.fields) == width]
        if nearly_empty and any(_filled(r.fields) > 1 for r in below):
            continue
        if _is_comment(record) and _names_come_below(search, place, width):
            continue
        return place
    return 0


def _is_comment(record: Record) -> bool:
    return bool(_COMMENT.match(record.text))


def _names_come_below(search: _Search, place: int, width: int) -> bool:
    """Whether the last of several comments, or what is below them, is a header."""
    records = search.records[: _SEARCHED + 1]
    for n, record in enumerate(records[place + 1 : _SEARCHED], start=place + 1):
        is_one_of_more = _is_comment(record) and any(map(_is_comment, records[n + 1 : n + 2]))
        if record.fault or len(record.fields) != width or is_one_of_more:
            continue
        if score_of(record.fields, _rows(search, n + 1, width)) > 0:
            return True
        if not _is_comment(record):
            break
    return False


def _is_above_names(search: _Search, place: int, width: int) -> bool:
    """Whether a record with empty fields is a title, as the names of all columns come below it."""
    title = search.records[place].fields
    has_words, is_sparse = names_columns(title), 2 * _filled(title) <= width
    if all(title) or (has_words and not is_sparse):
        return False
    for n, record in enumerate(search.records[place + 1 :][:_LOOKED_BELOW], start=place + 1):
        fields = record.fields
        if len(fields) == width and all(fields) and names_columns(fields):
            is_odd = is_sparse and not has_words
            return is_odd or score_of(fields, _rows(search, n + 1, width)) > 0
    return False


def other_columns(found: int, declared: Sequence[str]) -> CsvRejected:
    """The error of a file that has more columns, or fewer, than the user names."""
    return CsvRejected(
        in_english(
            "it has {columns_of}, and BOURNE_CSV_DATASETS names {count}",
            columns_of="1 column" if found == 1 else f"{found:,} columns",
            count=len(declared),
        )
    )


def folded(fields: Fields) -> list[str]:
    """Fields without blanks around them, in lower case."""
    return [(value or "").strip().casefold() for value in fields]


def _filled(fields: Fields) -> int:
    return sum(bool(value) for value in fields)


def _rows(search: _Search, place: int, width: int) -> list[Fields]:
    found = [r.fields for r in search.records[place : place + _COMPARED] if not r.fault]
    return [fields for fields in found if len(fields) == width]


def _header(search: _Search, width: int, place: int) -> int | None:
    """The place of the header: the first record, or the one above it; None where there is none."""
    first = search.records[place]
    if first.fault:
        return None
    if search.options.header:
        return place
    if len(first.fields) != width:
        return None
    rows = _rows(search, place + 1, width)
    has_other = _is_other_header(search, width, place - 1)
    if has_header(first.fields, rows) and not (has_other and score_of(first.fields, rows) <= 0):
        return place
    return place - 1 if has_other else None


def _is_other_header(search: _Search, width: int, place: int) -> bool:
    """Whether a record above the first one is a header of another width than all records."""
    if place < 0:
        return False
    above = search.records[place]
    own = len(above.fields)
    if above.fault or search.widths[own] > 1 or not names_columns(above.fields):
        return False
    return own > width or own == width - 1 > 1


def _with_header(search: _Search, width: int, place: int) -> Layout:
    record = search.records[place]
    names, drops_last = _names_of_header(search, width, place)
    if place:
        search.notes.append(_above(search.records[:place], record.line))
    again = _repeated(search, place + 1, record.fields)
    if again:
        names = tuple(" ".join([name] * (again + 1)).strip() for name in names)
        search.notes.append(
            in_english("the header has {lines} lines: the names are joined", lines=again + 1)
        )
    skipped = place + 1 + again
    if not again and skipped < len(search.records):
        rows = _rows(search, skipped + 1, len(names))
        if grouped := names_below_groups(names, search.records[skipped], rows):
            names, skipped = grouped, skipped + 1
            search.notes.append(two_levels())
    names, skipped = _below_names(search, skipped, width, names)
    first = _line_below(search, skipped, width)
    return Layout(record.fields, names, width, first, drops_last, tuple(search.notes))


def _names_of_header(search: _Search, width: int, place: int) -> tuple[tuple[str, ...], bool]:
    """Names for all columns of the rows, and whether the last field of a row is not a column."""
    names = tuple(value or "" for value in search.records[place].fields)
    if len(names) == width - 1:
        return _one_name_short(search, names, _rows(search, place + 1, width))
    if len(names) == width + 1 and names.count("") == 1:
        search.notes.append(
            in_english(
                "the header has a delimiter too many: its field {number} names no column",
                number=names.index("") + 1,
            )
        )
        names = tuple(name for name in names if name)
    elif len(names) == width + 1 and _COMMENT.fullmatch(names[0].strip()):
        search.notes.append(
            in_english("the header begins with {sign}, which names no column", sign=names[0])
        )
        names = names[1:]
    elif len(names) > width:
        search.notes.append(
            in_english(
                "all records have {width} of the header's {names} fields: the others are null",
                width=width,
                names=len(names),
            )
        )
    return names, False


def _below_names(
    search: _Search, place: int, width: int, names: tuple[str, ...]
) -> tuple[tuple[str, ...], int]:
    """The names with what is right below them, and the place of the first row."""
    below = BelowNames(names, search.notes)
    for record in search.records[place:]:
        if not below.take(record, _rows(search, place + below.lines + 1, width)):
            break
    return below.names, place + below.lines


def _line_below(search: _Search, skipped: int, width: int) -> int:
    """Physical line of the first record below a header; in one column a blank line is one."""
    if skipped < len(search.records) and width > 1:
        return search.records[skipped].line
    last = search.records[skipped - 1]
    return last.line + last.lines


def _repeated(search: _Search, place: int, header: Fields) -> int:
    """How many lines right below the header are the header once more."""
    count = 0
    for record in search.records[place:]:
        if record.fault or folded(record.fields) != folded(header):
            break
        count += 1
    return count


def _above(records: Sequence[Record], line: int) -> str:
    widths = sorted({len(record.fields) for record in records})
    count = records[-1].line if len(records) < line - 1 else len(records)
    if len(widths) > 1:
        fields = in_english("different numbers of fields")
    elif widths[0] == 1:
        fields = in_english("1 field")
    else:
        fields = in_english("{number} fields", number=widths[0])
    if count == 1:
        return in_english(
            "header in line {line}: one line above it has {fields}", line=line, fields=fields
        )
    return in_english(
        "header in line {line}: {count} lines above it have {fields}",
        line=line,
        count=count,
        fields=fields,
    )


def _one_name_short(
    search: _Search, names: tuple[str, ...], rows: Sequence[Fields]
) -> tuple[tuple[str, ...], bool]:
    """A delimiter ends all rows, or the first column has no name, as R writes tables."""
    last_is_empty = 2 * sum(row[-1] is None for row in rows) >= len(rows)
    labels = [row[0] for row in rows]
    are_labels = all(label and looks_like(label) == "text" for label in labels) and len(
        set(labels)
    ) == len(labels)
    if last_is_empty and not (are_labels and _is_of_r(search)):
        search.notes.append(
            in_english("all records end with a delimiter, which divides no column off")
        )
        return names, True
    if last_is_empty:
        search.notes.append(
            in_english(
                "the header has {names} names for {fields} fields, and the first or the last may "
                "be the one without: columns are numbered",
                names=len(names),
                fields=len(names) + 1,
            )
        )
        return ("",) * (len(names) + 1), False
    search.notes.append(
        in_english("the header is one name short: the first column is called row_name")
    )
    return ("row_name", *names), False


def _is_of_r(search: _Search) -> bool:
    """Whether the delimiter is one that R's write.table is used with."""
    return "\t" in search.records[0].text or " " in search.records[0].text


def _without_header(search: _Search, width: int) -> Layout:
    """Rows from the first line on; what is above those of the table's width is rejected."""
    if search.options.header is None:
        search.notes.append(
            in_english("no header: the first line of full width has values as the others have")
        )
    notes = tuple(search.notes)
    return Layout(None, ("",) * width, width, search.records[0].line, notes=notes)
