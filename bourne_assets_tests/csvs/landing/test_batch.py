"""CSV files land byte for byte, once, and a bad one stops no other."""

import hashlib
import os
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from bourne_assets.csvs.intake.files import CsvFile, find_csv_files
from bourne_assets.csvs.landing.batch import DifferingBytes, bytes_that_differ, land_csv_files
from bourne_assets.csvs.landing.manifest import LANDED, REJECTED, UNCHANGED, ManifestTable
from bourne_assets.defs.csvs.assets import raw_csvs_assets
from bourne_assets.defs.csvs.resource import CsvFolderResource
from bourne_assets.defs.lake.resource import LakeResource
from bourne_assets.lake.errors import LakeError
from bourne_assets.lake.store import CSV, Lake, StoredObject
from bourne_assets.settings import Settings
from bourne_assets.tables import to_parquet
from bourne_assets_tests.support.tables import tables_of
from bourne_assets_tests.support.tiers import in_every_run

_DAY = date(2026, 11, 23)
_FILMS = b"id|title\n1|The Bourne Identity\n2|The Bourne Supremacy\n"


def _written(folder: Path, name: str, data: bytes = _FILMS) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def _land(lake: Lake, *files: Path | CsvFile, day: date = _DAY) -> pd.DataFrame:
    return land_csv_files(files, lake, day, tables=tables_of(lake)).manifest


def _key(lake: Lake, manifest: pd.DataFrame, position: int = 0) -> str:
    return lake.key(str(manifest.loc[position, "uri"]))


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


# Where files land


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("movies.csv", "Raw/Local/CSV/Movies/2026/11/23/movies.csv"),
        ("series.csv", "Raw/Local/CSV/Series/2026/11/23/series.csv"),
        ("box_office.csv", "Raw/Local/CSV/Box_Office/2026/11/23/box_office.csv"),
        ("MOVIES.CSV", "Raw/Local/CSV/Movies/2026/11/23/MOVIES.CSV"),
        ("movies.2026.csv", "Raw/Local/CSV/Movies.2026/2026/11/23/movies.2026.csv"),
    ],
)
def test_a_file_lands_under_its_dataset_and_day(
    lake: Lake, folder: Path, name: str, key: str
) -> None:
    manifest = _land(lake, _written(folder, name))
    assert _key(lake, manifest) == key
    assert lake.list("Raw") == [key]


def test_day_and_month_have_two_digits_in_the_key(lake: Lake, folder: Path) -> None:
    manifest = _land(lake, _written(folder, "movies.csv"), day=date(2027, 1, 2))
    assert _key(lake, manifest) == "Raw/Local/CSV/Movies/2027/01/02/movies.csv"


@pytest.mark.parametrize(
    "data",
    in_every_run(
        [
            _FILMS,
            b"\xef\xbb\xbfid,title\r\n1,a\r\n",
            "id|título\n1|Amélie".encode("latin-1"),
            b"id,title\n1\n2,b,extra\n",
            b'id|title\n1|"\n',
            b"id,title",
            b"id|title\n" + b"".join(b"%d|some film or other\n" % row for row in range(500_000)),
        ],
        first=3,
    ),
    ids=["pipes", "mark and CRLF", "latin-1", "ragged", "lone quote", "header", "several parts"],
)
def test_the_bytes_in_the_lake_are_those_of_the_file(lake: Lake, folder: Path, data: bytes) -> None:
    manifest = _land(lake, _written(folder, "films.csv", data))
    landed, stored = lake.read(_key(lake, manifest))
    assert landed == data
    (row,) = manifest.to_dict("records")
    assert row["status"] == LANDED
    assert row["sha256"] == stored.sha256 == _digest(data)
    assert row["size"] == len(data)


