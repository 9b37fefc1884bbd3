"""The answers on correlations in words: how strong, how well proven, and by how many films.

What must not be put here: the other answers (`words`), and statistics.
"""

from datetime import date
from typing import Any

from bourne_assets.answers.statistics import (
    MINIMUM_PAIRS,
    SIGNIFICANT,
    evidence,
    smallest_p,
    strength,
)
from bourne_assets.answers.words.language import Localizer
from bourne_assets.answers.words.sentences import Figure, Spoken, film_name, missing, tied

_SUCCESS = ("revenue", "profit", "return")


def correlation_label(t: Localizer, name: str) -> str:
    """What is correlated: `revenue`, `profit`, `return` or `year`, with popularity."""
    return {
        "revenue": t.gettext("Popularity and revenue"),
        "profit": t.gettext("Popularity and profit"),
        "return": t.gettext("Popularity and return (profit / budget)"),
        "year": t.gettext("Year and popularity"),
    }[name]


def evidence_of(answer: dict[str, Any]) -> str | None:
    """The kind of evidence of a CORR object; None where it could not be computed."""
    if answer["pearson"] is None:
        return None
    r, p_of_r = answer["pearson"]["r"], answer["pearson"]["p_value"]
    return evidence(answer["n"], r, p_of_r, answer["spearman"]["p_value"])


def popularity(t: Localizer, answer: dict[str, Any]) -> Spoken:
    """Question 5: popularity against success, and the two extremes."""
    verdict = _verdict(t, answer)
    most, least = answer["most_popular"], answer["least_popular"]
    if most is None:
        lead = t.gettext("{verdict}.", verdict=verdict)
    else:
        lead = t.gettext(
            "{verdict}; the most popular film is {most}, profit {profit_of_most}, and the least "
            "popular {least}, profit {profit_of_least}.",
            verdict=verdict,
            most=film_name(most),
            profit_of_most=t.money(most["profit"]),
            least=film_name(least),
            profit_of_least=t.money(least["profit"]),
        )
    told = [_correlation(t, correlation_label(t, name), answer[name]) for name in _SUCCESS]
    lacking = {film["tmdb_id"]: film for name in _SUCCESS for film in answer[name]["missing"]}
    return Spoken(
        t.gettext(
            "Is popularity correlated with success? Which film is the most popular, which the "
            "least, and what profit did they make?"
        ),
        (lead, *told, *_extremes(t, most, least), *missing(t, list(lacking.values()))),
        t.gettext(
            "{proof} TMDB's popularity moves every day, and a correlation is no cause.",
            proof=_proof(t, max(answer[name]["n"] for name in _SUCCESS)),
        ),
        tuple(
            _coefficient(
                t,
                correlation_label(t, name),
                answer[name],
                f"answers.popularity_vs_success.{name}.pearson.r",
            )
            for name in _SUCCESS
        ),
    )


def _verdict(t: Localizer, answer: dict[str, Any]) -> str:
    """What the three correlations say together, as the beginning of a sentence."""
    kinds = {name: evidence_of(answer[name]) for name in _SUCCESS}
    proven = [correlation_label(t, name) for name, kind in kinds.items() if kind == "proven"]
    n = max(answer[name]["n"] for name in _SUCCESS)
    if proven:
        return t.gettext("Yes, for {pairs}", pairs=t.series([_lowered(label) for label in proven]))
    if not any(kinds.values()):
        return t.gettext("A correlation cannot be computed")
    if set(kinds.values()) <= {"none", None}:
        return t.gettext("No correlation to speak of")
    if "unprovable" in kinds.values():
        return t.gettext("Not proven, nor can {n} films prove it", n=n)
    return t.gettext("Not proven by {n} films", n=n)


def _lowered(label: str) -> str:
    return label[:1].lower() + label[1:]


def _extremes(t: Localizer, most: dict[str, Any] | None, least: dict[str, Any] | None) -> list[str]:
    if most is None or least is None:
        return []
    return [
        t.gettext(
            "Most popular: {title}, popularity {popularity}, profit {profit}.", **_extreme(t, most)
        ),
        *tied(t, most),
        t.gettext(
            "Least popular: {title}, popularity {popularity}, profit {profit}.",
            **_extreme(t, least),
        ),
        *tied(t, least),
    ]


