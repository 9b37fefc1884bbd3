"""The datasets that the user describes: each has a page of the catalogue, and its own freshness.

They are made by the landing of their files (`raw_csvs`), and are no steps of their own.
What must not be put here: how datasets are read (`csvs.datasets`), and how fresh they must be
(`automation.freshness`).
"""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from bourne_assets.assets.common import OWNERS, RAW_CSVS, RAW_GROUP
from bourne_assets.catalogue import object_metadata
from bourne_assets.csvs.datasets import Dataset, Datasets
from bourne_assets.csvs.landing import Landing
from bourne_assets.csvs.schemas import LANDED
from bourne_assets.lake import keys
from bourne_assets.settings import Settings


def dataset_key(name: str) -> dg.AssetKey:
    """Key of a dataset's page, whatever case its name is written in."""
    return dg.AssetKey(["csv_datasets", name.casefold()])


def dataset_specs(settings: Settings, datasets: Datasets) -> list[dg.AssetSpec]:
    """A page for each dataset that the user describes."""
    return [_spec(settings, name, said) for name, said in sorted(datasets.known.items())]


def landed_datasets(landing: Landing, datasets: Datasets) -> Iterator[dg.AssetMaterialization]:
    """What a landing brought of the datasets that have a page.

    A file that the lake has already brings nothing: data is as old as its last delivery.
    """
    manifest = landing.manifest
    brought = set(manifest.loc[manifest["status"] == LANDED, "dataset"])
    for name, profile in sorted(landing.profiles.items()):
        if name in brought and name.casefold() in datasets.known:
            yield dg.AssetMaterialization(
                dataset_key(name), description=_files(profile), metadata=_metadata(profile)
            )


def _spec(settings: Settings, name: str, said: Dataset) -> dg.AssetSpec:
    dataset = keys.dataset_name(f"{name}.csv")
    wanted = f" Its id column is `{said.id}`." if said.id else ""
    return dg.AssetSpec(
        dataset_key(name),
        deps=[RAW_CSVS],
        description=(
            f"Rows of the CSV files named {dataset}, as they were landed last.\n\n"
            "Made with `raw_csvs_s3`, when it lands files with new bytes. Grain: one row a line "
            f"that fits the header; the others lie under `Raw/Local/CSV/_rejects/{dataset}/`. How "
            f"it is read is said in the file of `BOURNE_CSV_DATASETS`.{wanted}"
        ),
        group_name=RAW_GROUP,
        kinds={"s3", "parquet"},
        owners=OWNERS,
        tags={"domain": "csv"},
        code_version="1",
        metadata=object_metadata(settings, keys.dataset_table(dataset)),
    )


def _files(profile: dict[str, Any]) -> str:
    return "From " + ", ".join(str(each["file"]) for each in profile["files"])


def _metadata(profile: dict[str, Any]) -> dict[str, Any]:
    columns = [
        dg.TableColumn(
            str(column["name"]),
            str(column["type"]),
            description=(
                f"{column['nulls']:,} unknown, about {column['distinct']:,} distinct values, "
                f"from {column['low']} to {column['high']}."
            ),
        )
        for column in profile["columns"]
    ]
    return {
        "dagster/uri": str(profile["table"]),
        "dagster/row_count": int(profile["rows"]),
        "dagster/column_schema": dg.TableSchema(columns=columns),
        "landed_files": dg.MetadataValue.json([str(each["uri"]) for each in profile["files"]]),
    }
