"""Correlation that admits how little a handful of films can show.

SciPy's statistics are imported where they are used: they take longer to load than the answers
take to compute. What must not be put here: films.
"""

import functools
import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Up to this many pairs, all orders are tried (9! = 362,880); above, the analytic p-value.
EXACT_UP_TO = 9
#: Fewer pairs have no correlation: two points always lie on a line.
MINIMUM_PAIRS = 3
#: The answers test four correlations. Where each may err by chance once in twenty, one of four
#: errs in five; so all four together may err once in twenty (Bonferroni, 1936).
TESTS = 4
SIGNIFICANT = 0.05 / TESTS
_TOLERANCE = 1e-9


def correlation(first: Sequence[float], second: Sequence[float]) -> dict[str, Any]:
    """Pearson's r and Spearman's rho with two-sided p-values, as the answers' CORR object.

    r = cov(x, y) / (sd(x) sd(y)); rho is r of the ranks, ties sharing their mean rank. For up to
    nine pairs the p-value is exact: the share of all orders of y whose |r| is at least as large.
    Above, it is Student's t with n - 2 degrees of freedom (Student, 1908; Fisher, 1935, for the
    permutations). Four correlations are tested together: each must reach p < 0.0125.

    Args:
        first: Values of one figure, none unknown.
        second: Values of the other, in the same order of films.

    Returns:
        `n`, `pearson`, `spearman`, `p_value_method`, `p_value_threshold` and `verdict`; or nulls
        with a `reason` where there are fewer than three pairs or one figure does not vary.
    """
    n = len(first)
    if n < MINIMUM_PAIRS:
        return _none(n, f"a correlation needs at least {MINIMUM_PAIRS} films, and there are {n}")
    if len(set(first)) == 1 or len(set(second)) == 1:
        return _none(n, "one of the two figures is the same for every film")
    x, y = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    r, p_of_r = _pearson(x, y)
    rho, p_of_rho = _pearson(_ranks(x), _ranks(y))
    return {
        "n": n,
        "pearson": {"r": r, "p_value": p_of_r},
        "spearman": {"rho": rho, "p_value": p_of_rho},
        "p_value_method": "exact permutation" if n <= EXACT_UP_TO else "Student's t",
        "p_value_threshold": SIGNIFICANT,
        "verdict": _verdict(n, (r, p_of_r), (rho, p_of_rho)),
    }


def strength(r: float) -> str:
    """`strong`, `moderate`, `weak` or `no` by Cohen's bounds for |r|: 0.5, 0.3, 0.1."""
    for bound, word in ((0.5, "strong"), (0.3, "moderate"), (0.1, "weak")):
        if abs(r) >= bound - _TOLERANCE:
            return word
    return "no"


def smallest_p(n: int) -> float:
    """The smallest p-value that n pairs can have, all different: the order as it is and its mirror.

    2 / n! where all orders are tried; 0 above, where the p-value is analytic.
    """
    return 2 / math.factorial(n) if n <= EXACT_UP_TO else 0.0


def evidence(n: int, r: float, p_of_r: float, p_of_rho: float) -> str:
    """`none`, `proven`, `unproven`, or `unprovable` where n pairs cannot prove anything.

    Both p-values count, so that one outlier proves nothing.
    """
    if strength(r) == "no":
        return "none"
    if smallest_p(n) >= SIGNIFICANT:
        return "unprovable"
    return "proven" if max(p_of_r, p_of_rho) < SIGNIFICANT else "unproven"


def _none(n: int, reason: str) -> dict[str, Any]:
    verdict = f"not computable: {reason}"
    return {"n": n, "pearson": None, "spearman": None, "verdict": verdict, "reason": reason}


def _pearson(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float]:
    from scipy import stats

    result = stats.pearsonr(x, y)
    if len(x) > EXACT_UP_TO:
        return float(result.statistic), float(result.pvalue)
    # |r| of every order of y, the order as it is first; rounding errors must not break ties.
    found = np.abs(((y - y.mean()) / y.std())[_orders(len(y))] @ ((x - x.mean()) / x.std()))
    return float(result.statistic), float(np.mean(found >= found[0] - _TOLERANCE))


@functools.cache
def _orders(n: int) -> NDArray[np.int8]:
    """All orders of n things, one a row; kept, as every correlation needs them (3 MB for nine)."""
    flat = itertools.chain.from_iterable(itertools.permutations(range(n)))
    return np.fromiter(flat, dtype=np.int8, count=n * math.factorial(n)).reshape(-1, n)


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy import stats

    return np.asarray(stats.rankdata(values), dtype=float)


def _verdict(n: int, pearson: tuple[float, float], spearman: tuple[float, float]) -> str:
    (r, p_of_r), (rho, p_of_rho) = pearson, spearman
    direction = "positive" if r > 0 else "negative"
    figures = f"r = {r:.2f}, {_p(p_of_r)}; rho = {rho:.2f}, {_p(p_of_rho)}; n = {n}"
    needed = f"p < {SIGNIFICANT} is needed, as {TESTS} correlations are tested"
    tendency = f"{strength(r)} {direction} tendency that {n} films"
    return {
        "none": f"no correlation to speak of in {n} films ({figures})",
        "proven": f"{strength(r)} {direction} correlation ({figures}; {needed})",
        "unproven": f"{tendency} do not prove ({figures}; {needed})",
        "unprovable": f"{tendency} cannot prove ({figures}; {needed}, and {n} films have at least "
        f"{smallest_p(n):.3f})",
    }[evidence(n, r, p_of_r, p_of_rho)]


def _p(value: float) -> str:
    smallest = 0.001
    return f"p = {value:.3f}" if value >= smallest else f"p < {smallest}"
