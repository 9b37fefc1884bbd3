"""A selection that a user wrote selects, or is refused, and never fails in a way of Dagster's."""

import dagster as dg
import pytest

from bourne_assets.defs.shared.selections import SelectionUnusable, selected
from bourne_assets_tests.support.tiers import in_every_run


@dg.asset
def first() -> None: ...


@dg.asset(deps=[first])
def second() -> None: ...


_GRAPH = dg.Definitions(assets=[first, second]).resolve_asset_graph()


@pytest.mark.parametrize("text", ["*", "key:second or key:first", "first+", "not key:third"])
def test_what_dagster_can_resolve_is_selected(text: str) -> None:
    assert selected(text, _GRAPH, missing_ok=True) == {first.key, second.key}


@pytest.mark.parametrize(
    "text",
    in_every_run(
        [
            "status:x",
            "not changed_in_branch:x",
            "sinks(column:x)",
            "table_name:x",
            "automation_type:x",
            "code_location:x",
            "job:x or first",
            "sensor:x",
            "third",
            "((",
            "",
            "(" * 3000 + "first" + ")" * 3000,
            "\0",
        ],
        first=3,
    ),
)
def test_what_it_cannot_resolve_is_refused(text: str) -> None:
    with pytest.raises(SelectionUnusable):
        selected(text, _GRAPH)