def test_the_manifest_says_what_a_file_holds(lake: Lake, folder: Path) -> None:
    data = "id;título\n1;a\n2;b;extra\n3;c\n".encode("latin-1")
    (row,) = _land(lake, _written(folder, "films.csv", data)).to_dict("records")
    assert row["file"] == "films.csv"
    assert row["dataset"] == "Films"
    assert (row["rows"], row["rejected_rows"]) == (2, 1)
    assert (row["columns"], row["encoding"], row["delimiter"]) == ("id;título", "latin-1", ";")
    assert row["uri"] == lake.uri("Raw/Local/CSV/Films/2026/11/23/films.csv")


@pytest.mark.parametrize(
    "name",
    in_every_run(
        [
            "a*[x].csv",
            'it\'s "quoted".csv',
            "two words.csv",
            "Amélie 日本.csv",
            "fifty%.csv",
            "%2e%2e.csv",
            "a#b?c&d=e.csv",
            "plus+tilde~.csv",
            "new\nline.csv",
            os.fsdecode(b"not-utf8-\xe9.csv"),
        ],
        first=3,
    ),
    ids=ascii,
)
def test_a_file_of_any_name_lands_or_is_rejected_and_stops_no_other(
    lake: Lake, folder: Path, name: str
) -> None:
    _written(folder, name)
    _written(folder, "other.csv")
    manifest = _land(lake, *find_csv_files(folder))
    status = dict(zip(manifest["file"], manifest["status"], strict=True))
    assert len(status) == 2
    assert status["other.csv"] == LANDED
    if name.isprintable():
        assert status[name] == LANDED
    for uri in manifest["uri"].dropna():
        assert lake.read(lake.key(uri))[0] == _FILMS
    assert to_parquet(manifest)


# Landing again


def test_the_same_bytes_are_not_sent_twice(lake: Lake, folder: Path) -> None:
    path = _written(folder, "movies.csv")
    first = _land(lake, path)
    second = _land(lake, path)
    assert first["status"].to_list() == [LANDED]
    assert second["status"].to_list() == [UNCHANGED]
    about = ["uri", "sha256", "size", "rows", "rejected_rows", "columns"]
    pd.testing.assert_frame_equal(first[about], second[about])
    assert len(lake.list("Raw")) == 1


def test_other_bytes_of_that_name_on_that_day_stand_beside_the_first(
    lake: Lake, folder: Path
) -> None:
    other = _FILMS + b"3|The Bourne Ultimatum\n"
    _land(lake, _written(folder, "movies.csv"))
    manifest = _land(lake, _written(folder, "movies.csv", other))
    beside = f"Raw/Local/CSV/Movies/2026/11/23/movies~{_digest(other)[:8]}.csv"
    assert manifest["status"].to_list() == [LANDED]
    assert _key(lake, manifest) == beside
    assert lake.read("Raw/Local/CSV/Movies/2026/11/23/movies.csv")[0] == _FILMS
    assert lake.read(beside)[0] == other


def test_other_bytes_that_came_before_are_unchanged_too(lake: Lake, folder: Path) -> None:
    other = _FILMS + b"3|The Bourne Ultimatum\n"
    path = _written(folder, "movies.csv")
    _land(lake, path)
    path.write_bytes(other)
    first = _land(lake, path)
    again = _land(lake, path)
    path.write_bytes(_FILMS)
    back = _land(lake, path)
    assert again["status"].to_list() == [UNCHANGED]
    assert again["uri"].to_list() == first["uri"].to_list()
    assert back["status"].to_list() == [UNCHANGED]
    assert _key(lake, back) == "Raw/Local/CSV/Movies/2026/11/23/movies.csv"
    assert len(lake.list("Raw")) == 2


def test_three_versions_of_a_file_stand_beside_each_other(lake: Lake, folder: Path) -> None:
    versions = [b"id|title\n%d|a\n" % number for number in range(3)]
    for data in versions:
        _land(lake, _written(folder, "movies.csv", data))
    assert sorted(lake.read(key)[0] for key in lake.list("Raw")) == versions


