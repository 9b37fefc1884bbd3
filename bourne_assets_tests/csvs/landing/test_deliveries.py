"""What becomes of the rows of earlier deliveries: replaced, added to, or merged by a key."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from bourne_assets.csvs.landing.batch import land_csv_files
from bourne_assets.csvs.landing.corrections import Correction
from bourne_assets.csvs.landing.inventory import (
    DatasetError,
    drop,
    find_dataset,
    find_delivery,
    list_datasets,
    take_back,
)
from bourne_assets.csvs.landing.rejects import apply_corrections
from bourne_assets.csvs.landing.tables import table_name, type_in_table
from bourne_assets.csvs.options import DatasetOptions, Datasets
from bourne_assets.iceberg import commits
from bourne_assets.iceberg.commits import Committed
from bourne_assets.lake import keys
from bourne_assets.lake.store import Lake
from bourne_assets.tables import records
from bourne_assets_tests.support.tables import dataset_in, rows_in, tables_of

_FIRST, _SECOND = date(2026, 11, 23), date(2026, 11, 24)


class Sales:
    """A dataset of one file a day."""

    def __init__(self, lake: Lake, folder: Path, **options: Any) -> None:
        self.lake, self.tables, self._folder = lake, tables_of(lake), folder
        self._datasets = Datasets({"sales": DatasetOptions(**options)})

    def land(self, text: str, day: date = _FIRST, name: str = "sales.csv") -> dict[str, Any]:
        path = self._folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        landing = land_csv_files(
            [path],
            self.lake,
            day,
            tables=self.tables,
            datasets=self._datasets,
            journal=self._folder / "journal",
        )
        (row,) = records(landing.manifest)
        return row

    def fix(self, line: int, text: str) -> None:
        given = [Correction(file="sales.csv", line=line, text=text)]
        apply_corrections(given, self.lake, self.tables, self._datasets, self._folder / "journal")

    @property
    def rows(self) -> list[dict[str, Any]]:
        return records(dataset_in(self.lake, "Sales"))

    @property
    def ids(self) -> list[int]:
        return [row["id"] for row in self.rows]


def test_by_default_the_file_is_the_whole_and_its_columns_are_those_of_the_table(
    lake: Lake, tmp_path: Path
) -> None:
    sales = Sales(lake, tmp_path)
    sales.land("id,a,b\n1,x,1\n")
    sales.land("id,new,a\n2,y,5\n", _SECOND)
    assert sales.rows == [{"id": 2, "new": "y", "a": 5}]


def test_each_row_says_which_file_it_is_from_and_of_which_day(lake: Lake, tmp_path: Path) -> None:
    Sales(lake, tmp_path).land("id\n1\n")
    table = rows_in(lake, "trusted.sales")
    assert list(table.columns)[-2:] == ["_file", "_landed_on"]
    assert list(table["_file"]) == [lake.uri("Raw/Local/CSV/Sales/2026/11/23/sales.csv")]
    assert list(table["_landed_on"]) == [_FIRST]


def test_deliveries_add_up_in_their_order_and_the_same_bytes_never_twice(
    lake: Lake, tmp_path: Path
) -> None:
    sales = Sales(lake, tmp_path, write="append")
    sales.land("id\n1\n2\n")
    sales.land("id\n3\n", _SECOND)
    sales.land("id\n1\n2\n", _SECOND, name="sales.csv")
    assert sales.ids == [1, 2, 3]
    (dataset,) = list_datasets(lake, sales.tables)
    assert [(each.landed_on, each.rows) for each in dataset.deliveries] == [
        (_FIRST, 2),
        (_SECOND, 1),
    ]
    assert dataset.profile is not None
    assert dataset.rows == 3


def test_new_columns_are_added_before_the_origin_and_missing_ones_are_unknown(
    lake: Lake, tmp_path: Path
) -> None:
    sales = Sales(lake, tmp_path, write="append")
    sales.land("code,Shop\n1,A\n")
    assert sales.land("CODE,paid\n2,true\n", _SECOND)["table_error"] is None
    assert sales.rows == [
        {"code": 1, "Shop": "A", "paid": None},
        {"code": 2, "Shop": None, "paid": True},
    ]
    assert list(rows_in(lake, "trusted.sales").columns)[-1] == "_landed_on"


def test_a_column_that_is_text_stays_text_to_the_letter(lake: Lake, tmp_path: Path) -> None:
    sales = Sales(lake, tmp_path, write="append")
    sales.land("id,code\n1,a\n")
    sales.land("id,code\n2,1.50\n", _SECOND)
    assert [row["code"] for row in sales.rows] == ["a", "1.50"]


def test_a_type_that_does_not_fit_stops_and_the_last_good_table_stays(
    lake: Lake, tmp_path: Path
) -> None:
    sales = Sales(lake, tmp_path, write="append")
    sales.land("id\n1\n")
    row = sales.land("id\nx\n", _SECOND)
    assert row["status"] == "landed"
    assert "column 'id' is long and would be string" in row["table_error"]
    assert sales.ids == [1]
    assert sales.land("id\n2\n", _SECOND, "sales.csv")["table_error"] is None
    assert sales.ids == [1, 2]


def test_a_column_without_a_value_takes_any_type(lake: Lake, tmp_path: Path) -> None:
    sales = Sales(lake, tmp_path, write="append")
    sales.land("id,a\n1,7\n")
    assert sales.land("id,a\n2,\n", _SECOND)["table_error"] is None
    assert [row["a"] for row in sales.rows] == [7, None]


def test_whole_numbers_are_rows_of_a_table_of_decimals_where_it_keeps_them(
    lake: Lake, tmp_path: Path
) -> None:
    sales = Sales(lake, tmp_path, write="append")
    sales.land("id,a\n1,7.5\n")
    assert sales.land("id,a\n2,9007199254740992\n", _SECOND)["table_error"] is None
    assert [row["a"] for row in sales.rows] == [7.5, 2.0**53]
    assert "'a'" in sales.land("id,a\n3,9007199254740993\n", _SECOND)["table_error"]


def test_names_of_a_delivery_may_be_in_another_case(lake: Lake, tmp_path: Path) -> None:
    sales = Sales(lake, tmp_path, write="append")
    sales.land("id,a\n1,7\n")
    assert sales.land("A,ID\n8,2\n", _SECOND)["missing_id"] is None
    assert [(row["id"], row["a"]) for row in sales.rows] == [(1, 7), (2, 8)]


@pytest.mark.parametrize(
    ("reading", "present", "expected"),
    [
        ("INTEGER", "BIGINT", "BIGINT"),
        ("BIGINT", "INTEGER", "BIGINT"),
        ("DECIMAL(5,2)", "DECIMAL(10,2)", "DECIMAL(10,2)"),
        ("DECIMAL(12,2)", "DECIMAL(10,2)", "DECIMAL(12,2)"),
        ("DECIMAL(5,3)", "DECIMAL(10,2)", "DECIMAL(5,3)"),
        ("INTEGER", "DECIMAL(12,2)", "DECIMAL(12,2)"),
        ("BIGINT", "DECIMAL(12,2)", "BIGINT"),
        ("DECIMAL(15,2)", "DOUBLE", "DOUBLE"),
        ("DECIMAL(16,2)", "DOUBLE", "DECIMAL(16,2)"),
        ("UBIGINT", None, "DECIMAL(20,0)"),
        ("TIMESTAMP_NS", None, "VARCHAR"),
    ],
)
def test_new_rows_have_the_type_of_the_table_where_it_holds_their_values(
    reading: str, present: str | None, expected: str
) -> None:
    assert type_in_table(reading, present) == expected


def test_of_each_key_the_newest_delivery_stays(lake: Lake, tmp_path: Path) -> None:
    sales = Sales(lake, tmp_path, write="merge", key=["id"])
    sales.land("id,a\n1,x\n2,x\n")
    sales.land("id,a\n2,y\n3,y\n3,z\n", _SECOND)
    assert sorted((row["id"], row["a"]) for row in sales.rows) == [(1, "x"), (2, "y"), (3, "z")]


def test_a_key_that_is_not_a_column_stops_and_is_named(lake: Lake, tmp_path: Path) -> None:
    sales = Sales(lake, tmp_path, write="merge", key=["sku"])
    assert "no column 'sku'" in sales.land("id\n1\n")["table_error"]


def test_a_delivery_without_the_key_is_not_merged_into_one_row(lake: Lake, tmp_path: Path) -> None:
    sales = Sales(lake, tmp_path, write="merge", key=["sku"])
    sales.land("SKU,a\n1,x\n2,y\n")
    assert "no column 'sku'" in sales.land("a\nz\nw\n", _SECOND)["table_error"]
    assert len(sales.rows) == 2


@pytest.mark.parametrize("options", [{"write": "merge"}, {"key": ["id"]}])
def test_a_key_and_a_merge_belong_together(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="key"):
        DatasetOptions(**options)


def _meanwhile(monkeypatch: pytest.MonkeyPatch, do: Callable[[], object]) -> None:
    """Have others commit when a table was opened and is not committed to yet, once."""
    commit, waiting = commits.replace_rows_of, [do]

    def late(*given: Any, **named: Any) -> Committed:
        if waiting:
            waiting.pop()()
        return commit(*given, **named)

    monkeypatch.setattr("bourne_assets.csvs.landing.tables.replace_rows_of", late)


@pytest.mark.parametrize(("other", "ids"), [("id\n2\n", [1, 2, 3]), ("id\n3\n", [1, 3])])
def test_what_others_land_at_the_same_moment_is_neither_forgotten_nor_doubled(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other: str, ids: list[int]
) -> None:
    sales = Sales(lake, tmp_path, write="append")
    sales.land("id\n1\n")
    _meanwhile(monkeypatch, lambda: sales.land(other, _SECOND, "other/sales.csv"))
    sales.land("id\n3\n", _SECOND)
    for text in ("id\n1\n", other, "id\n3\n"):
        sales.land(text, _SECOND)
    assert sorted(sales.ids) == ids
    assert len(find_dataset(lake, sales.tables, "sales").deliveries) == len(ids)


def test_a_delivery_is_taken_back_while_others_land(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sales = Sales(lake, tmp_path, write="append")
    sales.land("id\n1\n")
    dataset = find_dataset(lake, sales.tables, "sales")
    _meanwhile(monkeypatch, lambda: sales.land("id\n2\n", _SECOND))
    take_back(dataset, dataset.deliveries[0], sales.tables)
    sales.land("id\n1\n", _SECOND)
    assert sales.ids == [2]


def test_a_delivery_that_is_taken_back_stays_away(lake: Lake, tmp_path: Path) -> None:
    sales = Sales(lake, tmp_path, write="append")
    sales.land("id\n1\n")
    sales.land("id\n2\n3\n", _SECOND)
    dataset = find_dataset(lake, sales.tables, "sales")
    wrong = find_delivery(dataset, dataset.deliveries[0].name)
    assert take_back(dataset, wrong, sales.tables) == 2
    assert sales.ids == [2, 3]
    sales.land("id\n1\n")
    assert sales.ids == [2, 3]


def test_it_stays_away_also_where_nothing_is_known_of_the_last_landing(
    lake: Lake, tmp_path: Path
) -> None:
    sales = Sales(lake, tmp_path, write="append")
    for text in ("id\n1\n", "id\n2\n"):
        sales.land(text)
    dataset = find_dataset(lake, sales.tables, "sales")
    take_back(dataset, dataset.deliveries[0], sales.tables)
    lake.delete(keys.dataset_profile("Sales"))
    row = sales.land("id\n1\n", _SECOND)
    assert (row["table_error"], sales.ids) == (None, [2])
    sales.land("id\n2\n", _SECOND)
    assert sales.ids == [2]
    assert find_dataset(lake, sales.tables, "sales").profile is not None


@pytest.mark.parametrize("options", [{}, {"write": "merge", "key": ["id"]}])
def test_nothing_is_taken_back_where_earlier_rows_are_gone(
    lake: Lake, tmp_path: Path, options: dict[str, Any]
) -> None:
    sales = Sales(lake, tmp_path, **options)
    sales.land("id\n1\n")
    dataset = find_dataset(lake, sales.tables, "trusted.sales")
    with pytest.raises(DatasetError, match="not written by `append`"):
        take_back(dataset, dataset.deliveries[0], sales.tables)


def test_datasets_and_deliveries_that_there_are_not_are_named(lake: Lake, tmp_path: Path) -> None:
    sales = Sales(lake, tmp_path, write="append")
    with pytest.raises(DatasetError, match="nothing was landed yet"):
        find_dataset(lake, sales.tables, "sales")
    sales.land("id\n1\n")
    sales.land("id\n2\n", _SECOND)
    with pytest.raises(DatasetError, match="there are Sales"):
        find_dataset(lake, sales.tables, "stock")
    dataset = find_dataset(lake, sales.tables, "SALES")
    with pytest.raises(DatasetError, match=r"has several deliveries 'sales\.csv'"):
        find_delivery(dataset, "sales.csv")
    with pytest.raises(DatasetError, match="has no delivery 'ffff'"):
        find_delivery(dataset, "ffff")


def test_a_dataset_that_is_dropped_is_rebuilt_by_the_next_landing(
    lake: Lake, tmp_path: Path
) -> None:
    sales = Sales(lake, tmp_path)
    sales.land("id\n1\n")
    drop(find_dataset(lake, sales.tables, "Sales"), lake, sales.tables)
    assert list(list_datasets(lake, sales.tables)) == []
    assert lake.folders("Raw/Local/CSV") == {"Sales"}
    sales.land("id\n1\n")
    assert sales.ids == [1]


@pytest.mark.parametrize("write", ["replace", "append"])
def test_corrected_lines_are_rows_once_beside_those_of_their_file(
    lake: Lake, tmp_path: Path, write: str
) -> None:
    sales = Sales(lake, tmp_path, write=write, max_rejected_share=0.5)
    sales.land("id,a\n1,x\n2\n")
    for _ in range(2):
        sales.fix(3, "2,y")
        assert sorted(sales.ids) == [1, 2]


def test_no_two_datasets_share_a_table() -> None:
    names = [
        "Movies",
        "Movies_Titles",
        "Box Office",
        "Box-Office",
        "Box_Office",
        "\u00c9",
        "\u00c8",
        "C01",
    ]
    tables = [table_name(name) for name in names]
    assert len(set(tables)) == len(names)
    assert tables[0] == "trusted.movies"
    assert tables[-1] == "trusted.c01"
    assert tables[1] != f"{tables[0]}_titles"
