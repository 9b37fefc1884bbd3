"""Upkeep of a lake, by hand or by the week: the same steps, and nothing is left open."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from pyiceberg.catalog import Catalog

from bourne_assets.answers import upkeep
from bourne_assets.answers.errors import NothingToMaintain
from bourne_assets.answers.upkeep import maintain_lake
from bourne_assets.iceberg.catalogue import open_catalogue
from bourne_assets.iceberg.commits import Provenance
from bourne_assets.iceberg.files import append_arrow
from bourne_assets.iceberg.tables import ensure_table
from bourne_assets.lake.store import Lake

_NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def test_where_there_is_no_lake_it_is_not_connected_to(tmp_path: Path) -> None:
    def connect() -> Lake:
        raise AssertionError

    with pytest.raises(NothingToMaintain, match="has no lake"):
        list(maintain_lake(tmp_path / "home", None, connect, _NOW))
    assert not (tmp_path / "home").exists()


def test_the_catalogue_is_closed_at_the_end_and_when_a_table_fails(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = []

    def opened(lake: Lake, home: Path) -> Catalog:
        catalogue = open_catalogue(lake, home)
        close = catalogue.close

        def note() -> None:
            closed.append(catalogue)
            close()

        monkeypatch.setattr(catalogue, "close", note)
        return catalogue

    table = ensure_table(
        open_catalogue(lake, tmp_path), "trusted.kept", pa.schema([("n", pa.int64())])
    )
    append_arrow(table, pa.table({"n": [1]}), Provenance())
    monkeypatch.setattr(upkeep, "open_catalogue", opened)
    done = maintain_lake(tmp_path, "a-bucket", lambda: lake, _NOW + timedelta(days=1))
    assert [each.table for each in done] == ["trusted.kept"]
    assert len(closed) == 1
    interrupted = maintain_lake(tmp_path, "a-bucket", lambda: lake, _NOW)
    next(interrupted)
    interrupted.close()
    assert len(closed) == 2
