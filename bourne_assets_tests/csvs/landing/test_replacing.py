"""A good table is never replaced by a bad one; whatever is refused is reported."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from bourne_assets.csvs.landing.batch import land_csv_files
from bourne_assets.csvs.landing.manifest import LANDED, UNCHANGED
from bourne_assets.csvs.landing.profile import read_profile
from bourne_assets.csvs.options import DatasetOptions, Datasets
from bourne_assets.lake.store import Lake
from bourne_assets.tables import records
from bourne_assets_tests.support.tables import dataset_in, tables_of
from bourne_assets_tests.support.tiers import in_every_run

_DAYS = [date(2026, 11, day) for day in range(21, 29)]


def _good(rows: int) -> bytes:
    return b"id,title\n" + b"".join(b"%d,Bourne\n" % n for n in range(rows))


def _bad(rows: int, rejected: int) -> bytes:
    return _good(rows) + b"ragged\n" * rejected


class Dataset:
    """One dataset, landed day after day."""

    def __init__(self, lake: Lake, folder: Path) -> None:
        self._lake = lake
        self._folder = folder
        self._days = iter(_DAYS)

    def land(self, data: bytes, **options: Any) -> dict[str, Any]:
        path = self._folder / "films.csv"
        path.write_bytes(data)
        datasets = Datasets({"films": DatasetOptions(**options)}) if options else Datasets()
        landing = land_csv_files(
            [path],
            self._lake,
            next(self._days),
            tables=tables_of(self._lake),
            datasets=datasets,
            journal=self._folder / "j",
        )
        (row,) = records(landing.manifest)
        return row

    @property
    def rows(self) -> int:
        return len(dataset_in(self._lake, "Films"))


@pytest.fixture
def films(lake: Lake, tmp_path: Path) -> Dataset:
    """A dataset of which nothing was landed yet."""
    return Dataset(lake, tmp_path)


def test_the_first_table_is_made_however_bad_its_file_is(films: Dataset) -> None:
    row = films.land(_bad(3, 3))
    assert (row["status"], row["table_error"], row["rejected_rows"]) == (LANDED, None, 3)
    assert films.rows == 3


def test_a_table_stays_where_more_than_a_tenth_of_the_new_lines_were_rejected(
    films: Dataset, lake: Lake
) -> None:
    films.land(_good(20))
    row = films.land(_bad(17, 2))
    assert row["status"] == LANDED, "the bytes are landed all the same"
    assert row["table_error"] == (
        "2 of 19 lines were rejected, more than max_rejected_share allows (10%): the last good "
        "table stays"
    )
    assert row["table_uri"] == "trusted.films"
    assert films.rows == 20
    profile = read_profile(lake, "Films")
    assert profile is not None
    assert [each.uri for each in profile.last_files] == [row["uri"]]
    assert (profile.rows, profile.refusal is not None) == (20, True)


def test_it_is_replaced_where_a_tenth_was_rejected_at_most(films: Dataset) -> None:
    films.land(_good(20))
    row = films.land(_bad(18, 2))
    assert (row["table_error"], films.rows) == (None, 18)


def test_what_was_refused_is_refused_again_until_good_files_come(films: Dataset) -> None:
    films.land(_good(20))
    for _ in range(2):
        assert films.land(_bad(3, 3))["table_error"]
    assert films.rows == 20
    again = films.land(_good(20))
    assert (again["table_error"], films.rows) == (None, 20)
    assert films.land(_good(4))["table_error"] is None
    assert films.rows == 4


@pytest.mark.parametrize(
    ("options", "is_replaced"),
    in_every_run(
        [
            ({"max_rejected_share": 0.5}, True),
            ({"max_rejected_share": 0.49}, False),
            ({"max_rejected": 3}, True),
            ({"max_rejected": 2}, False),
            ({"max_rejected": 3, "max_rejected_share": 0.49}, False),
            ({"max_rejected_share": 1}, True),
            ({"max_rejected": 0}, False),
        ],
        first=2,
    ),
    ids=str,
)
def test_how_many_lines_may_be_rejected_can_be_declared(
    films: Dataset, options: dict[str, Any], is_replaced: bool
) -> None:
    films.land(_good(20))
    row = films.land(_bad(3, 3), **options)
    assert (row["table_error"] is None) is is_replaced
    assert films.rows == (3 if is_replaced else 20)


def test_no_line_may_be_rejected_where_that_is_declared(films: Dataset) -> None:
    films.land(_good(1_000))
    row = films.land(_bad(1_000, 1), max_rejected_share=0)
    assert "1 of 1,001 lines" in row["table_error"]


def test_the_same_files_read_no_worse_are_always_the_table(films: Dataset) -> None:
    films.land(_bad(3, 3))
    row = films.land(_bad(3, 3), nulls=["Bourne"])
    assert (row["status"], row["table_error"]) == (LANDED, None)


def test_no_table_is_made_or_named_of_a_first_file_without_the_id_column(
    films: Dataset, lake: Lake
) -> None:
    row = films.land(_good(3), id="code")
    assert (row["status"], row["missing_id"], row["table_uri"]) == (LANDED, "code", None)
    assert row["table_error"] == "the id column code is missing: no table is made"
    assert tables_of(lake).columns("trusted.films") == {}


def test_a_table_stays_where_the_new_file_has_lost_the_id_column(films: Dataset) -> None:
    films.land(_good(3))
    row = films.land(_good(2).replace(b"id", b"key", 1))
    assert (row["table_uri"], films.rows) == ("trusted.films", 3)
    assert row["table_error"] == "the id column id is missing: the last good table stays"


def test_a_file_whose_first_table_cannot_be_made_names_no_table(films: Dataset) -> None:
    row = films.land(b"id,_file\n1,x\n")
    assert (row["status"], row["table_uri"]) == (LANDED, None)
    assert "'_file'" in row["table_error"]


def test_a_file_that_is_landed_again_on_its_day_says_so_again(lake: Lake, tmp_path: Path) -> None:
    path = tmp_path / "films.csv"
    rows = []
    for data in (_good(20), _bad(3, 3), _bad(3, 3)):
        path.write_bytes(data)
        landing = land_csv_files(
            [path], lake, _DAYS[0], tables=tables_of(lake), journal=tmp_path / "j"
        )
        rows += records(landing.manifest)
    assert [row["status"] for row in rows] == [LANDED, LANDED, UNCHANGED]
    assert [row["table_error"] is None for row in rows] == [True, False, False]
