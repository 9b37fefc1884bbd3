"""The same graph with empty bodies: what Dagster and the imports cost by themselves."""

import sys
from collections.abc import Iterator
from typing import Any

# What a real run loads, early or late.
import babel.dates
import dagster as dg
import jinja2
import vl_convert

from bourne_assets.cli import console
from bourne_assets.definitions import build_defs
from bourne_assets.runs.instance import open_instance
from bourne_assets.settings import read_settings


class Nowhere(dg.IOManager):
    """Stores nothing and loads nothing."""

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        """Forget it."""

    def load_input(self, context: dg.InputContext) -> None:
        """Give nothing."""


def emptied(definitions: dg.Definitions) -> dg.Definitions:
    """Assets and checks of the same names and dependencies that do nothing."""
    graph = definitions.resolve_asset_graph()
    assets = []
    for key in sorted(graph.get_all_asset_keys()):
        parents = sorted(graph.get(key).parent_keys)

        @dg.asset(key=key, deps=parents)
        def empty() -> int:
            return 0

        assets.append(empty)
    checks = [_empty_check(check) for check in definitions.asset_checks or []]
    return dg.Definitions(
        assets=assets,
        asset_checks=checks,
        jobs=[dg.define_asset_job("full_refresh")],
        resources={"io_manager": Nowhere()},
        executor=dg.in_process_executor,
    )


def _empty_check(check: Any) -> dg.AssetChecksDefinition:
    specs = list(check.check_specs)

    @dg.multi_asset_check(name=check.node_def.name, specs=specs)
    def empty() -> Iterator[dg.AssetCheckResult]:
        for spec in specs:
            yield dg.AssetCheckResult(check_name=spec.name, asset_key=spec.asset_key, passed=True)

    return empty


def main() -> int:
    """Run the empty graph once."""
    settings = read_settings()
    job = emptied(build_defs(settings=settings)).resolve_job_def("full_refresh")
    result = job.execute_in_process(
        instance=open_instance(settings),
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
    )
    return 0 if result.success else 1


if __name__ == "__main__":
    sys.exit(main())
