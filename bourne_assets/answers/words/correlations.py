"""The answers on correlations in words: how strong, on what evidence, and in how many films.

Not here: the answers on money (`money`), and statistics.
"""

from datetime import date

from bourne_assets.answers.films import Film
from bourne_assets.answers.formulas import FilmCorrelation, PopularityVsSuccess
from bourne_assets.answers.statistics import EXACT, MINIMUM_PAIRS, smallest_p, strength
from bourne_assets.answers.words.language import Localizer
from bourne_assets.answers.words.sentences import (
    AnswerText,
    Figure,
    film_name,
    missing,
    not_final,
    tied,
)


def popularity_text(t: Localizer, answer: PopularityVsSuccess, _day: date) -> AnswerText:
    """Question 5: popularity against success, and the two extremes."""
    pairs = _labelled(t, answer)
    verdict = _verdict(t, pairs)
    most, least = answer.most_popular, answer.least_popular
    extremes: list[str] = []
    lead = t.gettext("{verdict}.", verdict=verdict)
    if most is not None and least is not None:
        lead = t.gettext(
            "{verdict}; the most popular film is {most}, profit {profit_of_most}, and the least "
            "popular {least}, profit {profit_of_least}.",
            verdict=verdict,
            most=film_name(most),
            profit_of_most=t.money(most.profit),
            least=film_name(least),
            profit_of_least=t.money(least.profit),
        )
        extremes = _extremes(t, most, least)
    lacking = {film.tmdb_id: film for found in pairs.values() for film in found.missing}
    return AnswerText(
        t.gettext(
            "Is popularity correlated with success? Which film is the most popular, which the "
            "least, and what profit did they make?"
        ),
        (
            lead,
            *(
                sentence
                for label, found in pairs.items()
                for sentence in (_correlation(t, label, found), *_larger_p(t, label, pairs))
            ),
            *extremes,
            *missing(t, list(lacking.values())),
            *not_final(t, answer.not_final),
        ),
        _with_threshold(
            t,
            max(pairs.values(), key=lambda found: found.n),
            t.gettext("TMDB's popularity moves every day, and correlation is not causation."),
        ),
        tuple(
            _coefficient(t, label, found, f"answers.popularity_vs_success.{name}.pearson.r")
            for name, (label, found) in zip(
                ("revenue", "profit", "return"), pairs.items(), strict=True
            )
        ),
    )


def year_text(t: Localizer, answer: FilmCorrelation, day: date) -> AnswerText:
    """Question 6: release year against popularity."""
    label = t.gettext("Year and popularity")
    return AnswerText(
        t.gettext("Is the release year correlated with popularity?"),
        (_correlation(t, label, answer), *missing(t, answer.missing)),
        _with_threshold(
            t,
            answer,
            t.gettext("Popularity is that of {day}, not of the time of release.", day=t.day(day)),
        ),
        (_coefficient(t, label, answer, "answers.year_vs_popularity.pearson.r"),),
    )


def _labelled(t: Localizer, answer: PopularityVsSuccess) -> dict[str, FilmCorrelation]:
    return {
        t.gettext("Popularity and revenue"): answer.revenue,
        t.gettext("Popularity and profit"): answer.profit,
        t.gettext("Popularity and return (profit / budget)"): answer.return_on_budget,
    }


def _verdict(t: Localizer, pairs: dict[str, FilmCorrelation]) -> str:
    """What the three correlations say together, as the beginning of a sentence."""
    kinds = {label: found.evidence for label, found in pairs.items()}
    significant = [label for label, kind in kinds.items() if kind == "significant"]
    n = max(found.n for found in pairs.values())
    if significant:
        labels = t.series([label[:1].lower() + label[1:] for label in significant])
        return t.gettext("Yes, for {pairs}", pairs=labels)
    if not any(kinds.values()):
        return t.gettext("A correlation cannot be computed")
    if set(kinds.values()) <= {"none", None}:
        return t.gettext("No correlation to speak of")
    if "underpowered" in kinds.values():
        return t.gettext("Inconclusive, as {n} films are too few for significance", n=n)
    return t.gettext("Not significant in {n} films", n=n)


def _extremes(t: Localizer, most: Film, least: Film) -> list[str]:
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


