"""What each answer concludes, as plain values: what has to differ for two days to disagree.

Not here: the comparison of two days (`comparison`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bourne_assets.answers.films import Film
from bourne_assets.answers.formulas import (
    FilmCorrelation,
    Mean,
    PopularityVsSuccess,
    RevenueVariation,
    TopRevenueVsTopBudget,
)
from bourne_assets.answers.statistics import strength
from bourne_assets.answers.words.sentences import film_name


@dataclass(frozen=True)
class ConcludedFilm:
    """A film in a conclusion: the same under another title, another under the same title.

    Attributes:
        tmdb_id: TMDB's id of it.
        name: Its name on that day.
    """

    tmdb_id: int
    name: str = field(compare=False)


#: Parts of a conclusion by name; None where the day does not decide it.
Conclusion = Mapping[str, str | bool | ConcludedFilm | None]


def conclude_mean(answer: Mean) -> Conclusion | None:
    """That there is a mean: another amount is another number, not another conclusion."""
    return {"known": True} if answer.value is not None else None


def conclude_variation(answer: RevenueVariation) -> Conclusion | None:
    """Rise or fall of every step, by the two films."""
    if answer.varied is None:
        return None
    return {
        f"{step.former.tmdb_id} to {step.latter.tmdb_id}": _sign(step.change_usd)
        for step in answer.steps
    }


def conclude_tops(answer: TopRevenueVsTopBudget) -> Conclusion:
    """The two films, and which budget is the larger."""
    return {
        "direction": answer.direction,
        "top_revenue": _film(answer.top_revenue),
        "top_budget": _film(answer.top_budget),
    }


def conclude_popularity(answer: PopularityVsSuccess) -> Conclusion:
    """The tendency of each correlation, and the two extremes."""
    return {
        "revenue": tendency(answer.revenue),
        "profit": tendency(answer.profit),
        "return": tendency(answer.return_on_budget),
        "most_popular": _film(answer.most_popular),
        "least_popular": _film(answer.least_popular),
    }


def conclude_correlation(answer: FilmCorrelation) -> Conclusion:
    """The tendency of the one correlation."""
    return {"tendency": tendency(answer)}


def tendency(answer: FilmCorrelation) -> str | None:
    """Evidence, strength and direction of a correlation; None where it could not be computed."""
    if answer.evidence in {None, "none"} or answer.pearson is None:
        return answer.evidence
    r = answer.pearson.r
    return f"{answer.evidence}: {strength(r)} {'positive' if r > 0 else 'negative'}"


def _sign(change: float) -> str:
    return "rise" if change > 0 else "fall" if change < 0 else "none"


def _film(film: Film | None) -> ConcludedFilm | None:
    return ConcludedFilm(film.tmdb_id, film_name(film)) if film is not None else None
