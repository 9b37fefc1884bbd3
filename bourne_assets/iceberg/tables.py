"""Tables by name: opened, made, and given the columns of new rows.

Only what keeps old files readable happens to a schema: columns are added, types widened.
Not here: commits of rows (`commits`).
"""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

import pyarrow as pa

from bourne_assets.iceberg.errors import SchemaUnfit
from bourne_assets.iceberg.translation import database_errors, translated, translated_for_table
from bourne_assets.translations import gettext

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog
    from pyiceberg.schema import Schema
    from pyiceberg.table import Table, Transaction
    from pyiceberg.types import IcebergType, NestedField

TRUSTED, REFINED = "trusted", "refined"
_ATTEMPTS = 10
#: What takes the place of types that Iceberg has not.
_WIDER = {
    pa.null(): pa.string(),
    pa.date64(): pa.date32(),
    pa.uint32(): pa.int64(),
    pa.uint64(): pa.decimal128(20, 0),
}
#: How the names of the platform's own properties begin, of tables and of snapshots.
_OWN = "bourne."
_PROPERTIES = {
    f"{_OWN}made-by": "bourne_assets",
    # Thousands of small commits would otherwise leave as many manifests to be read by each scan,
    # and as many files of metadata.
    "commit.manifest-merge.enabled": "true",
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "20",
    "write.parquet.compression-codec": "zstd",
}


def open_table(catalogue: "Catalog", name: str) -> "Table":
    """The table of this name, such as `trusted.movies`.

    Raises:
        TableMissing: There is none.
        CatalogueFailed: The catalogue failed.
    """
    with translated_for_table(name):
        return catalogue.load_table(name)


def find_table(catalogue: "Catalog", name: str) -> "Table | None":
    """The table of this name; None where there is none.

    Raises:
        CatalogueFailed: The catalogue failed.
    """
    from pyiceberg.exceptions import NoSuchNamespaceError, NoSuchTableError

    with translated_for_table(name):
        try:
            return catalogue.load_table(name)
        except (NoSuchTableError, NoSuchNamespaceError):
            return None


def table_names(catalogue: "Catalog", namespace: str) -> list[str]:
    """Names of the tables of a namespace, with it, in alphabetical order; none where it is not.

    Raises:
        CatalogueFailed: The catalogue failed.
    """
    from pyiceberg.exceptions import NoSuchNamespaceError

    with translated(gettext("the tables of {namespace}", namespace=namespace)):
        try:
            return sorted(".".join(each[-2:]) for each in catalogue.list_tables(namespace))
        except NoSuchNamespaceError:
            return []


def is_own(table: "Table") -> bool:
    """Whether the platform made a table, or wrote a snapshot of it.

    Tables of earlier versions have no property that says so, but their snapshots do.
    """
    summaries = (each.summary.additional_properties for each in table.snapshots() if each.summary)
    return any(name.startswith(_OWN) for each in (table.properties, *summaries) for name in each)


def ensure_table(
    catalogue: "Catalog",
    name: str,
    schema: pa.Schema,
    docs: Mapping[str, str] | None = None,
    *,
    properties: Mapping[str, str] | None = None,
) -> "Table":
    """The table of this name, made with these columns where there is none, and else as it is.

    Every column may be null. `evolve` brings a table that is there up to a schema.

    Args:
        catalogue: The catalogue.
        name: Namespace and name, such as `trusted.movies`; the namespace is made where missing.
        schema: Columns and types.
        docs: Descriptions of columns, by their names.
        properties: Properties of a new table, in addition to those of all tables.

    Raises:
        SchemaUnfit: Iceberg has no such type.
        CatalogueFailed: The catalogue failed.
    """
    if found := find_table(catalogue, name):
        return found
    wanted = storable(name, schema, docs)
    with translated_for_table(name):
        _ensure_namespace(catalogue, name.rpartition(".")[0])
        every = {**_PROPERTIES, **(properties or {})}
        return catalogue.create_table_if_not_exists(name, wanted, properties=every)


def _ensure_namespace(catalogue: "Catalog", namespace: str) -> None:
    """Make a namespace where there is none.

    Where another makes it at the same moment, a SQL catalogue breaks its own key, and SeaweedFS
    fails on a namespace whose attributes are not there yet; a moment later it is there.
    """
    from pyiceberg.exceptions import ServerError

    passing: tuple[type[Exception], ...] = (ServerError, *database_errors("IntegrityError"))
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            catalogue.create_namespace_if_not_exists(namespace)
        except passing:
            if attempt == _ATTEMPTS:
                raise
            time.sleep(0.05 * attempt)
        else:
            return


def storable(name: str, schema: pa.Schema, docs: Mapping[str, str] | None = None) -> pa.Schema:
    """A schema in the types that Iceberg has: times in microseconds, unsigned integers wider.

    Args:
        name: The table, for the error.
        schema: Any schema.
        docs: Descriptions of columns, by their names.

    Raises:
        SchemaUnfit: Iceberg has no such type.
    """
    from pyiceberg.io.pyarrow import UnsupportedPyArrowTypeException

    described = docs or {}
    fields = []
    for field in schema:
        doc = described.get(field.name)
        metadata = {"doc": doc} if doc else None
        fields.append(pa.field(field.name, _storable_type(field.type), metadata=metadata))
    found = pa.schema(fields)
    try:
        _iceberg_schema(found)
    except (TypeError, ValueError, UnsupportedPyArrowTypeException) as error:
        raise SchemaUnfit(name, [str(error).splitlines()[0]]) from error
    return found


