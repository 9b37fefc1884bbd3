"""Rules over tables, each by itself."""

from typing import Any

import pandas as pd
import pytest

from bourne_assets.defs.shared.figure_rules import (
    figure_is_plausible,
    figure_is_valid,
    revenue_covers_budget,
)
from bourne_assets.defs.shared.rules import Finding, Rule, follows_schema, has_pattern, is_unique
from bourne_assets.saga.definition import Saga, StatedFigures
from bourne_assets.saga.schemas import HistoryTable, SagaTable
from bourne_assets.saga.table import with_stated_figures
from bourne_assets.tables import from_parquet, to_parquet
from bourne_assets.tmdb.models import IMDB_ID
from bourne_assets.tmdb.schemas import DetailsTable, ExternalIdsTable, SearchTable
from bourne_assets_tests.defs.tables import (
    Break,
    right_films,
    right_tables,
    saga_table,
    with_column,
    with_type,
    with_value,
)

_SAGA = Saga(slug="b", title="B", queries=("B",), collection_id=1)


def _found(rule: Rule, table: pd.DataFrame) -> list[Any]:
    return [row["tmdb_id"] for row in rule.find(table).offending]


def _plausible_budget(saga: Saga = _SAGA) -> Rule:
    return figure_is_plausible(
        "budget", lambda table: table, lambda film: with_stated_figures(saga, film)
    )


@pytest.mark.parametrize(
    ("budget", "plausible"),
    [
        (999, False),
        (40_000, True),
        (0, False),
        (-1, True),  # the rule of valid figures tells it, once
        (None, False),
        (1_000_000_000, True),
        (1_000_000_001, False),
        (9_007_199_254_740_993, False),
    ],
)
def test_a_figure_is_plausible_within_the_thresholds(
    *, budget: int | None, plausible: bool
) -> None:
    table = saga_table(right_films(budget={2: budget}))
    assert _found(_plausible_budget(), table) == ([] if plausible else [2])


def test_a_figure_that_the_sagas_file_states_is_judged_in_place_of_tmdb_s() -> None:
    stated = StatedFigures(budget=70_000_000, source="a book")
    saga = _SAGA.model_copy(update={"figures": {2: stated}})
    table = saga_table(right_films(budget={1: 7, 2: 7, 3: None}))
    assert _found(_plausible_budget(saga), table) == [1, 3]


@pytest.mark.parametrize("dtype", ["Int32", "int64", "float64", "Float64", "object", "str"])
def test_only_one_type_of_figures_is_valid(dtype: str) -> None:
    table = saga_table(right_films())
    assert _found(figure_is_valid("budget"), table) == []
    assert _found(figure_is_valid("budget"), with_type("budget", dtype)(table)) == [1, 2, 3]


@pytest.mark.parametrize(
    ("budget", "revenue", "covered"),
    [
        (1_000_000, 1_000_000, True),
        (1_000_000, 999_999, False),
        (None, 1, True),
        (1, None, True),
        (None, None, True),
    ],
)
def test_revenue_is_compared_with_the_budget_where_both_are_known(
    *, budget: int | None, revenue: int | None, covered: bool
) -> None:
    table = saga_table(right_films(budget={2: budget}, revenue={2: revenue}))
    finding = revenue_covers_budget().find(table)
    assert [row["tmdb_id"] for row in finding.offending] == ([] if covered else [2])
    assert finding.facts == {"compared": 3 if budget and revenue else 2}


@pytest.mark.parametrize(
    ("imdb_id", "well_formed"),
    [
        ("tt0258463", True),
        ("tt12345678", True),
        (None, True),
        ("tt123456", False),
        ("0258463", False),
        ("TT0258463", False),
        ("tt0258463 ", False),
        ("tt0258463\n", False),
        ("tt025846x", False),
        ("nm0000354", False),
        ("tt" + "\N{ARABIC-INDIC DIGIT TWO}" * 7, False),
        ("", False),
    ],
)
def test_an_imdb_id_is_tt_and_seven_digits_or_more(
    *, imdb_id: str | None, well_formed: bool
) -> None:
    table = saga_table(right_films(imdb_id={1: imdb_id}))
    rule = has_pattern("imdb_id", IMDB_ID, "tt0258463")
    assert _found(rule, table) == ([] if well_formed else [1])


def test_a_column_of_unknown_ids_alone_is_well_formed() -> None:
    table = from_parquet(to_parquet(saga_table(right_films(imdb_id=dict.fromkeys((1, 2, 3))))))
    finding = has_pattern("imdb_id", IMDB_ID, "tt0258463").find(table)
    facts = {"pattern": IMDB_ID, "known": 0, "unknown": 3}
    assert finding == Finding([], "known: 0, unknown: 3", facts)


def test_unknown_values_are_not_duplicates_of_each_other() -> None:
    table = saga_table(right_films(imdb_id=dict.fromkeys((1, 2))))
    assert _found(is_unique("imdb_id"), table) == []
    table = saga_table(right_films(imdb_id=dict.fromkeys((1, 2), "tt0258463")))
    assert _found(is_unique("imdb_id"), table) == [1, 2]


@pytest.mark.parametrize(
    "breaks",
    [
        lambda table: table.drop(columns="title"),
        with_column,
        lambda table: table[list(reversed(table.columns))],
        lambda table: table.assign(fetched_at=table["fetched_at"].dt.tz_localize(None)),
        lambda table: table.assign(release_date="2002-06-14"),
        lambda table: table.assign(popularity="86"),
        lambda table: table.assign(title=None),
        with_value("tmdb_id", 0, None),
    ],
    ids=[
        "missing column",
        "extra column",
        "other order",
        "time without zone",
        "day as text",
        "number as text",
        "no title",
        "no id",
    ],
)
def test_a_table_of_another_shape_does_not_follow_its_schema(breaks: Break) -> None:
    rule = follows_schema(SagaTable)
    assert rule.find(saga_table(right_films())).offending == []
    assert rule.find(breaks(saga_table(right_films()))).offending


def test_looking_at_a_table_does_not_change_how_the_next_one_is_made() -> None:
    before = saga_table(right_films()).dtypes
    assert follows_schema(SagaTable).find(saga_table(right_films())).offending == []
    pd.testing.assert_series_equal(saga_table(right_films()).dtypes, before)


def test_a_table_as_it_comes_back_from_parquet_follows_its_schema() -> None:
    for name, table in right_tables().items():
        model = {
            "tmdb_search": SearchTable,
            "tmdb_external_ids": ExternalIdsTable,
            "tmdb_details": DetailsTable,
            "bourne_saga_table": SagaTable,
            "saga_history": HistoryTable,
        }[name]
        loaded = from_parquet(to_parquet(table))
        assert follows_schema(model).find(loaded).offending == []
        assert follows_schema(model).find(loaded.iloc[:0]).offending == []
