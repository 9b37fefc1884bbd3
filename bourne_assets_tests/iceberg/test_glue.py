"""AWS Glue as the catalogue, by pyiceberg's own configuration: against moto."""

from pathlib import Path

import pyarrow as pa
import pytest

from bourne_assets.iceberg.catalogue import open_catalogue
from bourne_assets.iceberg.commits import Provenance
from bourne_assets.iceberg.files import append_arrow, replace_arrow
from bourne_assets.iceberg.tables import ensure_table, evolve, open_table
from bourne_assets_tests.support.aws import REGION, aws


def test_glue_keeps_the_tables_where_it_is_configured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with aws("glue-lake") as server:
        access_key, secret = server.owner
        for name, value in {
            "TYPE": "glue",
            "WAREHOUSE": "s3://glue-lake/tables",
            "GLUE__ENDPOINT": server.endpoint,
            "GLUE__REGION": REGION,
            "GLUE__ACCESS_KEY_ID": access_key,
            "GLUE__SECRET_ACCESS_KEY": secret,
            "S3__ENDPOINT": server.endpoint,
            "S3__REGION": REGION,
            "S3__ACCESS_KEY_ID": access_key,
            "S3__SECRET_ACCESS_KEY": secret,
        }.items():
            monkeypatch.setenv(f"PYICEBERG_CATALOG__BOURNE__{name}", value)
        catalogue = open_catalogue(server.lake(), tmp_path)
        assert type(catalogue).__name__ == "GlueCatalog"
        rows = pa.table({"a": [1, 2]})
        table = ensure_table(catalogue, "trusted.glued", rows.schema)
        append_arrow(table, rows, Provenance("run-1"))
        evolve(table, pa.schema([("b", pa.string())]))
        done = replace_arrow(table, pa.table({"b": ["x"]}), Provenance("run-2"))
        read = open_table(catalogue, "trusted.glued")
        assert read.scan().to_arrow().to_pylist() == [{"a": None, "b": "x"}]
        assert read.refs()["run-2"].snapshot_id == done.snapshot_id
        (found,) = server.client("glue").get_tables(DatabaseName="trusted")["TableList"]
        assert found["Parameters"]["table_type"] == "ICEBERG"
