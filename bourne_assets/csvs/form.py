"""The form of a CSV file: encoding, delimiter, quoting, columns, and how many lines fit.

Found, not assumed: from the bytes for the encoding, from the header for the delimiter. A file
whose delimiter is `|` has no quoting (a lone `"` is data there, as in the data-lake challenge's
files); any other may quote with `"`. DuckDB reads the rows, in constant memory.
What must not be put here: where a file goes (`landing`), and what its columns mean (`ratings`).
"""

import codecs
import csv
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
    with path.open("rb") as file:
        start = file.read(64 * 1024)
    if not start.strip():
        raise CsvRejected("it is empty")
    marked = start.startswith(codecs.BOM_UTF8)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in start:
        raise CsvRejected("it is no text in UTF-8 or Latin-1 (it holds NUL bytes)")
    encoding = "utf-8" if _is_utf8(path) else "latin-1"
    header = start.removeprefix(codecs.BOM_UTF8).splitlines()[0].decode(encoding, "replace")
    delimiter = max(_DELIMITERS, key=header.count)
    quote = "" if delimiter == "|" else '"'
    plain = csv.reader([header], delimiter=delimiter, quoting=csv.QUOTE_NONE)
    quoted = csv.reader([header], delimiter=delimiter)
    columns = tuple(next(quoted if quote else plain, []))
    if not all(name.strip() for name in columns):
        raise CsvRejected("its header has an empty column name")
    return CsvForm(encoding, delimiter, quote, columns, marked)


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


def _view(path: Path, form: CsvForm) -> str:
    return f"""
        CREATE VIEW csv AS SELECT * FROM read_csv(
            {_literal(str(path))}, delim = {_literal(form.delimiter)},
            quote = {_literal(form.quote)}, escape = {_literal(form.quote)}, header = true,
            columns = {_columns(len(form.columns))}, auto_detect = false,
            encoding = {_literal(form.encoding)}, store_rejects = true, rejects_limit = 0,
            null_padding = false, strict_mode = true, max_line_size = {MAXIMUM_LINE_BYTES})
        """  # noqa: S608 - every value is a literal with its quotes doubled


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        try:
            while block := file.read(_BLOCK):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _columns(number: int) -> str:
    return "{" + ", ".join(f"'c{index}': 'VARCHAR'" for index in range(number)) + "}"


def _literal(text: str) -> str:
    """A view keeps no parameters, so that values go in as SQL literals, quotes doubled."""
    doubled = text.replace("'", "''")
    return f"'{doubled}'"
