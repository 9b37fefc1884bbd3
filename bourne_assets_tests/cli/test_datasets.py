"""`bourne datasets` and `bourne unland`, on an embedded lake of their own."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from click.testing import Result

from bourne_assets.csvs.landing.batch import land_csv_files
from bourne_assets.csvs.options import DatasetOptions, Datasets
from bourne_assets.lake import embedded
from bourne_assets_tests.cli.conftest import Bourne
from bourne_assets_tests.support.tables import tables_of

_OPTIONS = Datasets({"sales": DatasetOptions(write="append")})


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[embedded.EmbeddedLake]:
    """A lake with two deliveries of one dataset."""
    with embedded.connect(tmp_path / "home", "bourne-lake") as server:
        for day, text in ((24, "id\n1\n2\n"), (25, "id\n3\n")):
            path = tmp_path / "sales.csv"
            path.write_text(text, encoding="utf-8")
            land_csv_files(
                [path],
                server.lake,
                date(2026, 11, day),
                tables=tables_of(server.lake),
                datasets=_OPTIONS,
                journal=tmp_path / "journal",
            )
        yield server


def _lines(result: Result) -> list[str]:
    assert result.exit_code == 0, result.output
    return [" ".join(line.split()) for line in result.output.splitlines()]


@pytest.mark.usefixtures("lake")
def test_datasets_are_listed_shown_and_removed_and_a_delivery_is_taken_back(bourne: Bourne) -> None:
    (_, row) = _lines(bourne("datasets"))
    assert row.startswith("Sales trusted.sales 3 2 ")
    assert row.endswith(" append")
    shown = _lines(bourne("datasets", "SALES"))
    assert shown[0].startswith("Sales: trusted.sales, 3 rows, changed 20")
    assert "id BIGINT" in shown
    delivery = next(
        line.split()[0] for line in shown if "2026-11-25" in line and "sales.csv" in line
    )
    assert "Nothing was removed: add --yes" in bourne("unland", "sales", delivery).output
    taken = bourne("unland", "sales", delivery, "--yes").output
    assert "Taken back: 1 row of sales.csv of 2026-11-25; trusted.sales has 2 rows." in taken
    assert "was taken back before" in bourne("unland", "sales", delivery, "--yes").output
    assert any(line.endswith("1 taken back") for line in _lines(bourne("datasets", "sales")))
    assert "add --yes to remove trusted.sales, 2 rows" in bourne("datasets", "drop", "sales").output
    assert "Removed: trusted.sales" in bourne("datasets", "drop", "sales", "--yes").output
    assert _lines(bourne("datasets")) == ["No CSV file was landed yet."]


def test_without_a_lake_there_are_no_datasets(bourne: Bourne) -> None:
    for call in (("datasets",), ("unland", "a", "b")):
        result = bourne(*call)
        assert result.exit_code == 1
        assert "Nothing was landed yet" in result.output
