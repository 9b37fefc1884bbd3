"""A catalogue of the test's own over the real S3 server, and tables in it."""

import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyiceberg.catalog import Catalog
from pyiceberg.catalog.sql import SqlCatalog

from bourne_assets.lake import embedded
from bourne_assets.lake.store import PARQUET, Lake
from bourne_assets.query.sources import Sources
from bourne_assets.tables import to_json
from bourne_assets_tests.conftest import BUCKET

MOVIES = pa.table({"title": ["Identity", "Supremacy"], "budget": pa.array([60, 75], pa.int64())})
RUN = "0a1b2c3d-0000-4000-8000-00000000000a"


@pytest.fixture
def catalog(tmp_path: Path, lake: Lake, s3_server: embedded.EmbeddedLake) -> Catalog:
    """An empty SQL catalogue whose warehouse is the test's folder of the bucket."""
    return SqlCatalog(
        "bourne",
        uri=f"sqlite:///{tmp_path}/catalog.db",
        warehouse=f"s3://{BUCKET}/{lake.prefix}/Warehouse",
        **{
            "s3.endpoint": s3_server.endpoint,
            "s3.region": s3_server.region,
            "s3.access-key-id": s3_server.credentials.access_key,
            "s3.secret-access-key": s3_server.credentials.secret_key,
            "py-io-impl": "pyiceberg.io.pyarrow.PyArrowFileIO",
        },
    )


@pytest.fixture
def sources(catalog: Catalog, lake: Lake) -> Sources:
    """`trusted.movies` of a run, `assets.bourne_saga_table` and `assets.insight_metrics`."""
    catalog.create_namespace("trusted")
    table = catalog.create_table("trusted.movies", MOVIES.schema)
    table.append(MOVIES, snapshot_properties={"bourne.run": RUN})
    lake.write("Refined/bourne_saga_table.parquet", _parquet(MOVIES), PARQUET)
    lake.write("Refined/saga_history/2024/01/01/x.parquet", b"not a state", PARQUET)
    lake.write("Refined/insight_metrics.json", to_json({"answers": {"n": 5}}), "application/json")
    return Sources(catalog, lake)


def _parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()
