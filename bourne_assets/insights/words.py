"""The six answers in words, in English and Portuguese.

Every number comes from the answers object; nothing is computed here but rounding.
What must not be put here: markup. Callers join the sentences as they need.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from bourne_assets.insights.phrases import ENGLISH, PORTUGUESE, Phrases
from bourne_assets.insights.statistics import evidence, strength

Language = Literal["en", "pt"]


@dataclass(frozen=True)
class Spoken:
    """One question with its answer.

    Attributes:
        question: The question in full.
        sentences: The answer, the most important sentence first.
    """

    question: str
    sentences: tuple[str, ...]


def in_words(result: dict[str, Any], language: Language = "en") -> list[Spoken]:
    """The six questions in order, each with its answer.

    Args:
        result: The object of `answers.answer_questions`.
        language: `en` or `pt`.
    """
    phrases = PORTUGUESE if language == "pt" else ENGLISH
    answers = result["answers"]
    spoken = (
        _mean(phrases, answers["mean_revenue"]),
        _mean(phrases, answers["mean_budget"]),
        _variation(phrases, answers["revenue_variation"]),
        _top(phrases, answers["top_revenue_vs_top_budget"]),
        _popularity(phrases, answers["popularity_vs_success"]),
        _year(phrases, answers["year_vs_popularity"]),
    )
    return [
        Spoken(question, tuple(sentences))
        for question, sentences in zip(phrases.questions, spoken, strict=True)
    ]


def origin(result: dict[str, Any], language: Language = "en") -> str:
    """Who answered and when, in one sentence."""
    phrases = PORTUGUESE if language == "pt" else ENGLISH
    day = str(result["as_of"])[:10]
    template = phrases.from_snapshot if result["source"] != "tmdb" else phrases.from_tmdb
    return template.format(day=day, month=day[:7], films=result["films"])


def _mean(phrases: Phrases, answer: dict[str, Any]) -> list[str]:
    if answer["value"] is None:
        return [phrases.unknown]
    template = phrases.mean if answer["n"] != 1 else phrases.mean_of_one
    sentence = template.format(value=phrases.exact_money(answer["value"]), n=answer["n"])
    return [sentence, *_missing(phrases, answer["missing"])]


def _variation(phrases: Phrases, answer: dict[str, Any]) -> list[str]:
    if answer["varied"] is None:
        return [phrases.unknown]
    steps = [
        phrases.step.format(
            former=_title(step["from"]),
            latter=_title(step["to"]),
            change=phrases.signed_money(step["change_usd"]),
            percent=_percent(phrases, step["change_pct"]),
        )
        for step in answer["steps"]
    ]
    opening = phrases.varied if answer["varied"] else phrases.not_varied
    return [opening, *steps, *_missing(phrases, answer["missing"])]


def _top(phrases: Phrases, answer: dict[str, Any]) -> list[str]:
    top_revenue, top_budget = answer["top_revenue"], answer["top_budget"]
    if answer["direction"] is None:
        return [_no_comparison(phrases, top_revenue), *_missing(phrases, answer["missing"])]
    sentence = phrases.tops[answer["direction"]].format(
        top_revenue=_title(top_revenue),
        revenue=phrases.money(top_revenue["revenue"]),
        budget=phrases.money(top_revenue["budget"]),
        top_budget=_title(top_budget),
        top=phrases.money(top_budget["budget"]),
        difference=phrases.money(abs(answer["difference_usd"])),
        percent=_percent(phrases, answer["difference_pct"]),
    )
    tied = [*_tied(phrases, top_revenue), *_tied(phrases, top_budget)]
    return [sentence, *tied, *_missing(phrases, answer["missing"])]


def _no_comparison(phrases: Phrases, top_revenue: dict[str, Any] | None) -> str:
    if top_revenue is None or top_revenue["budget"] is not None:
        return phrases.unknown
    return phrases.unknown_budget.format(
        top_revenue=_title(top_revenue), revenue=phrases.money(top_revenue["revenue"])
    )


def _popularity(phrases: Phrases, answer: dict[str, Any]) -> list[str]:
    sentences = [
        _correlation(phrases, label, answer[name]) for name, label in phrases.popularity_and.items()
    ]
    sentences += _missing(phrases, _all_missing(answer))
    for name, template in phrases.extremes.items():
        film = answer[name]
        if film is not None:
            profit = phrases.money(film["profit"]) if film["profit"] is not None else None
            sentences.append(
                template.format(
                    title=_title(film),
                    popularity=phrases.number(film["popularity"], 2),
                    profit=profit or phrases.unknown_amount,
                )
            )
            sentences += _tied(phrases, film)
    return sentences


def _all_missing(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """Films that lack a figure of any of the three correlations, each once."""
    films = [film for name in ("revenue", "profit", "return") for film in answer[name]["missing"]]
    return list({film["tmdb_id"]: film for film in films}.values())


def _year(phrases: Phrases, answer: dict[str, Any]) -> list[str]:
    sentence = _correlation(phrases, phrases.year_and_popularity, answer)
    return [sentence, *_missing(phrases, answer["missing"])]


def _correlation(phrases: Phrases, label: str, answer: dict[str, Any]) -> str:
    if answer["pearson"] is None:
        return phrases.no_correlation.format(label=label, n=answer["n"])
    pearson, spearman = answer["pearson"], answer["spearman"]
    r = pearson["r"]
    kind = evidence(r, pearson["p_value"], spearman["p_value"])
    return phrases.correlations[kind].format(
        label=label,
        strength=phrases.strengths[strength(r)],
        direction=phrases.directions[r > 0],
        r=phrases.number(r, 2),
        p=phrases.number(pearson["p_value"], 2),
        rho=phrases.number(spearman["rho"], 2),
        p_rho=phrases.number(spearman["p_value"], 2),
        n=answer["n"],
    )


def _missing(phrases: Phrases, films: Sequence[dict[str, Any]]) -> list[str]:
    titles = ", ".join(str(film["title"]) for film in films)
    return [phrases.missing.format(titles=titles)] if films else []


def _tied(phrases: Phrases, film: dict[str, Any]) -> list[str]:
    titles = ", ".join(str(other["title"]) for other in film.get("tied_with", ()))
    return [phrases.tied.format(title=film["title"], titles=titles)] if titles else []


def _title(film: dict[str, Any]) -> str:
    return f"{film['title']} ({film['year']})" if film["year"] is not None else str(film["title"])


def _percent(phrases: Phrases, value: float | None) -> str:
    return (
        f"{phrases.number(value, 1, signed=True)} %"
        if value is not None
        else phrases.unknown_amount
    )