def _extreme(t: Localizer, film: dict[str, Any]) -> dict[str, str]:
    return {
        "title": film_name(film),
        "popularity": t.number(film["popularity"], 2),
        "profit": t.money(film["profit"]),
    }


def year(t: Localizer, answer: dict[str, Any], day: date) -> Spoken:
    """Question 6: release year against popularity."""
    return Spoken(
        t.gettext("Is the release year correlated with popularity?"),
        (
            _correlation(t, correlation_label(t, "year"), answer),
            *missing(t, answer["missing"]),
        ),
        t.gettext(
            "{proof} Popularity is that of {day}, not of the time of release.",
            proof=_proof(t, answer["n"]),
            day=t.day(day),
        ),
        (
            _coefficient(
                t, correlation_label(t, "year"), answer, "answers.year_vs_popularity.pearson.r"
            ),
        ),
    )


def _correlation(t: Localizer, label: str, answer: dict[str, Any]) -> str:
    kind, n = evidence_of(answer), answer["n"]
    if kind is None:
        if n == 0:
            return t.gettext("{label}: not computable, as no film has both figures.", label=label)
        return t.ngettext(
            "{label}: not computable from the {n} film that has both figures.",
            "{label}: not computable from the {n} films that have both figures.",
            n,
            label=label,
        )
    r, rho = answer["pearson"]["r"], answer["spearman"]["rho"]
    figures = t.gettext(
        "r = {r}, {p}; rho = {rho}, {p_of_rho}",
        r=t.number(r, 2),
        p=t.p_value(answer["pearson"]["p_value"]),
        rho=t.number(rho, 2),
        p_of_rho=t.p_value(answer["spearman"]["p_value"]),
    )
    values = {"label": label, "tendency": _tendency(t, r), "n": n, "figures": figures}
    return {
        "none": t.gettext(
            "{label}: no correlation to speak of in {n} films ({figures}).", **values
        ),
        "proven": t.gettext("{label}: {tendency} correlation in {n} films ({figures}).", **values),
        "unproven": t.gettext(
            "{label}: {tendency} tendency, but {n} films do not prove it ({figures}).", **values
        ),
        "unprovable": t.gettext(
            "{label}: {tendency} tendency, but {n} films cannot prove it ({figures}).", **values
        ),
    }[kind]


def _tendency(t: Localizer, r: float) -> str:
    """Strength and direction."""
    return {
        ("strong", True): t.gettext("strong positive"),
        ("moderate", True): t.gettext("moderate positive"),
        ("weak", True): t.gettext("weak positive"),
        ("strong", False): t.gettext("strong negative"),
        ("moderate", False): t.gettext("moderate negative"),
        ("weak", False): t.gettext("weak negative"),
    }.get((strength(r), r > 0), "")


def _proof(t: Localizer, n: int) -> str:
    """What a p-value must reach, and whether n films can."""
    needed = t.number(SIGNIFICANT, 4)
    if n < MINIMUM_PAIRS:
        return t.gettext("A correlation needs at least {n} films.", n=MINIMUM_PAIRS)
    if smallest_p(n) < SIGNIFICANT:
        return t.gettext(
            "Four correlations are tested, so that each needs p < {needed} by r and by rho.",
            needed=needed,
        )
    return t.gettext(
        "Four correlations are tested, so that each needs p < {needed}; {n} films cannot get "
        "below {smallest}, whatever their figures.",
        n=n,
        needed=needed,
        smallest=t.number(smallest_p(n), 3),
    )


def _coefficient(t: Localizer, label: str, answer: dict[str, Any], path: str) -> Figure:
    if answer["pearson"] is None:
        return Figure(label, t.gettext("unknown"), None, path)
    r = answer["pearson"]["r"]
    return Figure(label, f"r = {t.number(r, 2)}", r, path)
