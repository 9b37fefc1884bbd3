"""Which snapshots the stored answers name."""

from bourne_assets.answers.sources import named_snapshots
from bourne_assets.lake.store import JSON, Lake
from bourne_assets.tables import to_json


def test_the_snapshots_of_all_answers_are_found_and_other_objects_pass(lake: Lake) -> None:
    sources = [{"uri": "s3://a/b", "sha256": "c"}, {"table": "refined.x", "snapshot_id": "12"}]
    for key, value in {
        "Refined/insight_metrics.json": {"inputs": sources},
        "Refined/matrix/insight_metrics.json": {"inputs": [{"snapshot_id": 2**62}]},
        "Refined/old/insight_metrics.json": {"schema_version": 1},
        "Refined/broken/insight_metrics.json": ["no answers"],
        "Refined/other.json": {"inputs": [{"snapshot_id": 99}]},
    }.items():
        lake.write(key, to_json(value), JSON)
    lake.write("Refined/torn/insight_metrics.json", b"{", JSON)
    assert named_snapshots(lake) == {12, 2**62}
