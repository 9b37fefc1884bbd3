"""Commits: rows become part of a table in one step, and the snapshot names the run.

A commit is there as a whole or not at all, whatever is killed meanwhile. Writers do not
wait for each other: whoever comes second commits again, on top of the first.
Not here: which rows (the callers), schemas (`tables`), the bytes of files (`files`).
"""

import logging
import random
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import requests

from bourne_assets.iceberg.errors import CatalogueFailed, SchemaUnfit, TableBusy, TableChanged
from bourne_assets.iceberg.tables import reshape
from bourne_assets.iceberg.translation import database_errors, translated_for_table
from bourne_assets.translations import gettext

if TYPE_CHECKING:
    from pyiceberg.table import Table, Transaction
    from pyiceberg.table.snapshots import Snapshot

#: What a snapshot's summary says in addition to Iceberg's own figures.
RUN, INPUTS, COMMIT = "bourne.run", "bourne.inputs", "bourne.commit"
_ATTEMPTS = 20
_LONGEST_WAIT_SECONDS = 2.0
#: How pyiceberg begins to say that a table of this name is another one now.
_OTHER_TABLE = "Table UUID does not match"
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Provenance:
    """Where the rows of a commit come from.

    Attributes:
        run_id: The Dagster run; the snapshot gets a tag of this name. None outside of runs.
        inputs: SHA-256 digests of what the rows were made of.
    """

    run_id: str | None = None
    inputs: tuple[str, ...] = ()

    def summary(self) -> dict[str, str]:
        """The properties of a snapshot."""
        given = {RUN: self.run_id or "", INPUTS: ",".join(self.inputs)}
        return {name: value for name, value in given.items() if value}


@dataclass(frozen=True)
class Committed:
    """A snapshot that a commit made.

    Attributes:
        table: Name of the table, with its namespace.
        snapshot_id: The snapshot.
        rows: Rows of the table in this snapshot.
        added: Rows that the commit added.
    """

    table: str
    snapshot_id: int
    rows: int
    added: int


#: What a table's properties become in a commit, from what they are by then.
Properties = Callable[[Mapping[str, str]], dict[str, str]]


def append_files(
    table: "Table",
    uris: Sequence[str],
    provenance: Provenance,
) -> Committed:
    """Add the rows of Parquet files, which are in the storage already and stay as they are.

    Args:
        table: The table; it is refreshed.
        uris: The files, each in no other table.
        provenance: Where the rows come from.

    Raises:
        LakeError: The commit failed, and the table is as it was.
    """

    def change(transaction: "Transaction", summary: dict[str, str]) -> None:
        _add(transaction, table, uris, summary)

    return _commit(table, provenance, change)


def replace_with_files(
    table: "Table",
    uris: Sequence[str],
    provenance: Provenance,
    *,
    base: int | None = None,
    schema: pa.Schema | None = None,
    properties: Properties | None = None,
) -> Committed:
    """Put the rows of Parquet files in place of all rows, in one commit.

    Args:
        table: The table; it is refreshed.
        uris: The files, each in no other table.
        provenance: Where the rows come from.
        base: The snapshot that the new rows were made of, if they were made of the table's own.
        schema: The columns that the table has then, in this order; None: those that it has.
        properties: Properties of the table that change with them.

    Raises:
        TableChanged: The table's newest snapshot is not `base` any more.
        LakeError: The commit failed, and the table is as it was.
    """
    from pyiceberg.expressions import AlwaysTrue

    def change(transaction: "Transaction", summary: dict[str, str]) -> None:
        _set(transaction, table, properties)
        if schema is not None:
            reshape(transaction, table, schema)
        with transaction.update_snapshot(summary).delete() as deletion:
            deletion.delete_by_predicate(AlwaysTrue())
        _add(transaction, table, uris, summary)

    return _commit(table, provenance, change, base=base)


