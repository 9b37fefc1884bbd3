"""Correlation with honest p-values, against plain Python that tries every order by itself.

The arithmetic of comparison is exact: `fractions` for the sums, `decimal` for the root.
"""

import itertools
import json
import math
import operator
import random
from collections.abc import Sequence
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from scipy import stats

from bourne_assets.answers import statistics
from bourne_assets.answers.statistics import (
    EXACT_UP_TO,
    MINIMUM_PAIRS,
    Correlation,
    evidence_of,
    smallest_p,
    strength,
)

#: How near two doubles must be that were computed in different ways.
NEAR = 1e-12
_ADAPTER = TypeAdapter(Correlation)


def correlation(first: Sequence[float], second: Sequence[float]) -> dict[str, Any]:
    """A correlation that is one of four, as it is stored."""
    found = statistics.correlation(first, second, 4)
    stored: dict[str, Any] = _ADAPTER.dump_python(found, mode="json", exclude_defaults=True)
    assert _ADAPTER.validate_python(stored) == found
    return stored


def as_fractions(values: Sequence[float]) -> list[Fraction]:
    """The decimal numbers that were written down, and not the doubles next to them."""
    return [Fraction(str(value)) for value in values]


def as_integers(values: Sequence[float]) -> list[int]:
    """The same numbers on a scale on which all are whole."""
    fractions = as_fractions(values)
    scale = math.lcm(*(value.denominator for value in fractions))
    return [int(value * scale) for value in fractions]


def comoment(x: Sequence[Fraction], y: Sequence[Fraction]) -> Fraction:
    """Return n squared times the covariance, exactly."""
    return len(x) * sum((a * b for a, b in zip(x, y, strict=True)), Fraction(0)) - sum(x) * sum(y)


def exact_r(first: Sequence[float], second: Sequence[float]) -> float:
    """Pearson's r to the last digit of a double."""
    x, y = as_fractions(first), as_fractions(second)
    shared = comoment(x, y)
    squared = shared**2 / (comoment(x, x) * comoment(y, y))
    with localcontext() as context:
        context.prec = 60
        root = (Decimal(squared.numerator) / Decimal(squared.denominator)).sqrt()
    return float(-root if shared < 0 else root)


def ranks(values: Sequence[float]) -> list[float]:
    """Ranks from 1, equal values sharing the mean of theirs."""
    ordered = sorted(values)
    return [ordered.index(value) + (ordered.count(value) + 1) / 2 for value in values]


def share_of_orders(first: Sequence[float], second: Sequence[float]) -> float:
    """The share of all orders of the second whose |r| is at least as large."""
    x, y = as_integers(first), as_integers(second)
    shift = sum(x) * sum(y)
    found: list[int] = [
        abs(len(x) * sum(map(operator.mul, x, order)) - shift)
        for order in itertools.permutations(y)
    ]
    observed = found[0]  # the order as it is comes first
    return sum(value >= observed for value in found) / len(found)


def students_p(r: float, n: int) -> float:
    """Two-sided p-value of r for an even number of degrees of freedom, in closed form."""
    freedom = n - 2
    assert freedom % 2 == 0
    terms = [float(math.comb(2 * k, k)) / 4**k * (1 - r * r) ** k for k in range(freedom // 2)]
    return 1 - abs(r) * math.fsum(terms)


# The definition


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ([1, 2, 3], [1, 3, 2]),
        ([5, 1, 4, 2], [10, 40, 20, 30]),
        ([1.5, 2.25, 8, 3.125, 9], [3, 1, 4, 1, 5]),
        ([2, 7, 1, 8, 2, 8], [3, 1, 4, 1, 5, 9]),
        ([-1, -2, 5, 0], [100, -3, 7, 7]),
        ([60e6, 75e6, 70e6, 130e6, 120e6], [86.476817, 53.213931, 45.381501, 90.33681, 62.641286]),
    ],
)
def test_r_and_rho_and_their_p_values_are_those_of_trying_every_order(
    first: list[float], second: list[float]
) -> None:
    found = correlation(first, second)
    assert found["n"] == len(first)
    assert found["pearson"]["r"] == pytest.approx(exact_r(first, second), rel=NEAR)
    assert found["pearson"]["p_value"] == pytest.approx(share_of_orders(first, second))
    by_rank = ranks(first), ranks(second)
    assert found["spearman"]["rho"] == pytest.approx(exact_r(*by_rank), rel=NEAR)
    assert found["spearman"]["p_value"] == pytest.approx(share_of_orders(*by_rank))
    assert found["p_value_method"] == "exact permutation"


