"""The six answers in words, in English and Portuguese.

Every number comes from the answers object; nothing is computed here but rounding.
What must not be put here: markup. Callers join the sentences as they need.
"""

from datetime import date
from typing import Any

from bourne_assets.answers.words.correlations import popularity, year
from bourne_assets.answers.words.language import Language, Localizer, localizer
from bourne_assets.answers.words.sentences import Figure, Spoken, film_name, missing, tied


def in_words(result: dict[str, Any], language: Language = "en") -> list[Spoken]:
    """The six questions in order, each with its answer.

    Args:
        result: The object of `answers.answer_questions`.
        language: `en` or `pt`.
    """
    t, answers = localizer(language), result["answers"]
    return [
        _mean_revenue(t, answers["mean_revenue"]),
        _mean_budget(t, answers["mean_budget"]),
        _variation(t, answers["revenue_variation"]),
        _top(t, answers["top_revenue_vs_top_budget"]),
        popularity(t, answers["popularity_vs_success"]),
        year(t, answers["year_vs_popularity"], day_of(result)),
    ]


def origin(result: dict[str, Any], language: Language = "en") -> str:
    """Who answered and when, in one sentence."""
    t, day = localizer(language), day_of(result)
    films = t.ngettext("{n} film", "{n} films", result["films"])
    if result["source"] == "tmdb":
        return t.gettext("{films}; figures of TMDB on {day} (UTC).", films=films, day=t.day(day))
    return t.gettext(
        "{films}; figures of the bundled TMDB snapshot of {month}, not of today.",
        films=films,
        month=t.month(day),
    )


def day_of(result: dict[str, Any]) -> date:
    """The UTC day of the figures."""
    return date.fromisoformat(str(result["as_of"])[:10])


def _mean_revenue(t: Localizer, answer: dict[str, Any]) -> Spoken:
    return Spoken(
        t.gettext("What is the mean revenue of the saga's films?"),
        _mean(t, t.gettext("revenue"), answer),
        t.gettext(
            "Box office worldwide as TMDB states it, in dollars of each film's own year: inflation "
            "is not taken out."
        ),
        (_amount(t, t.gettext("mean revenue"), answer["value"], "answers.mean_revenue.value"),),
    )


def _mean_budget(t: Localizer, answer: dict[str, Any]) -> Spoken:
    return Spoken(
        t.gettext("What is the mean budget of the saga's films?"),
        _mean(t, t.gettext("budget"), answer),
        t.gettext(
            "Budgets are what TMDB's editors entered, in dollars of each film's own year; studios "
            "seldom publish them, and other sources state others."
        ),
        (_amount(t, t.gettext("mean budget"), answer["value"], "answers.mean_budget.value"),),
    )


def _mean(t: Localizer, figure: str, answer: dict[str, Any]) -> tuple[str, ...]:
    if answer["value"] is None:
        return (_unknown(t), *missing(t, answer["missing"]))
    sentence = t.ngettext(
        "The mean {figure} is {value}, over {n} film.",
        "The mean {figure} is {value}, over {n} films.",
        answer["n"],
        figure=figure,
        value=t.exact_money(answer["value"]),
    )
    return (sentence, *missing(t, answer["missing"]))


def _variation(t: Localizer, answer: dict[str, Any]) -> Spoken:
    steps = answer["steps"]
    return Spoken(
        t.gettext("Did revenue change from one film to the next, in order of release?"),
        (_changed(t, answer), *_steps(t, answer), *missing(t, answer["missing"])),
        t.gettext(
            "In dollars of each film's own year: neither inflation nor the years between two films "
            "are taken out."
        ),
        tuple(
            Figure(
                _step_label(t, step),
                t.percent(step["change_pct"]),
                step["change_pct"],
                f"answers.revenue_variation.steps.{number}.change_pct",
            )
            for number, step in enumerate(steps)
        ),
    )


