"""Batches of CSV files in the lake. Not here: TMDB."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from datetime import date
from typing import Any

import dagster as dg
import pandas as pd
from pydantic import Field, field_validator

from bourne_assets.asset_names import RAW_GROUP
from bourne_assets.csvs.intake.files import CsvFile
from bourne_assets.csvs.intake.inbox import fetched
from bourne_assets.csvs.landing.batch import Landing, land_csv_files
from bourne_assets.csvs.landing.manifest import (
    LANDED,
    REJECTED,
    UNCHANGED,
    ManifestTable,
    rejected_lines_in,
)
from bourne_assets.csvs.landing.profile import SHOWN_LINES, Profile
from bourne_assets.csvs.landing.tables import DatasetTables
from bourne_assets.csvs.ratings import ratings_version
from bourne_assets.defs.csvs.datasets import landed_datasets
from bourne_assets.defs.csvs.resource import CsvFolderResource
from bourne_assets.defs.lake.resource import LakeResource
from bourne_assets.defs.shared.failures import fails_in_one_sentence
from bourne_assets.defs.shared.metadata import whole_table
from bourne_assets.defs.shared.naming import RAW_CSVS, definition_metadata
from bourne_assets.defs.shared.run_config import RunConfig
from bourne_assets.lake import keys
from bourne_assets.settings import Settings
from bourne_assets.times import past_day
from bourne_assets.translations import retold

#: Metadata of a landing: keys of the objects that it could not fetch.
NOT_FETCHED = "objects_not_fetched"
#: Metadata of a landing: SHA-256 by name of the files that the lake has, this many at most.
LANDED_FILES, _MOST_NAMED = "landed_files", 1_000


class LandingConfig(RunConfig):
    """What is landed, and under which day."""

    objects: list[str] = Field(
        default_factory=list,
        description="Keys of CSV files in the lake that are landed in place of the folder's.",
    )
    landed_on: str | None = Field(
        default=None,
        pattern=r"^\d{4}-\d{2}-\d{2}$",
        description="UTC day in the keys, YYYY-MM-DD; empty: today.",
    )

    @field_validator("landed_on")
    @classmethod
    def _is_a_past_day(cls, value: str | None) -> str | None:
        return past_day(value).isoformat() if value else value


def raw_csvs_assets(settings: Settings) -> list[dg.AssetsDefinition]:
    """The landing of CSV files, one for all sagas."""

    @dg.asset(
        key=RAW_CSVS,
        group_name=RAW_GROUP,
        kinds={"s3", "csv", "duckdb"},
        tags={"domain": "csv"},
        code_version="2",
        config_schema=LandingConfig.fields_of_a_run(),
        metadata=definition_metadata(settings, keys.TRUSTED, RAW_CSVS, ManifestTable),
    )
    @fails_in_one_sentence
    def raw_csvs_s3(
        context: dg.AssetExecutionContext,
        csv_folder: CsvFolderResource,
        lake: LakeResource,
    ) -> dg.MaterializeResult[pd.DataFrame]:
        """Manifest of the CSV files landed in the lake, byte for byte.

        Source: every `*.csv`, also compressed (gz, zip, bz2, zst, xz), below the folder
        `BOURNE_CSV_DIR`. Grain: one row per file. The bytes are stored under
        `Raw/Local/CSV/<Dataset>/<yyyy>/<mm>/<dd>/`, proven by SHA-256, and are not sent twice;
        lines that do not parse under `Raw/Local/CSV/_rejects/`, with number and reason. Each
        dataset is a table, `trusted.<dataset>`, with a profile; the challenge's files have one with
        one row per title, `trusted.<dataset>_titles`. A file that is not CSV is rejected, and does
        not stop the others.
        """
        config = LandingConfig.of(context)
        connected, datasets = lake.connect(), csv_folder.datasets()
        tables = DatasetTables(lake.catalogue, context.op_execution_context.run_id)
        batch: AbstractContextManager[list[CsvFile]] = (
            fetched(connected, config.objects)
            if config.objects
            else nullcontext(csv_folder.files())
        )
        with batch as files:
            landing = land_csv_files(
                files,
                connected,
                date.fromisoformat(config.landed_on) if config.landed_on else csv_folder.day(),
                tables=tables,
                datasets=datasets,
                journal=csv_folder.journal_path,
                report=context.log.info,
            )
        for brought in landed_datasets(landing, datasets, context.instance):
            context.log_event(brought)
        return dg.MaterializeResult(
            value=landing.manifest,
            # What is downstream reads the ratings alone, and follows no landing of other files.
            data_version=dg.DataVersion(ratings_version(tables.catalogue)),
            metadata={
                **_counts(landing.manifest),
                **_profiles(landing),
                **_decisions(landing),
                **_rejected_lines(landing.manifest),
                **_not_fetched(files),
                LANDED_FILES: _digests(landing.manifest),
            },
        )

    return [raw_csvs_s3]


def _counts(manifest: pd.DataFrame) -> dict[str, Any]:
    counts = manifest["status"].value_counts()
    return {
        "files_landed": int(counts.get(LANDED, 0)),
        "files_unchanged": int(counts.get(UNCHANGED, 0)),
        "files_rejected": int(counts.get(REJECTED, 0)),
        "rows": int(manifest["rows"].sum()),
        "rows_rejected": int(manifest["rejected_rows"].sum()),
        "rows_corrected": int(manifest["corrected_rows"].sum()),
        "landed_bytes": int(manifest.loc[manifest["status"] != REJECTED, "size"].sum()),
    }


def _digests(manifest: pd.DataFrame) -> dg.JsonMetadataValue:
    there = manifest[manifest["status"] != REJECTED].head(_MOST_NAMED)
    return dg.MetadataValue.json(dict(zip(there["file"], there["sha256"], strict=True)))


def _profiles(landing: Landing) -> dict[str, Any]:
    """Each column of each dataset: type, nulls, estimate of distinct values, least and greatest."""
    rows = [
        {"dataset": dataset, **asdict(column), "note": _note(profile, column.name)}
        for dataset, profile in sorted(landing.profiles.items())
        for column in profile.columns
    ]
    return {"profile": whole_table(rows)} if rows else {}


def _note(profile: Profile, column: str) -> str:
    """What keeps a column from having a type, by file; empty where nothing does."""
    return "; ".join(
        f"{facts.file}: {retold(facts.almost[column])}"
        for facts in profile.files
        if column in facts.almost
    )


def _decisions(landing: Landing) -> dict[str, Any]:
    """How files were read where that is not plain, and why."""
    rows = [
        {"file": facts.file, "decision": retold(decision)}
        for _, profile in sorted(landing.profiles.items())
        for facts in profile.files
        for decision in facts.notes
    ]
    return {"how_files_were_read": whole_table(rows)} if rows else {}


def _rejected_lines(manifest: pd.DataFrame) -> dict[str, Any]:
    """The first lines that are not rows: file, physical line, reason, and how it begins."""
    lines = [asdict(line) for line in rejected_lines_in(manifest, SHOWN_LINES)]
    return {"rejected_lines": whole_table(lines)} if lines else {}


def _not_fetched(files: list[CsvFile]) -> dict[str, Any]:
    keys_of = [file.name for file in files if file.problem is not None]
    return {NOT_FETCHED: keys_of} if keys_of else {}
