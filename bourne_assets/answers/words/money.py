"""The answers on money in words, in English and Portuguese.

Every number comes from the answers; nothing is computed here but rounding.
Not here: correlations (`correlations`), and markup. Callers join the sentences as they need.
"""

from datetime import date

from bourne_assets.answers.formulas import Mean, RevenueVariation, Step, TopRevenueVsTopBudget
from bourne_assets.answers.words.language import Localizer
from bourne_assets.answers.words.sentences import (
    AnswerText,
    Figure,
    film_name,
    missing,
    not_final,
    tied,
)

#: Up to this many changes of revenue are listed, each with its figure above the answer. Of more, as
#: many of the largest are listed, and the six largest have figures; the stored object has all.
_MOST_STEPS, _MOST_FIGURES = 30, 6


def mean_revenue_text(t: Localizer, answer: Mean, _day: date) -> AnswerText:
    """Question 1."""
    return AnswerText(
        t.gettext("What is the mean revenue of the saga's films?"),
        _mean(t, t.gettext("revenue"), answer),
        t.gettext(
            "Worldwide box office as stated by TMDB, in dollars of each film's own year: not "
            "adjusted for inflation."
        ),
        (_amount(t, t.gettext("mean revenue"), answer.value, "answers.mean_revenue.value"),),
    )


def mean_budget_text(t: Localizer, answer: Mean, _day: date) -> AnswerText:
    """Question 2."""
    return AnswerText(
        t.gettext("What is the mean budget of the saga's films?"),
        _mean(t, t.gettext("budget"), answer),
        t.gettext(
            "Budgets are what TMDB's editors entered, in dollars of each film's own year; studios "
            "seldom publish them, and other sources differ."
        ),
        (_amount(t, t.gettext("mean budget"), answer.value, "answers.mean_budget.value"),),
    )


def variation_text(t: Localizer, answer: RevenueVariation, _day: date) -> AnswerText:
    """Question 3."""
    return AnswerText(
        t.gettext("Did revenue change from one film to the next, in order of release?"),
        (
            _changed(t, answer),
            *_steps(t, answer),
            *missing(t, answer.missing),
            *not_final(t, answer.not_final),
        ),
        t.gettext(
            "In dollars of each film's own year: adjusted neither for inflation nor for the years "
            "between two films."
        ),
        tuple(
            Figure(
                t.gettext("{former} to {latter}", former=step.former.year, latter=step.latter.year),
                t.percent(step.change_pct),
                step.change_pct,
                f"answers.revenue_variation.steps.{number}.change_pct",
            )
            for number, step in _largest(answer, _MOST_FIGURES)
        ),
    )


def tops_text(t: Localizer, answer: TopRevenueVsTopBudget, _day: date) -> AnswerText:
    """Question 4."""
    top_revenue, top_budget = answer.top_revenue, answer.top_budget
    ties: list[str] = []
    if answer.direction is not None and top_revenue is not None and top_budget is not None:
        ties = [
            *tied(t, top_revenue),
            *(tied(t, top_budget) if top_budget != top_revenue else []),
        ]
    return AnswerText(
        t.gettext(
            "Did the film with the top revenue have a larger or smaller budget than the film with "
            "the top budget? What was the difference in per cent?"
        ),
        (
            _comparison(t, answer),
            *ties,
            *missing(t, answer.missing),
            *not_final(t, answer.not_final),
        ),
        t.gettext(
            "In per cent of the top budget; budgets are what TMDB's editors entered, and other "
            "sources differ."
        ),
        (
            Figure(
                t.gettext("difference to the top budget"),
                t.percent(answer.difference_pct),
                answer.difference_pct,
                "answers.top_revenue_vs_top_budget.difference_pct",
            ),
        ),
    )


def _mean(t: Localizer, figure: str, answer: Mean) -> tuple[str, ...]:
    sentence = _unknown(t)
    if answer.value is not None:
        sentence = t.ngettext(
            "The mean {figure} is {value}, over {n} film.",
            "The mean {figure} is {value}, over {n} films.",
            answer.n,
            figure=figure,
            value=t.exact_money(answer.value),
        )
    return (sentence, *missing(t, answer.missing), *not_final(t, answer.not_final))