def _changed(t: Localizer, answer: dict[str, Any]) -> str:
    steps = answer["steps"]
    if answer["varied"] is None:
        return _unknown(t)
    if not answer["varied"]:
        return t.gettext("No: it was the same for every film.")
    largest = max(steps, key=lambda step: abs(step["change_usd"]))
    change = t.gettext(
        "{change} ({percent}) from {former} to {latter}",
        former=film_name(largest["from"]),
        latter=film_name(largest["to"]),
        change=t.signed_money(largest["change_usd"]),
        percent=t.percent(largest["change_pct"]),
    )
    if len(steps) == 1:
        return t.gettext("Yes: {change}.", change=change)
    rises = sum(step["change_usd"] > 0 for step in steps)
    falls = sum(step["change_usd"] < 0 for step in steps)
    return t.gettext(
        "Yes: {rises} and {falls}, the largest {change}.",
        rises=t.ngettext("{n} rise", "{n} rises", rises),
        falls=t.ngettext("{n} fall", "{n} falls", falls),
        change=change,
    )


def _steps(t: Localizer, answer: dict[str, Any]) -> list[str]:
    if not answer["varied"] or len(answer["steps"]) == 1:
        return []
    return [
        t.gettext(
            "{former} to {latter}: {change} ({percent})",
            former=film_name(step["from"]),
            latter=film_name(step["to"]),
            change=t.signed_money(step["change_usd"]),
            percent=t.percent(step["change_pct"]),
        )
        for step in answer["steps"]
    ]


def _step_label(t: Localizer, step: dict[str, Any]) -> str:
    years = [film["year"] for film in (step["from"], step["to"])]
    return t.gettext("{former} to {latter}", former=years[0], latter=years[1])


def _top(t: Localizer, answer: dict[str, Any]) -> Spoken:
    top_revenue, top_budget = answer["top_revenue"], answer["top_budget"]
    ties: list[str] = []
    if answer["direction"] is not None:
        ties = [
            *tied(t, top_revenue),
            *(tied(t, top_budget) if top_budget != top_revenue else []),
        ]
    return Spoken(
        t.gettext(
            "Did the film of top revenue have a larger or smaller budget than the film of top "
            "budget? What was the difference in per cent?"
        ),
        (_comparison(t, answer), *ties, *missing(t, answer["missing"])),
        t.gettext(
            "In per cent of the top budget; budgets are what TMDB's editors entered, and other "
            "sources state others."
        ),
        (
            Figure(
                t.gettext("difference to the top budget"),
                t.percent(answer["difference_pct"]),
                answer["difference_pct"],
                "answers.top_revenue_vs_top_budget.difference_pct",
            ),
        ),
    )


def _comparison(t: Localizer, answer: dict[str, Any]) -> str:
    top_revenue = answer["top_revenue"]
    if answer["direction"] is None:
        if top_revenue is None or top_revenue["budget"] is not None:
            return _unknown(t)
        return t.gettext(
            "Unknown: {top_revenue} earned the most ({revenue}), and its budget is unknown.",
            top_revenue=film_name(top_revenue),
            revenue=t.money(top_revenue["revenue"]),
        )
    templates = {
        "smaller": t.gettext(
            "Smaller: {top_revenue} earned the most ({revenue}) on a budget of {budget}, "
            "{difference} less than {top_budget} with the top budget of {top} ({percent}).",
            **_tops(t, answer),
        ),
        "equal": t.gettext(
            "Equal: {top_revenue} earned the most ({revenue}) on a budget of {budget}, which "
            "is the top budget, as that of {top_budget}.",
            **_tops(t, answer),
        ),
        "same_film": t.gettext(
            "It is the same film: {top_revenue} earned the most ({revenue}) and has the "
            "top budget ({top}).",
            **_tops(t, answer),
        ),
    }
    return templates[answer["direction"]]


def _tops(t: Localizer, answer: dict[str, Any]) -> dict[str, str]:
    top_revenue, top_budget = answer["top_revenue"], answer["top_budget"]
    return {
        "top_revenue": film_name(top_revenue),
        "revenue": t.money(top_revenue["revenue"]),
        "budget": t.money(top_revenue["budget"]),
        "top_budget": film_name(top_budget),
        "top": t.money(top_budget["budget"]),
        "difference": t.money(abs(answer["difference_usd"])),
        "percent": t.percent(answer["difference_pct"]),
    }


def _amount(t: Localizer, label: str, value: float | None, path: str) -> Figure:
    return Figure(label, t.money(value), value, path)


def _unknown(t: Localizer) -> str:
    return t.gettext("Unknown: too few films have the figures.")
