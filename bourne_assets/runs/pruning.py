"""Old runs of the Dagster instance, which Dagster itself keeps forever.

Not here: the Iceberg tables' upkeep (`bourne_assets.iceberg.upkeep`).
"""

from datetime import datetime

import dagster as dg
from dagster._core.storage.dagster_run import FINISHED_STATUSES


def prune_runs(instance: dg.DagsterInstance, before: datetime) -> int:
    """Delete runs that ended before a time, with their events and what their steps printed.

    A run stays that made the newest materialisation or observation of an asset, or of one of its
    partitions: the UI, freshness and the sensors read them.

    Returns:
        How many runs were deleted.
    """
    kept = _runs_of_newest_events(instance)
    ended = dg.RunsFilter(statuses=list(FINISHED_STATUSES), updated_before=before)
    gone = [run_id for run_id in instance.get_run_ids(ended) if run_id not in kept]
    for run_id in gone:
        instance.delete_run(run_id)
        instance.compute_log_manager.delete_logs(prefix=[run_id])
    return len(gone)


def _runs_of_newest_events(instance: dg.DagsterInstance) -> set[str]:
    """Ids of the runs that the newest events of all assets and of their partitions are from."""
    kept = set()
    for key in instance.all_asset_keys():
        partitions = instance.get_materialized_partitions(key)
        newest = instance.event_log_storage.get_latest_storage_id_by_partition(
            key, dg.DagsterEventType.ASSET_MATERIALIZATION, partitions
        )
        found = [
            *instance.fetch_materializations(key, limit=1).records,
            *instance.fetch_observations(key, limit=1).records,
        ]
        if newest:
            filters = dg.AssetRecordsFilter(asset_key=key, storage_ids=list(newest.values()))
            found += instance.fetch_materializations(filters, limit=len(newest)).records
        kept |= {record.run_id for record in found}
    return kept
