"""The form of a CSV file: encoding, delimiter, quoting, columns, and how many lines fit.

Found, not assumed: from the bytes for the encoding, from the header for the delimiter. A file
whose delimiter is `|` has no quoting (a lone `"` is data there, as in the data-lake challenge's
files); any other may quote with `"`. DuckDB reads the rows, in constant memory.
What must not be put here: where a file goes (`landing`), and what its columns mean (`ratings`).
"""

import codecs
import csv
import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from bourne_assets.csvs.errors import CsvRejected

_DELIMITERS = ("|", ";", "\t", ",")
_BLOCK = 1024 * 1024
#: The longest line that is read; a longer one is a rejected line.
MAXIMUM_LINE_BYTES = 16 * 1024 * 1024


#: DuckDB keeps every line that does not fit in memory; a file with this many is another format.
MAXIMUM_REJECTED = 100_000


@dataclass(frozen=True)
class CsvForm:
    """How a file is to be read.

    Attributes:
        encoding: `utf-8` or `latin-1`.
        delimiter: One character.
        quote: The quoting character; empty where quotes are data.
        columns: Names in the header.
        has_byte_order_mark: Whether the file begins with UTF-8's mark.
    """

    encoding: str
    delimiter: str
    quote: str
    columns: tuple[str, ...]
    has_byte_order_mark: bool
    mixes_line_ends: bool = False


@dataclass(frozen=True)
class CsvCounts:
    """Lines after the header: those that fit it, and those that do not."""

    rows: int
    rejected_rows: int


def find_form(path: Path) -> CsvForm:
    """Read enough of a file to know its form.

    Raises:
        CsvRejected: The file is empty, has no header, or is no text.
        OSError: It cannot be read.
    """
    start = _start(path)
    marked = start.startswith(codecs.BOM_UTF8)
    text = start.removeprefix(codecs.BOM_UTF8)
    if not text.strip():
        raise CsvRejected("it is empty")
    encoding, mixed = _scanned(path)
    headers = {each: _header(text.decode(encoding, "replace"), each) for each in _DELIMITERS}
    delimiter = max(_DELIMITERS, key=lambda each: len(headers[each]))
    columns = headers[delimiter]
    if not columns:
        raise CsvRejected("its first line, which should be the header, is blank")
    if not all(name.strip() for name in columns):
        raise CsvRejected("its header has an empty column name")
    return CsvForm(encoding, delimiter, _quote(delimiter), columns, marked, mixed)


def count_lines(path: Path, form: CsvForm) -> CsvCounts:
    """Count the rows of a file, and the lines that do not fit its header.

    Raises:
        CsvRejected: DuckDB cannot read the file at all.
    """
    with opened(path, form) as connection:
        # All columns are read, as a bare count(*) would not look at the fields.
        ((rows,),) = connection.execute(
            "SELECT count(*) FROM (SELECT hash(csv) FROM csv)"
        ).fetchall()
        ((rejected,),) = connection.execute(
            "SELECT count(DISTINCT line) FROM reject_errors"
        ).fetchall()
    if rejected >= MAXIMUM_REJECTED:
        raise CsvRejected(f"{MAXIMUM_REJECTED:,} lines or more do not fit its header")
    return CsvCounts(int(rows), int(rejected))


@contextmanager
def opened(path: Path, form: CsvForm) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB connection with the view `csv` in it: the file's rows, all columns as text.

    The view's columns are `c0`, `c1`, ... in the order of the header, whose names may be anything.

    Raises:
        CsvRejected: DuckDB cannot read the file.
    """
    connection = duckdb.connect()
    # DuckDB takes `*`, `?` and `[` in a path for a pattern: give it a link with a plain name.
    with tempfile.TemporaryDirectory(prefix="bourne-csv-") as folder:
        link = Path(folder) / "data.csv"
        if form.mixes_line_ends:  # DuckDB reads one kind only
            _copy_with_plain_line_ends(path, link)
        else:
            link.symlink_to(path.resolve())
        try:
            connection.execute("SET memory_limit = '512MB'")
            connection.execute("SET threads = 2")
            connection.execute(_view(link, form))
            yield connection
        except duckdb.Error as error:
            first = str(error).splitlines()[0][:300]
            raise CsvRejected(f"DuckDB cannot read it: {first}") from None
        finally:
            connection.close()


def _copy_with_plain_line_ends(path: Path, copy: Path) -> None:
    with path.open("rb") as source, copy.open("wb") as target:
        held = b""
        while block := source.read(_BLOCK):
            block = held + block
            held = b"\r" if block.endswith(b"\r") else b""
            target.write(block[: len(block) - len(held)].replace(b"\r\n", b"\n"))
        target.write(held)


def _view(path: Path, form: CsvForm) -> str:
    options = {
        "delim": _literal(form.delimiter),
        "quote": _literal(form.quote),
        "escape": _literal(form.quote),
        "header": "true",
        "columns": _columns(len(form.columns)),
        "auto_detect": "false",
        "encoding": _literal(form.encoding),
        "store_rejects": "true",
        "rejects_limit": str(MAXIMUM_REJECTED),
        "null_padding": "false",
        "strict_mode": "true",
        "max_line_size": str(MAXIMUM_LINE_BYTES),
    }
    given = ", ".join(f"{name} = {value}" for name, value in options.items())
    return f"CREATE VIEW csv AS SELECT * FROM read_csv({_literal(str(path))}, {given})"  # noqa: S608


def _start(path: Path) -> bytes:
    """The first block, or more where the first line is longer."""
    with path.open("rb") as file:
        start = file.read(64 * 1024)
        if not any(end in start for end in (b"\n", b"\r")):
            start += file.read(MAXIMUM_LINE_BYTES)
    if len(start) > MAXIMUM_LINE_BYTES and not any(end in start for end in (b"\n", b"\r")):
        raise CsvRejected(f"its header is longer than {MAXIMUM_LINE_BYTES:,} bytes")
    return start


def _quote(delimiter: str) -> str:
    return "" if delimiter == "|" else '"'


def _header(text: str, delimiter: str) -> tuple[str, ...]:
    """The names in the first line, quotes read as this delimiter's files have them."""
    lines = io.StringIO(text, newline="")
    plain = csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE)
    quoted = csv.reader(lines, delimiter=delimiter)
    try:
        return tuple(next(quoted if _quote(delimiter) else plain, []))
    except csv.Error:
        return ()


def _scanned(path: Path) -> tuple[str, bool]:
    """The encoding of all of it, and whether its line ends are mixed; NUL bytes are no text."""
    decoder, is_utf8 = codecs.getincrementaldecoder("utf-8")(), True
    windows = lines = 0
    last = b""
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            if b"\0" in block:
                raise CsvRejected("it is no text in UTF-8 or Latin-1 (it holds NUL bytes)")
            is_utf8 = is_utf8 and _decodes(decoder, block)
            windows += block.count(b"\r\n") + (last == b"\r" and block[:1] == b"\n")
            lines += block.count(b"\n")
            last = block[-1:]
    is_utf8 = is_utf8 and _decodes(decoder, b"", final=True)
    return "utf-8" if is_utf8 else "latin-1", 0 < windows < lines


def _decodes(decoder: codecs.IncrementalDecoder, block: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(block, final)
    except UnicodeDecodeError:
        return False
    return True


def _columns(number: int) -> str:
    return "{" + ", ".join(f"'c{index}': 'VARCHAR'" for index in range(number)) + "}"


def _literal(text: str) -> str:
    """A view keeps no parameters, so that values go in as SQL literals, quotes doubled."""
    doubled = text.replace("'", "''")
    return f"'{doubled}'"
