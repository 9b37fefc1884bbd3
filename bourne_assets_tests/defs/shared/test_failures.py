"""A failure that a user can put right says its sentence first, and keeps its cause."""

from collections.abc import Iterator

import dagster as dg
import pytest

from bourne_assets.defs.shared.failures import fails_in_one_sentence
from bourne_assets.errors import ConfigurationError
from bourne_assets.runs.events import outcome_of
from bourne_assets.runs.outcomes import StepFailed

_SENTENCE = "The folder is missing: check BOURNE_CSV_DIR."


@dg.asset
@fails_in_one_sentence
def body(context: dg.AssetExecutionContext) -> int:
    """Returns nothing, ever."""
    context.log.info("begun")
    raise ConfigurationError(_SENTENCE)


@dg.asset
@fails_in_one_sentence
def generator() -> Iterator[dg.MaterializeResult[int]]:
    """Fails half way."""
    yield dg.MaterializeResult(value=1)
    raise ConfigurationError(_SENTENCE)


@dg.asset
@fails_in_one_sentence
def mistake() -> None:
    """Is wrong."""
    raise KeyError("a mistake of ours")


def _failure(asset: dg.AssetsDefinition) -> dg.DagsterEvent:
    result = dg.materialize([asset], raise_on_error=False)
    (failure,) = (event for event in result.all_events if event.is_step_failure)
    return failure


@pytest.mark.parametrize("asset", [body, generator], ids=["body", "generator"])
def test_the_sentence_comes_first_and_the_command_line_knows_the_cause(
    asset: dg.AssetsDefinition,
) -> None:
    failure = _failure(asset)
    data = failure.step_failure_data
    assert data.user_failure_data is not None
    assert data.user_failure_data.description == _SENTENCE
    assert data.error is not None
    assert data.error.cls_name == "Failure"
    failed = outcome_of(failure)
    assert isinstance(failed, StepFailed)
    assert (failed.message, failed.is_configuration) == (_SENTENCE, True)


def test_a_mistake_of_the_code_keeps_its_stack_trace() -> None:
    data = _failure(mistake).step_failure_data
    assert data.user_failure_data is None
    assert data.error is not None
    assert "a mistake of ours" in data.error.to_string()
    assert "test_failures.py" in data.error.to_string()
