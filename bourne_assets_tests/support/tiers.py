"""Which cases `make test` runs. Not here: the markers, which `pyproject.toml` describes."""

from collections.abc import Iterable
from typing import Any

import pytest


def in_every_run(values: Iterable[Any], first: int = 1) -> list[Any]:
    """The first values for every run of the tests, and the others for `make test-all` alone."""
    cases = list(values)
    return cases[:first] + [_exhaustive(case) for case in cases[first:]]


def _exhaustive(case: Any) -> Any:
    mark = pytest.mark.exhaustive
    if hasattr(case, "marks"):  # pytest's own, which is a tuple, too
        return pytest.param(*case.values, marks=[*case.marks, mark], id=case.id)
    values = case if isinstance(case, tuple) else (case,)  # several names have a value each
    return pytest.param(*values, marks=mark)