def replace_rows_of(
    table: "Table",
    column: str,
    values: Callable[[Mapping[str, str]], Sequence[str]],
    uris: Sequence[str],
    provenance: Provenance,
    *,
    properties: Properties | None = None,
) -> Committed:
    """Put the rows of Parquet files in the place of those with some values, in one commit.

    Args:
        table: The table; it is refreshed.
        column: The column, a text.
        values: Its values in the rows that go, from the table's properties at that moment.
        uris: The files of the rows that come.
        provenance: Where they come from.
        properties: Properties of the table that change with them.

    Raises:
        LakeError: The commit failed, and the table is as it was.
    """
    from pyiceberg.expressions import In

    def change(transaction: "Transaction", summary: dict[str, str]) -> None:
        _set(transaction, table, properties)
        if gone := list(values(table.properties)):
            where = In(term=column, literals=gone)
            if table.scan(row_filter=where, limit=1).to_arrow().num_rows:
                transaction.delete(where, summary)
        if uris:
            _add(transaction, table, uris, summary)

    return _commit(table, provenance, change)


def replace_where(table: "Table", where: str, rows: pa.Table, provenance: Provenance) -> Committed:
    """Put rows in the place of those that a condition names, in one commit.

    Args:
        table: The table; it is refreshed.
        where: Which rows go, such as `saga_key = 'bourne'`; files that keep some are rewritten.
        rows: The rows that come, in the table's columns.
        provenance: Where they come from.

    Raises:
        LakeError: The commit failed, and the table is as it was.
    """

    def change(transaction: "Transaction", summary: dict[str, str]) -> None:
        found = table.scan(row_filter=where, limit=1).to_arrow()
        if found.num_rows:  # pyiceberg warns where nothing matches
            transaction.delete(where, summary)
        transaction.append(rows, summary)

    return _commit(table, provenance, change)


def _set(transaction: "Transaction", table: "Table", properties: Properties | None) -> None:
    """Stage properties that follow from those of this moment.

    pyiceberg would commit them again as they are where others were faster, and lose what the others
    said: in this attempt it must not, and `_commit` requests them again.
    """
    if properties is not None:
        transaction.set_properties(properties(table.properties))
        table.metadata.properties["commit.retry.num-retries"] = "0"


def _add(
    transaction: "Transaction", table: "Table", uris: Sequence[str], summary: dict[str, str]
) -> None:
    from pyiceberg.io.pyarrow import UnsupportedPyArrowTypeException

    try:
        transaction.add_files(list(uris), summary, check_duplicate_files=False)
    except (ValueError, TypeError, UnsupportedPyArrowTypeException) as error:
        problems = [line.strip() for line in str(error).splitlines() if "❌" in line]
        reason = "; ".join(problems) or str(error).splitlines()[0]
        raise SchemaUnfit(name_of(table), [reason[:500]]) from error


def _commit(
    table: "Table",
    provenance: Provenance,
    change: Callable[["Transaction", dict[str, str]], None],
    *,
    base: int | None = None,
) -> Committed:
    """Commit a change, again where others were faster or the response was lost.

    The token in the summary shows whether a commit without a response took place.
    """
    name, token = name_of(table), uuid.uuid4().hex
    summary = {**provenance.summary(), COMMIT: token}
    conflicts, outages = _passing_errors()
    last: Exception = TableBusy(name, _ATTEMPTS)
    with translated_for_table(name):
        for attempt in range(_ATTEMPTS):
            try:
                done = _found(table, token, refresh=attempt > 0)
                if done is None:
                    _expect(table, base)
                    with table.transaction() as transaction:
                        change(transaction, summary)
                        _stage_tag(transaction, provenance.run_id)
                        keep_order(transaction)
                    done = _found(table, token)
            except conflicts:
                last = TableBusy(name, _ATTEMPTS)
            except outages as error:
                last = error
            except ValueError as error:
                if _OTHER_TABLE not in str(error):
                    raise
                _take_successor(table, error)
                last = TableBusy(name, _ATTEMPTS)
            else:
                return _committed(table, done, provenance.run_id)
            time.sleep(min(0.05 * 2**attempt, _LONGEST_WAIT_SECONDS) * random.uniform(0.5, 1))  # noqa: S311
        raise last


def _take_successor(table: "Table", error: ValueError) -> None:
    """Go on with the table that has taken this one's place, where this one never had a row.

    SeaweedFS may let two processes make a table at the same moment: the later one stays.

    Raises:
        TableChanged: This one had rows: it was dropped and made again.
    """
    if table.snapshots():
        raise TableChanged(name_of(table)) from error
    found = table.catalog.load_table(table.name())
    table.metadata, table.metadata_location, table.io = (
        found.metadata,
        found.metadata_location,
        found.io,
    )


