"""What the TMDB assets tell of a run."""

import dagster as dg

from bourne_assets.defs.lake.io_manager import LakeIOManager
from bourne_assets.defs.lake.resource import LakeResource
from bourne_assets.defs.tmdb.assets import tmdb_assets
from bourne_assets.defs.tmdb.resource import TmdbResource
from bourne_assets.lake.store import JSON, Lake
from bourne_assets.settings import Settings
from bourne_assets_tests.defs.definitions import BOURNE
from bourne_assets_tests.standin import PACE, TmdbStandIn


def test_the_metadata_name_stored_responses_that_resuming_could_not_read(
    lake: Lake, lake_resource: LakeResource, tmdb_server: TmdbStandIn
) -> None:
    today = tmdb_server.client().today
    key = f"Raw/TMDB/JSON/{today:%Y/%m/%d}/search_movie/broken.json"
    lake.write(key, b"half", JSON)
    search = tmdb_assets(Settings(), BOURNE)[0]
    result = dg.materialize(
        [search],
        resources={
            "lake": lake_resource,
            "io_manager": LakeIOManager(lake=lake_resource),
            "tmdb": TmdbResource(
                read_access_token=tmdb_server.token,
                base_url=tmdb_server.base_url,
                requests_per_second=PACE,
            ),
        },
        run_config={"ops": {"tmdb_search": {"config": {"resume": True}}}},
        instance=dg.DagsterInstance.ephemeral(),
    )
    (event,) = result.asset_materializations_for_node("tmdb_search")
    listed = event.metadata["unreadable_raw_objects"]
    assert isinstance(listed, dg.TableMetadataValue)
    assert [record.data["uri"] for record in listed.records] == [lake.uri(key)]