@given(
    st.lists(
        st.tuples(st.integers(0, 10**6).map(lambda n: n / 1000), st.integers(0, 10**9)),
        min_size=MINIMUM_PAIRS,
        max_size=5,
    )
)
@settings(max_examples=50, deadline=None, derandomize=True, database=None)
def test_any_figures_have_the_r_and_p_value_of_trying_every_order(
    pairs: list[tuple[float, int]],
) -> None:
    first, second = [list(values) for values in zip(*pairs, strict=True)]
    assume(len(set(first)) > 1 and len(set(second)) > 1)
    found = correlation(first, second)
    assert found["pearson"]["r"] == pytest.approx(exact_r(first, second), rel=1e-9, abs=1e-9)
    assert found["pearson"]["p_value"] == pytest.approx(share_of_orders(first, second))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ([1, 2, 3], [1, 2, 1]),
        ([1, 3, 3, 1], [4, 1, 3, 0]),
        ([2, 0, 0, 2], [3_000_000.1, 1_000_000.1, 3_000_000.1, 1_000_000.1]),
        ([0.4, 0.2, 0.1, 0.3, 0.0], [2, 1, 4, 0, 0]),
        ([3.9, 7.8, 2.6, 3.9, 1.3], [1, 2, 0, 0, 3]),
    ],
)
def test_figures_without_any_correlation_have_a_p_value_of_one(
    first: list[float], second: list[float]
) -> None:
    assert exact_r(first, second) == 0
    found = correlation(first, second)
    assert found["pearson"]["r"] == pytest.approx(0, abs=1e-15)
    assert found["pearson"]["p_value"] == 1
    assert found["verdict"].startswith("no correlation to speak of")


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("n", [3, 4, 7])
def test_a_straight_line_has_an_r_of_one_and_two_orders_as_good(n: int, sign: int) -> None:
    found = correlation(range(n), [sign * (7 + 3 * value) for value in range(n)])
    for name, coefficient in (("pearson", "r"), ("spearman", "rho")):
        assert found[name][coefficient] == pytest.approx(sign, rel=NEAR)
        assert abs(found[name][coefficient]) <= 1
        assert found[name]["p_value"] == pytest.approx(2 / math.factorial(n))


def test_rho_is_one_where_only_the_order_agrees() -> None:
    found = correlation([1, 2, 3, 4, 5], [1, 10, 100, 1_000, 10_000])
    assert found["spearman"]["rho"] == pytest.approx(1, rel=NEAR)
    assert found["pearson"]["r"] == pytest.approx(
        exact_r([1, 2, 3, 4, 5], [1, 10, 100, 1_000, 10_000]), rel=NEAR
    )


def test_equal_values_share_their_rank() -> None:
    assert ranks([30, 10, 20, 20]) == [4, 1, 2.5, 2.5]
    found = correlation([1, 2, 3, 4], [30, 10, 20, 20])
    assert found["spearman"]["rho"] == pytest.approx(
        exact_r([1, 2, 3, 4], [4, 1, 2.5, 2.5]), rel=NEAR
    )


def test_r_does_not_depend_on_which_figure_comes_first() -> None:
    first, second = [5, 1, 4, 2, 9], [10, 45, 20, 30, 7]
    forth, back = correlation(first, second), correlation(second, first)
    assert forth["pearson"]["r"] == pytest.approx(back["pearson"]["r"], rel=NEAR)
    assert forth["pearson"]["p_value"] == pytest.approx(back["pearson"]["p_value"])


# Many pairs


@pytest.mark.parametrize("n", [EXACT_UP_TO + 1, EXACT_UP_TO + 3, 40])
def test_many_pairs_have_the_p_value_of_students_t(n: int) -> None:
    dice = random.Random(n)  # noqa: S311 - figures, no secrets
    first = [dice.randrange(1_000) for _ in range(n)]
    second = [value + dice.randrange(2_000) for value in first]
    found = correlation(first, second)
    r, rho = exact_r(first, second), exact_r(ranks(first), ranks(second))
    assert found["p_value_method"] == "Student's t"
    assert found["pearson"]["r"] == pytest.approx(r, rel=NEAR)
    assert found["pearson"]["p_value"] == pytest.approx(students_p(r, n), abs=1e-9)
    assert found["spearman"]["rho"] == pytest.approx(rho, rel=NEAR)
    assert found["spearman"]["p_value"] == pytest.approx(students_p(rho, n), abs=1e-9)


