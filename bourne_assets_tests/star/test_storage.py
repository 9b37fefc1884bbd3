"""The star schema in its Iceberg tables: what a commit changes, and what it leaves alone."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pandas as pd
import pytest
from pyiceberg.catalog import Catalog

from bourne_assets.answers.questions import answer_questions
from bourne_assets.iceberg.commits import Provenance
from bourne_assets.iceberg.errors import CatalogueFailed
from bourne_assets.iceberg.tables import open_table
from bourne_assets.saga.definition import Saga
from bourne_assets.star import storage
from bourne_assets.star.answers import answer_rows
from bourne_assets.star.observations import StarOfSaga, with_observations
from bourne_assets.star.schemas import STAR
from bourne_assets.star.storage import keep_answers, keep_star, newest_snapshot, read_star
from bourne_assets.tables import records
from bourne_assets_tests.answers.builders import film, films_of_2017, saga_table
from bourne_assets_tests.saga.test_history import seen
from bourne_assets_tests.star.test_dimensions import BOURNE
from bourne_assets_tests.star.test_observations import DAY, NOON
from bourne_assets_tests.support.tiers import in_every_run

MATRIX = Saga(slug="matrix", title="The Matrix", queries=("Matrix",), collection_id=2344)
RUN = Provenance("0a1b2c3d-0000-4000-8000-00000000000a")


def kept(catalogue: Catalog, saga: Saga, snapshot: pd.DataFrame) -> StarOfSaga:
    before = read_star(catalogue, saga)
    star = with_observations(before, saga, snapshot)
    keep_star(catalogue, saga, before, star, RUN)
    return star


def snapshots_of(catalogue: Catalog) -> dict[str, int | None]:
    return {name: newest_snapshot(catalogue, f"refined.{name}") for name in STAR}


def test_what_is_kept_is_read_back(catalogue: Catalog) -> None:
    star = kept(catalogue, BOURNE, seen(NOON, *films_of_2017()))
    found = read_star(catalogue, BOURNE)
    pd.testing.assert_frame_equal(found.facts, star.facts)
    pd.testing.assert_frame_equal(found.films, star.films)


def test_a_file_that_cannot_be_read_is_reported_as_such(catalogue: Catalog) -> None:
    kept(catalogue, BOURNE, seen(NOON, *films_of_2017()))
    table = open_table(catalogue, "refined.dim_film")
    for task in table.scan().plan_files():
        table.io.delete(task.file.file_path)
    with pytest.raises(CatalogueFailed, match=r"The work on the table refined\.dim_film failed"):
        read_star(catalogue, BOURNE)


def test_a_run_that_learns_nothing_leaves_no_snapshot(catalogue: Catalog) -> None:
    snapshot = seen(NOON, *films_of_2017())
    kept(catalogue, BOURNE, snapshot)
    before = snapshots_of(catalogue)
    kept(catalogue, BOURNE, snapshot)
    assert snapshots_of(catalogue) == before


def test_a_day_more_leaves_the_days_before_as_they_were(catalogue: Catalog) -> None:
    kept(catalogue, BOURNE, seen(NOON, film(1, popularity=1.0)))
    kept(catalogue, BOURNE, seen(NOON + DAY, film(1, popularity=2.0)))
    kept(catalogue, BOURNE, seen(NOON + DAY * 1.2, film(1, popularity=3.0)))
    rows = records(read_star(catalogue, BOURNE).facts)
    assert [(row["date_key"], row["popularity"]) for row in rows] == [
        (20261123, 1.0),
        (20261124, 3.0),
    ]
    first_day = read_star(catalogue, BOURNE, up_to=date(2026, 11, 23))
    assert [row["popularity"] for row in records(first_day.facts)] == [1.0]


def test_no_facts_are_kept_whose_films_could_not_be(
    catalogue: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept(catalogue, BOURNE, seen(NOON, film(1)))
    replace = storage._replace

    def fail_on_films(catalogue: Catalog, name: str, *arguments: Any) -> int | None:
        if name == "dim_film":
            raise CatalogueFailed("The catalogue does not respond.")
        return replace(catalogue, name, *arguments)

    monkeypatch.setattr(storage, "_replace", fail_on_films)
    with pytest.raises(CatalogueFailed):
        kept(catalogue, BOURNE, seen(NOON + DAY, film(1, title="Another title")))
    assert read_star(catalogue, BOURNE).days == [NOON.date()]


@pytest.mark.exhaustive
def test_sagas_that_are_kept_at_once_lose_nothing(catalogue: Catalog) -> None:
    with ThreadPoolExecutor(2) as pool:
        for day in range(3):
            list(
                pool.map(
                    lambda saga, when: kept(catalogue, saga, seen(when, film(1), film(2))),
                    (BOURNE, MATRIX),
                    [NOON + DAY * day] * 2,
                )
            )
    for saga in (BOURNE, MATRIX):
        assert len(read_star(catalogue, saga).facts) == 6
        assert len(read_star(catalogue, saga).films) == 2


def test_the_answers_of_a_day_take_the_place_of_its_earlier_ones(catalogue: Catalog) -> None:
    result = answer_questions(saga_table(films_of_2017()), saga="bourne", inputs=[])
    rows = answer_rows(result)
    assert ("mean_budget", "mean_budget_usd", 91_000_000.0, "USD", 5) in [
        (row["question"], row["name"], row["value"], row["unit"], row["n"]) for row in rows
    ]
    first = keep_answers(catalogue, rows, RUN)
    assert keep_answers(catalogue, rows, RUN) == first
    keep_answers(catalogue, [{**row, "value": 1.0} for row in rows], RUN)
    found = catalogue.load_table("refined.fact_answer").scan().to_arrow()
    assert set(found["value"].to_pylist()) == {1.0}
    assert found.num_rows == len(rows)


@pytest.mark.parametrize("name", in_every_run(sorted(STAR)))
def test_each_column_is_described_in_the_table_itself(catalogue: Catalog, name: str) -> None:
    kept(catalogue, BOURNE, seen(NOON, *films_of_2017()))
    result = answer_questions(saga_table(films_of_2017()), saga="bourne", inputs=[])
    keep_answers(catalogue, answer_rows(result), RUN)
    schema = catalogue.load_table(f"refined.{name}").schema()
    assert all(field.doc for field in schema.fields)


def test_nothing_is_known_of_a_saga_before_its_first_run(catalogue: Catalog) -> None:
    assert read_star(catalogue, BOURNE).days == []
