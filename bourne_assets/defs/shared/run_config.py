"""What may be set for one run. Not here: the settings of each asset."""

from typing import Any, Self

import dagster as dg
from pydantic import ValidationError

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
                _without_variables(field.config_type),
                default_value=cls.model_fields[name].get_default(call_default_factory=True),
                is_required=False,
                description=plain(field.description or ""),
            )
            for name, field in cls.to_fields_dict().items()
        }

    @classmethod
    def of(cls, context: dg.AssetExecutionContext) -> Self:
        """The settings of a run.

        Raises:
            ConfigurationError: A setting holds what cannot be used.
        """
        given = context.op_execution_context.op_config or {}
        try:
            return cls(**given)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            name = ".".join(map(str, first["loc"]))
            # The cause would quote the whole run config.
            raise ConfigurationError(
                gettext("The run's setting {name}: {first}.", name=name, first=first["msg"])
            ) from None


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
            "A setting of a run is a text, a truth value, a number or a list, not {kind}.",
            kind=kind,
        )
    )
