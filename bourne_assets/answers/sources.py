"""What stored answers were computed from: objects of the lake, and snapshots of tables.

Not here: computing them again (the asset checks).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from bourne_assets.answers.errors import AnswersUnreadable
from bourne_assets.asset_names import INSIGHT_METRICS
from bourne_assets.lake.keys import REFINED
from bourne_assets.lake.store import Lake
from bourne_assets.tables import from_json
from bourne_assets.translations import gettext

_ANSWERS = f"{INSIGHT_METRICS}.json"


@dataclass(frozen=True, kw_only=True)
class Input:
    """What answers came from: an object of the lake, or rows of a snapshot of a table.

    Attributes:
        uri: Address of the object; of a snapshot, its manifest list.
        sha256: SHA-256 of the bytes that lay there.
        table: Name of the table, with its namespace.
        snapshot_id: The snapshot; a text, as numbers of this size lose digits in a browser.
        digest: SHA-256 of the rows that the answers rest on, by which they are known after the
            snapshot expired.
    """

    uri: str
    sha256: str
    table: str | None = None
    snapshot_id: str | None = None
    digest: str | None = None


_ADAPTER = TypeAdapter(tuple[Input, ...])


def as_inputs(found: Iterable[Mapping[str, str]]) -> tuple[Input, ...]:
    """Inputs from mappings that may say more, such as the origin of a frame."""
    return _ADAPTER.validate_python([*found])


def parse_inputs(stored: object) -> tuple[Input, ...]:
    """The inputs that a stored object names.

    Raises:
        AnswersUnreadable: They have another shape.
    """
    try:
        return _ADAPTER.validate_python(stored)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, ("inputs", *first["loc"])))
        raise AnswersUnreadable(
            gettext(
                "The answers do not say what they came from ({where}: {first}): compute them "
                "again.",
                where=where,
                first=first["msg"],
            )
        ) from error


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
