"""Checks on the landed CSV files. What must not be put here: checks on what the files say."""

import dagster as dg
import pandas as pd

from bourne_assets.assets.raw_csvs import RAW_CSVS
from bourne_assets.checks.rules import Finding, Rule, check_of, follows_schema, result_of
from bourne_assets.csvs.landing import bytes_that_differ
from bourne_assets.csvs.schemas import REJECTED, ManifestTable
from bourne_assets.resources.lake import LakeResource
from bourne_assets.tables import records


def raw_csvs_checks() -> list[dg.AssetChecksDefinition]:
    """The checks of the landing."""
    rules = [
        follows_schema(ManifestTable),
        Rule(
            "no_file_was_rejected",
            "Every CSV file of the folder was landed; a rejected one is named with the reason.",
            _rejected_files,
        ),
        Rule(
            "no_line_was_rejected",
            "Every line fits the header of its file; the bytes of the others are landed as well, "
            "but they are no rows.",
            _files_with_rejected_lines,
        ),
    ]
    return [check_of(RAW_CSVS, rules), _landed_bytes_are_equal()]


def _rejected_files(manifest: pd.DataFrame) -> Finding:
    rejected = manifest[manifest["status"] == REJECTED]
    return Finding(records(rejected[["file", "reason"]]), {"files": len(manifest)})


def _files_with_rejected_lines(manifest: pd.DataFrame) -> Finding:
    partly = manifest[manifest["rejected_rows"].fillna(0) > 0]
    return Finding(
        records(partly[["file", "rows", "rejected_rows"]]), {"rows": int(manifest["rows"].sum())}
    )


def _landed_bytes_are_equal() -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=RAW_CSVS,
        name="landed_bytes_are_equal",
        blocking=True,
        description="Every landed object, read back now, has the SHA-256 of the sent file.",
    )
    def landed_bytes_are_equal(
        lake: LakeResource, raw_csvs_s3: pd.DataFrame
    ) -> dg.AssetCheckResult:
        differing = bytes_that_differ(raw_csvs_s3, lake.connect())
        compared = int((raw_csvs_s3["status"] != REJECTED).sum())
        finding = Finding(differing, {"compared": compared, "threshold": "equal SHA-256"})
        return result_of(RAW_CSVS, "landed_bytes_are_equal", finding, blocking=True)

    return landed_bytes_are_equal
