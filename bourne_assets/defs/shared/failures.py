"""What a user can fix is shown as one sentence: Dagster's `Failure`, without wrappers.

Dagster wraps any other exception in one of its own, whose stack trace is above the cause.
Not here: the errors themselves (`errors` of each chapter).
"""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

import dagster as dg

from bourne_assets.errors import BourneError

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


@contextmanager
def in_one_sentence() -> Iterator[None]:
    """Turn an error of the platform into a failure that says its sentence first.

    Raises:
        dg.Failure: In place of a `BourneError`, which stays its cause.
    """
    try:
        yield
    except BourneError as error:
        raise dg.Failure(description=str(error)) from error


def fails_in_one_sentence(body: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """The body of an asset or a check whose errors are worded by `in_one_sentence`."""
    if inspect.isgeneratorfunction(body):

        @wraps(body)
        def generate(*arguments: Parameters.args, **named: Parameters.kwargs) -> Iterator[Any]:
            with in_one_sentence():
                yield from cast("Iterator[Any]", body(*arguments, **named))

        return cast("Callable[Parameters, Result]", generate)

    @wraps(body)
    def call(*arguments: Parameters.args, **named: Parameters.kwargs) -> Result:
        with in_one_sentence():
            return body(*arguments, **named)

    return call
