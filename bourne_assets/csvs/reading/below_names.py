"""Lines right below the names that are not rows: underlines, units, names of a second level.

SQL Server's tools draw lines below the names, loggers write units there, and pandas writes columns
of two levels in two lines and the name of the first column in a third.
Not here: where the names are (`layout`).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bourne_assets.csvs.reading.kinds import VALUES, is_typed, looks_like
from bourne_assets.csvs.reading.records import Fields, Record
from bourne_assets.translations import in_english

#: Columns whose values are typed, and rows, that make a line of other words one of units.
_UNITS_COLUMNS, _LEAST_ROWS = 2, 3
#: With fewer rows below it, a line of names below groups looks like a row.
_LEAST_GROUPED = 2
_UNDERLINE = re.compile(r"\s*(-{2,}|={2,})\s*")


def two_levels() -> str:
    """The note on names in two lines."""
    return in_english("the header has 2 lines, of groups and of names: they are joined")


@dataclass
class BelowNames:
    """What is between the names and the rows.

    Attributes:
        names: Names of the columns, which what is there may change.
        notes: What was found.
        lines: How many lines were taken for it.
    """

    names: tuple[str, ...]
    notes: list[str]
    lines: int = 0

    def take(self, record: Record, rows: Sequence[Fields]) -> bool:
        """Whether a record is not a row; it is noted then, and changes the names.

        Args:
            record: The first that was not taken.
            rows: Those below it, as wide as the table.
        """
        fields = record.fields
        if record.fault or len(fields) != len(self.names):
            return False
        text = record.text[:100]
        if not self.lines and all(_UNDERLINE.fullmatch(value or "") for value in fields):
            note = in_english("line {line} draws a line below the names", line=record.line)
        elif not self.lines and _are_units(fields, rows):
            units = in_english("line {line} names units: {text}", line=record.line, text=text)
            note = self._second_level(fields) or units
        elif self.lines and _is_of_first_column(fields, rows):
            note = in_english(
                "line {line} names the first column: {text}", line=record.line, text=text
            )
            self.names = (fields[0] or "", *self.names[1:])
        else:
            return False
        self.notes.append(note)
        self.lines += 1
        return True

    def _second_level(self, fields: Fields) -> str:
        """The note on names of a second level, where only they distinguish columns."""
        folded = {name.strip().casefold() for name in self.names}
        both = [
            f"{name} {value or ''}".strip() for name, value in zip(self.names, fields, strict=True)
        ]
        if len(folded) == len(both) or len({name.casefold() for name in both}) < len(both):
            return ""
        self.names = tuple(both)
        return two_levels()


def names_below_groups(
    groups: tuple[str, ...], record: Record, rows: Sequence[Fields]
) -> tuple[str, ...]:
    """Names with those of the groups that they are below; none where the record is a row.

    A group's name is above its first column, and the others have none; what is beside the
    groups has no name below it, and a value in each row.

    Args:
        groups: What is above, an empty text where nothing is.
        record: The record right below.
        rows: Those below it, as wide as the table.
    """
    if record.fault or len(record.fields) != len(groups) or len(rows) < _LEAST_GROUPED:
        return ()
    below, blank = record.fields, [n for n, name in enumerate(groups) if not name.strip()]
    beside = [n for n, value in enumerate(below) if value is None]
    if not blank or not beside or not all(below[n] for n in blank):
        return ()
    if not all(groups[n].strip() and all(row[n] for row in rows) for n in beside):
        return ()
    joined, group = [], ""
    for name, value in zip(groups, below, strict=True):
        group = name if name.strip() else group
        joined.append(f"{group} {value or ''}".strip())
    return tuple(joined)


def _are_units(fields: Fields, rows: Sequence[Fields]) -> bool:
    """Whether a record has words where all others have numbers or times."""
    if len(rows) < _LEAST_ROWS:
        return False
    typed = 0
    for column, value in enumerate(fields):
        if not is_typed(row[column] for row in rows):
            continue
        if looks_like(value or "") in VALUES:
            return False
        typed += looks_like(value or "") == "text"
    return typed >= _UNITS_COLUMNS


def _is_of_first_column(fields: Fields, rows: Sequence[Fields]) -> bool:
    """Whether a word is alone in the first field, where all others have numbers or times."""
    is_word = looks_like(fields[0] or "") == "text" and not any(fields[1:])
    return is_word and len(rows) >= _LEAST_ROWS and is_typed(row[0] for row in rows)