def test_the_same_bytes_on_another_day_land_under_that_day(lake: Lake, folder: Path) -> None:
    path = _written(folder, "movies.csv")
    _land(lake, path)
    assert _land(lake, path, day=date(2026, 11, 24))["status"].to_list() == [LANDED]
    assert lake.list("Raw") == [
        "Raw/Local/CSV/Movies/2026/11/23/movies.csv",
        "Raw/Local/CSV/Movies/2026/11/24/movies.csv",
    ]


def test_an_object_that_somebody_else_put_there_is_not_overwritten(
    lake: Lake, folder: Path
) -> None:
    taken = "Raw/Local/CSV/Movies/2026/11/23/movies.csv"
    lake.write(taken, b"of somebody else", CSV)
    manifest = _land(lake, _written(folder, "movies.csv"))
    assert manifest["status"].to_list() == [LANDED]
    assert lake.read(taken)[0] == b"of somebody else"
    assert lake.read(_key(lake, manifest))[0] == _FILMS


def test_a_file_whose_both_names_are_taken_is_rejected(lake: Lake, folder: Path) -> None:
    for key in ("movies.csv", f"movies~{_digest(_FILMS)[:8]}.csv"):
        lake.write(f"Raw/Local/CSV/Movies/2026/11/23/{key}", b"of somebody else", CSV)
    (row,) = _land(lake, _written(folder, "movies.csv")).to_dict("records")
    assert row["status"] == REJECTED
    assert "different bytes" in row["reason"]


# Files that are rejected


def test_a_rejected_file_stops_no_other_and_leaves_nothing_in_the_lake(
    lake: Lake, folder: Path
) -> None:
    _written(folder, "a.csv")
    _written(folder, "b.csv", b"")
    _written(folder, "c.csv", b"id,\x00title\n1,\x00\n")
    _written(folder, "d.csv", b"\xef\xbb\xbf")
    _written(folder, "e.csv")
    manifest = _land(lake, *find_csv_files(folder))
    assert manifest["status"].to_list() == [LANDED, REJECTED, REJECTED, REJECTED, LANDED]
    assert len(lake.list("Raw")) == 2
    assert {key.split("/")[-1].partition(".")[0] for key in lake.list("Trusted")} == {"A", "E"}


def test_a_rejected_file_has_a_reason_and_its_size_and_nothing_else(
    lake: Lake, folder: Path
) -> None:
    manifest = _land(lake, _written(folder, "nul.csv", b"i\x00d\n1\n"))
    (row,) = manifest.astype(object).where(manifest.notna(), None).to_dict("records")
    assert row == {
        "file": "nul.csv",
        "dataset": "Nul",
        "status": REJECTED,
        "reason": "it is not a text file (its first line contains NUL bytes)",
        "uri": None,
        "size": 6,
        "sha256": None,
        "checksum": None,
        "lines": None,
        "rows": None,
        "rejected_rows": None,
        "corrected_rows": None,
        "first_rejected": None,
        "columns": None,
        "encoding": None,
        "delimiter": None,
        "rejects_uri": None,
        "table_uri": None,
        "table_error": None,
        "drift": None,
        "missing_id": None,
        "unreadable": None,
        "notes": None,
    }


def _as_directory(path: Path) -> None:
    path.mkdir()


def _as_pipe(path: Path) -> None:
    os.mkfifo(path)


def _as_dangling_link(path: Path) -> None:
    path.symlink_to("nowhere.csv")


def _as_link_to_itself(path: Path) -> None:
    path.symlink_to(path.name)


def _as_link_out_of_the_folder(path: Path) -> None:
    outside = path.parent.parent / "outside.csv"
    outside.write_bytes(_FILMS)
    path.symlink_to(outside)


def _as_relative_link_out_of_the_folder(path: Path) -> None:
    (path.parent.parent / "outside.csv").write_bytes(_FILMS)
    path.symlink_to("../outside.csv")


