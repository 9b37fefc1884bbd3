"""Assets that the tests of the IO manager materialise, and their outcome."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import dagster as dg
import numpy as np
import pandas as pd

from bourne_assets.defs.lake.io_manager import LakeIOManager

FILMS = pd.DataFrame(
    {
        "film_id": pd.Series([2501, 2502, None], dtype="Int64"),
        "title": pd.Series(["Identity", "Supremacy", None], dtype="str"),
        "popularity": [34.5, np.nan, 12.0],
        "released": pd.Series([date(2002, 6, 14), None, date(2007, 8, 3)], dtype=object),
        "seen_at": pd.Series(
            [datetime(2026, 11, 23, tzinfo=UTC), None, None],
            dtype=pd.DatetimeTZDtype("us", "UTC"),
        ),
        "is_video": pd.Series([True, None, False], dtype="boolean"),
    }
)


ANSWERS = {"schema_version": 1, "films": [{"title": "Ação", "budget": None}]}


class Run:
    """Materialises assets against one lake, and keeps what was recorded about them."""

    def __init__(self, manager: LakeIOManager) -> None:
        self._resources = {"io_manager": manager}
        self._instance = dg.DagsterInstance.ephemeral()
        self.result: dg.ExecuteInProcessResult | None = None

    def __call__(
        self,
        *assets: dg.AssetsDefinition,
        only: Sequence[dg.AssetsDefinition] = (),
        partition: str | None = None,
    ) -> dg.ExecuteInProcessResult:
        self.result = dg.materialize(
            assets,
            resources=self._resources,
            instance=self._instance,
            raise_on_error=False,
            partition_key=partition,
            selection=list(only) or None,
        )
        return self.result

    def metadata(self, name: str) -> dict[str, Any]:
        """Metadata of the asset's materialisation, as plain values."""
        assert self.result is not None
        (event,) = self.result.asset_materializations_for_node(name)
        return {key: value.value for key, value in event.metadata.items()}

    def failures(self) -> list[str]:
        """What each failed step says, with all that caused it."""
        assert self.result is not None
        messages = []
        for event in self.result.filter_events(lambda event: event.is_step_failure):
            data = event.step_failure_data
            parts = [data.user_failure_data.description] if data.user_failure_data else []
            error = data.error
            while error is not None:
                parts.append(error.message)
                error = error.cause
            messages.append(" ".join(str(part) for part in parts))
        return messages

    def failure_metadata(self, step: str) -> dict[str, Any]:
        """Metadata of the failure of a step, as plain values."""
        assert self.result is not None
        data = self.result.failure_data_for_node(step)
        assert data is not None
        assert data.user_failure_data is not None
        return {key: value.value for key, value in data.user_failure_data.metadata.items()}

    def tries(self, step: str) -> int:
        """How often a step was begun."""
        assert self.result is not None
        kinds = {dg.DagsterEventType.STEP_START, dg.DagsterEventType.STEP_RESTARTED}
        return sum(
            event.step_key == step and event.event_type in kinds for event in self.result.all_events
        )


def returning(value: Any, kind: Any = Any, **options: Any) -> dg.AssetsDefinition:
    """An asset `source` that returns the value, annotated with its kind."""

    def source() -> Any:
        return value() if callable(value) else value

    source.__annotations__["return"] = kind
    made: dg.AssetsDefinition = dg.asset(**options)(source)
    return made


def receiving(received: list[Any], kind: Any = Any, **options: Any) -> dg.AssetsDefinition:
    """An asset `target` that notes what it receives from `source`."""

    def target(source: Any) -> None:
        received.append(source)

    target.__annotations__["source"] = kind
    made: dg.AssetsDefinition = dg.asset(**options)(target)
    return made


def film_frame(number: int) -> pd.DataFrame:
    return pd.DataFrame({"film_id": range(number)})
