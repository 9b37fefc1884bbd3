"""Films as TMDB's editors leave them, over a real socket and through the whole platform."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pytest

from bourne_assets.answers.questions import Answers, parse_answers, remarks, to_text
from bourne_assets.definitions import build_defs
from bourne_assets.defs.lake.resource import LakeResource
from bourne_assets.defs.tmdb.resource import TmdbResource
from bourne_assets.lake.store import Lake
from bourne_assets.saga.definition import Saga, StatedFigures
from bourne_assets.settings import Settings
from bourne_assets_tests.answers.builders import films_of_2017
from bourne_assets_tests.standin import Film, InventedFilms, TmdbStandIn
from bourne_assets_tests.support.tiers import in_every_run

_SAGA = Saga(slug="bourne", title="Jason Bourne", queries=("Bourne",), collection_id=31562)
_TODAY = datetime.now(UTC).date()


def _films(*more: Film, **changes: dict[int, Any]) -> list[Film]:
    """The films of 2017 with some figures replaced: `budget={2503: 1}`, and more films."""
    known = [
        Film(
            record["tmdb_id"],
            record["title"],
            record["budget"],
            record["revenue"],
            record["release_date"].isoformat(),
            record["popularity"],
            record["imdb_id"],
            collection_id=31562,
            vote_count=3_000,
        )
        for record in films_of_2017()
    ]
    changed = [
        replace(
            film, **{name: values[film.id] for name, values in changes.items() if film.id in values}
        )
        for film in known
    ]
    return [*changed, *(replace(film, collection_id=31562) for film in more)]


class _Outcome:
    """What a run of the whole platform left behind."""

    def __init__(self, result: dg.ExecuteInProcessResult, lake: Lake) -> None:
        self.success = result.success
        self.failed = {
            check.check_name: (check.severity.value, str(check.metadata["offending"].value))
            for check in result.get_asset_check_evaluations()
            if not check.passed
        }
        self._lake = lake

    @property
    def answers(self) -> Answers:
        """The stored answers."""
        stored = json.loads(self._lake.read("Refined/insight_metrics.json")[0])
        return parse_answers(stored, "s3://lake/answers", "bourne")

    @property
    def page(self) -> str:
        """The report."""
        return self._lake.read("Refined/saga_report.html")[0].decode()


@pytest.fixture
def run(lake: Lake, lake_resource: LakeResource) -> Callable[..., _Outcome]:
    """Runs everything on a TMDB that knows these films."""

    def call(films: list[Film], saga: Saga = _SAGA) -> _Outcome:
        source = InventedFilms.of(films, {31562: "The Bourne Collection"})
        with TmdbStandIn(source) as server:
            tmdb = TmdbResource(
                read_access_token=server.token, base_url=server.base_url, requests_per_second=1000
            )
            defs = build_defs(
                settings=Settings(), sagas=[saga], resources={"tmdb": tmdb, "lake": lake_resource}
            )
            result = defs.resolve_job_def("full_refresh").execute_in_process(
                instance=dg.DagsterInstance.ephemeral(),
                raise_on_error=False,
                run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            )
        return _Outcome(result, lake)

    return call


@pytest.mark.exhaustive
def test_unreleased_films_of_the_collection_are_named_and_take_no_part(
    run: Callable[..., _Outcome],
) -> None:
    outcome = run(
        _films(
            Film(1300001, "Untitled Bourne Film", popularity=2.1, status="Planned"),
            Film(
                1300002,
                "The Bourne Dilemma",
                250_000_000,
                release_date="2028-07-14",
                popularity=188.0,
                status="In Production",
            ),
            Film(1300003, "The Bourne Betrayal", release_date="2010-05-01", status="Canceled"),
        )
    )
    assert outcome.success
    answers = outcome.answers
    assert answers.films == 5
    assert answers.answers.mean_budget.value == 91_000_000
    top = answers.answers.top_revenue_vs_top_budget.top_budget
    assert top is not None
    assert top.title == "The Bourne Legacy"
    (remark,) = remarks(answers)
    assert remark.startswith("3 films not released yet")
    assert "The Bourne Dilemma (July 14, 2028)" in remark
    assert remark in outcome.page
    assert "budget_is_known_and_plausible" not in outcome.failed


@pytest.mark.exhaustive
def test_placeholders_are_left_out_named_and_warned_of(run: Callable[..., _Outcome]) -> None:
    outcome = run(_films(budget={2501: 60, 2502: 1}))
    assert outcome.success
    assert outcome.answers.answers.mean_budget.n == 3
    named = remarks(outcome.answers)
    assert [text.split(": ")[1].split(" is stated")[0] for text in named] == [
        "the budget of The Bourne Identity",
        "the budget of The Bourne Supremacy",
    ]
    severity, evidence = outcome.failed["budget_is_known_and_plausible"]
    assert severity == "WARN"
    assert "The Bourne Identity" in evidence
    assert "doubtful" in outcome.page


@pytest.mark.exhaustive
def test_figures_in_yen_are_not_taken_for_dollars(run: Callable[..., _Outcome]) -> None:
    outcome = run(_films(budget={2501: 9_000_000_000}, revenue={2501: 32_100_000_000}))
    assert outcome.success
    answers = outcome.answers.answers
    assert (answers.mean_budget.n, answers.mean_revenue.n) == (4, 4)
    assert all("another currency" in text for text in remarks(outcome.answers))
    for name in ("budget_is_known_and_plausible", "revenue_is_known_and_plausible"):
        assert outcome.failed[name][0] == "WARN"


@pytest.mark.parametrize(
    ("twin", "check"),
    in_every_run(
        [
            ({"imdb_id": "tt0440963"}, "imdb_id_is_unique"),
            ({"wikidata_id": "Q729131"}, "wikidata_id_is_unique"),
        ]
    ),
)
def test_one_film_under_two_ids_of_one_id_elsewhere_is_an_error(
    run: Callable[..., _Outcome], twin: dict[str, Any], check: str
) -> None:
    films = _films(
        replace(Film(1299386, "Bourne 3", 70_000_000, 442_824_138, "2007-08-04"), **twin),
        wikidata_id={2503: "Q729131"},
    )
    severity, evidence = run(films).failed[check]
    assert severity == "ERROR"
    assert "2503" in evidence
    assert "1299386" in evidence


@pytest.mark.exhaustive
def test_one_title_and_date_under_two_ids_is_a_warning_that_the_answers_repeat(
    run: Callable[..., _Outcome],
) -> None:
    date_of = {record["tmdb_id"]: record["release_date"].isoformat() for record in films_of_2017()}
    twin = Film(1299386, "The Bourne Ultimatum", 70_000_000, 442_824_138, date_of[2503])
    outcome = run(_films(twin))
    assert outcome.success
    assert outcome.failed["title_and_date_are_unique"][0] == "WARN"
    (remark,) = remarks(outcome.answers)
    assert "(TMDB 2503) and The Bourne Ultimatum (TMDB 1299386) look like one film" in remark


@pytest.mark.exhaustive
def test_a_film_that_is_in_cinemas_now_is_marked_as_not_final(
    run: Callable[..., _Outcome],
) -> None:
    released = (_TODAY - timedelta(days=5)).isoformat()
    film = Film(1300002, "The Bourne Dilemma", 250_000_000, 31_000_000, released, 888.0)
    outcome = run(_films(film))
    assert outcome.success
    texts = to_text(outcome.answers)
    marked = [any("is not final" in text for text in found.sentences) for found in texts]
    assert marked == [True, False, True, True, True, False]
    assert "is not final" in outcome.page
    assert "revenue_covers_budget" not in outcome.failed


@pytest.mark.exhaustive
def test_true_budgets_of_a_few_thousand_are_believed(run: Callable[..., _Outcome]) -> None:
    outcome = run(
        [
            Film(1, "El Bourne Mariachi", 7_000, 2_040_920, "1992-09-04", 9.1, collection_id=31562),
            Film(
                2, "Bourne Activity", 15_000, 193_355_800, "2007-09-14", 24.1, collection_id=31562
            ),
        ]
    )
    assert outcome.success
    assert remarks(outcome.answers) == []
    assert outcome.answers.answers.mean_budget.value == 11_000
    assert "budget_is_known_and_plausible" not in outcome.failed
    assert "0.0 million" not in outcome.page


@pytest.mark.exhaustive
def test_a_figure_of_the_sagas_file_takes_the_place_of_a_placeholder(
    run: Callable[..., _Outcome],
) -> None:
    stated = {2503: StatedFigures(budget=70_000_000, source="The Numbers")}
    outcome = run(_films(budget={2503: 1}), _SAGA.model_copy(update={"figures": stated}))
    assert outcome.success
    assert outcome.answers.answers.mean_budget.value == 91_000_000
    assert remarks(outcome.answers)[0].endswith("$70.0 million, from The Numbers.")
    assert "from The Numbers" in outcome.page


@pytest.mark.parametrize(
    "title",
    ["The Bourne \x1b[31mUltimatum\x1b]0;owned\x07\x1b[2J", "The Bourne\x0b Ultimatum\ufffe"],
)
@pytest.mark.exhaustive
def test_control_characters_of_a_title_stop_nothing_and_are_drawn_nowhere(
    run: Callable[..., _Outcome], title: str
) -> None:
    outcome = run(_films(title={2503: title}))
    assert outcome.success
    top = outcome.answers.answers.top_revenue_vs_top_budget.top_revenue
    assert top is not None
    assert top.title == title, "the data keep it as it came"
    assert not set(outcome.page) & {"\x1b", "\x07", "\x0b", "\ufffe"}
    assert outcome.page.count("<figure>") == 18


@pytest.mark.exhaustive
def test_a_negative_revenue_is_unknown_and_ends_no_run(run: Callable[..., _Outcome]) -> None:
    outcome = run(_films(revenue={2503: -2_147_483_648}))
    assert outcome.success
    missing = outcome.answers.answers.top_revenue_vs_top_budget.missing
    assert [(film.tmdb_id, film.reason) for film in missing if film.tmdb_id == 2503] == [
        (2503, "unknown")
    ]