def test_nine_pairs_are_the_last_whose_orders_are_all_tried() -> None:
    assert EXACT_UP_TO == 9
    nine, ten = correlation(range(9), range(9)), correlation(range(10), range(10))
    assert nine["p_value_method"] == "exact permutation"
    assert nine["pearson"]["p_value"] == pytest.approx(2 / math.factorial(9))
    assert ten["p_value_method"] == "Student's t"


def test_many_pairs_on_a_line_have_a_p_value_of_zero_and_are_json() -> None:
    found = correlation(range(12), range(12))
    assert found["pearson"]["p_value"] == pytest.approx(0, abs=1e-12)
    assert json.dumps(found, allow_nan=False)


# What cannot be computed


@pytest.mark.parametrize("n", [0, 1, 2])
def test_fewer_than_three_pairs_have_no_correlation_and_a_reason(n: int) -> None:
    assert correlation(range(n), range(n)) == {
        "n": n,
        "pearson": None,
        "spearman": None,
        "verdict": f"not computable: a correlation needs at least 3 films, and there are {n}",
        "reason": f"a correlation needs at least 3 films, and there are {n}",
    }


@pytest.mark.parametrize(
    ("first", "second"), [([1, 1, 1], [1, 2, 3]), ([1, 2, 3], [7, 7, 7]), ([0, 0, 0], [0, 0, 0])]
)
def test_a_figure_that_does_not_vary_has_no_correlation_and_a_reason(
    first: list[float], second: list[float]
) -> None:
    found = correlation(first, second)
    assert (found["n"], found["pearson"], found["spearman"]) == (3, None, None)
    assert found["reason"] == "one of the two figures is the same for every film"
    assert found["verdict"] == f"not computable: {found['reason']}"


def test_the_result_is_json() -> None:
    for found in (correlation([1, 2], [1, 2]), correlation([1, 2, 4], [1, 5, 3])):
        assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_a_result_has_the_fields_of_the_contract() -> None:
    computed = correlation([1, 2, 4], [1, 5, 3])
    assert list(computed) == [
        "n",
        "pearson",
        "spearman",
        "p_value_method",
        "p_value_threshold",
        "verdict",
    ]
    assert list(computed["pearson"]) == ["r", "p_value"]
    assert list(computed["spearman"]) == ["rho", "p_value"]
    assert {type(value) for value in computed["pearson"].values()} == {float}


# In words


@pytest.mark.parametrize(
    ("r", "word"),
    [
        (1.0, "strong"),
        (0.5, "strong"),
        (-0.5, "strong"),
        (0.4999, "moderate"),
        (0.3, "moderate"),
        (-0.3, "moderate"),
        (0.2999, "weak"),
        (0.1, "weak"),
        (-0.1, "weak"),
        (0.0999, "no"),
        (0.0, "no"),
    ],
)
def test_strength_follows_cohens_bounds(r: float, word: str) -> None:
    assert strength(r) == word
    assert strength(-r) == word


def test_the_verdict_of_a_significant_correlation_says_strength_and_direction() -> None:
    rising = correlation(range(8), [0, 1, 2, 3, 5, 4, 6, 7])
    assert rising["verdict"].startswith("strong positive correlation (r = 0.98, p < 0.001; rho = ")
    falling = correlation(range(8), [7, 6, 4, 5, 3, 2, 1, 0])
    assert falling["verdict"].startswith(
        "strong negative correlation (r = -0.98, p < 0.001; rho = "
    )


@pytest.mark.parametrize(
    ("second", "verdict"),
    [
        ([1, 5, 4], "strong positive tendency that 3 films cannot prove"),
        ([5, 1, 2], "strong negative tendency that 3 films cannot prove"),
        ([1, 2, 1], "no correlation to speak of in 3 films"),
        ([2, 1, 4, 3, 6, 5], "strong positive tendency that 6 films do not prove"),
    ],
)
def test_the_verdict_of_few_films_claims_nothing(second: list[float], verdict: str) -> None:
    assert correlation(range(len(second)), second)["verdict"].startswith(verdict)


def test_five_films_can_prove_nothing_however_well_they_are_in_line() -> None:
    found = correlation(range(5), [1, 2, 3, 4, 5])
    assert found["pearson"]["r"] == pytest.approx(1)
    assert found["pearson"]["p_value"] == pytest.approx(smallest_p(5)) == pytest.approx(2 / 120)
    assert found["p_value_threshold"] == 0.0125
    assert found["verdict"] == (
        "strong positive tendency that 5 films cannot prove (r = 1.00, p = 0.017; rho = 1.00, "
        "p = 0.017; n = 5; p < 0.0125 is needed, as 4 correlations are tested, and 5 films have "
        "at least 0.017)"
    )
    assert correlation(range(6), range(6))["verdict"].startswith("strong positive correlation")


