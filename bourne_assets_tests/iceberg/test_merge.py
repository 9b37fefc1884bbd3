"""Merging rows into a table by a key."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyiceberg.catalog import Catalog
from pyiceberg.table import Table

from bourne_assets.iceberg.commits import Provenance
from bourne_assets.iceberg.errors import CatalogueFailed, SchemaUnfit
from bourne_assets.iceberg.files import append_arrow, send_file
from bourne_assets.iceberg.merge import merge
from bourne_assets.iceberg.tables import ensure_table, evolve, open_table

NAME = "trusted.people"
SCHEMA = pa.schema([("id", pa.int64()), ("name", pa.string()), ("seen", pa.date32())])
RUN = Provenance("run")


def _rows(*rows: tuple[int | None, str | None]) -> pa.Table:
    ids, names = zip(*rows, strict=True)
    return pa.table({"id": pa.array(ids, pa.int64()), "name": pa.array(names, pa.string())})


@pytest.fixture
def table(catalogue: Catalog) -> Table:
    made = ensure_table(catalogue, NAME, SCHEMA)
    append_arrow(made, _rows((1, "Ann"), (2, "Bob"), (None, "nobody")), RUN)
    return made


def _people(table: Table) -> set[tuple[Any, ...]]:
    return {(row["id"], row["name"]) for row in table.scan().to_arrow().to_pylist()}


def test_the_newest_row_of_a_key_wins_and_other_rows_stay(table: Table) -> None:
    done = merge(table, _rows((2, "Bert"), (3, "Cid")), ["id"], RUN)
    assert _people(table) == {(1, "Ann"), (2, "Bert"), (3, "Cid"), (None, "nobody")}
    assert done.rows == 4


def test_of_a_key_that_stands_twice_in_a_delivery_the_last_row_wins(table: Table) -> None:
    merge(table, _rows((2, "first"), (2, "last")), ["id"], RUN)
    assert (2, "last") in _people(table)
    assert len(_people(table)) == 3


def test_null_is_a_key_like_others(table: Table) -> None:
    merge(table, _rows((None, "somebody")), ["id"], RUN)
    assert _people(table) == {(1, "Ann"), (2, "Bob"), (None, "somebody")}


def test_a_key_may_have_several_columns(table: Table) -> None:
    merge(table, _rows((1, "Ann"), (1, "Anna")), ["id", "name"], RUN)
    assert len(_people(table)) == 4


def test_a_file_is_merged_as_rows_are(table: Table, tmp_path: Path) -> None:
    pq.write_table(_rows((2, "first"), (2, "Bert")), tmp_path / "it's.parquet")
    merge(table, tmp_path / "it's.parquet", ["id"], RUN)
    assert _people(table) == {(1, "Ann"), (2, "Bert"), (None, "nobody")}


def test_the_first_merge_fills_an_empty_table(catalogue: Catalog) -> None:
    empty = ensure_table(catalogue, "trusted.new", SCHEMA)
    merge(empty, _rows((1, "Ann")), ["id"], RUN)
    assert _people(empty) == {(1, "Ann")}


def test_what_only_pyiceberg_can_read_is_merged_too(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bourne_assets.iceberg.merge.selection_of", lambda *_: None)
    merge(table, _rows((2, "Bert")), ["id"], RUN)
    assert _people(table) == {(1, "Ann"), (2, "Bert"), (None, "nobody")}


def test_a_storage_that_fails_meanwhile_is_named_and_the_table_stays(table: Table) -> None:
    (task,) = table.scan().plan_files()
    table.io.delete(task.file.file_path)
    with pytest.raises(CatalogueFailed, match=r"trusted\.people"):
        merge(table, _rows((2, "Bert")), ["id"], RUN)
    assert len(table.snapshots()) == 1


def test_rows_of_before_an_added_column_are_merged_with_null_in_it(table: Table) -> None:
    evolve(table, pa.schema([("age", pa.int32())]))
    merge(table, _rows((2, "Bert")).append_column("age", pa.array([5], pa.int32())), ["id"], RUN)
    ages = {row["name"]: row["age"] for row in table.scan().to_arrow().to_pylist()}
    assert ages == {"Ann": None, "Bert": 5, "nobody": None}


def test_what_others_commit_while_rows_are_merged_is_kept(
    catalogue: Catalog, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    send, others = send_file, [open_table(catalogue, NAME)]

    def send_late(into: Table, path: Path) -> str:
        if others:
            append_arrow(others.pop(), _rows((9, "Zoe")), RUN)
        return send(into, path)

    monkeypatch.setattr("bourne_assets.iceberg.merge.send_file", send_late)
    merge(table, _rows((2, "Bert")), ["id"], RUN)
    assert _people(table) == {(1, "Ann"), (2, "Bert"), (9, "Zoe"), (None, "nobody")}


@pytest.mark.parametrize(
    ("rows", "key"),
    [
        (_rows((1, "Ann")), ["none"]),
        (pa.table({"id": ["no number"], "name": ["x"]}), ["id"]),
        (pa.table({"id": [1], "new": ["x"]}), ["id"]),
    ],
)
def test_rows_that_cannot_be_merged_leave_the_table_as_it_was(
    table: Table, rows: pa.Table, key: list[str]
) -> None:
    with pytest.raises(SchemaUnfit, match=r"trusted\.people"):
        merge(table, rows, key, RUN)
    assert len(table.snapshots()) == 1


@pytest.mark.parametrize("name", ['a"quote', "a'postrophe", "a.dot", "semi;colon -- comment"])
def test_no_name_of_a_column_is_taken_for_sql(catalogue: Catalog, name: str) -> None:
    odd = ensure_table(catalogue, "trusted.odd", pa.schema([(name, pa.int64())]))
    merge(odd, pa.table({name: [1, 1, 2]}), [name], RUN)
    assert sorted(odd.scan().to_arrow()[name].to_pylist()) == [1, 2]
