"""A catalogue of the tests' own, on the real S3 server."""

from pathlib import Path

import pytest
from pyiceberg.catalog import Catalog

from bourne_assets.iceberg.catalogue import open_catalogue
from bourne_assets.lake.store import Lake


@pytest.fixture
def catalogue(lake: Lake, tmp_path: Path) -> Catalog:
    """An empty SQL catalogue in SQLite, whose tables are in the test's own folder of the bucket."""
    return open_catalogue(lake, tmp_path / "home")
