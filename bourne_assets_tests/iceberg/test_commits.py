"""Commits: what they add, replace and leave, and what their snapshots tell."""

import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.table import Table, snapshots

from bourne_assets.iceberg.commits import Provenance, append_files, replace_with_files
from bourne_assets.iceberg.errors import SchemaUnfit, TableBusy, TableChanged
from bourne_assets.iceberg.files import append_arrow, replace_arrow, send_file, write_rows
from bourne_assets.iceberg.tables import ensure_table, open_table

NAME = "trusted.films"
ROWS = pa.table({"title": ["Identity", "Supremacy"], "year": [2002, 2004]})
MORE = pa.table({"title": ["Ultimatum"], "year": [2007]})
RUN = Provenance("run-1", ("digest-1", "digest-2"))


@pytest.fixture
def table(catalogue: Catalog) -> Table:
    return ensure_table(catalogue, NAME, ROWS.schema)


def _titles(table: Table, snapshot_id: int | None = None) -> list[str]:
    rows = table.scan(snapshot_id=snapshot_id).to_arrow()
    return sorted(rows["title"].to_pylist())


def test_an_appended_row_is_there_for_whoever_opens_the_table(
    catalogue: Catalog, table: Table
) -> None:
    append_arrow(table, ROWS, RUN)
    done = append_arrow(table, MORE, Provenance("run-2"))
    assert (done.table, done.rows, done.added) == (NAME, 3, 1)
    assert _titles(open_table(catalogue, NAME)) == ["Identity", "Supremacy", "Ultimatum"]


def test_a_replacement_leaves_what_was_there_to_those_who_read_its_snapshot(
    table: Table,
) -> None:
    before = append_arrow(table, ROWS, RUN)
    after = replace_arrow(table, MORE, Provenance("run-2"))
    assert _titles(table) == ["Ultimatum"]
    assert _titles(table, before.snapshot_id) == ["Identity", "Supremacy"]
    assert after.rows == 1


def test_rows_go_into_the_table_that_took_the_place_of_an_empty_one(
    catalogue: Catalog, table: Table
) -> None:
    """As where two processes make a table at the same moment, and the later one stays."""
    catalogue.drop_table(NAME)
    successor = ensure_table(catalogue, NAME, ROWS.schema)
    assert successor.metadata.table_uuid != table.metadata.table_uuid
    append_arrow(table, ROWS, RUN)
    assert _titles(open_table(catalogue, NAME)) == ["Identity", "Supremacy"]


def test_a_table_with_rows_that_was_dropped_and_made_again_is_changed(
    catalogue: Catalog, table: Table
) -> None:
    append_arrow(table, ROWS, RUN)
    catalogue.drop_table(NAME)
    ensure_table(catalogue, NAME, ROWS.schema)
    with pytest.raises(TableChanged):
        append_arrow(table, MORE, RUN)


