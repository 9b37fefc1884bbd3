"""What happens in a run, and what an examination finds, as plain values.

`cli.runner` and `cli.examination` make them, `cli.console` prints them. Not here: Dagster, and
printing.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from bourne_assets.errors import BourneError, ConfigurationError


@dataclass(frozen=True)
class Stored:
    """An asset that was materialised: its name and where its value is."""

    asset: str
    uri: str

    @property
    def name(self) -> str:
        """Name of the asset without the saga that stands before it in the key."""
        return self.asset.rpartition("/")[2]


@dataclass(frozen=True)
class Checked:
    """A check that was evaluated.

    Attributes:
        asset: Name of the asset.
        check: Name of the check.
        passed: Whether it passed.
        is_error: Whether a failure is an ERROR, not a WARN.
        offending: Titles, files or values of the first offending rows.
        count: How many rows offend.
    """

    asset: str
    check: str
    passed: bool
    is_error: bool
    offending: tuple[str, ...]
    count: int


@dataclass(frozen=True)
class StepFailed:
    """A step that failed itself, not because of a failed check.

    Attributes:
        step: Name of the step.
        message: One sentence where the platform knows the cause.
        is_configuration: Whether a setting is the cause.
    """

    step: str
    message: str
    is_configuration: bool


@dataclass(frozen=True)
class ProgressLine:
    """A line of progress."""

    text: str


@dataclass
class RunReport:
    """What a run did; `not_reached` names assets that were selected and that it did not get to."""

    run_id: str = ""
    succeeded: bool = False
    stored: list[Stored] = field(default_factory=list)
    checked: list[Checked] = field(default_factory=list)
    failed: list[StepFailed] = field(default_factory=list)
    not_reached: list[str] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """0 all well; 1 a step or an ERROR check failed; 2 bad configuration."""
        if any(failure.is_configuration for failure in self.failed):
            return ConfigurationError.exit_code
        broken = any(checked.is_error and not checked.passed for checked in self.checked)
        return 0 if self.succeeded and not broken else BourneError.exit_code


RunEvent = Stored | Checked | StepFailed | ProgressLine


@dataclass(frozen=True)
class Diagnosis:
    """The result of one attempt of `bourne doctor`.

    Attributes:
        name: What.
        healthy: Whether it works.
        detail: What was seen, or what to do.
    """

    name: str
    healthy: bool
    detail: str


def tried(name: str, attempt: Callable[[], str]) -> Diagnosis:
    """The diagnosis of an attempt, which says what was seen or raises what is wrong."""
    try:
        return Diagnosis(name, True, attempt())
    except BourneError as error:
        return Diagnosis(name, False, str(error))
