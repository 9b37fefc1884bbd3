"""Files that mean harm, or have suffered some: none crashes a landing, hangs it, or eats memory."""

import gzip
import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bourne_assets.csvs.errors import CsvFolderError
from bourne_assets.csvs.intake.files import find_csv_files
from bourne_assets.csvs.landing.manifest import LANDED, REJECTED
from bourne_assets.lake.store import Lake
from bourne_assets.tables import records
from bourne_assets_tests.csvs.landings import land, landed_rows
from bourne_assets_tests.support.tables import dataset_in
from bourne_assets_tests.support.tiers import in_every_run

_FILMS = b"id|title\n1|The Bourne Identity\n2|The Bourne Supremacy\n"


def _landed(lake: Lake, folder: Path, data: bytes, name: str = "films.csv") -> dict[str, Any]:
    (folder / name).write_bytes(data)
    row = landed_rows(lake, folder)[name]
    if row["status"] == LANDED:
        assert row["lines"] == row["rows"] + row["rejected_rows"]
        assert lake.read(lake.key(row["uri"]))[0] == data
    return row


def _rejects(lake: Lake, row: dict[str, Any]) -> list[dict[str, Any]]:
    data, _ = lake.read(lake.key(row["rejects_uri"]))
    return [json.loads(line) for line in data.decode().splitlines()]


def _table(lake: Lake, row: dict[str, Any]) -> pd.DataFrame:
    return dataset_in(lake, row["dataset"])


# Names


@pytest.mark.parametrize(
    "name",
    ["two  words .csv", "Amélie 日本 🎬.csv", "a..b.csv", "%2e%2e%2f.csv", "x" * 236 + ".csv"],
    ids=ascii,
)
def test_odd_names_are_landed(lake: Lake, folder: Path, name: str) -> None:
    assert _landed(lake, folder, _FILMS, name)["status"] == LANDED


@pytest.mark.parametrize("name", ["bell\x07.csv", "line\nbreak.csv", "x" * 245 + ".csv"], ids=ascii)
def test_names_that_no_object_can_have_are_rejected_and_shown_in_printable_characters(
    lake: Lake, folder: Path, name: str
) -> None:
    (folder / name).write_bytes(_FILMS)
    (folder / "good.csv").write_bytes(_FILMS)
    rows = landed_rows(lake, folder)
    assert rows.pop("good.csv")["status"] == LANDED
    ((shown, row),) = rows.items()
    assert row["status"] == REJECTED
    assert "name" in row["reason"]
    assert shown.isprintable()


def test_a_name_of_three_hundred_bytes_is_not_taken_for_a_path(folder: Path) -> None:
    with pytest.raises(CsvFolderError, match="cannot be read"):
        find_csv_files(folder / ("x" * 296 + ".csv"))


def test_a_path_with_dots_leads_to_the_key_of_its_name_alone(lake: Lake, folder: Path) -> None:
    (folder / "films.csv").write_bytes(_FILMS)
    files = find_csv_files(folder / ".." / "batch" / "films.csv")
    manifest = land(lake, folder, files).manifest
    assert manifest.loc[0, "uri"] == lake.uri("Raw/Local/CSV/Films/2026/11/23/films.csv")


# What is not a file of the folder


def test_links_out_of_the_folder_are_refused_and_named(lake: Lake, folder: Path) -> None:
    outside = folder.parent / "outside"
    outside.mkdir()
    (outside / "secret.csv").write_bytes(_FILMS)
    (folder / "file.csv").symlink_to(outside / "secret.csv")
    (folder / "below").symlink_to(outside)
    (folder / "good.csv").write_bytes(_FILMS)
    rows = landed_rows(lake, folder)
    assert {name: row["status"] for name, row in rows.items()} == {
        "below": REJECTED,
        "file.csv": REJECTED,
        "good.csv": LANDED,
    }
    for name in ("below", "file.csv"):
        assert rows[name]["reason"] == "it is a link out of the folder"
    assert len(lake.list("Raw")) == 1


def test_pipes_sockets_and_devices_are_rejected_and_nobody_waits_for_them(
    lake: Lake, folder: Path
) -> None:
    os.mkfifo(folder / "pipe.csv")
    (folder / "device.csv").symlink_to("/dev/zero")
    (folder / "good.csv").write_bytes(_FILMS)
    with socket.socket(socket.AF_UNIX) as server:
        os.chdir(folder)
        server.bind("socket.csv")
        rows = landed_rows(lake, folder)
    assert rows.pop("good.csv")["status"] == LANDED
    assert {row["status"] for row in rows.values()} == {REJECTED}
    assert set(rows) == {"pipe.csv", "device.csv", "socket.csv"}


