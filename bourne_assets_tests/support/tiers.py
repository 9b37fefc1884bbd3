"""Which cases `make test` runs. Not here: the markers, which `pyproject.toml` describes."""

from collections.abc import Iterable
from typing import Any

import pytest


def one_in_every_run(values: Iterable[Any]) -> list[Any]:
    """The first value for every run of the tests, and the others for `make test-all` alone."""
    first, *others = values
    return [first, *(pytest.param(value, marks=pytest.mark.exhaustive) for value in others)]