def test_no_order_of_n_values_has_a_p_value_below_the_smallest() -> None:
    for n in (3, 4, 5):
        found = [
            correlation(range(n), order)["pearson"]["p_value"]
            for order in itertools.permutations(range(n))
        ]
        assert min(found) == pytest.approx(smallest_p(n))


def test_a_p_value_of_three_in_a_hundred_is_not_significant_where_four_are_tested() -> None:
    popularity = [86.476817, 53.213931, 45.381501, 90.33681, 62.641286]
    returns = [2.567, 2.847, 5.326, 1.127, 2.462]
    found = correlation(popularity, returns)
    assert found["pearson"]["p_value"] < 0.05
    assert "cannot prove" in found["verdict"]
    assert evidence_of(5, -0.8, 0.03, 0.0125) == "underpowered"
    assert evidence_of(7, -0.8, 0.03, 0.0125) == "not_significant"
    assert evidence_of(7, -0.8, 0.012, 0.0125) == "significant"
    assert evidence_of(40, -0.8, 0.013, 0.0125) == "not_significant"
    assert evidence_of(5, 0.05, 0.9, 0.0125) == "none"


def test_a_fifth_correlation_lowers_the_threshold_of_all() -> None:
    first, second = [1, 2, 3, 4, 5, 6, 7], [2, 1, 4, 3, 6, 5, 7]
    four, ten = (statistics.correlation(first, second, number) for number in (4, 10))
    assert (four.p_value_threshold, four.evidence) == (0.0125, "significant")
    assert (ten.p_value_threshold, ten.evidence) == (0.005, "not_significant")
    assert (four.comparisons, ten.comparisons) == (4, 10)
    assert "p < 0.005 is needed, as 10 correlations are tested" in ten.verdict


def test_half_a_correlation_is_refused() -> None:
    stored = correlation([1, 2, 4], [1, 5, 3])
    for name in ("pearson", "spearman", "p_value_threshold"):
        with pytest.raises(ValidationError, match="belong together"):
            _ADAPTER.validate_python({**stored, name: None})


def test_a_coefficient_of_a_half_is_strong_although_doubles_come_out_just_below() -> None:
    assert exact_r([1, 2, 3], [1, 3, 2]) == 0.5
    assert correlation([1, 2, 3], [1, 3, 2])["verdict"].startswith("strong positive tendency")


def test_one_outlier_alone_is_not_significant() -> None:
    first, second = [1, 2, 3, 4, 5, 6, 100], [2, 1, 4, 3, 6, 1.5, 200]
    found = correlation(first, second)
    assert found["pearson"]["r"] > 0.99
    assert found["pearson"]["p_value"] < 0.05 < found["spearman"]["p_value"]
    assert "do not prove" in found["verdict"]
    assert f"p = {found['spearman']['p_value']:.3f}" in found["verdict"]


@pytest.mark.exhaustive
def test_r_and_ranks_are_scipys_to_the_last_digit() -> None:
    dice = random.Random(3)  # noqa: S311 - test data
    for _ in range(500):
        n = dice.randint(MINIMUM_PAIRS, EXACT_UP_TO)
        first = [float(dice.randint(1, 10**9)) for _ in range(n)]
        second = [dice.choice((1.5, 2.25, dice.random() * 100)) for _ in range(n)]
        if len(set(second)) == 1:
            continue
        found = correlation(first, second)
        assert found["pearson"]["r"] == float(stats.pearsonr(first, second).statistic)
        ranks = stats.rankdata(first), stats.rankdata(second)
        assert found["spearman"]["rho"] == float(stats.pearsonr(*ranks).statistic)


@pytest.mark.parametrize("n", [10, 17, 60])
def test_many_pairs_have_scipys_r_and_p_value(n: int) -> None:
    draw = random.Random(n)  # noqa: S311 - figures, not secrets
    first = [draw.randrange(10**6, 10**9) for _ in range(n)]
    second = [draw.random() * 100 for _ in range(n)]

    found = statistics.correlation(first, second, 4)

    expected = stats.pearsonr(first, second)
    assert found.pearson is not None
    assert found.pearson.r == pytest.approx(float(expected.statistic), rel=1e-13)
    assert found.pearson.p_value == pytest.approx(float(expected.pvalue), rel=1e-11)
