"""Resources that no run config can change: whoever starts a run sets how, never with what.

A `ConfigurableResource` lets the config of any run replace its fields, and read any environment
variable into them: a credential could be sent to another address, and any file be landed.
Not here: the resources themselves.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dagster as dg


def fixed(resource: Any) -> Any:
    """A resource with the fields that it has now, and an empty config schema.

    Neither values nor names of variables are in the stored snapshot of a job, and a run config
    that holds anything for the resource is refused before there is a run. What is no
    `ConfigurableResource` is returned as it is.
    """
    if not isinstance(resource, dg.ConfigurableResource | dg.ConfigurableIOManager):
        return resource

    @contextmanager
    def given(_context: dg.InitResourceContext) -> Iterator[Any]:
        with resource.process_config_and_initialize_cm() as value:
            yield value

    is_io_manager = isinstance(resource, dg.ConfigurableIOManager)
    kind: Any = dg.IOManagerDefinition if is_io_manager else dg.ResourceDefinition
    return kind(given, config_schema={}, description=type(resource).__doc__)