def _passing_errors() -> tuple[tuple[type[Exception], ...], tuple[type[Exception], ...]]:
    """Errors that say that others were faster, and those after which nobody knows what was done."""
    from pyiceberg import exceptions as iceberg

    conflicts = (iceberg.CommitFailedException, iceberg.ValidationException)
    outages: tuple[type[Exception], ...] = (
        iceberg.CommitStateUnknownException,
        iceberg.ServerError,
        iceberg.ServiceUnavailableError,
        *database_errors("OperationalError"),
        requests.ConnectionError,
        requests.Timeout,
    )
    return conflicts, outages


def _found(table: "Table", token: str, *, refresh: bool = False) -> "Snapshot | None":
    """The newest snapshot of the commit with this token."""
    if refresh:
        table.refresh()
    for snapshot in reversed(table.snapshots()):
        if snapshot.summary and snapshot.summary.additional_properties.get(COMMIT) == token:
            return snapshot
    return None


def _expect(table: "Table", base: int | None) -> None:
    newest = table.current_snapshot()
    if base is not None and (newest is None or newest.snapshot_id != base):
        raise TableChanged(name_of(table))


def _stage_tag(transaction: "Transaction", run_id: str | None) -> None:
    """Tag the snapshot of this transaction with its run, in the same commit."""
    from pyiceberg.table.update.snapshot import ManageSnapshots

    newest = transaction.table_metadata.current_snapshot()
    if run_id and newest:
        ManageSnapshots(transaction).create_tag(newest.snapshot_id, run_id).commit()


def keep_order(transaction: "Transaction") -> None:
    """Let the new snapshots be no older than those before them, where the clock was set back.

    Catalogues refuse such a commit, until the clock has caught up, and other engines the table.
    """
    from pyiceberg.table.update import AddSnapshotUpdate

    table = transaction._table  # noqa: SLF001 - pyiceberg has no other way to it
    known = [
        table.metadata.last_updated_ms,
        *(snapshot.timestamp_ms for snapshot in table.snapshots()),
        *(entry.timestamp_ms for entry in table.history()),
    ]
    newest = max(known)

    def ordered(update: Any) -> Any:
        if not isinstance(update, AddSnapshotUpdate) or update.snapshot.timestamp_ms >= newest:
            return update
        # Committed again by pyiceberg itself, it would have the clock's time once more.
        table.metadata.properties["commit.retry.num-retries"] = "0"
        snapshot = update.snapshot.model_copy(update={"timestamp_ms": newest})
        return update.model_copy(update={"snapshot": snapshot})

    # Before they are sent: pyiceberg stamps a snapshot when it is staged.
    transaction._updates = tuple(map(ordered, transaction._updates))  # noqa: SLF001


def _committed(table: "Table", snapshot: "Snapshot | None", run_id: str | None) -> Committed:
    if snapshot is None or snapshot.summary is None:
        raise CatalogueFailed(
            gettext(
                "The catalogue does not show what it committed to {name}.",
                name=name_of(table),
            )
        )
    reference = table.refs().get(run_id) if run_id else None
    if run_id and (reference is None or reference.snapshot_id != snapshot.snapshot_id):
        # pyiceberg itself commits again where others were faster, and then leaves the tag out.
        _tag_later(table, snapshot.snapshot_id, run_id)
    figures = snapshot.summary.additional_properties
    return Committed(
        name_of(table),
        snapshot.snapshot_id,
        int(figures.get("total-records", "0")),
        int(figures.get("added-records", "0")),
    )


def _tag_later(table: "Table", snapshot_id: int, run_id: str) -> None:
    """Tag a snapshot that is committed: without its tag it is right and merely harder to find."""
    from pyiceberg.exceptions import CommitFailedException

    for _ in range(_ATTEMPTS):
        try:
            table.refresh()
            table.manage_snapshots().create_tag(snapshot_id, run_id).commit()
        except CommitFailedException:
            continue
        return
    _log.warning("Snapshot %d of %s has no tag of its run.", snapshot_id, name_of(table))


def run_of(snapshot: "Snapshot") -> str | None:
    """The id of the Dagster run that made a snapshot, where one did."""
    return snapshot.summary.additional_properties.get(RUN) if snapshot.summary else None


def name_of(table: "Table") -> str:
    """The name of a table, with its namespace."""
    return ".".join(table.name()[-2:])
