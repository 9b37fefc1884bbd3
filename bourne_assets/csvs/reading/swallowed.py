"""Whether lines that a quote holds together are records of their own, which it has swallowed.

A field in quotes may have many lines, and they may look like anything. But where each of them below
the first, the last one too, has the file's number of fields, and numbers and times where the file
has them, one quote was never closed, and another one never opened.
Not here: how records are divided (`records`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bourne_assets.csvs.reading.kinds import VALUES, is_typed, looks_like
from bourne_assets.csvs.reading.records import Fields, Grammar

_TYPED_SHARE = 0.9
_SEEN_RECORDS = 500
#: Fewer records and lines say nothing of a file's columns.
_LEAST_KNOWN = 7
#: Lines of words alone are records where they are this many and this wide.
_WORDS_LINES, _WORDS_WIDTH = 4, 4


@dataclass(frozen=True)
class RowShape:
    """What the records of a file have in common.

    Attributes:
        grammar: How a record is divided.
        width: Fields of a record.
        known: How many records that was seen in.
        typed: Places of the fields that are numbers or times.
    """

    grammar: Grammar
    width: int
    known: int
    typed: tuple[int, ...] = ()

    def is_of_each(self, lines: Sequence[str], found: int) -> bool:
        """Whether each line below the first has this shape, with quotes taken for letters.

        One is enough where what they make together is not a record anyway.

        Args:
            lines: What quotes hold together.
            found: How many fields that has.
        """
        if self.known + len(lines) < _LEAST_KNOWN:
            return False
        if not self.typed and (len(lines) < _WORDS_LINES or self.width < _WORDS_WIDTH):
            return False
        if lines[0].count(self.grammar.delimiter) < self.width - 1:
            return False  # what is opened in the first line may well end in the last
        below = map(self._is_of, lines[1:])
        return any(below) if self.typed and found != self.width else all(below)

    def _is_of(self, line: str) -> bool:
        fields = line.split(self.grammar.delimiter)
        if len(fields) != self.width:
            return False
        texts = [fields[place].strip(f"{self.grammar.quote} \r") for place in self.typed]
        return all(not text or looks_like(text) in VALUES for text in texts)


def shape_of(grammar: Grammar, width: int, rows: Sequence[Fields]) -> RowShape | None:
    """The shape of a file's records; None where no quotes are, or one column.

    Args:
        grammar: How a record is divided.
        width: Fields of a record.
        rows: Some of its records.
    """
    if not grammar.quote or width == 1:
        return None
    seen = [row for row in rows[:_SEEN_RECORDS] if len(row) == width]
    typed = [n for n in range(width) if is_typed((row[n] for row in seen), _TYPED_SHARE)]
    return RowShape(grammar, width, len(seen), tuple(typed))