# Files that change


@pytest.mark.parametrize(
    "size", in_every_run([1_000, 20_000_000]), ids=["in one request", "in parts"]
)
@pytest.mark.parametrize("change", ["grows", "shrinks", "stays as long"])
def test_a_file_that_changes_while_it_is_landed_is_rejected_whole(
    lake: Lake, folder: Path, monkeypatch: pytest.MonkeyPatch, size: int, change: str
) -> None:
    path = folder / "films.csv"
    line = b"1|" + b"a" * 97 + b"\n"  # wide: many rows would prove no more, and take long
    path.write_bytes(b"id|title\n" + line * (size // len(line)))
    head = Lake.head

    def disturb(self: Lake, key: str) -> Any:
        with path.open("r+b") as file:
            if change == "shrinks":
                file.truncate(size // 2)
            else:
                file.seek(0, os.SEEK_END if change == "grows" else os.SEEK_SET)
                file.write(b"9|z\n")
        return head(self, key)

    monkeypatch.setattr(Lake, "head", disturb)
    row = landed_rows(lake, folder)["films.csv"]
    assert row["status"] == REJECTED
    assert lake.list() == []
    assert lake.incomplete_uploads() == []


def test_a_file_that_never_stops_growing_ends_the_landing_all_the_same(
    lake: Lake, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / "log.csv"
    path.write_bytes(b"a,b\n" + b"1,2\n" * 1_000_000)
    done = threading.Event()

    def write() -> None:
        with path.open("ab", buffering=0) as file:
            while not done.wait(0.001):
                file.write(b"3,4\n" * 1_000)

    head = Lake.head

    def when_it_has_grown(self: Lake, key: str) -> Any:
        size = path.stat().st_size
        while path.stat().st_size == size:
            time.sleep(0.001)
        return head(self, key)

    monkeypatch.setattr(Lake, "head", when_it_has_grown)
    writer = threading.Thread(target=write)
    writer.start()
    try:
        row = landed_rows(lake, folder)["log.csv"]
    finally:
        done.set()
        writer.join()
    assert row["status"] == REJECTED
    assert lake.list() == []


# Bytes


def test_an_empty_file_and_a_header_alone(lake: Lake, folder: Path) -> None:
    assert _landed(lake, folder, b"", "empty.csv")["reason"] == "it is empty"
    row = _landed(lake, folder, b"id|title\n", "header.csv")
    assert (row["status"], row["lines"], row["rows"]) == (LANDED, 0, 0)
    assert list(_table(lake, row).columns) == ["id", "title"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_end_gives_the_same_rows_and_line_numbers(
    lake: Lake, folder: Path, end: str
) -> None:
    row = _landed(lake, folder, end.join(["a,b", "1,2", "x", "3,4"]).encode())
    assert (row["rows"], row["rejected_rows"]) == (2, 1)
    assert [(reject["line"], reject["text"]) for reject in _rejects(lake, row)] == [(3, "x")]


def test_mixed_line_ends_keep_the_line_numbers(lake: Lake, folder: Path) -> None:
    row = _landed(lake, folder, b"a,b\r\n1,2\nx\n3,4\r\n\r\ny\n5,6")
    assert (row["rows"], row["rejected_rows"]) == (3, 2)
    assert [reject["line"] for reject in _rejects(lake, row)] == [3, 6]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "latin-1", "cp1252", "utf-8-sig"])
def test_every_encoding_gives_the_same_rows(lake: Lake, folder: Path, encoding: str) -> None:
    row = _landed(lake, folder, "id;título\n1;Amélie\n2\n".encode(encoding))
    assert (row["rows"], row["rejected_rows"]) == (1, 1)
    assert records(_table(lake, row)) == [{"id": 1, "título": "Amélie"}]


def test_bad_bytes_nul_ragged_and_over_long_lines_are_rejected_with_number_and_reason(
    lake: Lake, folder: Path
) -> None:
    long = b"x" * 17_000_000
    lines = [b"a,b", "1,é".encode(), b"2,\xff", b"3,\x00", b"4", b"5,6,7", b"8," + long, b"9,z"]
    row = _landed(lake, folder, b"\n".join(lines) + b"\n")
    assert (row["lines"], row["rows"], row["rejected_rows"]) == (7, 2, 5)
    found = _rejects(lake, row)
    assert [(reject["line"], reject["reason"]) for reject in found] == [
        (3, "it contains bytes that are not valid UTF-8"),
        (4, "it contains a NUL byte"),
        (5, "it has 1 of 2 fields"),
        (6, "it has more than 2 fields"),
        (7, "it is longer than 16,777,216 bytes"),
    ]
    assert {reject["file"] for reject in found} == {"films.csv"}
    assert found[-1]["bytes"] == len(long) + 2
    assert len(found[-1]["text"]) == 65_536


@pytest.mark.slow
def test_a_field_of_a_hundred_megabytes_costs_its_line_and_no_memory(
    folder: Path,
) -> None:
    path = folder / "films.csv"
    with path.open("wb") as file:
        file.write(b"a,b\n1,2\n3,")
        for _ in range(100):
            file.write(b"x" * 1_000_000)
        file.write(b"\n5,6\n")
    peak, row = _in_a_process_of_its_own(path)
    assert row == [3, 2, 1]
    assert peak < 450_000_000


@pytest.mark.slow
@pytest.mark.exhaustive
def test_a_million_columns_are_rejected_and_cost_no_memory(folder: Path) -> None:
    path = folder / "wide.csv"
    path.write_bytes(b",".join(b"c%d" % number for number in range(1_000_000)) + b"\n")
    peak, reason = _in_a_process_of_its_own(path)
    assert reason == "it has 1,000,000 columns, and at most 2,048 are read"
    assert peak < 450_000_000


def _in_a_process_of_its_own(path: Path) -> tuple[int, Any]:
    """Peak memory in bytes, and what was read, or why not."""
    program = f"""
import json, re, resource
from pathlib import Path
from bourne_assets.csvs.errors import CsvRejected
from bourne_assets.csvs.reading.duckdb_session import DuckDbSession
from bourne_assets.csvs.reading.reader import read_csv
path = Path({str(path)!r})
try:
    with DuckDbSession(path.parent) as session:
        reading = read_csv(path, path.with_suffix(".parquet"), session=session)
    result = [reading.lines, reading.rows, len(reading.rejected)]
except CsvRejected as error:
    result = str(error)
try:  # Linux tells a process the peak of its parent as its own, but not here
    peak = int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) * 1024
except OSError:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps([peak, result]))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=280
    )
    peak, result = json.loads(done.stdout)
    return int(peak), result


@pytest.mark.exhaustive
def test_a_large_file_that_is_not_plain_is_copied_in_blocks_and_no_line_is_lost(
    lake: Lake, folder: Path
) -> None:
    lines = ["id;título"]
    lines += [f"{number};Amélie" if number % 7 else "" for number in range(100_000)]
    row = _landed(lake, folder, "\r\n".join(lines).encode("utf-16-le"))
    assert (row["rows"], row["rejected_rows"]) == (100_000 - 14_286, 0)
    mixed = b"a,b\n" + b"1,2\r\n3,4\n" * 120_000 + b'"5",6\r\n7\n' + b"8,9\n" * 60_000
    row = _landed(lake, folder, mixed, "mixed.csv")
    assert (row["rows"], row["rejected_rows"]) == (300_001, 1)
    assert _rejects(lake, row)[0]["line"] == 240_003


# Compressed files


def test_a_compressed_file_is_landed_as_it_is_and_read_as_its_content(
    lake: Lake, folder: Path
) -> None:
    row = _landed(lake, folder, gzip.compress(_FILMS + b"3\n"), "films.csv.gz")
    assert row["uri"].endswith("/Raw/Local/CSV/Films/2026/11/23/films.csv.gz")
    assert (row["rows"], row["rejected_rows"]) == (2, 1)
    other = gzip.compress(_FILMS)
    again = _landed(lake, folder, other, "films.csv.gz")
    assert "/films~" in again["uri"]
    assert again["uri"].endswith(".csv.gz")


def test_a_damaged_compressed_file_is_rejected_whole(lake: Lake, folder: Path) -> None:
    row = _landed(lake, folder, gzip.compress(_FILMS * 1_000)[:-30], "films.csv.gz")
    assert row["status"] == REJECTED
    assert "gzip stream is damaged" in row["reason"]
    assert lake.list() == []


def test_a_file_of_too_many_bad_lines_is_rejected_whole(lake: Lake, folder: Path) -> None:
    row = _landed(lake, folder, b"a,b\n" + b"1\n" * 100_001)
    assert row["status"] == REJECTED
    assert row["reason"] == "100,000 lines or more do not fit its header"
    assert lake.list() == []
