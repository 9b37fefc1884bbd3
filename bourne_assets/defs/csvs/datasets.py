"""The datasets that the user describes: each has a page of the catalogue, and its own freshness.

They are made by the landing of their files (`assets`), and are not steps of their own.
Not here: how datasets are read (`csvs.options`), and how fresh they must be
(`operations.freshness`).
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import dagster as dg

from bourne_assets.asset_names import CSV_DATASETS, RAW_GROUP
from bourne_assets.csvs.landing.batch import Landing
from bourne_assets.csvs.landing.profile import Profile
from bourne_assets.csvs.landing.tables import table_name
from bourne_assets.csvs.options import DatasetOptions, Datasets
from bourne_assets.csvs.reading.duckdb_session import ColumnProfile
from bourne_assets.defs.shared.metadata import COLUMNS_KEY, sql_to_paste
from bourne_assets.defs.shared.naming import RAW_CSVS
from bourne_assets.lake import keys
from bourne_assets.markup import in_markdown
from bourne_assets.translations import gettext, grouped, in_english, plain, retold

#: Metadata that tells one delivery from another, and one way to read it from another.
_DELIVERY, _READING = "delivery", "reading"
#: What becomes of the rows of earlier deliveries.
_WRITTEN = {
    "replace": in_english("as they were landed last"),
    "append": in_english("those of all deliveries"),
    "merge": in_english("the newest of each key"),
}


def dataset_key(name: str) -> dg.AssetKey:
    """Key of a dataset's page, whatever case its name is written in."""
    return dg.AssetKey([CSV_DATASETS, name.casefold()])


def dataset_specs(datasets: Datasets) -> list[dg.AssetSpec]:
    """A page for each dataset that the user describes."""
    return [_spec(name, options) for name, options in sorted(datasets.known.items())]


def landed_datasets(
    landing: Landing, datasets: Datasets, instance: dg.DagsterInstance
) -> Iterator[dg.AssetMaterialization | dg.AssetObservation]:
    """What a landing brought of the datasets that have a page.

    Other bytes than those of the last delivery are a delivery, whenever and however they were
    landed. The same bytes are none: data is as old as its last delivery. Where they are read in
    another way, that is observed.

    Args:
        landing: The landing.
        datasets: What the user says of datasets.
        instance: Where earlier deliveries are recorded.
    """
    for name, profile in sorted(landing.profiles.items()):
        if name not in datasets:
            continue
        key, metadata = dataset_key(name), _metadata(profile)
        delivered = instance.fetch_materializations(key, limit=1).records
        observed = instance.fetch_observations(key, limit=1).records
        if metadata[_DELIVERY] not in _texts(delivered, _DELIVERY):
            yield dg.AssetMaterialization(key, description=_files(profile), metadata=metadata)
        elif metadata[_READING] not in _texts([*delivered, *observed], _READING):
            yield dg.AssetObservation(key, description=_files(profile), metadata=metadata)


def _spec(name: str, options: DatasetOptions) -> dg.AssetSpec:
    dataset = keys.dataset_name(f"{name}.csv")
    wanted = (
        gettext(" Its id column is {name}.", name=in_markdown(options.id)) if options.id else ""
    )
    return dg.AssetSpec(
        dataset_key(name),
        deps=[RAW_CSVS],
        description=gettext(
            "Rows of the CSV files named {dataset}, {written}.\n\nMade with `raw_csvs_s3`, when it "
            "lands files with new bytes. Grain: one row per line that fits the header; the others "
            "are kept under `Raw/Local/CSV/_rejects/`. How it is read is declared in the file of "
            "`BOURNE_CSV_DATASETS`.{wanted}",
            dataset=in_markdown(dataset),
            written=plain(_WRITTEN[options.write]),
            wanted=wanted,
        ),
        group_name=RAW_GROUP,
        kinds={"s3", "iceberg"},
        tags={"domain": "csv"},
        code_version="1",
        metadata={"dagster/table_name": table_name(dataset)},
    )


def _files(profile: Profile) -> str:
    return gettext("From {files}", files=", ".join(in_markdown(f.file) for f in profile.files))


def _described(column: ColumnProfile) -> str:
    if column.low is None:
        return gettext("{nulls} unknown, and nothing else.", nulls=grouped(column.nulls))
    return gettext(
        "{nulls} unknown, about {distinct} distinct values, from {low} to {high}.",
        nulls=grouped(column.nulls),
        distinct=grouped(column.distinct),
        low=in_markdown(column.low),
        high=in_markdown(column.high),
    )


def _almost(profile: Profile, column: str) -> str:
    """What keeps a column of text from having a type, where little does."""
    notes = [facts.almost[column] for facts in profile.files if column in facts.almost]
    return gettext(" It {note}.", note=in_markdown(retold(notes[0]))) if notes else ""


def _digest(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def _texts(records: Sequence[dg.EventLogRecord], name: str) -> list[str]:
    events = [record.asset_materialization or record.asset_observation for record in records]
    values = [event.metadata.get(name) for event in events if event]
    return [str(value.value) for value in values if value is not None]


def _metadata(profile: Profile) -> dict[str, Any]:
    columns = [
        dg.TableColumn(
            column.name, column.type, description=_described(column) + _almost(profile, column.name)
        )
        for column in profile.columns
    ]
    delivery = sorted(each.sha256 for each in profile.files)
    return {
        _DELIVERY: _digest(delivery),
        _READING: _digest([str(profile.rows), *(f"{each.name} {each.type}" for each in columns)]),
        "dagster/table_name": profile.table,
        "sql": sql_to_paste(profile.table),
        "dagster/row_count": profile.rows,
        COLUMNS_KEY: dg.TableSchema(columns=columns),
        "landed_files": dg.MetadataValue.json([each.uri for each in profile.files]),
    }
