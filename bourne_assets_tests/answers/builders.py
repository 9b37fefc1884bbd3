"""Films and sagas for the tests of the answers."""

import csv
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from bourne_assets.answers.questions import Answers, answer_questions, as_json
from bourne_assets.saga.schemas import SagaTable
from bourne_assets.tables import conform

FIGURES = Path(__file__).parent.parent / "data" / "bourne_2017-09.csv"
NOW = datetime(2026, 11, 23, 12, 0, 30, tzinfo=UTC)

_IMDB_IDS = {
    2501: "tt0258463",
    2502: "tt0372183",
    2503: "tt0440963",
    49040: "tt1194173",
    324668: "tt4196776",
}
FILM_FIELDS = [
    "tmdb_id",
    "imdb_id",
    "title",
    "release_date",
    "year",
    "budget",
    "revenue",
    "profit",
    "popularity",
]

Figures = dict[str, Any]


def film(tmdb_id: int, **figures: Any) -> Figures:
    """A film of which nothing is known but what is given."""
    return {"tmdb_id": tmdb_id, "title": f"Film {tmdb_id}", **figures}


def films_of_2017() -> list[Figures]:
    """The five Bourne films with TMDB's figures of about September 2017."""
    with FIGURES.open(encoding="utf-8", newline="") as file:
        return [
            film(
                int(row["tmdb_id"]),
                title=row["title"],
                imdb_id=_IMDB_IDS[int(row["tmdb_id"])],
                release_date=date.fromisoformat(row["release_date"]),
                budget=int(row["budget"]),
                revenue=int(row["revenue"]),
                popularity=float(row["popularity"]),
            )
            for row in csv.DictReader(file)
        ]


def saga_table(films: Iterable[Figures]) -> pd.DataFrame:
    """A `SagaTable` of these films; profit, return and year follow from the given figures."""
    rows = []
    for figures in films:
        profit = profit_of(figures)
        released = figures.get("release_date")
        rows.append(
            {
                "original_title": figures["title"],
                "status": "Released",
                "release_year": released.year if released else None,
                "profit": profit,
                "return_on_budget": profit / figures["budget"] if profit is not None else None,
                "collection_id": 31562,
                "fetched_at": NOW,
                "source": "tmdb",
                **figures,
            }
        )
    return conform(rows, SagaTable)


def result_of(*films: Figures) -> Answers:
    """The whole answers object of these films."""
    return answer_questions(saga_table(films), saga="bourne", inputs=[])


def answers_to(*films: Figures) -> dict[str, Any]:
    """The six answers about these films, as they are stored."""
    answers: dict[str, Any] = as_json(result_of(*films))["answers"]
    return answers


def profit_of(figures: Figures) -> int | None:
    """Revenue minus budget."""
    budget, revenue = figures.get("budget"), figures.get("revenue")
    return None if budget is None or revenue is None else revenue - budget


def changed(**figures: dict[int, Any]) -> list[Figures]:
    """The films of 2017 with some figures replaced: `budget={2503: None}`."""
    known = films_of_2017()
    for record in known:
        for name, values in figures.items():
            if record["tmdb_id"] in values:
                record[name] = values[record["tmdb_id"]]
    return known


def constant(name: str, value: Any) -> list[Figures]:
    return [{**record, name: value} for record in films_of_2017()]


def ranked(*success: int) -> list[Figures]:
    """Films of popularity 1, 2, 3 ... and of this success."""
    return [
        film(
            number,
            release_date=date(2000 + number, 1, 1),
            budget=10_000_000,
            revenue=20_000_000 + value * 100_000,
            popularity=float(number),
        )
        for number, value in enumerate(success, start=1)
    ]


#: Films that lead, together, through every branch of the words.
SCENARIOS: dict[str, list[Figures]] = {
    "figures of 2017": films_of_2017(),
    "nothing known": [film(1), film(2), film(3)],
    "no film is released": constant("status", "Planned"),
    "one film": films_of_2017()[:1],
    "one film of which nothing is known": [film(1)],
    "two films": films_of_2017()[:2],
    "no revenue but one": changed(revenue=dict.fromkeys((2501, 2502, 49040, 324668))),
    "top revenue without a budget": changed(budget={2503: None}),
    "no budget at all": constant("budget", None),
    "no popularity at all": constant("popularity", None),
    "no date at all": constant("release_date", None),
    "one without a date": changed(release_date={2503: None}),
    "revenue never changes": constant("revenue", 300_000_000),
    "same film leads both": changed(budget={2503: 200_000_000}),
    "equal budgets": changed(budget={2503: 130_000_000}),
    "ties everywhere": changed(
        budget={2502: 130_000_000},
        revenue={324668: 442_824_138},
        popularity={2501: 90.33681, 2502: 45.381501},
    ),
    "losses": changed(revenue={49040: 50_000_000, 2503: 10_000_000}),
    "significant and rising": ranked(1, 2, 3, 4, 5, 6),
    "significant and falling": ranked(6, 5, 4, 3, 2, 1),
    "moderate": ranked(2, 5, 1, 4, 3, 6),
    "weak": ranked(2, 5, 1, 6, 3, 4),
}
