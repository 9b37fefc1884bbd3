"""Right tables of every asset in a real lake, and Dagster's checks run on them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd

from bourne_assets.answers.questions import answer_questions, as_json
from bourne_assets.csvs.intake.files import find_csv_files
from bourne_assets.csvs.landing.batch import land_csv_files
from bourne_assets.definitions import build_defs
from bourne_assets.defs.lake.io_manager import LakeIOManager
from bourne_assets.defs.lake.resource import LakeResource
from bourne_assets.lake.store import JSON, PARQUET, Lake
from bourne_assets.saga.history import snapshot_of
from bourne_assets.saga.schemas import SagaTable
from bourne_assets.saga.table import derived_figures
from bourne_assets.settings import Settings
from bourne_assets.tables import conform, from_parquet, origin_of, to_json, to_parquet
from bourne_assets.tmdb.schemas import DetailsTable, ExternalIdsTable, SearchTable
from bourne_assets_tests.defs.definitions import QUIET
from bourne_assets_tests.support.tables import tables_of

#: When the figures were fetched: they must not be too old for the checks.
NOW = datetime.now(UTC).replace(microsecond=0)


KEYS = {
    "raw_csvs_s3": "Trusted/raw_csvs_s3.parquet",
    "tmdb_search": "Trusted/tmdb_search.parquet",
    "tmdb_external_ids": "Trusted/tmdb_external_ids.parquet",
    "tmdb_details": "Trusted/tmdb_details.parquet",
    "bourne_saga_table": "Refined/bourne_saga_table.parquet",
    "insight_metrics": "Refined/insight_metrics.json",
    "saga_history": "Refined/saga_history.parquet",
}


WARNINGS = {
    "values_fit_their_types",
    "columns_are_those_of_last_time",
    "no_line_was_rejected",
    "raw_responses_are_recent",
    "search_found_every_film",
    "no_film_is_deleted",
    "every_response_is_readable",
    "budget_is_known_and_plausible",
    "revenue_is_known_and_plausible",
    "revenue_covers_budget",
    "figures_drifted",
    "title_and_date_are_unique",
    "figures_are_recent",
}


ERRORS_THAT_STOP_NOTHING = {"no_file_was_rejected", "every_table_was_written"}


Frames = dict[str, pd.DataFrame]


@dataclass(frozen=True)
class Outcome:
    """What a run left behind."""

    success: bool
    evaluations: Sequence[dg.AssetCheckEvaluation]
    errors: str

    @property
    def checks(self) -> dict[str, dg.AssetCheckEvaluation]:
        """Evaluations by the name of the check."""
        return {check.check_name: check for check in self.evaluations}

    def failed(self) -> set[str]:
        """Names of the checks that did not pass."""
        return {name for name, check in self.checks.items() if not check.passed}


def right_films(**changes: dict[int, Any]) -> list[dict[str, Any]]:
    """Three films of the saga and one of none: id, figures and ids; `budget={1: None}` changes."""
    films: list[dict[str, Any]] = [
        {
            "tmdb_id": number,
            "title": f"Film {number}",
            "imdb_id": f"tt000000{number}",
            "budget": number * 10_000_000,
            "revenue": number * 30_000_000,
            "popularity": float(10 - number),
            "release_date": date(2000 + number, 1, 1),
            "collection_id": 31562 if number < 4 else None,
        }
        for number in (1, 2, 3, 4)
    ]
    for film in films:
        for name, values in changes.items():
            if film["tmdb_id"] in values:
                film[name] = values[film["tmdb_id"]]
    return films


def search_table(films: list[dict[str, Any]]) -> pd.DataFrame:
    rows = [
        {
            **film,
            "original_title": film["title"],
            "original_language": "en",
            "found_by": "search",
            "kept": film["collection_id"] is not None,
            "reason": "a reason",
            "status": "known",
            "fetched_at": NOW,
            "source": "tmdb",
        }
        for film in films
    ]
    return conform(rows, SearchTable)


def external_ids_table(films: list[dict[str, Any]]) -> pd.DataFrame:
    rows = [{**film, "status": "known", "fetched_at": NOW, "source": "tmdb"} for film in films]
    return conform(rows, ExternalIdsTable)


def details_table(films: list[dict[str, Any]]) -> pd.DataFrame:
    rows = [
        {
            **film,
            "original_title": film["title"],
            "original_language": "en",
            "status": "Released",
            "collection_name": "The Bourne Collection" if film["collection_id"] else None,
            "fetched_at": NOW,
            "source": "tmdb",
        }
        for film in films
    ]
    return conform(rows, DetailsTable)


def saga_table(films: list[dict[str, Any]]) -> pd.DataFrame:
    rows = [
        {
            **film,
            "original_title": film["title"],
            **derived_figures(film),
            "fetched_at": NOW,
            "source": "tmdb",
        }
        for film in films
        if film["collection_id"] is not None
    ]
    return conform(rows, SagaTable)


def right_tables(films: list[dict[str, Any]] | None = None) -> Frames:
    films = right_films() if films is None else films
    return {
        "tmdb_search": search_table(films),
        "tmdb_external_ids": external_ids_table(films),
        "tmdb_details": details_table(films),
        "bourne_saga_table": saga_table(films),
        "saga_history": snapshot_of(saga_table(films)),
    }


def store_tables(lake: Lake, tables: Mapping[str, pd.DataFrame]) -> None:
    for name, table in tables.items():
        lake.write(KEYS[name], to_parquet(table), PARQUET)


def put_answers(lake: Lake) -> dict[str, Any]:
    """The answers to the saga table in the lake, as the asset would have stored them."""
    data, stored = lake.read(KEYS["bourne_saga_table"])
    table = from_parquet(data)
    table.attrs = {"uri": stored.uri, "sha256": stored.sha256}
    answers = as_json(answer_questions(table, saga="bourne", inputs=origin_of(table)))
    lake.write(KEYS["insight_metrics"], to_json(answers), JSON)
    return answers


def put_csvs(lake: Lake, folder: Path, files: Mapping[str, bytes]) -> pd.DataFrame:
    """Land files for real and store the manifest."""
    batch = folder / "batch"
    batch.mkdir()
    for name, data in files.items():
        (batch / name).write_bytes(data)
    manifest = land_csv_files(
        find_csv_files(batch), lake, date(2026, 11, 23), tables=tables_of(lake)
    ).manifest
    store_tables(lake, {"raw_csvs_s3": manifest})
    return manifest


@cache
def platform() -> dg.Definitions:
    return build_defs(settings=Settings())


def run_selection(resource: LakeResource, selection: dg.AssetSelection) -> Outcome:
    """Run a selection of the platform, and nothing else, on what is in the lake."""
    defs = platform()
    result = dg.materialize(
        [*(defs.assets or ()), *(defs.asset_checks or ())],  # type: ignore[list-item]
        selection=selection,
        resources={
            **(defs.resources or {}),
            "lake": resource,
            "io_manager": LakeIOManager(lake=resource),
        },
        instance=dg.DagsterInstance.ephemeral(),
        run_config=QUIET,
        raise_on_error=False,
    )
    errors = [
        str(event.step_failure_data.error) for event in result.all_events if event.is_step_failure
    ]
    return Outcome(result.success, result.get_asset_check_evaluations(), " ".join(errors))


def run_checks(resource: LakeResource, asset: str) -> Outcome:
    """Run all checks of an asset, and nothing else, on what is in the lake."""
    return run_selection(resource, dg.AssetSelection.checks_for_assets(dg.AssetKey(asset)))


def fact_of(check: dg.AssetCheckEvaluation, name: str) -> Any:
    return check.metadata[name].value


def offending_rows(check: dg.AssetCheckEvaluation) -> list[Mapping[str, Any]]:
    shown = check.metadata["offending"]
    if isinstance(shown, dg.TableMetadataValue):
        return [record.data for record in shown.records]
    assert shown.value == "none"
    return []


# One thing wrong

Break = Callable[[pd.DataFrame], pd.DataFrame]


def with_value(column: str, row: int, value: Any) -> Break:
    def breaks(table: pd.DataFrame) -> pd.DataFrame:
        table.loc[row, column] = value
        return table

    return breaks


def with_type(column: str, dtype: str) -> Break:
    return lambda table: table.astype({column: dtype})


def with_row_twice(table: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([table, table.tail(1)], ignore_index=True)


def with_column(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(extra=1)


# The history


def seen_on(day: int, films: list[dict[str, Any]]) -> pd.DataFrame:
    """A snapshot of a day in November 2026."""
    table = saga_table(films)
    table["fetched_at"] = pd.Timestamp(datetime(2026, 11, day, 12, tzinfo=UTC))
    return snapshot_of(table.astype({"fetched_at": "datetime64[us, UTC]"}))
