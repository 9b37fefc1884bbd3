"""Correlation that admits how little a handful of films can show.

Of SciPy only the distribution is used, and imported where it is needed: `scipy.stats` takes longer
to load than all answers take to compute. Not here: films.
"""

import functools
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import FiniteFloat

#: Up to this many pairs, all orders are tried (9! = 362,880); above, the analytic p-value.
EXACT_UP_TO = 9
#: Fewer pairs have no correlation: two points always lie on a line.
MINIMUM_PAIRS = 3
#: All correlations that are tested together may err by chance once in twenty. Where each may, one
#: of four errs in five; so each gets its share (Bonferroni, 1936).
ALPHA = 0.05
#: How p-values are computed where all orders are tried.
EXACT = "exact permutation"
_TOLERANCE = 1e-9

#: `none`: no correlation to speak of; `underpowered`: so few pairs cannot reach significance.
Evidence = Literal["none", "significant", "not_significant", "underpowered"]


@dataclass(frozen=True, kw_only=True)
class Pearson:
    """Pearson's r and its two-sided p-value."""

    r: FiniteFloat
    p_value: FiniteFloat


@dataclass(frozen=True, kw_only=True)
class Spearman:
    """Spearman's rho and its two-sided p-value."""

    rho: FiniteFloat
    p_value: FiniteFloat


@dataclass(frozen=True, kw_only=True)
class Correlation:
    """A correlation of `n` pairs; None with a reason where it cannot be computed.

    Attributes:
        n: Pairs.
        pearson: r.
        spearman: rho.
        p_value_method: How the p-values were computed.
        p_value_threshold: What both p-values must stay below to be significant.
        verdict: What it says, in English.
        reason: Why it could not be computed.
    """

    n: int
    pearson: Pearson | None
    spearman: Spearman | None
    p_value_method: str | None = None
    p_value_threshold: FiniteFloat | None = None
    verdict: str
    reason: str | None = None

    def __post_init__(self) -> None:
        """Refuse half a correlation, which no reader could interpret.

        Raises:
            ValueError: Some of the coefficients and the threshold are there, and some are not.
        """
        parts = (self.pearson, self.spearman, self.p_value_threshold)
        if len({part is None for part in parts}) > 1:
            raise ValueError("pearson, spearman and p_value_threshold belong together")

    @property
    def evidence(self) -> Evidence | None:
        """What kind of evidence it is; None where it could not be computed."""
        if self.pearson is None or self.spearman is None or self.p_value_threshold is None:
            return None
        largest_p = max(self.pearson.p_value, self.spearman.p_value)
        return evidence_of(self.n, self.pearson.r, largest_p, self.p_value_threshold)

    @property
    def comparisons(self) -> int | None:
        """How many correlations were tested together."""
        return round(ALPHA / self.p_value_threshold) if self.p_value_threshold else None


def correlation(first: Sequence[float], second: Sequence[float], comparisons: int) -> Correlation:
    """Pearson's r and Spearman's rho with two-sided p-values.

    r = cov(x, y) / (sd(x) sd(y)); rho is r of the ranks, ties sharing their mean rank. For up to
    nine pairs the p-value is exact: the share of all orders of y whose |r| is at least as large.
    Above, it is Student's t with n - 2 degrees of freedom (Student, 1908; Fisher, 1935, for the
    permutations). SciPy's own permutation test doubles the smaller tail instead (0.417 against
    0.408 for five pairs) and takes more than ten times as long for nine.

    Args:
        first: Values of one figure, none unknown.
        second: Values of the other, in the same order of films.
        comparisons: How many correlations are tested together: each must reach
            p < `ALPHA` / comparisons by r and by rho.

    Returns:
        The correlation; without coefficients and with a `reason` where there are fewer than three
        pairs or one figure does not vary.
    """
    n = len(first)
    if n < MINIMUM_PAIRS:
        return _none(n, f"a correlation needs at least {MINIMUM_PAIRS} films, and there are {n}")
    if len(set(first)) == 1 or len(set(second)) == 1:
        return _none(n, "one of the two figures is the same for every film")
    x, y = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    r, p_of_r = _pearson(x, y)
    rho, p_of_rho = _pearson(_ranks(x), _ranks(y))
    return Correlation(
        n=n,
        pearson=Pearson(r=r, p_value=p_of_r),
        spearman=Spearman(rho=rho, p_value=p_of_rho),
        p_value_method=EXACT if n <= EXACT_UP_TO else "Student's t",
        p_value_threshold=ALPHA / comparisons,
        verdict=_verdict(n, (r, p_of_r), (rho, p_of_rho), comparisons),
    )


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


