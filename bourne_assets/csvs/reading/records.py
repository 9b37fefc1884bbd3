"""Records and their fields: where one ends, and what is in it.

The grammar of a file (`Grammar`) is applied record by record. A record that breaks it costs its
own line and no other: the lines after it are read again from the next one.
Not here: bytes and encodings (`normalise`), and which grammar a file has (`dialect`).
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from bourne_assets.csvs.reading.scan import MAXIMUM_LINE_BYTES
from bourne_assets.translations import in_english

#: A quoted field that continues for this many lines was never meant to.
_MAXIMUM_QUOTED_LINES = 1_000

#: Programs that translate line ends twice write two carriage returns, and some old ones both
#: characters the other way round.
TWICE, REVERSED = "\r\r\n", "\n\r"
_ENDS = {
    "\n": re.compile(r"(\r?\n)"),
    "\r": re.compile(r"(\r)"),
    "\r\n": re.compile(r"(\r\n|\r|\n)"),
    TWICE: re.compile(r"(\r{0,2}\n)"),
    REVERSED: re.compile(r"(\n\r?)"),
}

#: A field: its text, and None where nothing is between two delimiters.
Fields = Sequence[str | None]


class Line(NamedTuple):
    """A physical line: its number, its text without the end, the end, and why it is bad.

    `size` is that of the whole line where the text is cut.
    """

    number: int
    text: str
    end: str = "\n"
    fault: str = ""
    size: int = 0


class Record(NamedTuple):
    """A record, or a line that is not one: then `fault` says why, and `text` is that line."""

    line: int
    lines: int
    fields: Fields
    text: str
    fault: str = ""
    size: int = 0


@dataclass(frozen=True)
class Grammar:
    """How a record is split.

    Attributes:
        delimiter: One character.
        quote: The quoting character; empty where quotes are data.
        escape: What precedes a quote inside quotes: the quote itself, or another
            character; empty where nothing does.
        escapes_all: Whether the escape character may precede any character, in and outside of
            quotes, as a writer with an escape character does it; else before a quote only.
        skips_blanks: Whether blanks after a delimiter are not part of the field.
        ends: The characters that end a line outside of quotes: a line feed (and a carriage return
            before it), a carriage return, each of the two, `TWICE` or `REVERSED`. Where the file
            does not end its lines with one, it is data.
    """

    delimiter: str
    quote: str = ""
    escape: str = ""
    escapes_all: bool = False
    skips_blanks: bool = False
    ends: str = "\n"

    def split(self, text: str) -> Fields | None:
        """The fields of a record; None where its quotes do not match."""
        if self.is_simple(text):
            return self.split_simple(text)
        if not self._record.fullmatch(text):
            return None
        fields: list[str | None] = []
        bare: list[str] = []
        quote, escape, may_escape = self.quote, self.escape, self._escapes_outside
        for opened, inside, outside in self._field.findall(text):
            if opened:
                is_plain = quote not in inside and escape not in inside
                fields.append(inside if is_plain else self._in_quotes(inside))
            else:
                if quote and quote in outside:
                    bare.append(outside)
                fields.append((self._without_escapes(outside) if may_escape else outside) or None)
        return None if bare and _lost_a_delimiter(bare, quote) else fields

    def split_simple(self, text: str) -> Fields:
        """The fields of a record without a quote or an escape."""
        fields = text.split(self.delimiter)
        if self.skips_blanks:
            fields = [field.lstrip(" ") for field in fields]
        return [field or None for field in fields]

    def is_simple(self, text: str) -> bool:
        """Whether a text contains neither quote nor escape."""
        return not (
            (self.quote and self.quote in text) or (self._escapes_outside and self.escape in text)
        )

    def is_open_in_quotes(self, text: str) -> bool:
        """Whether the last field of a text is quoted, and continues in the next line."""
        return bool(self.quote) and bool(self._open.fullmatch(text))

    def ends_in_escape(self, text: str) -> bool:
        """Whether the line end after a text is escaped, outside of quotes."""
        return self._escapes_outside and bool(self._escaped_end.fullmatch(text))

    def is_blank(self, text: str) -> bool:
        """Whether a line is empty, not even a delimiter."""
        return not text.strip(" \t\r\n\f\v") and self.delimiter not in text

    def are_quoted(self, text: str) -> list[bool]:
        """Which fields of a whole record are enclosed in quotes."""
        return [bool(opened) for opened, _, _ in self._field.findall(text)]

    def with_nulls(self, text: str, fields: Fields, nulls: Collection[str]) -> Fields:
        r"""The fields of a record, None where a null is written, which may have an escape: `\N`.

        Args:
            text: The record.
            fields: What it is divided into, and more where short records are filled.
            nulls: Texts that mean an unknown value where they are not in quotes.
        """
        if self.is_simple(text):
            return [None if value in nulls else value for value in fields]
        found = self._field.findall(text)
        are_nulls = [not opened and outside in nulls for opened, _, outside in found]
        are_nulls += [False] * (len(fields) - len(are_nulls))
        return [
            None if is_null else value for value, is_null in zip(fields, are_nulls, strict=False)
        ]

    def has_bare_quote(self, text: str) -> bool:
        """Whether a quote is in a field of a whole record that is not enclosed."""
        return any(self.quote in outside for _, _, outside in self._field.findall(text))

    def needs_quotes(self, text: str) -> bool:
        """Whether a field of a whole record could not be written without its quotes."""
        signs = (self.delimiter, self.quote, "\n", "\r")
        return any(
            opened and any(sign in inside for sign in signs)
            for opened, inside, _ in self._field.findall(text)
        )

    def _in_quotes(self, text: str) -> str:
        quote, escape = self.quote, self.escape
        if escape in {quote, ""}:
            return text.replace(quote * 2, quote)
        return self._inner_escape.sub(r"\1\2", text)

    def _without_escapes(self, text: str) -> str:
        return self._any_escape.sub(r"\1", text) if self.escape in text else text

    @cached_property
    def _escapes_outside(self) -> bool:
        return self.escapes_all and self.escape not in {"", self.quote}

    @cached_property
    def _inside(self) -> str:
        """The pattern of what is between two quotes."""
        quote, escape = re.escape(self.quote), re.escape(self.escape)
        if self.escape in {self.quote, ""}:
            return f"(?>(?:[^{quote}]+|{quote}{quote})*)"
        doubled = f"|{quote}{quote}" if self.escapes_all else ""
        return f"(?>(?:[^{quote}{escape}]+|{escape}.{doubled})*)"

    @cached_property
    def _outside(self) -> str:
        """The pattern of a field that is not enclosed."""
        sign, escape = re.escape(self.delimiter), re.escape(self.escape)
        first = f"(?!{re.escape(self.quote)})" if self.quote else ""
        if self._escapes_outside:
            return rf"{first}(?>(?:[^{sign}{escape}{self.ends}]+|{escape}.)*)"
        return rf"{first}[^{sign}{self.ends}]*"

    @cached_property
    def _any_field(self) -> str:
        if not self.quote:
            return self._outside
        sign, quote = re.escape(self.delimiter), re.escape(self.quote)
        # Atomic groups: up to Python 3.11.4 a possessive quantifier of a group matches too little.
        blanks = "" if self.delimiter == " " else "[ ]*+"  # behind a quote they are nothing
        return rf"(?>(?:{quote}{self._inside}{quote}{blanks}(?={sign}|\Z)|{self._outside}))"

    @property
    def _blanks(self) -> str:
        return "[ ]*+" if self.skips_blanks else ""

    @cached_property
    def _record(self) -> re.Pattern[str]:
        sign = re.escape(self.delimiter) + self._blanks
        one = self._any_field
        return re.compile(rf"{self._blanks}{one}(?>(?:{sign}{one})*)", re.DOTALL)

    @cached_property
    def _field(self) -> re.Pattern[str]:
        sign, quote = re.escape(self.delimiter), re.escape(self.quote)
        quoted = f"({quote})({self._inside}){quote}" if self.quote else "((?!))((?!))"
        begins = rf"(?:\A{self._blanks}|{sign}{self._blanks})"
        return re.compile(rf"{begins}(?:{quoted}|({self._outside}))", re.DOTALL)

    @cached_property
    def _open(self) -> re.Pattern[str]:
        sign = re.escape(self.delimiter) + self._blanks
        end = f"(?:{re.escape(self.escape)})?" if self.escape not in {self.quote, ""} else ""
        goes_on = f"{re.escape(self.quote)}{self._inside}{end}"
        return re.compile(rf"{self._blanks}(?>(?:{self._any_field}{sign})*){goes_on}", re.DOTALL)

    @cached_property
    def _escaped_end(self) -> re.Pattern[str]:
        sign = re.escape(self.delimiter) + self._blanks
        goes_on = f"{self._outside}{re.escape(self.escape)}"
        return re.compile(rf"{self._blanks}(?>(?:{self._any_field}{sign})*){goes_on}", re.DOTALL)

    @cached_property
    def _any_escape(self) -> re.Pattern[str]:
        return re.compile(f"{re.escape(self.escape)}(.)", re.DOTALL)

    @cached_property
    def _inner_escape(self) -> re.Pattern[str]:
        quote, escape = re.escape(self.quote), re.escape(self.escape)
        if self.escapes_all:
            return re.compile(f"{quote}({quote})|{escape}(.)", re.DOTALL)
        return re.compile(f"{escape}({quote}|{escape}|\r\n|\r|\n)()")


class RecordReader:
    """Puts lines together to records.

    Args:
        grammar: How a record is divided.
        are_records: Says of lines that quotes hold together, and of how many fields these make,
            whether each line is a record of its own.
        comment: What a line begins with that is passed over, except lines in quotes.
    """

    def __init__(
        self,
        grammar: Grammar,
        are_records: Callable[[Sequence[str], int], bool] = lambda *_: False,
        comment: str | None = None,
    ) -> None:
        self._grammar = grammar
        self._comment = comment
        self._are_records = are_records
        self._held: list[Line] = []
        self._in_quotes = False

    def take(self, lines: Iterable[Line]) -> Iterator[Record]:
        """The records that end in these lines."""
        grammar, comment = self._grammar, self._comment
        for line in lines:
            if comment and not self._held and line.text.startswith(comment):
                continue
            fields = None if self._held or line.fault else grammar.split(line.text)
            if fields is None:
                yield from self._take([line])
            else:  # nearly all lines of nearly all files
                yield Record(line.number, 1, fields, line.text)

    def end(self) -> Iterator[Record]:
        """No line follows: what has begun is abandoned, line by line."""
        while self._held:
            first, *rest = self._held
            self._held, self._in_quotes = [], False
            yield _bad(first, in_english("unterminated quote"))
            yield from self._take(rest)

    def _take(self, waiting: list[Line]) -> Iterator[Record]:
        waiting.reverse()
        while waiting:
            line = waiting.pop()
            if line.fault:
                yield from self.end()
                yield _bad(line, line.fault)
            elif not self._held and self._grammar.is_simple(line.text):
                yield from self.take([line])
            elif self._in_quotes and self._ends_nothing(line):
                self._held.append(line)
            else:
                yield from self._settle([*self._held, line], waiting)

    def _ends_nothing(self, line: Line) -> bool:
        """Whether the field that was begun continues after a line that need not be examined."""
        grammar = self._grammar
        return (
            grammar.quote not in line.text
            and not (grammar.escape and grammar.escape in line.text)
            and not _is_too_long([*self._held, line])
        )

    def _settle(self, together: list[Line], waiting: list[Line]) -> Iterator[Record]:
        text = _joined(together)
        self._held, self._in_quotes = [], False
        fields = self._grammar.split(text)
        lines = [line.text for line in together]
        swallows = len(lines) > 1 and fields and self._are_records(lines, len(fields))
        if fields is not None and not swallows:
            yield Record(together[0].number, len(together), fields, text)
        elif fields is None and not _is_too_long(together) and self._is_open(text):
            self._held = together
        else:
            first, *rest = together
            yield _bad(
                first, in_english("unterminated quote") if rest else in_english("unbalanced quotes")
            )
            waiting.extend(reversed(rest))

    def _is_open(self, text: str) -> bool:
        self._in_quotes = self._grammar.is_open_in_quotes(text)
        return self._in_quotes or self._grammar.ends_in_escape(text)


def split_lines(text: str, ends: str = "\n", first: int = 1) -> list[Line]:
    """The physical lines of a text.

    Args:
        text: The text.
        ends: The characters that end a line, as `Grammar` has them.
        first: The number of the first line.
    """
    parts = _ENDS[ends].split(text)
    lines = [
        Line(first + n // 2, parts[n], parts[n + 1] if n + 1 < len(parts) else "")
        for n in range(0, len(parts), 2)
    ]
    return lines if parts[-1] else lines[:-1]


def _joined(lines: Sequence[Line]) -> str:
    return "".join(line.text + line.end for line in lines[:-1]) + lines[-1].text


def _is_too_long(lines: Sequence[Line]) -> bool:
    return (
        len(lines) > _MAXIMUM_QUOTED_LINES
        or sum(len(line.text) for line in lines) > MAXIMUM_LINE_BYTES
    )


def _bad(line: Line, fault: str) -> Record:
    return Record(line.number, 1, (), line.text, fault, line.size)


def _lost_a_delimiter(bare: Sequence[str], quote: str) -> bool:
    """Whether a quote inside of a field may open what a quote at the end of a later one closes.

    `9.99"Table, round"` has lost the delimiter before its quote, and the one inside makes up for
    it; inch marks as in `5" pipe` open nothing, as a blank follows.
    """
    opened = False
    for field in bare:
        if opened and field.rstrip().endswith(quote):
            return True
        opened = opened or bool(re.search(rf".{re.escape(quote)}[^\s{re.escape(quote)}]", field))
    return False
