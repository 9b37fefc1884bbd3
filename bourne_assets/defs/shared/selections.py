"""Selections of assets, as users write them in Dagster's syntax.

Not here: who is alerted to what is selected (`operations.alerts`), and what is run (`cli.runner`).
"""

import warnings
from collections.abc import Set as AbstractSet

import dagster as dg
from dagster._check import CheckError
from dagster._core.definitions.assets.graph.asset_graph import AssetGraph


class SelectionUnusable(ValueError):
    """A selection is not written as Dagster's are, or selects by what only Dagster's UI knows."""


def selected(
    text: str, graph: AssetGraph | None, *, missing_ok: bool = False
) -> AbstractSet[dg.AssetKey]:
    """What a selection selects.

    Args:
        text: The selection.
        graph: The assets; None for none, where the selection is only tried.
        missing_ok: Whether names that the graph does not have select nothing.

    Raises:
        SelectionUnusable: It cannot be read, or names what is not there.
    """
    if graph is None:
        graph = dg.Definitions().resolve_asset_graph()
    try:
        with warnings.catch_warnings():
            # The user wrote the string, and knows that its syntax is in beta.
            warnings.simplefilter("ignore", dg.BetaWarning)
            return dg.AssetSelection.from_string(text).resolve(graph, allow_missing=missing_ok)
    # `status:`, `column:` and `sensor:`, say, are parsed here, and resolved by the UI alone.
    except (
        dg.DagsterError,
        NotImplementedError,
        CheckError,
        ValueError,
        RecursionError,
    ) as error:
        raise SelectionUnusable(text) from error
