"""Selections that name what is not there, reported before anything is loaded."""

import subprocess
import sys

import pytest

from bourne_assets.asset_names import groups_of
from bourne_assets.cli.selection import SelectionError, assets_of, ensure_known
from bourne_assets.definitions import build_defs
from bourne_assets.saga.definition import known_sagas
from bourne_assets.settings import Settings

SAGAS = known_sagas(Settings().sagas_file)


@pytest.mark.parametrize("slug", list(SAGAS))
def test_the_names_are_those_of_the_assets_that_a_run_makes(slug: str) -> None:
    graph = build_defs(settings=Settings(), sagas=[SAGAS[slug]]).resolve_asset_graph()
    made = {key.to_user_string() for key in graph.materializable_asset_keys}
    assert set(assets_of(SAGAS[slug])) == made


@pytest.mark.parametrize(
    "selection",
    [
        "insight_metrics",
        "2+insight_metrics+",
        '(key:"bourne_saga_table"+ and not saga_report) or group:bourne_trusted',
        'sinks(kind:"parquet") or tag:domain=films',
        "key:tmdb_*",
        "csv_datasets/box_office+",
        "*",
    ],
)
def test_what_dagster_can_resolve_is_left_to_it(selection: str) -> None:
    ensure_known(selection, SAGAS["bourne"])


@pytest.mark.parametrize(
    ("selection", "slug", "meant"),
    [
        ("insight_metric", "bourne", "did you mean insight_metrics?"),
        ("tmdb_search or Saga_Tabel+", "bourne", "did you mean bourne_saga_table?"),
        ('+key:"matrix/tmdb_serch"', "matrix", "did you mean matrix/tmdb_search?"),
        ("insight_metrics", "matrix", "did you mean matrix/insight_metrics?"),
        ("quux", "bourne", "the assets are raw_csvs_s3"),
        ("group:bourne_rfined", "bourne", "the groups are raw, bourne_trusted, bourne_refined"),
        (" ", "bourne", "--select is empty"),
    ],
)
def test_a_mistyped_name_is_told_with_the_nearest(selection: str, slug: str, meant: str) -> None:
    with pytest.raises(SelectionError, match=meant.replace("?", r"\?")):
        ensure_known(selection, SAGAS[slug])


@pytest.mark.parametrize("slug", list(SAGAS))
def test_the_groups_are_those_of_the_assets_that_a_run_makes(slug: str) -> None:
    graph = build_defs(settings=Settings(), sagas=[SAGAS[slug]]).resolve_asset_graph()
    made = {graph.get(key).group_name for key in graph.materializable_asset_keys}
    assert set(groups_of(slug)) == made


def test_nothing_heavy_is_loaded_to_tell_it() -> None:
    program = """
import sys
from bourne_assets.cli import main
try:
    main(["run", "--select", "insight_metric"])
except SystemExit as end:
    print(end.code, "dagster" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.stdout == "2 False\n"
    assert "did you mean insight_metrics?" in done.stderr
