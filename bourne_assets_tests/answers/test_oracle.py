"""The answers on invented sagas with every edge case, against plain Python that shares no code."""

from datetime import date

import pytest

from bourne_assets_tests.answers.builders import SCENARIOS, Figures, film
from bourne_assets_tests.answers.by_hand import must_be_those_of_plain_python

_DAY = date(2007, 8, 3)


def _films(*rows: tuple[date | None, int | None, int | None, float | None]) -> list[Figures]:
    return [
        film(number, release_date=day, budget=budget, revenue=revenue, popularity=popularity)
        for number, (day, budget, revenue, popularity) in enumerate(rows, start=1)
    ]


_SAGAS: dict[str, list[Figures]] = {
    # Plain Python knows nothing of films that are not released.
    **{name: films for name, films in SCENARIOS.items() if name != "no film is released"},
    "two films on one date": _films((_DAY, 5, 9, 1.0), (_DAY, 6, 8, 2.0), (None, 7, 7, 3.0)),
    "losses all along": _films((_DAY, 9, 1, 3.0), (_DAY, 8, 2, 1.0), (_DAY, 7, 3, 2.0)),
    "nine films": _films(
        *((date(2000 + n, 1, 1), 10 + n % 4, 30 + n * n % 7, n * 37 % 11 / 2) for n in range(9))
    ),
    "holes everywhere": _films(
        (date(2001, 1, 1), None, 40, 1.0),
        (None, 20, 10, 0.0),
        (date(2003, 1, 1), 30, None, 3.5),
        (date(2004, 1, 1), 25, 60, None),
        (date(2005, 1, 1), 25, 60, 2.25),
        (date(2006, 1, 1), 5, 70, 9.0),
    ),
    "ties in ranks": _films(*((date(2000 + n, 1, 1), 10, 20 + n // 2, n % 2) for n in range(6))),
    # Believed, as the sagas file states them: no film ever cost so much.
    "money beyond a double's integers": [
        {**record, "budget_source": "test", "revenue_source": "test"}
        for record in _films((_DAY, 2**53 + 1, 2**54 + 3, 1.0), (_DAY, 2**53 + 3, 2**54 + 9, 2.0))
    ],
}


@pytest.mark.parametrize("name", _SAGAS)
def test_the_answers_of_an_invented_saga_are_those_of_plain_python(name: str) -> None:
    nothing = dict.fromkeys(("release_date", "budget", "revenue", "popularity"))
    films = [
        {**nothing, **{figure: value for figure, value in record.items() if figure != "imdb_id"}}
        for record in _SAGAS[name]
    ]
    must_be_those_of_plain_python(films)
