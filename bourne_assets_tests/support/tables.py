"""The tables of a test's lake: a SQL catalogue of its own, which its resource shares."""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

import pandas as pd
import pyarrow.dataset as ds

from bourne_assets.csvs.landing.tables import DatasetTables, table_name
from bourne_assets.csvs.reading.origin import ORIGIN
from bourne_assets.iceberg.catalogue import open_catalogue
from bourne_assets.iceberg.reading import rows_of
from bourne_assets.iceberg.tables import open_table
from bourne_assets.lake.store import Lake

#: Where the catalogues of this process are, a file for each warehouse.
HOME = Path(tempfile.mkdtemp(prefix="bourne-catalogues-"))
atexit.register(shutil.rmtree, HOME, ignore_errors=True)


def tables_of(lake: Lake) -> DatasetTables:
    """The tables of the datasets in this lake."""
    return _tables(lake.uri(""), lake)


@cache
def _tables(_: str, lake: Lake) -> DatasetTables:
    return DatasetTables(lambda: open_catalogue(lake, HOME))


def forget_catalogues() -> None:
    """Start over, where a server forgot its objects."""
    _tables.cache_clear()
    for path in HOME.iterdir():
        path.unlink()


def rows_in(lake: Lake, name: str) -> pd.DataFrame:
    """The rows of a table, such as `trusted.films`."""
    rows = rows_of(open_table(tables_of(lake).catalogue, name))
    assert isinstance(rows, ds.Dataset)
    return pd.DataFrame(rows.to_table().to_pandas())


def dataset_in(lake: Lake, dataset: str) -> pd.DataFrame:
    """The rows of a dataset, without their origin."""
    return rows_in(lake, table_name(dataset)).drop(columns=list(ORIGIN))
