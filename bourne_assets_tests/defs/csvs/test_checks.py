"""The checks of the landing."""

from pathlib import Path
from typing import Any

import pytest

from bourne_assets.defs.lake.resource import LakeResource
from bourne_assets.lake.store import CSV, Lake
from bourne_assets_tests.defs.tables import (
    fact_of,
    offending_rows,
    put_csvs,
    run_checks,
    store_tables,
)


def test_a_rejected_file_and_a_rejected_line_are_named_and_stop_nothing(
    lake: Lake, lake_resource: LakeResource, tmp_path: Path
) -> None:
    put_csvs(lake, tmp_path, {"a.csv": b"", "b.csv": b"id|title\n1|a\n2\n3\n", "c.csv": b"id\n1\n"})
    outcome = run_checks(lake_resource, "raw_csvs_s3")
    assert outcome.success
    assert outcome.failed() == {"no_file_was_rejected", "no_line_was_rejected"}
    file, line = (outcome.checks[f"no_{kind}_was_rejected"] for kind in ("file", "line"))
    assert (file.severity.value, line.severity.value) == ("ERROR", "WARN")
    assert offending_rows(file) == [{"file": "a.csv", "reason": "it is empty"}]
    assert fact_of(file, "files") == 3
    assert [(row["file"], row["line"], row["text"]) for row in offending_rows(line)] == [
        ("b.csv", 3, "2"),
        ("b.csv", 4, "3"),
    ]
    assert fact_of(line, "rejected_rows") == 2
    assert fact_of(line, "rows") == 2


def test_reasons_are_in_the_language_of_the_user_and_no_address_widens_their_page(
    lake: Lake, lake_resource: LakeResource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOURNE_LANG", "pt")
    put_csvs(lake, tmp_path, {"a.csv": b"", "b.csv": b"id|title\n1|a\n2\n3\n"})
    outcome = run_checks(lake_resource, "raw_csvs_s3")
    file, line = (outcome.checks[f"no_{kind}_was_rejected"] for kind in ("file", "line"))
    assert offending_rows(file) == [{"file": "a.csv", "reason": "está vazio"}]
    assert {row["reason"] for row in offending_rows(line)} == {"tem 1 de 2 campos"}
    assert fact_of(outcome.checks["landed_bytes_are_equal"], "threshold") == "SHA-256 igual"
    files: Any = line.metadata["files"].value
    assert [record.data for record in files.records] == [
        {"file": "b.csv", "rows": 1, "rejected_rows": 2}
    ]


def test_a_folder_of_rejected_files_alone_can_be_checked(
    lake: Lake, lake_resource: LakeResource, tmp_path: Path
) -> None:
    put_csvs(lake, tmp_path, {"a.csv": b""})
    outcome = run_checks(lake_resource, "raw_csvs_s3")
    assert outcome.failed() == {"no_file_was_rejected"}
    assert fact_of(outcome.checks["landed_bytes_are_equal"], "compared") == 0


def test_a_manifest_of_another_shape_fails_its_schema(
    lake: Lake, lake_resource: LakeResource, tmp_path: Path
) -> None:
    manifest = put_csvs(lake, tmp_path, {"a.csv": b"id\n1\n"})
    store_tables(lake, {"raw_csvs_s3": manifest.assign(status="lost")})
    outcome = run_checks(lake_resource, "raw_csvs_s3")
    assert outcome.failed() == {"follows_schema"}
    assert not outcome.success


def test_an_object_that_was_tampered_with_fails_and_stops(
    lake: Lake, lake_resource: LakeResource, tmp_path: Path
) -> None:
    manifest = put_csvs(lake, tmp_path, {"a.csv": b"id\n1\n", "b.csv": b"id\n2\n"})
    uri = str(manifest.loc[1, "uri"])
    lake.write(lake.key(uri), b"tampered", CSV)
    outcome = run_checks(lake_resource, "raw_csvs_s3")
    check = outcome.checks["landed_bytes_are_equal"]
    assert outcome.failed() == {"landed_bytes_are_equal"}
    assert not outcome.success
    assert (check.severity.value, check.blocking) == ("ERROR", True)
    assert fact_of(check, "compared") == 2
    (row,) = offending_rows(check)
    assert (row["uri"], row["expected"]) == (uri, manifest.loc[1, "sha256"])
    assert list(row) == ["uri", "expected", "found"]


def test_an_object_that_is_gone_is_bad_data_and_blocks(
    lake: Lake, lake_resource: LakeResource, tmp_path: Path
) -> None:
    manifest = put_csvs(lake, tmp_path, {"a.csv": b"id\n1\n"})
    lake.delete(lake.key(str(manifest.loc[0, "uri"])))
    outcome = run_checks(lake_resource, "raw_csvs_s3")
    assert not outcome.success
    assert not outcome.checks["landed_bytes_are_equal"].passed
