"""Whatever goes wrong with one file, the others are landed, and the manifest says what it was."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from bourne_assets.csvs.landing.manifest import LANDED, REJECTED
from bourne_assets.csvs.landing.tables import DatasetTables
from bourne_assets.csvs.options import DatasetOptions, Datasets
from bourne_assets.csvs.reading.reader import read_csv
from bourne_assets.lake.errors import LakeFailed
from bourne_assets.lake.store import Lake
from bourne_assets_tests.csvs.landings import landed_rows
from bourne_assets_tests.support.tables import dataset_in
from bourne_assets_tests.support.tiers import in_every_run

_READ_CSV = "bourne_assets.csvs.reading.pool.read_csv"
_FILMS = b"id|title\n1|The Bourne Identity\n2|The Bourne Supremacy\n"


@pytest.fixture
def folder(folder: Path) -> Path:
    """A folder with a file that is fine, and one that the test makes fail."""
    (folder / "bad.csv").write_bytes(_FILMS + b"3|bad\n")
    (folder / "good.csv").write_bytes(_FILMS)
    return folder


def _failing(function: Callable[..., Any], error: BaseException) -> Callable[..., Any]:
    """The function, failing for the file that has three rows."""

    def fail(path: Path, *arguments: Any, **options: Any) -> Any:
        if path.read_bytes().endswith(b"bad\n"):
            raise error
        return function(path, *arguments, **options)

    return fail


@pytest.mark.parametrize(
    ("error", "reason"),
    in_every_run(
        [
            (UnicodeError("label too long"), "reading it failed (UnicodeError: label too long)"),
            (MemoryError(), "reading it takes more memory than is available"),
            (
                ZeroDivisionError("a\x1b[31m\nb"),
                "reading it failed (ZeroDivisionError: a\\x1b[31m b)",
            ),
            (RecursionError("too deep"), "reading it failed (RecursionError: too deep)"),
            (OSError(5, "Input/output error"), "it cannot be read (Input/output error)"),
            (duckdb.Error("odd"), "reading it failed (Error: odd)"),
        ],
        first=2,
    ),
    ids=lambda value: type(value).__name__,
)
def test_any_failure_of_reading_rejects_that_file_alone(
    lake: Lake, folder: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, reason: str
) -> None:
    monkeypatch.setattr(_READ_CSV, _failing(read_csv, error))
    rows = landed_rows(lake, folder)
    assert rows["good.csv"]["status"] == LANDED
    assert (rows["bad.csv"]["status"], rows["bad.csv"]["reason"]) == (REJECTED, reason)
    assert len(lake.list("Raw")) == 1
    assert lake.incomplete_uploads() == []


def test_a_lake_that_fails_is_not_a_fault_of_a_file(
    lake: Lake, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_READ_CSV, _failing(read_csv, LakeFailed("it is full")))
    with pytest.raises(LakeFailed, match="it is full"):
        landed_rows(lake, folder)


def test_a_codec_that_fails_in_the_middle_rejects_that_file_alone(lake: Lake, folder: Path) -> None:
    options = DatasetOptions.model_construct(encoding="idna")
    rows = landed_rows(lake, folder, datasets=Datasets({"bad": options}))
    assert rows["good.csv"]["status"] == LANDED
    assert rows["bad.csv"]["status"] == REJECTED
    assert rows["bad.csv"]["reason"]


@pytest.mark.parametrize("error", [duckdb.Error("full"), OSError(28, "No space left on device")])
def test_a_table_that_cannot_be_made_leaves_the_bytes_landed_and_the_other_tables_made(
    lake: Lake, folder: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    replace = DatasetTables.replace

    def fail(self: DatasetTables, name: str, *arguments: Any, **options: Any) -> Any:
        if name == "trusted.bad":
            raise error
        return replace(self, name, *arguments, **options)

    monkeypatch.setattr(DatasetTables, "replace", fail)
    rows = landed_rows(lake, folder)
    assert {row["status"] for row in rows.values()} == {LANDED}
    assert rows["good.csv"]["table_error"] is None
    assert rows["bad.csv"]["table_error"]
    assert len(dataset_in(lake, "Good"))


@pytest.mark.exhaustive
def test_progress_that_cannot_be_written_ends_nothing(
    lake: Lake, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[str] = []

    def report(line: str) -> None:
        lines.append(line)
        raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr("bourne_assets.csvs.landing.batch._PROGRESS_SECONDS", 0.0)
    (folder / "large.csv").write_bytes(_FILMS + b"1|a\n" * 400_000)
    rows = landed_rows(lake, folder, report=report)
    assert lines
    assert {row["status"] for row in rows.values()} == {LANDED}
