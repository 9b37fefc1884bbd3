"""Old runs of an instance: which go, and what of them must stay."""

from datetime import UTC, datetime, timedelta

import dagster as dg

from bourne_assets.runs.pruning import prune_runs

_TOMORROW = datetime.now(UTC) + timedelta(days=1)
_PARTS = dg.StaticPartitionsDefinition(["a", "b"])


@dg.asset
def thing() -> None:
    """Materialised again and again."""


@dg.asset(partitions_def=_PARTS)
def parted() -> None:
    """Materialised by partition."""


@dg.op
def _observe(context: dg.OpExecutionContext) -> None:
    context.log_event(dg.AssetObservation("seen"))


@dg.job
def observing() -> None:
    """Observes and makes nothing."""
    _observe()


def _made(instance: dg.DagsterInstance, partition: str | None = None) -> str:
    asset = parted if partition else thing
    return dg.materialize([asset], instance=instance, partition_key=partition).run_id


def _runs(instance: dg.DagsterInstance) -> set[str]:
    return set(instance.get_run_ids())


def test_old_runs_go_and_that_of_the_newest_materialisation_stays() -> None:
    with dg.instance_for_test() as instance:
        old, new = _made(instance), _made(instance)
        assert prune_runs(instance, _TOMORROW) == 1
        assert _runs(instance) == {new}
        assert not instance.all_logs(old)
        event = instance.get_latest_materialization_event(thing.key)
        assert event is not None
        assert event.run_id == new
        assert instance.all_logs(new)


def test_the_newest_materialisation_of_each_partition_stays() -> None:
    with dg.instance_for_test() as instance:
        first, second, third = (_made(instance, part) for part in ("a", "b", "b"))
        prune_runs(instance, _TOMORROW)
        assert _runs(instance) == {first, third}
        assert second not in _runs(instance)


def test_the_newest_observation_stays() -> None:
    with dg.instance_for_test() as instance:
        runs = [observing.execute_in_process(instance=instance).run_id for _ in range(2)]
        prune_runs(instance, _TOMORROW)
        assert _runs(instance) == {runs[1]}


def test_young_runs_and_those_that_go_on_stay() -> None:
    with dg.instance_for_test() as instance:
        young = _made(instance)
        _made(instance)
        going_on = instance.create_run_for_job(observing, status=dg.DagsterRunStatus.STARTED)
        assert prune_runs(instance, datetime.now(UTC) - timedelta(days=1)) == 0
        prune_runs(instance, _TOMORROW)
        assert young not in _runs(instance)
        assert going_on.run_id in _runs(instance)
