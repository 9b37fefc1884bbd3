"""Upkeep of tables: old snapshots expire, small files become large ones, and leftovers go.

Nothing that a snapshot in use names is touched, and what others do meanwhile wins: upkeep gives way
and is done next time.
Not here: when it is done, and which snapshots answers name (the callers).
"""

import logging
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pyarrow.dataset as ds
import pyarrow.parquet as pq

from bourne_assets.iceberg.commits import keep_order, name_of, run_of
from bourne_assets.iceberg.errors import CatalogueFailed
from bourne_assets.iceberg.files import send_file, storage_of
from bourne_assets.iceberg.reading import files_of, oldest_first
from bourne_assets.iceberg.tables import REFINED, TRUSTED, find_table, is_own, table_names
from bourne_assets.iceberg.translation import translated, translated_for_table
from bourne_assets.lake.errors import LakeError
from bourne_assets.lake.store import Lake
from bourne_assets.translations import gettext

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog
    from pyiceberg.manifest import DataFile, ManifestFile
    from pyiceberg.table import Table

#: Snapshots that no answer names stay this long.
_KEPT_FOR = timedelta(days=90)
#: A writer may need this long from its first byte to its commit, by what the table has seen ...
_UNNAMED_FOR = timedelta(days=3)
#: ... and this long by the clock, which may have been set, or gone on while the machine slept.
_UNNAMED_BY_THE_CLOCK = timedelta(days=30)
_SMALL = 16 * 1024 * 1024
_FEWEST_SMALL = 10
_LARGEST_REWRITE = 512 * 1024 * 1024
_UPKEEP = {"bourne.upkeep": "small files rewritten"}
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Maintained:
    """What was done to a table.

    Attributes:
        table: Its name.
        expired: Snapshots that expired.
        merged: Small files that became a large one.
        removed: Files that no snapshot named.
        freed: Their bytes.
    """

    table: str
    expired: int
    merged: int
    removed: int
    freed: int


def maintain(
    catalogue: "Catalog", now: datetime, kept: Collection[int] = ()
) -> Iterator[Maintained]:
    """Look after every table of the catalogue that this platform wrote, one after the other.

    Others may keep tables in the same catalogue, with rules of their own.

    Args:
        catalogue: The catalogue.
        now: The time.
        kept: Snapshots that answers name: they stay, however old.

    Raises:
        LakeError: The catalogue or the storage failed.
    """
    for name, table in _own_tables(catalogue):
        try:
            with translated_for_table(name):
                merged = _merge_small_files(table)
                expired = _expire(table, now - _KEPT_FOR, frozenset(kept))
                removed, freed = _remove_unnamed(table, now)
        except LakeError:
            if find_table(catalogue, name) is None:  # dropped meanwhile
                continue
            raise
        yield Maintained(name, expired, merged, removed, freed)


def _own_tables(catalogue: "Catalog") -> "Iterator[tuple[str, Table]]":
    """The tables that this platform wrote, by their names, each opened when its turn comes."""
    with translated(gettext("the list of tables")):
        namespaces = sorted(".".join(each) for each in catalogue.list_namespaces())
    names: list[str] = []
    for namespace in namespaces:
        with _passing_over_others(namespace):
            names += table_names(catalogue, namespace)
    for name in names:
        table = None  # dropped by now, perhaps
        with _passing_over_others(name):
            table = find_table(catalogue, name)
        if table is not None and is_own(table):
            yield name, table


@contextmanager
def _passing_over_others(name: str) -> Iterator[None]:
    """Go on where a namespace that may be somebody else's, or a table of it, cannot be opened."""
    try:
        yield
    except LakeError:
        if name.partition(".")[0] in {TRUSTED, REFINED}:
            raise
        _log.info("%s cannot be opened, and is taken for somebody else's.", name)


def _expire(table: "Table", before: datetime, kept: frozenset[int]) -> int:
    """Remove older snapshots, except the newest, those with somebody's tag, and the kept.

    Tags of runs are the platform's own, and go with the age of their snapshots.
    """
    limit = int(before.timestamp() * 1000)
    old = {
        snapshot.snapshot_id: snapshot
        for snapshot in table.snapshots()
        if snapshot.timestamp_ms < limit and snapshot.snapshot_id not in kept
    }
    old.pop(table.metadata.current_snapshot_id or 0, None)
    tags, protected = [], set()
    for name, reference in table.refs().items():
        snapshot = old.get(reference.snapshot_id)
        if snapshot and name == run_of(snapshot) and str(reference.snapshot_ref_type) != "branch":
            tags.append(name)
        else:
            protected.add(reference.snapshot_id)
    gone = [snapshot for snapshot in old if snapshot not in protected]
    if not gone:
        return 0
    with _giving_way(table) as attempt:
        if tags:
            with table.manage_snapshots() as change:
                for name in tags:
                    change.remove_tag(name)
        table.maintenance.expire_snapshots().by_ids(gone).commit()
    return len(gone) if attempt.committed else 0


