"""Upkeep: what expires, what is merged, what is removed, and what must stay."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import Mock

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import ForbiddenError
from pyiceberg.table import Table
from pyiceberg.table.statistics import PartitionStatisticsFile
from pyiceberg.table.update import SetPartitionStatisticsUpdate
from pyiceberg.typedef import Identifier

from bourne_assets.iceberg import upkeep
from bourne_assets.iceberg.catalogue import open_catalogue
from bourne_assets.iceberg.commits import Provenance, name_of
from bourne_assets.iceberg.errors import CatalogueDenied
from bourne_assets.iceberg.files import append_arrow, replace_arrow, send_file, storage_of
from bourne_assets.iceberg.reading import rows_of
from bourne_assets.iceberg.tables import ensure_table, open_table
from bourne_assets.iceberg.upkeep import Maintained, maintain
from bourne_assets.lake.embedded import EmbeddedLake
from bourne_assets.lake.store import PARQUET

NAME = "trusted.kept"
LATER = datetime.now(UTC) + timedelta(days=100)
SOON = datetime.now(UTC) + timedelta(days=1)


def _rows(number: int) -> pa.Table:
    return pa.table({"n": [number]})


@pytest.fixture
def table(catalogue: Catalog) -> Table:
    return ensure_table(catalogue, NAME, _rows(0).schema)


def _objects(table: Table) -> set[str]:
    storage, root = storage_of(table, table.location())
    return set(storage.list(root))


def _numbers(table: Table, snapshot_id: int | None = None) -> list[int]:
    return sorted(table.scan(snapshot_id=snapshot_id).to_arrow()["n"].to_pylist())


def test_old_snapshots_expire_with_their_files_and_the_newest_stays(
    catalogue: Catalog, table: Table
) -> None:
    for number in range(3):
        replace_arrow(table, _rows(number), Provenance(f"run-{number}"))
    before = _objects(table)
    (done,) = maintain(catalogue, LATER)
    after = open_table(catalogue, NAME)
    assert _numbers(after) == [2]
    # Each replacement but the first is two snapshots, of which the first removes all rows.
    assert (done.table, done.expired) == (NAME, 4)
    assert [snapshot.snapshot_id for snapshot in after.snapshots()] == [
        after.metadata.current_snapshot_id
    ]
    assert len(before - _objects(after)) >= done.removed > 0
    assert done.freed > 0
    assert len([key for key in _objects(after) if key.endswith(".parquet")]) == 1


def test_young_snapshots_and_their_files_stay(catalogue: Catalog, table: Table) -> None:
    first = replace_arrow(table, _rows(1), Provenance("run-1"))
    replace_arrow(table, _rows(2), Provenance("run-2"))
    before = _objects(table)
    (done,) = maintain(catalogue, SOON)
    assert done == Maintained(NAME, 0, 0, 0, 0)
    assert _objects(table) == before
    assert _numbers(open_table(catalogue, NAME), first.snapshot_id) == [1]


def test_what_somebody_tagged_and_what_an_answer_names_stays(
    catalogue: Catalog, table: Table
) -> None:
    done = [replace_arrow(table, _rows(n), Provenance(f"run-{n}")) for n in range(4)]
    table.manage_snapshots().create_tag(done[0].snapshot_id, "audited").commit()
    list(maintain(catalogue, LATER, kept={done[1].snapshot_id}))
    after = open_table(catalogue, NAME)
    assert _numbers(after, done[0].snapshot_id) == [0]
    assert _numbers(after, done[1].snapshot_id) == [1]
    assert after.snapshot_by_id(done[2].snapshot_id) is None
    assert set(after.refs()) == {"main", "audited", "run-1", "run-3"}


def test_small_files_become_one_and_older_snapshots_keep_theirs(
    catalogue: Catalog, table: Table
) -> None:
    done = [append_arrow(table, _rows(n), Provenance()) for n in range(12)]
    (report,) = maintain(catalogue, SOON)
    after = open_table(catalogue, NAME)
    assert report.merged == 12
    assert len(list(after.scan().plan_files())) == 1
    assert _numbers(after) == list(range(12))
    assert _numbers(after, done[4].snapshot_id) == list(range(5))
    (report,) = maintain(catalogue, SOON)
    assert report.merged == 0, "a second time there is nothing to do"


def test_rows_stay_in_the_order_of_their_commits(catalogue: Catalog, table: Table) -> None:
    for number in range(12):
        append_arrow(table, _rows(number), Provenance())
    before = _in_order(open_table(catalogue, NAME))
    assert before == list(range(12))
    list(maintain(catalogue, SOON))
    assert _in_order(open_table(catalogue, NAME)) == before


def _in_order(table: Table) -> list[int]:
    rows = rows_of(table)
    assert isinstance(rows, ds.Dataset)
    return [int(n) for n in rows.to_table().column(0).to_pylist()]


def test_large_files_are_left_as_they_are(
    catalogue: Catalog, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(12):
        append_arrow(table, _rows(number), Provenance())
    monkeypatch.setattr(upkeep, "_SMALL", 10)
    (report,) = maintain(catalogue, SOON)
    assert report.merged == 0


def test_whoever_commits_during_the_upkeep_wins(
    catalogue: Catalog, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(12):
        append_arrow(table, _rows(number), Provenance())
    others = [open_table(catalogue, NAME)]

    def send_late(into: Table, path: Path) -> str:
        replace_arrow(others.pop(), _rows(99), Provenance())
        return send_file(into, path)

    monkeypatch.setattr(upkeep, "send_file", send_late)
    (report,) = maintain(catalogue, SOON)
    assert report.merged == 0
    assert _numbers(open_table(catalogue, NAME)) == [99]


def test_a_file_that_no_commit_names_goes_when_it_is_old(
    catalogue: Catalog, table: Table, tmp_path: Path
) -> None:
    append_arrow(table, _rows(1), Provenance())
    pq.write_table(_rows(2), tmp_path / "left.parquet")
    send_file(table, tmp_path / "left.parquet")
    (young,) = maintain(catalogue, SOON)
    (old,) = maintain(catalogue, SOON + timedelta(days=30))
    assert (young.removed, old.removed) == (0, 1)
    assert old.freed == (tmp_path / "left.parquet").stat().st_size
    assert _numbers(open_table(catalogue, NAME)) == [1]


def test_a_clock_that_is_days_ahead_takes_no_file_from_a_writer(
    catalogue: Catalog, table: Table, tmp_path: Path
) -> None:
    append_arrow(table, _rows(1), Provenance())
    pq.write_table(_rows(2), tmp_path / "coming.parquet")
    uri = send_file(table, tmp_path / "coming.parquet")
    (report,) = maintain(catalogue, SOON + timedelta(days=7))
    assert report.removed == 0
    writer = open_table(catalogue, NAME)
    writer.add_files([uri])
    assert _numbers(open_table(catalogue, NAME)) == [1, 2]


def test_statistics_of_other_engines_stay_as_long_as_the_table_names_them(
    catalogue: Catalog, table: Table
) -> None:
    done = append_arrow(table, _rows(1), Provenance())
    uri = f"{table.location()}/metadata/partition-stats.parquet"
    storage, key = storage_of(table, uri)
    storage.write(key, b"statistics", PARQUET)
    with table.transaction() as transaction:
        named = PartitionStatisticsFile.model_validate(
            {"snapshot-id": done.snapshot_id, "statistics-path": uri, "file-size-in-bytes": 10}
        )
        transaction._apply(
            (
                SetPartitionStatisticsUpdate.model_validate(
                    {"action": "set-partition-statistics", "partition-statistics": named}
                ),
            ),
            (),
        )
    (report,) = maintain(catalogue, LATER)
    assert report.removed == 0
    assert key in _objects(table)


@pytest.mark.parametrize("name", ["trusted.others", "marketing.others"])
def test_a_table_that_others_keep_in_the_same_catalogue_is_left_to_them(
    catalogue: Catalog, name: str
) -> None:
    catalogue.create_namespace(name.partition(".")[0])
    others = catalogue.create_table(name, _rows(0).schema)
    for number in range(12):
        others.append(_rows(number))
    before = _objects(others)
    assert list(maintain(catalogue, LATER)) == []
    assert len(open_table(catalogue, name).snapshots()) == 12
    assert _objects(others) == before


def test_a_table_of_an_earlier_version_is_known_by_its_snapshots(
    catalogue: Catalog, table: Table
) -> None:
    append_arrow(table, _rows(1), Provenance())
    with table.transaction() as transaction:
        transaction.remove_properties("bourne.made-by")
    assert [each.table for each in maintain(catalogue, SOON)] == [NAME]


def test_a_table_of_the_platform_is_maintained_in_any_namespace(catalogue: Catalog) -> None:
    ensure_table(catalogue, "marts.own", _rows(0).schema)
    assert [each.table for each in maintain(catalogue, SOON)] == ["marts.own"]


def test_tables_of_others_that_cannot_be_opened_end_no_upkeep(
    catalogue: Catalog, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    ensure_table(catalogue, "closed.theirs", _rows(0).schema)
    ensure_table(catalogue, "half.theirs", _rows(0).schema)
    listed, loaded = catalogue.list_tables, catalogue.load_table

    def list_tables(namespace: str) -> list[Identifier]:
        if namespace == "closed":
            raise ForbiddenError
        return listed(namespace)

    def load_table(name: str) -> Table:
        if name == "half.theirs":
            raise ForbiddenError
        return loaded(name)

    monkeypatch.setattr(catalogue, "list_tables", list_tables)
    monkeypatch.setattr(catalogue, "load_table", load_table)
    assert [each.table for each in maintain(catalogue, SOON)] == [NAME]


def test_an_own_table_that_cannot_be_opened_is_reported(
    catalogue: Catalog, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue, "load_table", Mock(side_effect=ForbiddenError))
    with pytest.raises(CatalogueDenied, match=NAME.replace(".", r"\.")):
        list(maintain(catalogue, SOON))


def test_a_table_that_is_dropped_before_its_turn_ends_no_upkeep(
    catalogue: Catalog, table: Table
) -> None:
    for name in ("trusted.a", "trusted.b"):
        ensure_table(catalogue, name, _rows(0).schema)
    done = maintain(catalogue, SOON)
    assert next(done).table == "trusted.a"
    catalogue.drop_table("trusted.b")
    assert [each.table for each in done] == [NAME]


def test_a_table_that_is_dropped_during_its_upkeep_ends_no_upkeep(
    catalogue: Catalog, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    append_arrow(table, _rows(1), Provenance())
    ensure_table(catalogue, "trusted.later", _rows(0).schema)

    def drop_first(dropped: Table, *_: object) -> int:
        if name_of(dropped) == NAME:
            catalogue.drop_table(NAME)
        return 0

    monkeypatch.setattr(upkeep, "_expire", drop_first)
    assert [each.table for each in maintain(catalogue, SOON)] == ["trusted.later"]


def test_the_embedded_lakes_own_catalogue_is_maintained_as_others_are(
    s3_server: EmbeddedLake, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    catalogue = open_catalogue(s3_server.lake, tmp_path)
    table = ensure_table(catalogue, "trusted.kept_by_upkeep", _rows(0).schema)
    request.addfinalizer(_dropping(catalogue))
    for number in range(12):
        append_arrow(table, _rows(number), Provenance(f"run-{number}"))
    report = {each.table: each for each in maintain(catalogue, LATER)}["trusted.kept_by_upkeep"]
    after = open_table(catalogue, "trusted.kept_by_upkeep")
    assert report.merged == report.expired == 12
    assert report.removed > 12
    assert _numbers(after) == list(range(12))
    append_arrow(after, _rows(12), Provenance("run-12"))
    assert _numbers(open_table(catalogue, "trusted.kept_by_upkeep")) == list(range(13))


def _dropping(catalogue: Catalog) -> Callable[[], None]:
    return lambda: catalogue.drop_table("trusted.kept_by_upkeep")
