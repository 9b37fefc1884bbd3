"""Batches of CSV files in the lake. What must not be put here: TMDB."""

from datetime import UTC, datetime

import dagster as dg
import pandas as pd

from bourne_assets.assets.common import OWNERS, RAW_GROUP, definition_metadata
from bourne_assets.csvs.landing import find_csv_files, land_csv_files
from bourne_assets.csvs.schemas import LANDED, REJECTED, UNCHANGED, ManifestTable
from bourne_assets.lake import keys
from bourne_assets.resources.csvs import CsvFolderResource
from bourne_assets.resources.lake import LakeResource
from bourne_assets.settings import Settings

RAW_CSVS = dg.AssetKey("raw_csvs_s3")


def raw_csvs_assets(settings: Settings) -> list[dg.AssetsDefinition]:
    """The landing of CSV files, one for all sagas."""

    @dg.asset(
        key=RAW_CSVS,
        group_name=RAW_GROUP,
        kinds={"s3", "csv"},
        owners=OWNERS,
        tags={"domain": "csv"},
        code_version="1",
        metadata=definition_metadata(settings, keys.TRUSTED, RAW_CSVS, ManifestTable),
    )
    def raw_csvs_s3(
        csv_folder: CsvFolderResource, lake: LakeResource
    ) -> dg.MaterializeResult[pd.DataFrame]:
        """Manifest of the CSV files landed in the lake, byte for byte.

        Source: every `*.csv` of the folder `BOURNE_CSV_DIR`. Grain: one row a file. The bytes lie
        under `Raw/Local/CSV/<Dataset>/<yyyy>/<mm>/<dd>/`; what was sent is read back and compared
        by SHA-256, and the same bytes are not sent twice. A file that is no CSV is rejected, and
        stops no other.
        """
        files = find_csv_files(csv_folder.path)
        manifest = land_csv_files(files, lake.connect(), datetime.now(UTC).date())
        counts = manifest["status"].value_counts()
        return dg.MaterializeResult(
            value=manifest,
            metadata={
                "folder": dg.MetadataValue.path(str(csv_folder.path)),
                "files_landed": int(counts.get(LANDED, 0)),
                "files_unchanged": int(counts.get(UNCHANGED, 0)),
                "files_rejected": int(counts.get(REJECTED, 0)),
                "rows": int(manifest["rows"].sum()),
                "rows_rejected": int(manifest["rejected_rows"].sum()),
                "landed_bytes": int(manifest.loc[manifest["status"] != REJECTED, "size"].sum()),
            },
        )

    return [raw_csvs_s3]
