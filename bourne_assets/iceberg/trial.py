"""A table that is made to be dropped: what the credentials may do with tables, one right at a time.

Not here: what `bourne doctor` says of the outcome.
"""

import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING

import pyarrow as pa

from bourne_assets.errors import BourneError
from bourne_assets.iceberg.commits import Provenance
from bourne_assets.iceberg.files import append_arrow
from bourne_assets.iceberg.tables import ensure_table, open_table
from bourne_assets.iceberg.translation import translated_for_table
from bourne_assets.translations import gettext

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog

CREATE, COMMIT, READ, DROP = "create", "commit", "read", "drop"
_NAMESPACE = "bourne_doctor"
_ROWS = pa.table({"tried": [1]})


def attempts(catalogue: "Catalog") -> list[tuple[str, Callable[[], str]]]:
    """The rights, in the order in which they are tried, and what tries each.

    An attempt returns what to report, or raises a `LakeError`.
    """
    name = f"{_NAMESPACE}.t{uuid.uuid4().hex}"

    def create() -> str:
        return gettext("at {place}", place=ensure_table(catalogue, name, _ROWS.schema).location())

    def commit() -> str:
        append_arrow(open_table(catalogue, name), _ROWS, Provenance())
        return gettext("allowed")

    def read() -> str:
        with translated_for_table(name):
            rows = open_table(catalogue, name).scan().to_arrow()
        if rows.to_pylist() != _ROWS.to_pylist():
            raise BourneError(
                gettext("The table {name} does not hold what was committed to it.", name=name)
            )
        return gettext("allowed")

    def drop() -> str:
        with translated_for_table(name):
            if catalogue.table_exists(name):
                catalogue.purge_table(name)
            if catalogue.namespace_exists(_NAMESPACE) and not catalogue.list_tables(_NAMESPACE):
                catalogue.drop_namespace(_NAMESPACE)
        return gettext("allowed")

    return [(CREATE, create), (COMMIT, commit), (READ, read), (DROP, drop)]
