"""Which grammar splits the lines of a sample most evenly.

Each candidate divides the sample, and is scored by how many records agree in their number of
fields, and by how clean the fields are. A tie is reported, never guessed.
Not here: what the records are (`layout`).
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bourne_assets.csvs.errors import CsvRejected
from bourne_assets.csvs.options import DatasetOptions
from bourne_assets.csvs.reading.kinds import looks_like
from bourne_assets.csvs.reading.prose import is_aligned, is_message, is_prose
from bourne_assets.csvs.reading.quote_use import NO_QUOTES, QuoteUse, quote_use
from bourne_assets.csvs.reading.records import (
    Grammar,
    Line,
    Record,
    RecordReader,
    split_lines,
)
from bourne_assets.translations import in_english

DELIMITERS = (",", ";", "\t", "|", "\x01", " ")
#: Considered where none of these splits the lines, and taken where almost all lines agree.
_RARE_DELIMITERS = ("~", "^", "\x1f", "\x1e", "\x02", "\xa6", "\xa7", "\xac", ":", "#", "!")
_RARE_SHARE = 0.9
#: They occur in times, ratios and keys too: names of this many columns are needed.
_SIGNS_IN_TEXT, _SIGNS_WIDTH = frozenset(":#!"), 3
#: Below this share of records of one width, in the body of a file, no delimiter divides it.
_EVEN_SHARE = 0.7
#: Scores closer than this are a tie.
_TIE = 0.02
#: And below this share of all records.
_LEAST_SHARE = 0.3
_TIED_RECORDS = 3
_JUDGED_LINES = 400
_QUOTED_LINES = 200
_FEW_QUOTED = 10
_BLANK_PENALTY, _BLANK_SHARE = 0.8, 0.9
_JUDGED_CELLS = 2_000


@dataclass(frozen=True)
class Divided:
    """A sample split by a grammar.

    Attributes:
        grammar: The grammar.
        records: What it makes of the lines, without blank ones.
        width: Fields of most records; 1 where the delimiter divides none.
        share: Records of that width among all.
        even: Records of that width among the whole ones from the first of it to the last.
        clean: Share of their fields that are values or words without another delimiter.
        use: What its quotes do.
    """

    grammar: Grammar
    records: Sequence[Record]
    width: int
    share: float
    even: float
    clean: float
    use: QuoteUse = NO_QUOTES

    @property
    def score(self) -> float:
        """How likely the grammar is: from 0 to 1, with a little for more columns."""
        penalty = _BLANK_PENALTY if self.grammar.delimiter == " " else 1.0
        wide = 1 - 1 / self.width if self.width else 0.0
        return self.share * self.even * penalty * (0.6 + 0.4 * self.clean) * (0.9 + 0.1 * wide)


def records_of(text: str, grammar: Grammar, comment: str | None) -> list[Record]:
    """The records of a text, without blank lines and comments."""
    return _records(split_lines(text, grammar.ends), grammar, comment)


def find_grammar(
    head: str, parts: Sequence[str], ends: str, options: DatasetOptions
) -> tuple[Grammar, list[str]]:
    """The grammar of a file, and what there is to say of it.

    Args:
        head: The file's first lines.
        parts: Lines from other places.
        ends: The characters that end its lines.
        options: What the user declares of its dataset.

    Raises:
        CsvRejected: The text is prose, or two delimiters split it equally well.
    """
    lines = _judged(split_lines(head, ends))
    for part in parts:
        lines += _judged(split_lines(part, ends))
    text = "\n".join(line.text for line in lines)
    is_declared = options.delimiter or options.columns or options.header is not None
    if not is_declared and "\n" not in text.strip() and is_message(text):
        raise CsvRejected(
            in_english("it is not a CSV file: its only line is words, not the names of columns")
        )
    if options.delimiter:
        return _best_division(options.delimiter, lines, text, ends, options).grammar, []
    found = list(_divisions(DELIMITERS, lines, text, ends, options))
    even = [each for each in found if each.width > 1 and _is_even(each)]
    if options.columns and len(options.columns) > 1:
        even = [each for each in even if each.width == len(options.columns)] or even
    is_clear = any(each.share >= _RARE_SHARE for each in even)
    rare = None if is_clear else _rare(lines, text, ends, options)
    if rare:
        return rare, []
    if even:
        return _first_of(sorted(even, key=lambda each: -each.score))
    return _undivided(lines, found, ends, options), []


def _divisions(
    delimiters: Sequence[str], lines: Sequence[Line], text: str, ends: str, options: DatasetOptions
) -> Iterator[Divided]:
    """The lines as each delimiter that is in them splits them best."""
    for delimiter in delimiters:
        if delimiter in text:
            best = _best_division(delimiter, lines, text, ends, options)
            _refuse_doubled(best)
            yield best


def _best_division(
    delimiter: str, lines: Sequence[Line], text: str, ends: str, options: DatasetOptions
) -> Divided:
    candidates = _candidates(delimiter, text, ends, options)
    return _best_quoting([_divided(lines, each, options) for each in candidates])


def _rare(lines: Sequence[Line], text: str, ends: str, options: DatasetOptions) -> Grammar | None:
    """The grammar by a delimiter that is seldom one, where it splits nearly all lines alike."""
    if is_prose(lines, divided=False):
        return None
    for each in _divisions(_RARE_DELIMITERS, lines, text, ends, options):
        names = each.records[0].fields if each.records else ()
        if each.share < _RARE_SHARE or len(names) != each.width or each.width == 1:
            continue
        are_names = all(looks_like(name or "") == "text" for name in names)
        is_wide = each.width >= _SIGNS_WIDTH or each.use.is_of_all
        if each.grammar.delimiter not in _SIGNS_IN_TEXT or (are_names and is_wide):
            return each.grammar
    return None


def _judged(lines: list[Line]) -> list[Line]:
    """The first lines, and those from the first quote on where few of them have any."""
    first, rest = lines[:_JUDGED_LINES], lines[_JUDGED_LINES:]
    for quote in ('"', "'"):
        if sum(quote in line.text for line in first) < _FEW_QUOTED:
            place = next((n for n, line in enumerate(rest) if quote in line.text), None)
            first += [] if place is None else rest[place : place + _QUOTED_LINES]
    return first


def _first_of(ranked: Sequence[Divided]) -> tuple[Grammar, list[str]]:
    best = ranked[0]
    rivals = [each for each in ranked[1:] if best.score - each.score < _TIE * best.score]
    if not rivals:
        return best.grammar, []
    first, second = best.grammar.delimiter, rivals[0].grammar.delimiter
    if len(best.records) >= _TIED_RECORDS:
        raise CsvRejected(
            in_english(
                "{first!r} and {second!r} split its lines equally well: set delimiter in the "
                "datasets file",
                first=first,
                second=second,
            )
        )
    note = in_english(
        "{first!r} and {second!r} split the few lines equally well: the first one is taken",
        first=first,
        second=second,
    )
    return best.grammar, [note]


def _refuse_doubled(divided: Divided) -> None:
    """Refuse fields separated by two characters, except commas: every second would be empty."""
    delimiter = divided.grammar.delimiter
    alike = [r.fields for r in divided.records if len(r.fields) == divided.width]
    is_odd = divided.width > 2 and divided.width % 2  # noqa: PLR2004 - a field, none, a field
    if (
        delimiter.isspace()
        or delimiter == ","
        or not is_odd
        or len(alike) < max(2, len(divided.records) // 2)
    ):
        return
    if not any(any(fields[1::2]) for fields in alike) and all(alike[0][::2]):
        raise CsvRejected(
            in_english(
                "its fields are separated by {sign!r}, and a delimiter is one character",
                sign=delimiter * 2,
            )
        )


def _is_even(divided: Divided) -> bool:
    count = sum(len(r.fields) == divided.width for r in divided.records)
    if len(divided.records) <= 2:  # noqa: PLR2004 - a header and a line
        return True
    if divided.grammar.delimiter == " ":
        is_even = divided.even > _BLANK_SHARE and count >= len(divided.records) - 1
        is_even = is_even or divided.share > _BLANK_SHARE
        if sum("  " in r.text for r in divided.records) > len(divided.records) / 2:
            return False
        is_wide = divided.width > 2  # noqa: PLR2004 - a name is two words
        return is_even and (is_wide or divided.use.is_of_all)
    return divided.even >= _EVEN_SHARE and count > 1 and divided.share > _LEAST_SHARE


def _undivided(
    lines: Sequence[Line], found: Sequence[Divided], ends: str, options: DatasetOptions
) -> Grammar:
    """A file of one column, or one whose lines all miss the header; prose is refused."""
    filled = [line.text for line in lines if line.text.strip()]
    first = filled[0]
    by_header = [
        each
        for each in found
        if each.grammar.delimiter != " "
        and each.records
        and not each.records[0].fault
        and len(each.records[0].fields) > 1
    ]
    if by_header:
        best = max(by_header, key=lambda each: len(each.records[0].fields))
        alike = [len(each.fields) == len(best.records[0].fields) for each in best.records]
        # Where most lines have the header's fields, a blank line ends no paragraph.
        if not is_prose(lines, divided=2 * sum(alike) > len(alike)):
            return best.grammar
    if is_prose(lines, divided=False) and not options.columns:
        raise CsvRejected(in_english("it is not a CSV file: no delimiter divides its lines evenly"))
    if is_aligned(filled):
        raise CsvRejected(
            in_english("it is not a CSV file: blanks align its columns, and nothing divides them")
        )
    unused = next(each for each in ("\x1f", "\x1e", "\x01") if each not in first)
    quote = '"' if options.quote is None else options.quote
    one = Grammar(unused, quote, options.escape or quote, bool(options.escape), ends=ends)
    if options.quote is None and not _divided(lines, one, options).use.enclosed > 0:
        one = replace(one, quote="", escape="")
    return one


def _candidates(delimiter: str, text: str, ends: str, options: DatasetOptions) -> Iterator[Grammar]:
    for grammar in _quotings(delimiter, text, ends, options):
        yield grammar
        if delimiter not in {" ", "\t"} and _is_followed_by_blanks(delimiter, text):
            yield replace(grammar, skips_blanks=True)


def _is_followed_by_blanks(delimiter: str, text: str) -> bool:
    """Whether blanks follow the delimiters of the names, or else before all quotes."""
    first, *rest = [line for line in text.split("\n") if delimiter in line] or [""]
    blank = f"{delimiter} "
    quoted = [line for line in rest if f'{blank}"' in line]
    return first.count(blank) == first.count(delimiter) or (
        len(quoted) > 0
        and all(line.count(blank) >= line.count(f'{delimiter}"') + 1 for line in quoted)
        and len(quoted) == sum('"' in line for line in rest)
    )


def _quotings(delimiter: str, text: str, ends: str, options: DatasetOptions) -> Iterator[Grammar]:
    if options.escape:
        quote = '"' if options.quote is None else options.quote
        yield Grammar(delimiter, quote, options.escape, escapes_all=True, ends=ends)
        return
    if options.quote:
        quotes = [options.quote]
    else:
        yield Grammar(delimiter, ends=ends)
        possible = ('"', "'") if options.quote is None else ()
        quotes = [quote for quote in possible if quote != delimiter and quote in text]
    for quote in quotes:
        yield Grammar(delimiter, quote, quote, ends=ends)
        if f"\\{quote}" in text:
            yield Grammar(delimiter, quote, "\\", ends=ends)


def _best_quoting(found: Sequence[Divided]) -> Divided:
    """The likeliest use of quotes: by how evenly it splits, then by what it encloses.

    Where quotes enclose no more fields than they are elsewhere, they are data: a file that is
    divided as evenly without them has none.
    """
    best = found[0]
    for each in found[1:]:
        if each.width == 1 and each.use.is_around_records:
            return each  # the delimiter is in the only field of all records
        if _is_likelier(each, best):
            best = each
    return best


def _is_likelier(each: Divided, best: Divided) -> bool:
    if each.use.is_of_all != best.use.is_of_all:
        return each.use.is_of_all
    if _encloses_delimiters(each, best):
        return True
    own, other = (round(one.share * one.even, 3) for one in (each, best))
    if (own, each.width) != (other, best.width):
        return (own, each.width) > (other, best.width)
    return each.grammar.skips_blanks > best.grammar.skips_blanks or _encloses(each, best)


def _encloses_delimiters(each: Divided, best: Divided) -> bool:
    """Whether quotes enclose as many delimiters in all records, which are even without them too."""
    is_as_even = each.share * each.even >= best.share * best.even
    return (
        not best.grammar.quote
        and 1 < each.width < best.width
        and is_as_even
        and each.use.is_needed  # whatever quotes stand in other fields, as those of inches
        and each.use.needed >= _RARE_SHARE * (each.use.records - 1)
    )


def _encloses(each: Divided, best: Divided) -> bool:
    """Whether quotes are quotes in a draw: double ones, and single ones that are nothing else."""
    if each.grammar.quote == best.grammar.quote:  # escaped in another way
        return each.use.enclosed > best.use.enclosed
    if each.grammar.quote != '"':
        return not best.grammar.quote and (each.use.is_of_all or each.use.is_consistent)
    if not best.grammar.quote and each.use.needed and each.use.is_evident:
        return True  # quotes are doubled in some of what they enclose
    return each.use.enclosed >= (1 + (each.grammar.delimiter == "|"))


def _divided(lines: Sequence[Line], grammar: Grammar, options: DatasetOptions) -> Divided:
    records = _records(lines, grammar, options.comment)
    widths = Counter(len(r.fields) for r in records if not r.fault)
    wide = {width: count for width, count in widths.items() if width > 1}
    width = max(wide, key=lambda each: (wide[each], each)) if wide else 1
    own = len(records[0].fields) if records else 0
    if wide.get(own) == wide.get(width) and own > 1:
        width = own
    places = [n for n, r in enumerate(records) if len(r.fields) == width and not r.fault]
    if not places:
        return Divided(grammar, records, width, 0.0, 0.0, 0.0)
    use = quote_use(grammar, records, width)
    kept = [not r.fault and n not in use.stray for n, r in enumerate(records)]
    body = sum(kept[places[0] : places[-1] + 1])
    return Divided(
        grammar,
        records,
        width,
        share=len(places) / (sum(kept) if use.is_evident else len(records)),
        even=len(places) / body,
        clean=_clean(grammar, [records[n] for n in places]),
        use=use,
    )


def _clean(grammar: Grammar, records: Sequence[Record]) -> float:
    """Share of fields that are values, or words without another delimiter."""
    others = "".join(each for each in DELIMITERS[:-1] if each != grammar.delimiter)
    within = re.compile(f"[{re.escape(others)}](?! )")  # before a blank it is punctuation
    cells = clean = 0
    for record in records:
        for text in record.fields:
            if not text:
                continue
            cells += 1
            clean += looks_like(text) != "text" or not within.search(text)
        if cells > _JUDGED_CELLS:
            break
    return clean / cells if cells else 0.0


def _records(lines: Sequence[Line], grammar: Grammar, comment: str | None) -> list[Record]:
    reader = RecordReader(grammar, comment=comment)
    found = [*reader.take(lines), *reader.end()]
    return [record for record in found if record.fault or not grammar.is_blank(record.text)]


def excel_delimiter(text: str) -> str | None:
    """The delimiter that a first line `sep=;` names, also where empty fields follow."""
    match = re.fullmatch(r'("?)sep=(.)\2*\1\2*\r?', text, re.IGNORECASE)
    return match[2] if match else None
