"""Resources that no run config can change: who starts a run decides how it runs, never with what.

A `ConfigurableResource` lets the config of any run replace its fields, and read any environment
variable into them: a credential could be sent to another address, and any file be landed.
Not here: the resources themselves.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dagster as dg
from dagster._config.post_process import post_process_config


def fixed(resource: Any) -> Any:
    """A resource with the fields that it has now, and an empty config schema.

    Neither values nor names of variables are in the stored snapshot of a job, and a run config
    that holds anything for the resource is refused before there is a run. What is no
    `ConfigurableResource` is returned as it is.
    """
    if not isinstance(resource, dg.ConfigurableResource | dg.ConfigurableIOManager):
        return resource

    @contextmanager
    def given(context: dg.InitResourceContext) -> Iterator[Any]:
        # What `process_config_and_initialize_cm` does, without making an instance in memory, with
        # its databases, for each resource of each process.
        fields = post_process_config(
            resource._config_schema.config_type,  # noqa: SLF001 - Dagster has no public name
            resource._convert_to_config_dictionary(),  # noqa: SLF001 - the same
        )
        if not fields.success:
            # Dagster's error is not annotated.
            raise dg.DagsterInvalidConfigError(  # type: ignore[no-untyped-call]
                f"{type(resource).__name__} cannot be configured", fields.errors, fields
            )
        with resource.from_resource_context_cm(
            context.replace_config(fields.value), nested_resources=resource.nested_resources
        ) as value:
            yield value

    is_io_manager = isinstance(resource, dg.ConfigurableIOManager)
    kind: Any = dg.IOManagerDefinition if is_io_manager else dg.ResourceDefinition
    return kind(given, config_schema={}, description=type(resource).__doc__)
