"""Which films count, and what of a film may be used for what: one place that everything uses.

Between a figure that is known and one that is not, there is one that is doubtful: TMDB's editors
enter placeholders, millions as units, and other currencies. It is shown and named, and no answer
rests on it. Not here: who uses it (answers, checks, report), and the sentences that they write.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

#: TMDB's status of a film that can be seen.
RELEASED = "Released"
#: Every other status of TMDB (the crate tmdb-api lists them all, `tmdb_api/common/status.rs`).
NOT_RELEASED = frozenset({"Rumored", "Planned", "In Production", "Post Production", "Canceled"})
UNKNOWN, NOT_YET, DOUBTFUL = "unknown", "not_released", "doubtful"

Kind = Literal["placeholder", "multiple", "record", "currency"]


@dataclass(frozen=True)
class Threshold:
    """A bound, and where it is from.

    Attributes:
        value: The bound.
        unit: What it counts.
        source: The film or the rule that it is taken from.
    """

    value: int
    unit: str
    source: str


#: Every bound of this module.
THRESHOLDS = {
    "placeholder": Threshold(
        1_000,
        "USD",
        "A seventh of El Mariachi's budget of 7,000 USD (Robert Rodriguez, Rebel without a Crew, "
        "1995). TMDB's editors enter 1 where a figure is wanted, and 60 for 60 million.",
    ),
    "votes": Threshold(
        20,
        "votes at TMDB",
        "So many voters have seen a film that cost, and earned, more than 1,000 USD.",
    ),
    "multiple": Threshold(
        20_000,
        "times the budget",
        "Paranormal Activity earned 194.2 million USD on 15,000: about 13,000 times its budget, "
        "the most that is known (Hindustan Times, 2024-11-04; Live Science, What's the most "
        "profitable film ever made).",
    ),
    "revenue": Threshold(
        3_000_000_000,
        "USD",
        "Avatar earned 2.92 billion USD, more than any other film (Box Office Mojo, Top Lifetime "
        "Grosses, worldwide).",
    ),
    "budget": Threshold(
        1_000_000_000,
        "USD",
        "Star Wars: The Force Awakens cost 447 million USD, more than any other film (Wikipedia, "
        "List of most expensive films, after Forbes).",
    ),
    "final_after": Threshold(
        90, "days", "A film earns at box offices for about three months after its release."
    ),
}
#: Figures are requested every day: older figures mean that a refresh was missed.
OLDEST_FIGURES = timedelta(hours=36)
_FINAL_AFTER = timedelta(days=THRESHOLDS["final_after"].value)
#: What a figure is made of.
_PARTS = {"profit": ("revenue", "budget"), "return_on_budget": ("revenue", "budget")}


@dataclass(frozen=True)
class Doubt:
    """Why a stated figure is not believed.

    Attributes:
        figure: `budget` or `revenue`.
        value: As stated, USD.
        kind: `placeholder`: far too small for this film; `multiple`: the revenue is too many times
            the budget; `record`: above any ever; `currency`: both figures are.
    """

    figure: str
    value: int
    kind: Kind

    @property
    def reason(self) -> str:
        """The reason in English."""
        stated = f"a {self.figure} of {self.value:,} USD"
        bound = THRESHOLDS[self.figure if self.kind == "record" else "placeholder"].value
        return {
            "placeholder": f"{stated} is below {bound:,} USD, too small for this film",
            "multiple": f"{stated} would have been earned more than "
            f"{THRESHOLDS['multiple'].value:,} times",
            "record": f"{stated} is above {bound:,} USD, more than any film's",
            "currency": f"{stated} looks like another currency, as budget and revenue are both "
            "above any film's",
        }[self.kind]


def usable(film: Mapping[str, Any], figure: str, as_of: date) -> bool:
    """Whether an answer may rest on a figure of a film.

    Args:
        film: A row of the saga table, or of the details.
        figure: Name of its column.
        as_of: Day of the figures.
    """
    return why_not(film, figure, as_of) is None


def why_not(film: Mapping[str, Any], figure: str, as_of: date) -> str | None:
    """Why no answer may rest on a figure: `unknown`, `not_released`, `doubtful: <why>`, or None."""
    if not is_released(film, as_of):
        return NOT_YET
    if film.get(figure) is None and figure not in _PARTS:
        return UNKNOWN
    for part in _PARTS.get(figure, (figure,)):
        if film.get(part) is None:
            return UNKNOWN
        if (doubt := doubt_of(film, part)) is not None:
            return f"{DOUBTFUL}: {doubt.reason}"
    return None


def is_released(film: Mapping[str, Any], as_of: date) -> bool:
    """Whether a film could be seen on a day, by TMDB's status and its release date.

    A film without a status counts when its date has passed; a released one without a date counts.
    """
    status, released = film.get("status"), film.get("release_date")
    if status in NOT_RELEASED:
        return False
    return bool(released <= as_of) if released is not None else status == RELEASED


def days_since_release(film: Mapping[str, Any], as_of: date) -> int | None:
    """Days from the release to the figures; None where there is no date."""
    released: date | None = film.get("release_date")
    return (as_of - released).days if released is not None else None


def is_final(film: Mapping[str, Any], as_of: date) -> bool:
    """Whether the film's revenue will hardly change: it was released long enough ago."""
    days = days_since_release(film, as_of)
    return days is None or days >= _FINAL_AFTER.days


def doubt_of(film: Mapping[str, Any], figure: str) -> Doubt | None:
    """Why a stated budget or revenue is not believed; None where it is, or is not stated.

    A figure that the sagas file states is believed.
    """
    value = film.get(figure)
    if figure not in {"budget", "revenue"} or value is None or film.get(f"{figure}_source"):
        return None
    kind = _kind(film, figure, value)
    return Doubt(figure, value, kind) if kind else None


def _kind(film: Mapping[str, Any], figure: str, value: int) -> Kind | None:
    other_figure = "revenue" if figure == "budget" else "budget"
    other = film.get(other_figure)
    if value > THRESHOLDS[figure].value:
        beyond = other is not None and other > THRESHOLDS[other_figure].value
        return "currency" if beyond else "record"
    smallest = THRESHOLDS["placeholder"].value
    votes = film.get("vote_count") or 0
    if value < smallest and ((other or 0) >= smallest or votes >= THRESHOLDS["votes"].value):
        return "placeholder"
    if figure == "budget" and other is not None and doubt_of(film, "revenue") is None:
        return "multiple" if other > THRESHOLDS["multiple"].value * value else None
    return None
