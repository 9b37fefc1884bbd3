"""What may be set for one run. Not here: the settings of each asset."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Self

import dagster as dg
from dagster._config import ConfigScalar, ConfigScalarKind
from dagster._config.errors import PostProcessingError
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from bourne_assets.errors import ConfigurationError
from bourne_assets.translations import gettext, plain


class RunConfig(dg.Config):
    """Base of the settings of a run: plain values only.

    A step that names its class as a parameter lets a run config write `{env: NAME}` in place of
    any text, which would read that variable, whatever it is, into metadata and requests. So steps
    have `fields_of_a_run()` as their config schema, and read their settings by `of`.
    """

    @classmethod
    def fields_of_a_run(cls) -> dict[str, dg.Field]:
        """The fields for Dagster, described, with their defaults."""
        return {
            name: dg.Field(
                cls._refusing_early(name, _without_variables(field.config_type)),
                default_value=cls.model_fields[name].get_default(call_default_factory=True),
                is_required=False,
                description=plain(field.description or ""),
            )
            for name, field in cls.to_fields_dict().items()
        }

    @classmethod
    def _refusing_early(cls, name: str, kind: Any) -> Any:
        """The type of a field; a text that cannot be used is refused before a run is launched.

        The launchpad compares with Dagster's own types alone while one types; launching asks these.
        """
        if isinstance(kind, dg.Noneable) and kind.inner_type.given_name == "String":
            return dg.Noneable(_checked_text(cls, name))
        return kind

    @classmethod
    def of(cls, context: dg.AssetExecutionContext) -> Self:
        """The settings of a run.

        Raises:
            ConfigurationError: A setting holds what cannot be used.
        """
        given = context.op_execution_context.op_config or {}
        return cls.read(given)

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Self:
        """Settings from values of a run config; errors as `of`."""
        try:
            return cls(**given)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            name = ".".join(map(str, first["loc"]))
            # The cause would quote the whole run config.
            raise ConfigurationError(
                gettext("The run's setting {name}: {first}.", name=name, first=_reason(first))
            ) from None


def _reason(error: ErrorDetails) -> str:
    if error["type"] == "string_pattern_mismatch":  # days are the only texts that have one
        return gettext("{text!r} is not a date; write it like 2017-09-01", text=error["input"])
    own = error.get("ctx", {}).get("error")
    return str(own or error["msg"])


class _CheckedText(ConfigScalar):
    """A text that is validated as a field of a class of settings when a run is launched."""

    def __init__(self, settings: type[RunConfig], name: str) -> None:
        key = f"{settings.__name__}_{name}"
        super().__init__(key=key, given_name=key, scalar_kind=ConfigScalarKind.STRING)
        self._settings, self._name = settings, name

    def post_process(self, value: Any) -> Any:
        """The value as it is.

        Raises:
            PostProcessingError: It cannot be used; Dagster shows the sentence and starts no run.
        """
        try:
            self._settings.read({self._name: value})
        except ConfigurationError as error:
            raise PostProcessingError(str(error)) from None
        return value


@cache
def _checked_text(settings: type[RunConfig], name: str) -> _CheckedText:
    return _CheckedText(settings, name)  # one for all sagas: Dagster wants its types' names unique


def _without_variables(kind: Any) -> Any:
    """A config type that takes values, and no names of environment variables."""
    if isinstance(kind, dg.Array):
        return dg.Array(_without_variables(kind.inner_type))
    if isinstance(kind, dg.Noneable):
        return dg.Noneable(_without_variables(kind.inner_type))
    for source, value in (
        (dg.StringSource, dg.String),
        (dg.BoolSource, dg.Bool),
        (dg.IntSource, dg.Int),
    ):
        if kind is source:
            return value
    raise TypeError(
        gettext(
            "A setting of a run must be text, a boolean, a number or a list, not {kind}.",
            kind=kind,
        )
    )
