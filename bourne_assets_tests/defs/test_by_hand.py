"""What was run by hand is executed again from the UI: landings, sagas not in `BOURNE_SAGAS`."""

from pathlib import Path

import dagster as dg
import pytest

from bourne_assets.cli.runner import run_saga
from bourne_assets.cli.selection import SelectionError
from bourne_assets.definitions import build_defs, csv_folder
from bourne_assets.defs.operations.schedules import full_refresh, land_csv_files
from bourne_assets.saga.by_hand import note_saga, sagas_by_hand
from bourne_assets.saga.definition import Saga, known_sagas
from bourne_assets.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


@pytest.fixture
def matrix(settings: Settings) -> Saga:
    return known_sagas(settings.sagas_file)["matrix"]


def test_its_job_is_in_the_code_location_as_the_run_had_it(
    settings: Settings, matrix: Saga
) -> None:
    as_run = build_defs(settings=settings, sagas=[matrix]).resolve_job_def("refresh_matrix")
    note_saga(settings.home, matrix)
    shown = build_defs(settings=settings).resolve_job_def("refresh_matrix")
    assert shown.asset_layer.selected_asset_keys == as_run.asset_layer.selected_asset_keys
    assert {each.name for each in shown.graph.node_defs} == {
        each.name for each in as_run.graph.node_defs
    }


def test_nothing_makes_it_by_itself_and_it_is_never_late(settings: Settings, matrix: Saga) -> None:
    note_saga(settings.home, matrix)
    definitions = build_defs(settings=settings)
    own = [
        spec for spec in definitions.resolve_all_asset_specs() if spec.tags.get("saga") == "matrix"
    ]
    assert own
    assert not any(spec.automation_condition or spec.freshness_policy for spec in own)
    every = definitions.resolve_job_def(full_refresh.name)
    assert not every.asset_layer.selected_asset_keys & {spec.key for spec in own}
    names = {each.name for each in (*(definitions.schedules or ()), *(definitions.sensors or ()))}
    assert not any("matrix" in name for name in names)


def test_sagas_of_the_settings_stay_as_they_are(settings: Settings) -> None:
    known = known_sagas(settings.sagas_file)
    note_saga(settings.home, known["bourne"])
    assert sagas_by_hand(settings.home, known, settings.saga_slugs) == []
    keys = build_defs(settings=settings).resolve_asset_graph().get_all_asset_keys()
    assert dg.AssetKey("bourne_saga_table") in keys


def test_a_run_that_never_began_notes_no_saga(settings: Settings, matrix: Saga) -> None:
    with dg.DagsterInstance.ephemeral() as instance, pytest.raises(SelectionError):
        run_saga(settings, matrix, instance, select="tag:none=such", on_event=print)
    known = known_sagas(settings.sagas_file)
    assert sagas_by_hand(settings.home, known, settings.saga_slugs) == []


def test_what_is_no_longer_in_the_sagas_file_is_passed_over(
    settings: Settings, matrix: Saga
) -> None:
    note_saga(settings.home, matrix)
    assert sagas_by_hand(settings.home, {}, ["bourne"]) == []


def test_a_home_that_cannot_be_written_ends_no_run(settings: Settings, matrix: Saga) -> None:
    settings.home.write_text("a file")
    note_saga(settings.home, matrix)
    assert sagas_by_hand(settings.home, {"matrix": matrix}, ["bourne"]) == []


def test_the_job_of_a_landing_is_that_of_the_code_location_whichever_sagas_there_are(
    settings: Settings,
) -> None:
    batch = csv_folder(settings, ["batch"], "2026-01-01")
    run = build_defs(
        settings=settings,
        sagas=[],
        resources={"csv_folder": batch},
        executor=dg.in_process_executor,
    )
    shown = build_defs(settings=settings)
    # Of another snapshot, the UI warns before a run is executed again.
    assert (
        run.resolve_job_def(land_csv_files.name).get_job_snapshot_id()
        == shown.resolve_job_def(land_csv_files.name).get_job_snapshot_id()
    )