def test_a_clock_that_was_set_back_keeps_no_row_out_and_turns_no_order_round(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead = SimpleNamespace(time=lambda: time.time() + 3600)
    with monkeypatch.context() as context:
        context.setattr(snapshots, "time", ahead)
        append_arrow(table, ROWS, RUN)
    append_arrow(table, MORE, Provenance("run-2"))
    replace_arrow(table, MORE, Provenance("run-3"))
    times = [entry.timestamp_ms for entry in table.history()]
    assert times == sorted(times)
    assert times[0] > (time.time() + 1800) * 1000
    assert _titles(table) == ["Ultimatum"]


def test_an_empty_table_can_be_replaced_and_be_emptied(table: Table) -> None:
    assert replace_arrow(table, ROWS, RUN).rows == 2
    assert replace_arrow(table, ROWS.slice(0, 0), RUN).rows == 0
    assert _titles(table) == []


def test_a_snapshot_names_its_run_and_its_inputs_and_has_a_tag_of_the_run(table: Table) -> None:
    done = append_arrow(table, ROWS, RUN)
    snapshot = table.snapshot_by_name("run-1")
    assert snapshot is not None
    assert snapshot.snapshot_id == done.snapshot_id
    assert snapshot.summary is not None
    properties = snapshot.summary.additional_properties
    assert (properties["bourne.run"], properties["bourne.inputs"]) == ("run-1", "digest-1,digest-2")


def test_the_tag_of_a_run_that_commits_twice_is_on_its_last_snapshot(table: Table) -> None:
    append_arrow(table, ROWS, RUN)
    last = append_arrow(table, MORE, RUN)
    assert table.refs()["run-1"].snapshot_id == last.snapshot_id


def test_rows_written_outside_of_a_run_have_no_tag(table: Table) -> None:
    append_arrow(table, ROWS, Provenance())
    assert set(table.refs()) == {"main"}


def test_a_file_of_this_machine_becomes_rows_without_being_rewritten(
    table: Table, tmp_path: Path
) -> None:
    path = tmp_path / "rows.parquet"
    pq.write_table(ROWS, path)
    uri = send_file(table, path)
    append_files(table, [uri], RUN)
    (task,) = table.scan().plan_files()
    assert (task.file.file_path, task.file.file_size_in_bytes) == (uri, path.stat().st_size)


@pytest.mark.parametrize("write", [append_arrow, replace_arrow])
def test_a_commit_that_others_come_before_is_made_on_top_of_theirs(
    catalogue: Catalog, table: Table, write: Any
) -> None:
    stale = open_table(catalogue, NAME)
    append_arrow(table, ROWS, RUN)
    done = write(stale, MORE, Provenance("run-2"))
    expected = ["Identity", "Supremacy"] if write is append_arrow else []
    assert _titles(open_table(catalogue, NAME)) == [*expected, "Ultimatum"]
    assert stale.refs()["run-2"].snapshot_id == done.snapshot_id


def test_rows_made_of_an_older_snapshot_replace_nothing(catalogue: Catalog, table: Table) -> None:
    base = append_arrow(table, ROWS, RUN).snapshot_id
    other = open_table(catalogue, NAME)
    append_arrow(other, MORE, RUN)
    with pytest.raises(TableChanged, match=r"trusted\.films was changed by others"):
        replace_with_files(table, [write_rows(table, ROWS)], RUN, base=base)
    assert _titles(open_table(catalogue, NAME)) == ["Identity", "Supremacy", "Ultimatum"]


def test_a_commit_whose_response_is_lost_is_made_once(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit, lost = type(table)._do_commit, [ConnectionResetError("lost")]

    def commit_and_lose(self: Table, *given: Any, **named: Any) -> None:
        commit(self, *given, **named)
        if lost:
            raise _connection_lost(lost.pop())

    monkeypatch.setattr(type(table), "_do_commit", commit_and_lose)
    assert append_arrow(table, ROWS, RUN).rows == 2
    assert _titles(table) == ["Identity", "Supremacy"]


def _connection_lost(cause: Exception) -> Exception:
    from requests import ConnectionError as Lost

    return Lost(cause)


@pytest.mark.exhaustive
def test_others_that_are_always_faster_are_reported(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise CommitFailedException

    monkeypatch.setattr(type(table), "_do_commit", refuse)
    monkeypatch.setattr("bourne_assets.iceberg.commits._ATTEMPTS", 2)
    with pytest.raises(TableBusy, match=r"trusted\.films was changed by others"):
        append_arrow(table, ROWS, RUN)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (pa.table({"title": ["Legacy"], "budget": [1]}), "'budget' is new"),
        (pa.table({"title": ["Legacy"], "year": ["a year"]}), "'year'"),
    ],
)
def test_rows_that_do_not_fit_are_refused_and_nothing_changes(
    table: Table, rows: pa.Table, reason: str
) -> None:
    append_arrow(table, ROWS, RUN)
    with pytest.raises(SchemaUnfit, match=reason):
        append_arrow(table, rows, RUN)
    assert len(table.snapshots()) == 1


def test_a_column_that_rows_lack_is_null(table: Table) -> None:
    append_arrow(table, MORE.drop_columns("year"), RUN)
    assert table.scan().to_arrow().to_pylist() == [{"title": "Ultimatum", "year": None}]


def test_files_of_several_uploads_replace_a_table_in_one_commit(
    table: Table, tmp_path: Path
) -> None:
    uris = []
    for number, rows in enumerate((ROWS, MORE)):
        pq.write_table(rows, tmp_path / f"{number}.parquet")
        uris.append(send_file(table, tmp_path / f"{number}.parquet"))
    append_arrow(table, ROWS, RUN)
    assert replace_with_files(table, uris, RUN).rows == 3