@pytest.mark.parametrize(
    "make",
    [
        _as_directory,
        _as_pipe,
        _as_dangling_link,
        _as_link_to_itself,
        _as_link_out_of_the_folder,
        _as_relative_link_out_of_the_folder,
    ],
)
def test_what_is_not_a_file_of_the_folder_is_rejected_with_a_reason(
    lake: Lake, folder: Path, make: Callable[[Path], None]
) -> None:
    path = folder / "odd.csv"
    make(path)
    manifest = _land(lake, path, _written(folder, "films.csv"))
    films, odd = manifest.to_dict("records")
    assert (films["status"], odd["status"]) == (LANDED, REJECTED)
    assert odd["reason"]
    assert len(lake.list("Raw")) == 1


def test_a_file_that_is_gone_is_rejected(lake: Lake, folder: Path) -> None:
    (row,) = _land(lake, folder / "gone.csv").to_dict("records")
    assert (row["status"], row["size"]) == (REJECTED, 0)


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file of /proc")
def test_a_file_whose_bytes_cannot_be_read_is_rejected_with_the_systems_reason(
    lake: Lake, folder: Path
) -> None:
    manifest = _land(lake, Path("/proc/self/mem"), _written(folder, "films.csv"))
    assert manifest["status"].to_list() == [LANDED, REJECTED]
    assert "cannot be read (Input/output error)" in str(manifest.loc[1, "reason"])


class _BusyFolder(Lake):
    """A lake before which somebody writes to the file after it was read for the first time."""

    path: Path

    def head(self, key: str) -> StoredObject | None:
        with self.path.open("ab") as file:
            file.write(b"more\n")
        return super().head(key)


@pytest.mark.parametrize("single_put_bytes", [32, 1024 * 1024], ids=["in parts", "in one"])
def test_a_file_that_changes_while_it_is_sent_is_rejected_and_leaves_nothing(
    lake: Lake, folder: Path, monkeypatch: pytest.MonkeyPatch, single_put_bytes: int
) -> None:
    monkeypatch.setattr("bourne_assets.csvs.landing.upload.SINGLE_BYTES", single_put_bytes)
    busy = _BusyFolder(lake._store, lake._make_client, lake.bucket, lake.prefix, lake.access)
    busy.path = _written(folder, "films.csv")
    (row,) = _land(busy, busy.path).to_dict("records")
    assert (row["status"], row["reason"]) == (REJECTED, "it changed while it was sent")
    assert lake.list() == []


def test_a_link_inside_the_folder_is_a_file_of_the_folder(lake: Lake, folder: Path) -> None:
    _written(folder, "films.csv")
    (folder / "linked.csv").symlink_to("films.csv")
    manifest = _land(lake, *find_csv_files(folder))
    assert manifest["status"].to_list() == [LANDED, LANDED]
    assert lake.read(_key(lake, manifest, 1))[0] == _FILMS


def test_a_folder_that_is_itself_a_link_is_read(lake: Lake, folder: Path) -> None:
    _written(folder, "films.csv")
    link = folder.parent / "link"
    link.symlink_to(folder)
    assert _land(lake, *find_csv_files(link))["status"].to_list() == [LANDED]


# The manifest


def test_the_manifest_is_in_order_of_the_file_names(lake: Lake, folder: Path) -> None:
    paths = [_written(folder, name) for name in ("c.csv", "A.csv", "b.csv")]
    assert _land(lake, *paths)["file"].to_list() == ["A.csv", "b.csv", "c.csv"]


def test_the_manifest_follows_its_schema_with_and_without_rejected_files(
    lake: Lake, folder: Path
) -> None:
    good, bad = _written(folder, "films.csv"), _written(folder, "empty.csv", b"")
    for paths in ((good,), (bad,), (good, bad), ()):
        manifest = _land(lake, *paths)
        ManifestTable.to_schema().validate(manifest, lazy=True)
        assert list(manifest.columns) == list(ManifestTable.to_schema().columns)
        assert {str(manifest[name].dtype) for name in ("size", "rows", "rejected_rows")} == {
            "Int64"
        }