def evidence_of(n: int, r: float, largest_p: float, threshold: float) -> Evidence:
    """The kind of evidence that a correlation is.

    Args:
        n: Pairs.
        r: Pearson's r.
        largest_p: The larger p-value of r and rho: both count, so that one outlier does not decide.
        threshold: What it must stay below.
    """
    if strength(r) == "no":
        return "none"
    if smallest_p(n) >= threshold:
        return "underpowered"
    return "significant" if largest_p < threshold else "not_significant"


def _none(n: int, reason: str) -> Correlation:
    verdict = f"not computable: {reason}"
    return Correlation(n=n, pearson=None, spearman=None, verdict=verdict, reason=reason)


def _pearson(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float]:
    x_units, y_units = _standardised(x), _standardised(y)
    r = min(1.0, max(-1.0, float(np.vecdot(x_units, y_units))))
    if len(x) > EXACT_UP_TO:
        return r, _p_of_r(r, len(x))
    # |r| of every order of y, the order as it is first; rounding errors must not break ties.
    found = np.abs(y_units[_permutations(len(y))] @ x_units)
    return r, float(np.mean(found >= found[0] - _TOLERANCE))


def _standardised(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Deviations from the mean, of length 1: the scalar product of two such vectors is r.

    In SciPy's order of operations: stored answers must follow to the last digit.
    """
    deviations = values - values.mean()
    # By the greatest first: squares of figures in USD must not overflow.
    greatest = np.abs(deviations).max()
    length = greatest * np.linalg.norm(deviations / greatest, axis=-1)
    return np.asarray(deviations / length, dtype=float)


def _p_of_r(r: float, n: int) -> float:
    """The two-sided p-value of r by Student's t, as SciPy's `pearsonr` computes it.

    r of n uncorrelated pairs is 2 B - 1, where B has the beta distribution with n/2 - 1 twice.
    """
    from scipy.special import betaincc

    half = n / 2 - 1
    return float(2 * betaincc(half, half, (abs(r) + 1) / 2))


@functools.cache
def _permutations(n: int) -> NDArray[np.int8]:
    """All orders of n things, one a row; kept, as every correlation needs them (3 MB for nine)."""
    flat = itertools.chain.from_iterable(itertools.permutations(range(n)))
    return np.fromiter(flat, dtype=np.int8, count=n * math.factorial(n)).reshape(-1, n)


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Places in the order, from 1; equal values share the mean of their places."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(count) - (count - 1) / 2)[place], dtype=float)


def _verdict(
    n: int, pearson: tuple[float, float], spearman: tuple[float, float], comparisons: int
) -> str:
    (r, p_of_r), (rho, p_of_rho), threshold = pearson, spearman, ALPHA / comparisons
    direction = "positive" if r > 0 else "negative"
    figures = f"r = {r:.2f}, {_p(p_of_r)}; rho = {rho:.2f}, {_p(p_of_rho)}; n = {n}"
    needed = f"p < {threshold} is needed, as {comparisons} correlations are tested"
    tendency = f"{strength(r)} {direction} tendency that {n} films"
    return {
        "none": f"no correlation to speak of in {n} films ({figures})",
        "significant": f"{strength(r)} {direction} correlation ({figures}; {needed})",
        "not_significant": f"{tendency} do not prove ({figures}; {needed})",
        "underpowered": f"{tendency} cannot prove ({figures}; {needed}, and {n} films have at "
        f"least {smallest_p(n):.3f})",
    }[evidence_of(n, r, max(p_of_r, p_of_rho), threshold)]


def _p(value: float) -> str:
    smallest = 0.001
    return f"p = {value:.3f}" if value >= smallest else f"p < {smallest}"