def _extreme(t: Localizer, film: Film) -> dict[str, str]:
    return {
        "title": film_name(film),
        "popularity": t.number(film.popularity, 2),
        "profit": t.money(film.profit),
    }


def _correlation(t: Localizer, label: str, answer: FilmCorrelation) -> str:
    n = answer.n
    if answer.evidence is None or answer.pearson is None or answer.spearman is None:
        if n == 0:
            return t.gettext("{label}: not computable, as no film has both figures.", label=label)
        return t.ngettext(
            "{label}: not computable from the {n} film that has both figures.",
            "{label}: not computable from the {n} films that have both figures.",
            n,
            label=label,
        )
    r, rho = answer.pearson.r, answer.spearman.rho
    figures = t.gettext(
        "r = {r}, {p}; rho = {rho}, {p_of_rho}",
        r=t.number(r, 2),
        p=t.p_value(answer.pearson.p_value),
        rho=t.number(rho, 2),
        p_of_rho=t.p_value(answer.spearman.p_value),
    )
    values = {
        "label": label,
        "tendency": _tendency(t, r),
        "n": n,
        "figures": figures,
        "threshold": t.number(answer.p_value_threshold, 4),
        "smallest": t.number(smallest_p(n), 3),
    }
    return {
        "none": t.gettext(
            "{label}: no correlation to speak of in {n} films ({figures}).", **values
        ),
        "significant": t.gettext(
            "{label}: {tendency} correlation in {n} films ({figures}).", **values
        ),
        "not_significant": t.gettext(
            "{label}: {tendency} tendency, not significant in {n} films ({figures}; p < "
            "{threshold} is needed).",
            **values,
        ),
        "underpowered": t.gettext(
            "{label}: {tendency} tendency, but {n} films are too few for significance "
            "({figures}; p < {threshold} is needed, and at best {smallest} possible).",
            **values,
        ),
    }[answer.evidence]


def _larger_p(t: Localizer, label: str, pairs: dict[str, FilmCorrelation]) -> list[str]:
    """Explains a correlation that is strong and not significant beside one of smaller r and p."""
    found = pairs[label]
    if found.pearson is None or found.evidence not in {"not_significant", "underpowered"}:
        return []
    r, p_value = abs(found.pearson.r), found.pearson.p_value
    smaller = [
        other
        for other, beside in pairs.items()
        if beside.pearson and abs(beside.pearson.r) < r and beside.pearson.p_value < p_value
    ]
    # By Student's t the larger r of as many films always has the smaller p.
    exact = found.p_value_method == EXACT
    if strength(r) != "strong" or not smaller or not exact:
        return []
    return [
        t.gettext(
            "Its r is stronger than that of {others}, and its p larger: p is the share of all "
            "orders of the films that correlate as strongly, and depends on how the figures are "
            "spread, not on r alone.",
            others=t.series([other[:1].lower() + other[1:] for other in smaller]),
        )
    ]


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


def _with_threshold(t: Localizer, answer: FilmCorrelation, caveat: str) -> str:
    """The caveat after what a p-value must reach, and whether this many films can."""
    n, threshold = answer.n, answer.p_value_threshold
    if n < MINIMUM_PAIRS:
        needed = t.gettext("A correlation needs at least {n} films.", n=MINIMUM_PAIRS)
    elif threshold is None:
        return caveat
    elif smallest_p(n) < threshold:
        needed = t.gettext(
            "{comparisons} correlations are tested, so each needs p < {threshold} by r and by rho.",
            comparisons=answer.comparisons,
            threshold=t.number(threshold, 4),
        )
    else:
        needed = t.gettext(
            "{comparisons} correlations are tested, so each needs p < {threshold}; {n} films "
            "cannot get below {smallest}, whatever their figures.",
            comparisons=answer.comparisons,
            n=n,
            threshold=t.number(threshold, 4),
            smallest=t.number(smallest_p(n), 3),
        )
    return f"{needed} {caveat}"


def _coefficient(t: Localizer, label: str, answer: FilmCorrelation, path: str) -> Figure:
    if answer.pearson is None:
        return Figure(label, t.gettext("unknown"), None, path)
    r = answer.pearson.r
    return Figure(label, f"r = {t.number(r, 2)}", r, path)