# Proof that bytes arrived


def test_nothing_differs_after_a_landing(lake: Lake, folder: Path) -> None:
    _written(folder, "a.csv")
    _written(folder, "b.csv", b"")
    assert bytes_that_differ(_land(lake, *find_csv_files(folder)), lake) == []


def test_an_object_that_was_tampered_with_is_found(lake: Lake, folder: Path) -> None:
    _written(folder, "a.csv")
    _written(folder, "b.csv")
    manifest = _land(lake, *find_csv_files(folder))
    lake.write(_key(lake, manifest, 1), b"tampered", CSV)
    assert bytes_that_differ(manifest, lake) == [
        DifferingBytes(str(manifest.loc[1, "uri"]), _digest(_FILMS), _digest(b"tampered"))
    ]


def test_tampering_that_keeps_the_noted_digest_is_found_as_well(lake: Lake, folder: Path) -> None:
    manifest = _land(lake, _written(folder, "films.csv"))
    forged = _written(folder, "forged.csv", b"x" * len(_FILMS))
    lake.write_file(_key(lake, manifest), forged, _digest(_FILMS), CSV)
    assert len(bytes_that_differ(manifest, lake)) == 1


def test_an_object_that_is_gone_is_found_missing(lake: Lake, folder: Path) -> None:
    manifest = _land(lake, _written(folder, "films.csv"))
    lake.delete(_key(lake, manifest))
    (wrong,) = bytes_that_differ(manifest, lake)
    assert wrong.uri.endswith("films.csv")
    assert wrong.found == "missing"


def test_a_manifest_of_another_lake_cannot_be_compared(lake: Lake, folder: Path) -> None:
    manifest = _land(lake, _written(folder, "films.csv"))
    manifest["uri"] = "s3://elsewhere/films.csv"
    with pytest.raises(LakeError, match="outside this lake"):
        bytes_that_differ(manifest, lake)


# The asset


def test_the_asset_counts_what_became_of_the_files(
    lake: Lake, lake_resource: LakeResource, folder: Path
) -> None:
    (asset,) = raw_csvs_assets(Settings())
    _written(folder, "bad.csv", b"\x00" * 1_000)
    _written(folder, "films.csv", b"id|title\n1|a\n2\n3|c\n")
    _written(folder, "series.csv")
    _land(lake, folder / "series.csv")
    result: Any = asset(
        dg.build_asset_context(),
        csv_folder=CsvFolderResource(folder=str(folder), landed_on=_DAY.isoformat()),
        lake=lake_resource,
    )
    assert result.value["status"].to_list() == [REJECTED, LANDED, UNCHANGED]
    facts = dict(result.metadata)
    profile = [dict(record.data) for record in facts.pop("profile").records]
    rejected = [dict(record.data) for record in facts.pop("rejected_lines").records]
    assert [(row["file"], row["line"], row["text"]) for row in rejected] == [("films.csv", 3, "2")]
    assert list(rejected[0]) == ["file", "line", "reason", "text"]
    assert [(row["dataset"], row["name"], row["type"], row["distinct"]) for row in profile] == [
        ("Films", "id", "BIGINT", 2),
        ("Films", "title", "VARCHAR", 2),
        ("Series", "id", "BIGINT", 2),
        ("Series", "title", "VARCHAR", 2),
    ]
    assert facts.pop("landed_files").data.keys() == {"films.csv", "series.csv"}
    assert facts == {
        "files_landed": 1,
        "files_unchanged": 1,
        "files_rejected": 1,
        "rows": 4,
        "rows_rejected": 1,
        "rows_corrected": 0,
        "landed_bytes": len(b"id|title\n1|a\n2\n3|c\n") + len(_FILMS),
    }
