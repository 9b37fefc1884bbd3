"""Which answers turn over between two days: the conclusion, not the last digit.

What must not be put here: computing answers (`formulas`), and words but those of a comparison.
"""

from dataclasses import dataclass
from typing import Any, Literal

from bourne_assets.answers.statistics import strength
from bourne_assets.answers.words.correlations import evidence_of
from bourne_assets.answers.words.language import Language, Localizer, localizer
from bourne_assets.answers.words.sentences import Spoken, film_name
from bourne_assets.answers.words.words import in_words

Outcome = Literal["same", "changed", "turned", "unknown"]
_SUCCESS = ("revenue", "profit", "return")


@dataclass(frozen=True)
class Turn:
    """What became of one answer between two days.

    Attributes:
        answer: Its name in the answers object.
        outcome: `same`; `changed` where numbers moved and the conclusion stands; `turned` where
            the conclusion is another; `unknown` where one of the days does not tell.
        former: The conclusion of the first day, as plain values; None where it cannot be drawn.
        latter: The conclusion of the second day.
    """

    answer: str
    outcome: Outcome
    former: dict[str, Any] | None
    latter: dict[str, Any] | None


@dataclass(frozen=True)
class SpokenTurn:
    """A turn in words.

    Attributes:
        question: The question in full.
        outcome: As that of the `Turn`.
        verdict: What became of the answer.
        former: The answer of the first day, in one sentence.
        latter: That of the second day.
    """

    question: str
    outcome: Outcome
    verdict: str
    former: str
    latter: str


def compare(former: dict[str, Any], latter: dict[str, Any]) -> list[Turn]:
    """The six answers of two days, compared.

    Args:
        former: The object of `answers.answer_questions` of one day.
        latter: That of another day.
    """
    turns = []
    for name in former["answers"]:
        one, other = former["answers"][name], latter["answers"][name]
        before, after = _conclusion(name, one), _conclusion(name, other)
        equal = _about_money(name, one) == _about_money(name, other)
        turns.append(Turn(name, _outcome(before, after, equal=equal), before, after))
    return turns


def turns_in_words(
    former: dict[str, Any], latter: dict[str, Any], language: Language = "en"
) -> list[SpokenTurn]:
    """The comparison as sentences."""
    t = localizer(language)
    spoken = zip(
        compare(former, latter), in_words(former, language), in_words(latter, language), strict=True
    )
    return [_spoken(t, turn, one, other) for turn, one, other in spoken]


def _spoken(t: Localizer, turn: Turn, one: Spoken, other: Spoken) -> SpokenTurn:
    verdict = {
        "same": t.gettext("The same on both days"),
        "changed": t.gettext("Other numbers, the same conclusion"),
        "turned": t.gettext("Turns over"),
        "unknown": t.gettext("Not comparable: one of the days does not state the figures"),
    }[turn.outcome]
    return SpokenTurn(one.question, turn.outcome, verdict, one.sentences[0], other.sentences[0])


def _outcome(
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
    *,
    equal: bool,
) -> Outcome:
    """Parts of a conclusion that one of the days does not tell are not compared."""
    if before is None or after is None:
        return "unknown"
    names = {*before, *after}
    shared = [n for n in names if before.get(n) is not None and after.get(n) is not None]
    if not shared:
        return "unknown"
    if any(before[name] != after[name] for name in shared):
        return "turned"
    return "same" if equal else "changed"


def _about_money(name: str, answer: Any) -> Any:
    """An answer without what it is not about: films carry a popularity in all of them."""
    if name in {"popularity_vs_success", "year_vs_popularity"}:
        return answer
    if isinstance(answer, dict):
        return {
            part: _about_money(name, value)
            for part, value in answer.items()
            if part != "popularity"
        }
    return [_about_money(name, part) for part in answer] if isinstance(answer, list) else answer


def _conclusion(name: str, answer: dict[str, Any]) -> dict[str, Any] | None:
    if name.startswith("mean_"):
        return {"known": True} if answer["value"] is not None else None
    if name == "revenue_variation":
        return _variation(answer)
    if name == "top_revenue_vs_top_budget":
        return {
            "direction": answer["direction"],
            "top_revenue": _film(answer["top_revenue"]),
            "top_budget": _film(answer["top_budget"]),
        }
    if name == "popularity_vs_success":
        return {
            **{success: _tendency(answer[success]) for success in _SUCCESS},
            "most_popular": _film(answer["most_popular"]),
            "least_popular": _film(answer["least_popular"]),
        }
    return {"tendency": _tendency(answer)}


def _variation(answer: dict[str, Any]) -> dict[str, Any] | None:
    """Rise or fall of every step, by the two films."""
    if answer["varied"] is None:
        return None
    return {
        f"{step['from']['tmdb_id']} to {step['to']['tmdb_id']}": _sign(step["change_usd"])
        for step in answer["steps"]
    }


def _sign(change: float) -> str:
    return "rise" if change > 0 else "fall" if change < 0 else "none"


def _film(film: dict[str, Any] | None) -> str | None:
    return film_name(film) if film is not None else None


def _tendency(answer: dict[str, Any]) -> str | None:
    """Evidence, strength and direction of a correlation."""
    kind = evidence_of(answer)
    if kind is None or kind == "none":
        return kind
    r = answer["pearson"]["r"]
    return f"{kind}: {strength(r)} {'positive' if r > 0 else 'negative'}"
