"""The dialect of a CSV file: encoding, delimiter, quoting, header, columns.

Detected by how evenly a sample of the file is divided, and what the user declares comes first. The
challenge's files know no quoting: a lone `"` is data there.
Not here: how delimiters are weighed (`delimiters`) and headers found (`layout`), bytes (`scan`,
`encoding`), rows (`reader`), and what columns mean (`options`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from bourne_assets.csvs.errors import CsvRejected
from bourne_assets.csvs.options import DatasetOptions, is_challenge
from bourne_assets.csvs.reading.content import refuse_binary, refuse_documents
from bourne_assets.csvs.reading.delimiters import excel_delimiter, find_grammar, records_of
from bourne_assets.csvs.reading.footers import footer_texts
from bourne_assets.csvs.reading.layout import Layout, find_layout, folded, other_columns
from bourne_assets.csvs.reading.records import (
    REVERSED,
    TWICE,
    Fields,
    Grammar,
    Record,
    split_lines,
)
from bourne_assets.csvs.reading.sample import HEADER_TOO_LONG, Sample, take_sample
from bourne_assets.csvs.reading.scan import MAXIMUM_LINE_BYTES, Scan
from bourne_assets.translations import in_english

#: DuckDB holds some 2,000 rows of all columns at once: more would not fit into the memory that
#: reading may take.
MAXIMUM_COLUMNS = 2_048
#: This many of the line ends are alike where they are of a rare kind.
_SAME_ENDS = 0.9
_NAMES = 4096
#: Characters that show nothing: a text of them alone is empty.
_BLANK = "\0 \t\r\n\f\v"


@dataclass(frozen=True)
class Dialect:
    """How a file is to be read.

    Attributes:
        encoding: As Python names it.
        bom: The byte order mark that the file begins with, if any.
        grammar: How a record is divided.
        has_header: Whether a line names the columns.
        header: The fields of that line, as they are.
        columns: Names of the columns: none empty, no two alike, whatever their case.
        width: Fields of a record, which may be one more than columns (`drops_last`), or fewer:
            then the last columns are null.
        first_line: Physical line of the first record below the header.
        skipped: Physical lines at the top that are ignored.
        drops_last: Whether a delimiter ends all records, so that the last field is not a column.
        comment: What a line begins with that is a comment.
        pads: Whether the fields that a short line lacks are null.
        footers: Texts of lines below the rows that are not rows themselves.
        is_challenge: Whether its columns are the challenge's.
        notes: What was decided, and why.
        rows: Fields of the first records, as the sample has them.
    """

    encoding: str
    bom: bytes
    grammar: Grammar
    has_header: bool
    header: tuple[str, ...]
    columns: tuple[str, ...]
    width: int
    first_line: int
    skipped: int = 0
    drops_last: bool = False
    comment: str | None = None
    pads: bool = False
    footers: frozenset[str] = frozenset()
    is_challenge: bool = False
    notes: tuple[str, ...] = ()
    rows: Sequence[Fields] = ()

    @property
    def delimiter(self) -> str:
        """One character between two fields."""
        return self.grammar.delimiter

    @property
    def quote(self) -> str:
        """The quoting character; empty where quotes are data."""
        return self.grammar.quote

    @property
    def escape(self) -> str:
        """What precedes a quote inside quotes."""
        return self.grammar.escape

    @cached_property
    def reads_directly(self) -> bool:
        """Whether a reader that knows one delimiter and no quotes reads the file as it is."""
        return (
            self.encoding == "utf-8"
            and len(self.columns) == self.width
            and not (self.comment or self.pads or self.footers or self.grammar.skips_blanks)
            and not (self.grammar.escapes_all and self.grammar.escape)
        )


def detect_dialect(path: Path, found: Scan, options: DatasetOptions) -> Dialect:
    """Detect how a file is to be read.

    Args:
        path: The file, not compressed.
        found: What is in it.
        options: What the user declares of its dataset.

    Raises:
        CsvRejected: The file is empty, is not a CSV file, or has too many columns.
        OSError: It cannot be read.
    """
    sample = _sample_of(path, found, options)
    ends = _line_ends(sample)
    head, options, skipped, notes = _without_preface(sample.head, ends, options)
    _refuse_unreadable(head, ends)
    known = _challenge(head, ends, options)
    grammar, more = (known, []) if known else find_grammar(head, sample.parts, ends, options)
    records = records_of(head, grammar, options.comment)
    others = [r for part in sample.parts for r in records_of(part, grammar, options.comment)]
    layout = find_layout(records, others, options)
    _refuse_too_wide(layout)
    if not grammar.quote and options.quote is None and not known and not found.has_quote:
        # No quote is in the file: it may as well have the usual ones, except where pipes delimit.
        is_usual = grammar.delimiter not in {"|", '"'}
        grammar = replace(grammar, quote='"', escape='"') if is_usual else grammar
    return _dialect(sample, grammar, layout, records + others, skipped, options, [*notes, *more])


def _sample_of(path: Path, found: Scan, options: DatasetOptions) -> Sample:
    """A sample of the file; what is empty, binary, or another kind of document is refused."""
    with path.open("rb") as file:
        refuse_binary(file.read(8192))
    sample = take_sample(path, found, options)
    if not sample.text.strip(_BLANK):
        raise CsvRejected(in_english("it is empty"))
    refuse_documents(sample.head)
    return sample


def _refuse_unreadable(head: str, ends: str) -> None:
    """Refuse what is below the lines that are skipped where its first line cannot be read."""
    if not head.strip(_BLANK):
        raise CsvRejected(in_english("it is empty below the lines that are skipped"))
    if "\0" in head[: head.find("\n") % (len(head) + 1)]:
        raise CsvRejected(in_english("it is not a text file (its first line contains NUL bytes)"))
    if len(head) > MAXIMUM_LINE_BYTES and len(split_lines(head, ends)[0].text) > MAXIMUM_LINE_BYTES:
        raise CsvRejected(HEADER_TOO_LONG)


def _refuse_too_wide(layout: Layout) -> None:
    if layout.width > MAXIMUM_COLUMNS:
        raise CsvRejected(
            in_english(
                "it has {width:,} columns, and at most {maximum_columns:,} are read",
                width=layout.width,
                maximum_columns=MAXIMUM_COLUMNS,
            )
        )


def _dialect(  # noqa: PLR0917 - all of it is what was found
    sample: Sample,
    grammar: Grammar,
    layout: Layout,
    records: Sequence[Record],
    skipped: int,
    options: DatasetOptions,
    notes: Sequence[str],
) -> Dialect:
    header = tuple(value or "" for value in layout.header or ())
    names = folded(header) if header else None
    rows = [
        r
        for r in records
        if not r.fault
        and len(r.fields) == layout.width
        and r.line >= layout.first_line
        and folded(r.fields) != names
    ]
    last = records_of(sample.end, grammar, options.comment) if rows else []
    footers = footer_texts(last, [r.fields for r in rows], layout.width)
    return Dialect(
        encoding=sample.encoding,
        bom=sample.bom,
        grammar=grammar,
        has_header=layout.header is not None,
        header=header,
        columns=_names(layout.names, options),
        width=layout.width,
        first_line=layout.first_line + skipped,
        skipped=skipped,
        drops_last=layout.drops_last,
        comment=options.comment,
        pads=bool(options.pad),
        footers=footers,
        is_challenge=is_challenge(header),
        notes=(*notes, *layout.notes),
        rows=[
            grammar.with_nulls(r.text, r.fields, options.nulls) if options.nulls else r.fields
            for r in rows
            if r.text not in footers
        ],
    )


def _line_ends(sample: Sample) -> str:
    """Which characters end lines; a carriage return among line feeds is data."""
    text = sample.text
    feeds = text.count("\n")
    lone = text.count("\r") - text.count("\r\n")
    first = sample.head.partition("\n")[0]
    if feeds and text.count(REVERSED) >= _SAME_ENDS * feeds and not first.endswith("\r"):
        return REVERSED
    if not lone or text.count(TWICE) >= _SAME_ENDS * max(feeds, 1):
        return TWICE if lone else "\n"
    if sample.last.endswith("\n"):  # and no name has a carriage return in it
        in_names = "\r" in first.rstrip("\r") and '"' not in first[:_NAMES]
        return "\r\n" if lone > feeds or in_names else "\n"
    if sample.last.endswith("\r"):
        return "\r\n" if feeds > lone else "\r"
    return "\r" if not feeds else "\n" if feeds >= lone else "\r\n"


def _without_preface(
    head: str, ends: str, options: DatasetOptions
) -> tuple[str, DatasetOptions, int, list[str]]:
    """The text below the lines that the user skips, and below Excel's `sep=;`."""
    lines = split_lines(head, ends)
    skipped, notes = 0, []
    delimiter = excel_delimiter(lines[0].text)
    if options.skip:
        skipped = min(options.skip, len(lines))
        notes.append(
            in_english("the first line is skipped, as declared")
            if skipped == 1
            else in_english("the first {lines} lines are skipped, as declared", lines=skipped)
        )
    elif delimiter and options.delimiter in {None, delimiter}:
        skipped = 1
        options = options.model_copy(update={"delimiter": delimiter})
        notes.append(in_english("line 1 names the delimiter: {text}", text=lines[0].text))
    if not skipped:
        return head, options, 0, notes
    place = sum(len(line.text) + len(line.end) for line in lines[:skipped])
    return head[place:], options, skipped, notes


def _challenge(head: str, ends: str, options: DatasetOptions) -> Grammar | None:
    """The grammar of the challenge's files, where the first line is a header of theirs."""
    if options.quote is not None or options.delimiter not in {None, "|"}:
        return None
    first = split_lines(head[: 64 * 1024], ends)[0].text
    if not is_challenge(tuple(first.split("|"))):
        return None
    return Grammar("|", ends=ends)


def _names(given: tuple[str, ...], options: DatasetOptions) -> tuple[str, ...]:
    """Names for all columns: what is empty is numbered, what is there already too."""
    if options.columns:
        if len(options.columns) != len(given):
            raise other_columns(len(given), options.columns)
        given = options.columns
    names: list[str] = []
    taken: set[str] = set()
    for number, name in enumerate(given, start=1):
        wanted = base = name.replace("\0", "") if name.strip() else f"column_{number}"
        again = 1
        while wanted.casefold() in taken:
            again += 1
            wanted = f"{base}_{again}"
        taken.add(wanted.casefold())
        names.append(wanted)
    return tuple(names)