def _changed(t: Localizer, answer: RevenueVariation) -> str:
    if answer.varied is None:
        return _unknown(t)
    if not answer.varied:
        return t.gettext("No: it was the same for every film.")
    largest = max(answer.steps, key=lambda step: abs(step.change_usd))
    change = t.gettext("{change} ({percent}) from {former} to {latter}", **_change(t, largest))
    if len(answer.steps) == 1:
        return t.gettext("Yes: {change}.", change=change)
    rises = sum(step.change_usd > 0 for step in answer.steps)
    falls = sum(step.change_usd < 0 for step in answer.steps)
    return t.gettext(
        "Yes: {rises} and {falls}, the largest {change}.",
        rises=t.ngettext("{n} rise", "{n} rises", rises),
        falls=t.ngettext("{n} fall", "{n} falls", falls),
        change=change,
    )


def _steps(t: Localizer, answer: RevenueVariation) -> list[str]:
    if not answer.varied or len(answer.steps) == 1:
        return []
    told = [step_text(t, step) for _, step in _largest(answer, _MOST_STEPS)]
    if len(told) == len(answer.steps):
        return told
    left = t.gettext(
        "These are the {shown} largest of {all} changes.", shown=len(told), all=len(answer.steps)
    )
    return [*told, left]


def _largest(answer: RevenueVariation, most: int) -> list[tuple[int, Step]]:
    """The largest changes and their places, in order of release; all where few can be read."""
    steps = list(enumerate(answer.steps))
    if len(steps) <= _MOST_STEPS:
        return steps
    return sorted(
        sorted(steps, key=lambda each: -abs(each[1].change_usd))[:most], key=lambda each: each[0]
    )


def step_text(t: Localizer, step: Step) -> str:
    """One change of revenue in words."""
    return t.gettext("{former} to {latter}: {change} ({percent})", **_change(t, step))


def _change(t: Localizer, step: Step) -> dict[str, str]:
    return {
        "former": film_name(step.former),
        "latter": film_name(step.latter),
        "change": t.signed_money(step.change_usd),
        "percent": t.percent(step.change_pct),
    }


def _comparison(t: Localizer, answer: TopRevenueVsTopBudget) -> str:
    top_revenue, top_budget = answer.top_revenue, answer.top_budget
    if top_revenue is None or top_budget is None or answer.difference_usd is None:
        if top_revenue is None or top_revenue.budget is not None:
            return _unknown(t)
        return t.gettext(
            "Unknown: {top_revenue} earned the most ({revenue}), and its budget is unknown.",
            top_revenue=film_name(top_revenue),
            revenue=t.money(top_revenue.revenue),
        )
    values = {
        "top_revenue": film_name(top_revenue),
        "revenue": t.money(top_revenue.revenue),
        "budget": t.money(top_revenue.budget),
        "top_budget": film_name(top_budget),
        "top": t.money(top_budget.budget),
        "difference": t.money(abs(answer.difference_usd)),
        "percent": t.percent(answer.difference_pct),
    }
    if answer.direction == "same_film":
        return t.gettext(
            "It is the same film: {top_revenue} earned the most ({revenue}) and has the "
            "top budget ({top}).",
            **values,
        )
    if answer.direction == "equal":
        return t.gettext(
            "Equal: {top_revenue} earned the most ({revenue}) on a budget of {budget}, which "
            "is the top budget, as is that of {top_budget}.",
            **values,
        )
    return t.gettext(
        "Smaller: {top_revenue} earned the most ({revenue}) on a budget of {budget}, "
        "{difference} less than {top_budget} with the top budget of {top} ({percent}).",
        **values,
    )


def _amount(t: Localizer, label: str, value: float | None, path: str) -> Figure:
    return Figure(label, t.money(value), value, path)


def _unknown(t: Localizer) -> str:
    return t.gettext("Unknown: too few films have the figures.")