def reshape(transaction: "Transaction", table: "Table", schema: pa.Schema) -> None:
    """Give a table exactly the columns of a schema, in a commit that replaces all rows.

    A column of another type is a new one of the same name.

    Raises:
        SchemaUnfit: Iceberg has no such type.
    """
    from pyiceberg.schema import Schema
    from pyiceberg.table import TableProperties
    from pyiceberg.table.update import (
        AddSchemaUpdate,
        AssertCurrentSchemaId,
        SetCurrentSchemaUpdate,
    )

    wanted = _iceberg_schema(storable(".".join(table.name()[-2:]), schema))
    present = {field.name: field for field in table.schema().fields}
    number = table.metadata.last_column_id
    fields = []
    for field in wanted.fields:
        known = present.get(field.name)
        if known is not None and known.field_type == field.field_type:
            fields.append(known)
        else:
            number += 1
            fields.append(field.model_copy(update={"field_id": number}))
    if [field.field_id for field in fields] == [field.field_id for field in table.schema().fields]:
        return
    made = Schema(*fields, schema_id=1 + max(table.schemas()))
    # pyiceberg's own update can give no column the name of one that it deletes.
    transaction._apply(  # noqa: SLF001
        (AddSchemaUpdate(schema_=made), SetCurrentSchemaUpdate(schema_id=-1)),
        (AssertCurrentSchemaId(current_schema_id=table.schema().schema_id),),
    )
    mapping = {TableProperties.DEFAULT_NAME_MAPPING: made.name_mapping.model_dump_json()}
    transaction.set_properties(mapping)


def evolve(
    table: "Table",
    schema: pa.Schema,
    docs: Mapping[str, str] | None = None,
    *,
    before: str | None = None,
) -> "Table":
    """Give a table the columns and the wider types of a schema; a column not in it stays.

    Args:
        table: The table; it is refreshed.
        schema: Columns and types of the rows to come.
        docs: Descriptions of new columns, by their names.
        before: The column that new ones come before; None: they are the last.

    Raises:
        SchemaUnfit: A column's type can neither be kept nor widened.
        CatalogueFailed: The catalogue failed.
    """
    from pyiceberg.exceptions import CommitFailedException

    name = ".".join(table.name()[-2:])
    wanted = storable(name, schema, docs)
    with translated_for_table(name):
        for attempt in range(1, _ATTEMPTS + 1):
            added, widened = _differences(table, name, wanted)
            if not added and not widened:
                break
            try:
                with table.update_schema() as update:
                    for field in added:
                        update.add_column((field.name,), field.field_type, doc=field.doc)
                        if before is not None:
                            update.move_before((field.name,), (before,))
                    for column, wider in widened.items():
                        update.update_column((column,), field_type=wider)
            except CommitFailedException:  # others were faster, perhaps with the same columns
                if attempt == _ATTEMPTS:
                    raise
                table.refresh()
    return table


def _differences(
    table: "Table", name: str, wanted: pa.Schema
) -> "tuple[list[NestedField], dict[str, IcebergType]]":
    """Columns that the table lacks, and those whose type must be wider."""
    present = {field.name: field.field_type for field in table.schema().fields}
    added, widened, unfit = [], {}, []
    for field in _iceberg_schema(wanted).fields:
        known = present.get(field.name)
        if known is None:
            added.append(field)
        elif _is_wider(known, field.field_type):
            continue
        elif _is_wider(field.field_type, known):
            widened[field.name] = field.field_type
        else:
            unfit.append(
                gettext(
                    "column {name!r} is {known} and would be {field_type}",
                    name=field.name,
                    known=known,
                    field_type=field.field_type,
                )
            )
    if unfit:
        raise SchemaUnfit(name, unfit)
    return added, widened


def _is_wider(wide: "IcebergType", narrow: "IcebergType") -> bool:
    """Whether every value of the second type is one of the first, in Iceberg's own terms."""
    from pyiceberg.exceptions import ResolveError
    from pyiceberg.io.pyarrow import schema_to_pyarrow
    from pyiceberg.schema import promote
    from pyiceberg.types import DecimalType, FloatType, IntegerType

    if wide == narrow:
        return True
    if isinstance(narrow, DecimalType | FloatType | IntegerType):
        try:
            promote(narrow, wide)
        except ResolveError:
            return False
        return True
    # By their Arrow types, in which the numbers of nested columns do not count.
    types = [schema_to_pyarrow(each, include_field_ids=False) for each in (wide, narrow)]
    return bool(types[0] == types[1])


def _storable_type(given: pa.DataType) -> pa.DataType:
    if pa.types.is_timestamp(given):
        return pa.timestamp("us", given.tz and "UTC")
    if pa.types.is_time(given):
        return pa.time64("us")
    if pa.types.is_dictionary(given):
        return _storable_type(given.value_type)
    return _WIDER.get(given, given)


def _iceberg_schema(schema: pa.Schema) -> "Schema":
    """The columns in Iceberg's types; their numbers count for nothing.

    pyiceberg has no public call for schemas without numbers.
    """
    from pyiceberg.catalog import Catalog

    return Catalog._convert_schema_if_needed(schema)  # noqa: SLF001
