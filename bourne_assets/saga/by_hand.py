"""Which sagas were run by hand, though the settings do not keep them in the lineage.

The code location has their jobs and assets too, so that such a run is executed again from the UI.
Not here: what such a saga has there, and what it lacks (`definitions`).
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from bourne_assets.saga.definition import Saga

_FOLDER = "sagas_run"


def note_saga(home: Path, saga: Saga) -> None:
    """Remember that a saga was run: an empty file, so that two runs at once need no lock.

    A run is worth more than its place in the UI, so that a folder that cannot be written is passed
    over.
    """
    with suppress(OSError):
        (home / _FOLDER).mkdir(parents=True, exist_ok=True)
        (home / _FOLDER / saga.slug).touch()


def sagas_by_hand(home: Path, known: Mapping[str, Saga], shown: Sequence[str]) -> list[Saga]:
    """The sagas that were run and are in the sagas file, but not among those of these slugs."""
    try:
        noted = {file.name for file in (home / _FOLDER).iterdir()}
    except OSError:
        return []
    return [saga for slug, saga in known.items() if slug in noted and slug not in shown]
