"""Which snapshots of tables the stored answers were computed from.

What must not be put here: computing them anew (the asset checks).
"""

from typing import Any

from bourne_assets.lake.keys import REFINED
from bourne_assets.lake.store import Lake
from bourne_assets.tables import from_json

_ANSWERS = "insight_metrics.json"


def named_snapshots(lake: Lake) -> frozenset[int]:
    """Ids of the snapshots that any stored answer names among its inputs.

    Raises:
        LakeError: The lake refused or failed.
    """
    found: set[int] = set()
    for key in lake.list(REFINED):
        if key.endswith(_ANSWERS):
            found |= _snapshots_in(lake.read(key)[0])
    return frozenset(found)


def _snapshots_in(data: bytes) -> set[int]:
    try:
        answers: Any = from_json(data)
        inputs = answers.get("inputs") or []
        return {int(each["snapshot_id"]) for each in inputs if each.get("snapshot_id")}
    except (ValueError, TypeError, AttributeError):  # no answers of ours: they name nothing
        return set()
