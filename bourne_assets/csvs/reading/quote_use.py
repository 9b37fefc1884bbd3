"""What quotes do in the records of a sample: enclose fields, or appear in them.

Not here: which quotes a file has (`delimiters`), and how records are divided (`records`).
"""

from collections.abc import Sequence
from typing import NamedTuple

from bourne_assets.csvs.reading.records import Grammar, Record

_FULL_SHARE = 0.9


class QuoteUse(NamedTuple):
    """What quotes do: fields in quotes, less quotes that are elsewhere; and records by their use.

    `full` are records with all fields in quotes, `whole` those with some, `needed` those that could
    not be written without quotes, and `broken` those whose quotes do not match, `stray` among them:
    places of those that a quote in a field has made wider, or narrower. Where the others are more,
    the file has quotes, and some of its lines are broken. `bare` are records with quotes in fields
    that are not enclosed.
    """

    records: int = 0
    full: int = 0
    enclosed: int = 0
    whole: int = 0
    needed: int = 0
    broken: int = 0
    is_usual: bool = False
    stray: frozenset[int] = frozenset()
    bare: int = 0

    @property
    def is_needed(self) -> bool:
        """Whether some fields need their quotes, and no record's quotes do not match."""
        return self.needed > 0 and not self.broken

    @property
    def is_consistent(self) -> bool:
        """Whether quotes appear only around fields, and some fields need them."""
        return self.is_needed and not self.bare

    @property
    def is_of_all(self) -> bool:
        """Whether nearly all records below the first have all of their fields in quotes."""
        return self.records > 1 and self.full >= _FULL_SHARE * (self.records - 1)

    @property
    def is_around_records(self) -> bool:
        """Whether quotes enclose what could not be written without them in nearly all records."""
        return self.is_of_all and self.needed >= _FULL_SHARE * self.records

    @property
    def is_evident(self) -> bool:
        """Whether quotes are quotes, and records that break them are broken."""
        is_usual = self.is_usual or self.whole >= _FULL_SHARE * (self.records - 1)
        return max(self.needed, self.whole * is_usual) > self.broken


NO_QUOTES = QuoteUse()


def quote_use(grammar: Grammar, records: Sequence[Record], width: int) -> QuoteUse:
    """What the quotes of a grammar do in some records, most of which have this many fields."""
    if not grammar.quote:
        return NO_QUOTES
    enclosed = full = whole = needed = broken = bare = 0
    stray = set()
    for n, record in enumerate(records):
        if grammar.quote not in record.text:
            continue
        if record.fault:
            enclosed -= 1
            broken += 1
            continue
        quoted = grammar.are_quoted(record.text)
        enclosed += sum(quoted) or -1
        has_bare = grammar.has_bare_quote(record.text)
        bare += has_bare
        if len(record.fields) != width and has_bare:
            broken += 1
            stray.add(n)
            continue
        is_needed = any(quoted) and grammar.needs_quotes(record.text)
        if is_needed and len(record.fields) == 1 < width:  # quotes around a whole record
            stray.add(n)
        whole += any(quoted)
        full += all(quoted)
        needed += is_needed
    first = [] if records[0].fault else grammar.are_quoted(records[0].text)
    is_usual = grammar.delimiter in {",", ";"} or (bool(first) and all(first))
    use = QuoteUse(
        records=len(records),
        full=full,
        enclosed=enclosed,
        whole=whole,
        needed=needed,
        broken=broken,
        is_usual=is_usual,
        stray=frozenset(stray),
        bare=bare,
    )
    return use if use.is_evident else use._replace(stray=frozenset())
