"""What is made of a dataset's table beside it: the profile of its columns, and its titles.

Not here: what is kept of them in the lake (`landing.dataset`, `landing.profile`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bourne_assets.csvs.options import CHALLENGE_ID
from bourne_assets.csvs.reading.duckdb_session import ColumnProfile, DuckDbSession
from bourne_assets.csvs.reading.titles import write_titles


@dataclass(frozen=True)
class Summary:
    """What a table holds.

    Attributes:
        columns: What each column holds.
        titles: A Parquet file of the challenge's titles; None where they are none.
    """

    columns: Sequence[ColumnProfile]
    titles: Path | None


def summarise(
    session: DuckDbSession,
    table: Path,
    *,
    is_challenge: bool,
    stop: Callable[[], None] = lambda: None,
) -> Summary:
    """Profile a table, and write its titles beside it.

    Args:
        session: DuckDB.
        table: The table, a Parquet file.
        is_challenge: Whether its rows are those of the challenge.
        stop: Called regularly; what it raises ends it.

    Returns:
        What it holds, and where its titles are.

    Raises:
        duckdb.Error: DuckDB failed on its own file.
    """
    names = session.columns(table)
    titles = None
    # First what one thread does, as long as others are still sending.
    if is_challenge and CHALLENGE_ID in names:
        titles = table.with_stem(f"{table.stem}-titles")
        stop()
        write_titles(session, table, names, titles)
    stop()
    return Summary(session.profile(table), titles)
