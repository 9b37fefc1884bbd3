"""What Dagster's catalogue shows of a table: columns, previews, where it is.

Made from the pandera models, the one dictionary of each table.
Not here: the models (`schemas` of each chapter), and checks.
"""

import base64
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd

from bourne_assets.answers.pictures.pictures import Picture
from bourne_assets.answers.pictures.render import PictureNotDrawn, svg_of
from bourne_assets.lake import keys
from bourne_assets.markup import in_markdown, markdown_code
from bourne_assets.settings import Settings
from bourne_assets.tables import Table, records
from bourne_assets.translations import gettext, grouped

#: Definition metadata that names the layer of the lake in which an asset's table is.
LAYER_KEY = "lake/layer"
#: Definition metadata that says `html` where an asset's text is a page, and `table` where its value
#: goes into an Iceberg table.
FORMAT_KEY = "lake/format"
#: Definition metadata of such a table: its name, how it is written, by which columns it is merged.
TABLE_KEY, WRITE_KEY, MERGE_KEY_KEY = "lake/table", "lake/write", "lake/merge_key"
#: Metadata of an input: the snapshot of the table to load, or the word `MATERIALISED`.
SNAPSHOT_KEY, MATERIALISED = "lake/snapshot", "materialised"
#: Dagster's own metadata: the columns of a table.
COLUMNS_KEY = "dagster/column_schema"
PREVIEW_ROWS = 10
_WHOLE_ROWS = 200
_PREVIEW_CHARACTERS = 2_000

_TYPES = {
    "Int64": "integer",
    "int64": "integer",
    "float64": "number",
    "Float64": "number",
    "bool": "boolean",
    "date": "date",
}


def stated(metadata: Mapping[str, Any] | None, key: str, default: Any = None) -> Any:
    """What definition metadata say of a key: Dagster wraps values once it has loaded an asset."""
    value = (metadata or {}).get(key, default)
    return getattr(value, "value", value)


def column_schema(model: type[Table]) -> dg.TableSchema:
    """Dagster's schema of a pandera model: type, description, nullability and rules by column."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=str(name),
                type=_type_name(str(column.dtype)),
                description=column.description,
                constraints=dg.TableColumnConstraints(
                    nullable=column.nullable,
                    unique=column.unique,
                    other=[_rule(check) for check in column.checks],
                ),
            )
            for name, column in model.to_schema().columns.items()
        ]
    )


def observed_schema(frame: pd.DataFrame, declared: dg.TableSchema | None) -> dg.TableSchema:
    """The columns that a frame has: as they are declared, else with their types as they are."""
    known = {column.name: column for column in declared.columns} if declared else {}
    return dg.TableSchema(
        columns=[
            known.get(str(name), dg.TableColumn(str(name), _type_name(str(dtype))))
            for name, dtype in frame.dtypes.items()
        ]
    )


def column_lineage(
    sources: Mapping[str, Sequence[tuple[str, str]]], assets: Mapping[str, dg.AssetKey]
) -> dg.TableColumnLineage:
    """Dagster's lineage of columns.

    Args:
        sources: By column, the names of the assets and columns that it comes from.
        assets: Keys of these assets by name.
    """
    return dg.TableColumnLineage(
        {
            column: [dg.TableColumnDep(assets[asset], source) for asset, source in found]
            for column, found in sources.items()
        }
    )


def table_metadata(
    settings: Settings, layer: str, key: dg.AssetKey, extension: str
) -> dict[str, Any]:
    """Definition metadata that says where an asset's table is."""
    stored = keys.table(layer, tuple(key.path), extension)
    full = f"{settings.s3_prefix}/{stored}" if settings.s3_prefix else stored
    return {
        "dagster/uri": f"s3://{settings.bucket}/{full}",
        "dagster/table_name": full,
        LAYER_KEY: layer,
    }


def sql_to_paste(table: str) -> dg.MarkdownMetadataValue:
    """The command that shows the first rows of a table."""
    return dg.MetadataValue.md(
        markdown_code(f'bourne query "SELECT * FROM {table} LIMIT 10"', "sh")  # noqa: S608
    )


def table_state(name: str, snapshot_id: int | None) -> dict[str, Any]:
    """Metadata of an Iceberg table: its name, its snapshot, and SQL to paste."""
    return {
        "dagster/table_name": name,
        "table": name,
        # A text: numbers of this size lose digits in a browser.
        "snapshot_id": str(snapshot_id),
        "sql": sql_to_paste(name),
    }


def preview_of_table(frame: pd.DataFrame, rows: int = PREVIEW_ROWS) -> dg.TableMetadataValue:
    """The first rows of a frame as a table of the UI."""
    shown = [
        dg.TableRecord({name: _shown(value) for name, value in row.items()})
        for row in records(frame.head(rows))
    ]
    schema = dg.TableSchema(columns=[dg.TableColumn(str(name), "any") for name in frame.columns])
    return dg.MetadataValue.table(shown, schema=schema)


def rows_of(
    found: Sequence[Mapping[str, Any]],
) -> dg.TableMetadataValue | dg.TextMetadataValue:
    """Offending rows of a check as a table, or that there are none."""
    if not found:
        return dg.MetadataValue.text(gettext("none"))
    return preview_of_table(pd.DataFrame(found))


def whole_table(rows: list[dict[str, Any]]) -> dg.TableMetadataValue:
    """Rows of one shape as a table of the UI, as many as the event log should carry."""
    return preview_of_table(pd.DataFrame(rows), rows=_WHOLE_ROWS)


def picture(shown: Picture, folder: Path) -> dg.MarkdownMetadataValue:
    """A chart as a Markdown picture that needs no other file; in words where it cannot be drawn."""
    words = in_markdown(shown.alternative)
    try:
        encoded = base64.b64encode(svg_of(shown.specification, folder).encode()).decode()
    except PictureNotDrawn as error:
        return dg.MetadataValue.md(f"{words} ({in_markdown(error)})")
    return dg.MetadataValue.md(f"![{words}](data:image/svg+xml;base64,{encoded})")


def shortened(text: str) -> str:
    """A text that the event log can carry."""
    if len(text) <= _PREVIEW_CHARACTERS:
        return text
    shown = text[:_PREVIEW_CHARACTERS]
    return gettext("{shown} ... ({count} characters)", shown=shown, count=grouped(len(text)))


def _type_name(dtype: str) -> str:
    if dtype.startswith(("string", "str")):
        return "text"
    if dtype.startswith("datetime64"):
        return "timestamp (UTC)" if "UTC" in dtype else "timestamp"
    return _TYPES.get(dtype, dtype)


def _rule(check: Any) -> str:
    stated = check.statistics or {}
    if check.name == "isin":
        return f"one of {', '.join(map(str, stated['allowed_values']))}"
    if check.name == "greater_than_or_equal_to":
        return f"at least {stated['min_value']}"
    return str(check.error or check.name)


def _shown(value: Any) -> str | int | float | bool | None:
    if isinstance(value, date):
        return value.isoformat()
    if value is None or isinstance(value, bool | int | float):
        return value
    return shortened(str(value))