def _merge_small_files(table: "Table") -> int:
    """Write many small files of the newest snapshot as one; older snapshots keep theirs."""
    from pyiceberg.io.pyarrow import parquet_file_to_data_file

    tasks = list(table.scan().plan_files())
    is_ours = table.name_mapping() is not None and table.spec().is_unpartitioned()
    if not is_ours or any(task.delete_files for task in tasks):
        return 0  # other engines' partitions and deletions belong to the files as they are
    small = _chosen([task.file for task in tasks])
    if not small:
        return 0
    with TemporaryDirectory(prefix="bourne-upkeep-") as folder:
        path = Path(folder) / "merged.parquet"
        _write(files_of(table, oldest_first(each.file_path for each in small)), path)
        uri = send_file(table, path)
    with _giving_way(table) as attempt, table.transaction() as transaction:
        made = parquet_file_to_data_file(table.io, transaction.table_metadata, uri)
        with transaction.update_snapshot(_UPKEEP).overwrite() as change:
            for each in small:
                change.delete_data_file(each)
            change.append_data_file(made)
        keep_order(transaction)
    return len(small) if attempt.committed else 0


def _chosen(files: "Sequence[DataFile]") -> "list[DataFile]":
    """The small files, as many as are written within the bound; none where they are few."""
    chosen, size = [], 0
    for each in sorted(files, key=lambda file: file.file_size_in_bytes):
        size += each.file_size_in_bytes
        if each.file_size_in_bytes > _SMALL or size > _LARGEST_REWRITE:
            break
        chosen.append(each)
    return chosen if len(chosen) >= _FEWEST_SMALL else []


def _write(rows: ds.Dataset, path: Path) -> None:
    with pq.ParquetWriter(path, rows.schema, compression="zstd") as writer:
        for batch in rows.to_batches(batch_readahead=2, fragment_readahead=2):
            writer.write_batch(batch)


def _remove_unnamed(table: "Table", now: datetime) -> tuple[int, int]:
    """Remove files below the table that are old and that no snapshot names.

    Old is what was stored days before the newest that is named: a clock that is days ahead alone
    does not make it so, as a writer that was interrupted by that would name what is gone.
    """
    storage, root = storage_of(table, table.location())
    # Listed first: what is committed from here on is named when the names are read.
    found = storage.list_objects(root).objects
    table.refresh()
    named = _named(table, storage)
    newest = max((each.stored_at for each in found if each.key in named), default=now)
    before = max(min(newest, now) - _UNNAMED_FOR, now - _UNNAMED_BY_THE_CLOCK)
    gone = [each for each in found if each.key not in named and each.stored_at < before]
    for each in gone:
        storage.delete(each.key)
    return len(gone), sum(each.size for each in gone)


def _named(table: "Table", storage: Lake) -> set[str]:
    """Keys of all that the table's metadata name: metadata, manifests, and the files of rows."""
    metadata = table.metadata
    uris = {table.metadata_location, *(each.metadata_file for each in metadata.metadata_log)}
    statistics = [*metadata.statistics, *metadata.partition_statistics]
    uris |= {each.statistics_path for each in statistics}
    manifests: dict[str, ManifestFile] = {}
    for snapshot in table.snapshots():
        uris.add(snapshot.manifest_list)
        manifests |= {each.manifest_path: each for each in snapshot.manifests(table.io)}
    for path, manifest in manifests.items():
        uris.add(path)
        entries = manifest.fetch_manifest_entry(table.io, discard_deleted=False)
        uris |= {entry.data_file.file_path for entry in entries}
    if storage.bucket not in {urlsplit(uri).netloc for uri in uris}:
        raise CatalogueFailed(
            gettext(
                "The files of {name} are not where its metadata say: nothing was removed.",
                name=name_of(table),
            )
        )
    return {urlsplit(uri).path.lstrip("/") for uri in uris}


@dataclass
class _Attempt:
    """Whether what was tried was committed, as nobody else was faster."""

    committed: bool = True


@contextmanager
def _giving_way(table: "Table") -> Iterator[_Attempt]:
    """Upkeep never stops anybody: where others commit meanwhile, it waits for next time."""
    from pyiceberg.exceptions import CommitFailedException, ValidationException

    attempt = _Attempt()
    try:
        yield attempt
    except (CommitFailedException, ValidationException):
        attempt.committed = False
        _log.info("%s was changed by others during its upkeep.", name_of(table))
        table.refresh()
