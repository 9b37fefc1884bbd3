"""Checks on the landed CSV files. Not here: checks on what the files say."""

from dataclasses import asdict
from typing import Any

import dagster as dg
import pandas as pd

from bourne_assets.csvs.landing.batch import bytes_that_differ
from bourne_assets.csvs.landing.manifest import REJECTED, ManifestTable, rejected_lines_in
from bourne_assets.csvs.landing.profile import SHOWN_LINES
from bourne_assets.defs.lake.resource import LakeResource
from bourne_assets.defs.shared.failures import fails_in_one_sentence
from bourne_assets.defs.shared.metadata import whole_table
from bourne_assets.defs.shared.naming import RAW_CSVS
from bourne_assets.defs.shared.rules import Finding, Rule, check_of, follows_schema, result_of
from bourne_assets.tables import records
from bourne_assets.translations import gettext, grouped, plain, retold

#: Columns of the manifest, and of rejected lines, that hold a stored sentence.
_REASONS = frozenset({"reason", "table_error"})
#: Columns with several of them.
_LISTS = frozenset({"unreadable", "drift"})


def raw_csvs_checks() -> list[dg.AssetChecksDefinition]:
    """The checks of the landing."""
    rules = [
        follows_schema(ManifestTable),
        Rule(
            "no_file_was_rejected",
            "Every CSV file of the batch was landed; a rejected one is named with the reason.",
            _rejected_files,
            is_error=True,
        ),
        Rule(
            "no_line_was_rejected",
            "Every line is a row. The bytes of the others are landed too, and kept with their "
            "reasons under `Raw/Local/CSV/_rejects/`: `bourne rejects` lists them, and `bourne "
            "rejects fix` makes rows of them once they are corrected. The first ten are shown.",
            _rejected_lines,
        ),
        Rule(
            "every_table_was_written",
            "The rows of the files that were landed now are in the table of each dataset; where "
            "that is not possible, or would be worse than none, the last good table stays.",
            lambda manifest: _files_with(manifest, "table_error"),
            is_error=True,
        ),
        Rule(
            "every_line_is_accounted_for",
            "Rows, rejected lines and corrected lines of each file are together the lines that "
            "were counted in its bytes: none was lost, none appears twice.",
            _unaccounted_lines,
            blocking=True,
        ),
        Rule(
            "values_fit_their_types",
            "Every value has the type that is declared for its column, or that the challenge's "
            "columns have; lines with others are rejected, or the value is unknown in the table, "
            "and each declared type is that of a column.",
            lambda manifest: _files_with(manifest, "unreadable"),
        ),
        Rule(
            "columns_are_those_of_last_time",
            "Each dataset has the columns and types of its last landing; new, missing, renamed and "
            "retyped ones are named.",
            lambda manifest: _files_with(manifest, "drift"),
        ),
        Rule(
            "id_column_is_there",
            "No file has lost the id column of its dataset, without which it joins with nothing; "
            "the last good table of such a dataset stays.",
            lambda manifest: _files_with(manifest, "missing_id"),
            blocking=True,
        ),
    ]
    return [check_of(RAW_CSVS, rules), _landed_bytes_are_equal()]


def _rejected_files(manifest: pd.DataFrame) -> Finding:
    rejected = manifest[manifest["status"] == REJECTED]
    return Finding(
        _translated(records(rejected[["file", "reason"]])),
        _files(manifest),
        {"files": len(manifest)},
    )


def _rejected_lines(manifest: pd.DataFrame) -> Finding:
    """The first rejected lines of all files, and how many there are of each."""
    partly = manifest[manifest["rejected_rows"].fillna(0) > 0]
    files = records(partly[["file", "rows", "rejected_rows"]])
    rejected = int(partly["rejected_rows"].sum())
    facts: dict[str, Any] = {"rows": int(manifest["rows"].sum()), "rejected_rows": rejected}
    if files:
        facts["files"] = whole_table(files)
    seen = gettext("rows: {count}", count=grouped(facts["rows"]))
    lines = _translated([asdict(line) for line in rejected_lines_in(manifest, SHOWN_LINES)])
    return Finding(lines, seen, facts, count=rejected)


def _unaccounted_lines(manifest: pd.DataFrame) -> Finding:
    landed = manifest[manifest["status"] != REJECTED]
    counted = landed["rows"] + landed["rejected_rows"] + landed["corrected_rows"]
    wrong = landed[(counted != landed["lines"]).fillna(True)]
    lines = int(landed["lines"].sum())
    return Finding(
        records(wrong[["file", "lines", "rows", "rejected_rows", "corrected_rows"]]),
        gettext("lines: {count}", count=grouped(lines)),
        {"lines": lines, "threshold": gettext("rows + rejected + corrected = lines")},
    )


def _files_with(manifest: pd.DataFrame, column: str) -> Finding:
    named = manifest[manifest[column].notna()]
    rows = _translated(records(named[["file", column]]))
    return Finding(rows, _files(manifest), {"files": len(manifest)})


def _translated(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows whose stored reasons are in the language of this process: people read them here."""
    return [{name: _translated_cell(name, value) for name, value in row.items()} for row in rows]


def _translated_cell(column: str, value: Any) -> Any:
    if column in _LISTS:
        return "; ".join(map(retold, str(value).split("; ")))
    return retold(value) if column in _REASONS else value


def _files(manifest: pd.DataFrame) -> str:
    return gettext("files: {count}", count=grouped(len(manifest)))


def _landed_bytes_are_equal() -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=RAW_CSVS,
        name="landed_bytes_are_equal",
        blocking=True,
        description=plain(
            "Every landed object has the SHA-256 of the sent file: read back now, or, where it "
            "was sent in parts, by the checksum that the server keeps of what it stored."
        ),
    )
    @fails_in_one_sentence
    def landed_bytes_are_equal(
        lake: LakeResource, raw_csvs_s3: pd.DataFrame
    ) -> dg.AssetCheckResult:
        differing = bytes_that_differ(raw_csvs_s3, lake.connect())
        compared = int((raw_csvs_s3["status"] != REJECTED).sum())
        finding = Finding(
            [asdict(each) for each in differing],
            gettext("compared files: {count}", count=grouped(compared)),
            {"compared": compared, "threshold": gettext("equal SHA-256")},
        )
        return result_of(RAW_CSVS, "landed_bytes_are_equal", finding, is_error=True)

    return landed_bytes_are_equal
