"""A landing that is killed, or stopped, loses nothing and leaves nothing torn."""

import hashlib
import random
import time
from datetime import date
from functools import partial
from multiprocessing.synchronize import Event
from pathlib import Path
from threading import Barrier, Thread

import pyarrow.dataset as ds
import pytest

from bourne_assets.csvs.landing.batch import Landing, land_csv_files
from bourne_assets.csvs.landing.journal import Journal, JournalUnusable
from bourne_assets.csvs.landing.manifest import LANDED, REJECTED, UNCHANGED
from bourne_assets.csvs.landing.tables import DatasetTables
from bourne_assets.iceberg.catalogue import WAREHOUSE, open_catalogue
from bourne_assets.iceberg.reading import rows_of
from bourne_assets.iceberg.tables import open_table
from bourne_assets.lake.embedded import EmbeddedLake
from bourne_assets.lake.embedded.seaweedfs import Credentials, connect_server
from bourne_assets.lake.errors import LakeFailed, ObjectExists, ObjectMissing
from bourne_assets.lake.keys import LANDED_CSVS
from bourne_assets.lake.s3 import connect_s3
from bourne_assets.lake.store import CSV, Lake
from bourne_assets.tables import from_json, from_parquet
from bourne_assets_tests.conftest import BUCKET
from bourne_assets_tests.support.forked import forked_processes
from bourne_assets_tests.support.tables import tables_of

_DAY = date(2026, 11, 23)
_KILLS = 20


_PROCESSES = forked_processes(__name__)


def _land(server: tuple[str, Credentials], prefix: str, folder: Path, begun: Event) -> None:
    lake = connect_server(*server, BUCKET, prefix)
    tables = DatasetTables(partial(open_catalogue, lake, folder / "home"))
    begun.set()
    files = sorted(folder.glob("*.csv"))
    land_csv_files(files, lake, _DAY, tables=tables, journal=folder / "journal")


def _large(path: Path, sign: bytes = b"a", size: int = 20_000_000) -> Path:
    line = b"1|" + sign * 96 + b"|7.5\n"
    path.write_bytes(b"id|title|rating\n" + line * (size // len(line)))
    return path


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.exhaustive
def test_killed_at_twenty_random_moments_nothing_is_lost_or_torn(
    s3_server: EmbeddedLake, lake: Lake, tmp_path: Path
) -> None:
    files = [_large(tmp_path / "large.csv")]
    files += [_large(tmp_path / f"small{number}.csv", size=100_000) for number in range(20)]
    whole = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
    server = s3_server.endpoint, s3_server.credentials
    chance = random.Random(4)  # noqa: S311 - moments, not secrets
    seen = 0
    whole_landing = 0.0
    for number in range(-1, _KILLS):  # the first one is let go on, to know how long one takes
        prefix = f"{lake.prefix}/{number // 4}"  # a fresh lake from time to time
        begun = _PROCESSES.Event()
        process = _PROCESSES.Process(target=_land, args=[server, prefix, tmp_path, begun])
        process.start()
        assert begun.wait(60)
        start = time.monotonic()
        if number < 0:
            process.join()
            assert process.exitcode == 0
            whole_landing = time.monotonic() - start
        time.sleep(chance.uniform(0.0, whole_landing))
        process.kill()
        process.join()
        here = connect_s3(lake.access, lake.bucket, prefix)
        for key in here.list(LANDED_CSVS):
            assert here.read_back(key).sha256 == whole[key.rpartition("/")[2]]
            seen += 1
        for key in here.list("Trusted"):
            data, _ = here.read(key)
            assert len(from_json(data) if key.endswith("json") else from_parquet(data)) > 0
    for number in range(_KILLS // 4):
        here = connect_s3(lake.access, lake.bucket, f"{lake.prefix}/{number}")
        tables = DatasetTables(partial(open_catalogue, here, tmp_path / "home"))
        manifest = land_csv_files(
            files, here, _DAY, tables=tables, journal=tmp_path / "journal"
        ).manifest
        for name, rows in zip(manifest["table_uri"], manifest["rows"], strict=True):
            read = rows_of(open_table(tables.catalogue, name))
            assert isinstance(read, ds.Dataset)
            assert read.count_rows() == rows, "none is lost, and none twice"
        assert set(manifest["status"]) <= {LANDED, UNCHANGED}
        assert (manifest["rows"] + manifest["rejected_rows"] == manifest["lines"]).all()
        assert len(here.list(LANDED_CSVS)) == len(files)
        assert [
            each for each in here.incomplete_uploads() if not each.key.startswith(WAREHOUSE)
        ] == [], "except those of the tables' own metadata"
    left = [path for path in (tmp_path / "journal").iterdir() if path.suffix != ".lock"]
    assert left == [], "nothing of what the killed ones wrote is left"
    assert seen > 0


def test_an_upload_that_a_killed_landing_left_is_aborted_by_the_next(
    lake: Lake, tmp_path: Path
) -> None:
    key = "Raw/Local/CSV/Films/2026/11/23/films.csv"
    for note_id in (True, False):
        killed = Journal(tmp_path / "journal", lake)
        killed.__enter__()
        killed.note(key)
        upload = lake.begin_upload(key, CSV, "0" * 64)
        upload.send(1, b"x" * 6_000_000)
        if note_id:
            killed.note(key, upload.upload_id)
        assert len(lake.incomplete_uploads()) == 1
        with Journal(tmp_path / "journal", lake) as living:
            living.clean()
            assert len(lake.incomplete_uploads()) == 1, "its landing lives"
        killed._lock.release()  # as the kernel does when a process ends
        with Journal(tmp_path / "journal", lake) as living:
            living.clean()
        assert lake.incomplete_uploads() == []
        assert lake.list() == []


def test_a_journal_of_another_lake_is_left_to_its_own_landings(lake: Lake, tmp_path: Path) -> None:
    entry = '{"lake": "s3://other/", "key": "a", "upload_id": "b"}\n'
    (tmp_path / "1-a.jsonl").write_text(entry)
    with Journal(tmp_path, lake) as journal:
        journal.clean()
    assert (tmp_path / "1-a.jsonl").read_text() == entry


def test_a_journal_whose_last_line_was_cut_off_is_read_all_the_same(
    lake: Lake, tmp_path: Path
) -> None:
    (tmp_path / "1-a.jsonl").write_text('{"lake": "s3://other/", "key": "a", "upload_id": nul')
    with Journal(tmp_path, lake) as journal:
        journal.clean()
        journal.clean_abandoned()
    assert not list(tmp_path.glob("*.jsonl"))


def test_a_journal_that_cannot_be_written_names_the_setting(lake: Lake, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalUnusable, match="BOURNE_HOME"):
        land_csv_files(
            [], lake, _DAY, tables=tables_of(lake), journal=tmp_path / "file" / "journal"
        )


def test_a_lake_that_fails_in_the_middle_leaves_no_parts(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = []

    def fail(_: object, number: int, data: bytes) -> None:
        sent.append(number)
        raise LakeFailed("The lake is full.")

    monkeypatch.setattr("bourne_assets.lake.multipart.Upload.send", fail)
    with pytest.raises(LakeFailed, match="full"):
        land_csv_files(
            [_large(tmp_path / "films.csv")],
            lake,
            _DAY,
            tables=tables_of(lake),
            journal=tmp_path / "journal",
        )
    assert sent
    assert lake.list() == []
    assert lake.incomplete_uploads() == []


def test_a_landing_that_is_interrupted_ends_soon_and_leaves_no_parts(
    lake: Lake, tmp_path: Path
) -> None:
    files = [_large(tmp_path / f"films{number}.csv", size=60_000_000) for number in range(3)]

    def interrupt(_: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        land_csv_files(
            files,
            lake,
            _DAY,
            tables=tables_of(lake),
            journal=tmp_path / "journal",
            report=interrupt,
        )
    assert lake.incomplete_uploads() == []


# Two landings at the same time


@pytest.mark.parametrize("size", [1_000, 12_000_000], ids=["in one request", "in parts"])
@pytest.mark.parametrize("alike", [True, False], ids=["the same bytes", "other bytes"])
@pytest.mark.exhaustive
def test_landings_at_the_same_time_overwrite_nothing(
    lake: Lake, tmp_path: Path, size: int, *, alike: bool
) -> None:
    files = []
    for number in range(3):
        (tmp_path / str(number)).mkdir()
        sign = b"a" if alike else b"abc"[number : number + 1]
        files.append(_large(tmp_path / str(number) / "films.csv", sign, size))
    barrier, results = Barrier(3), list[Landing]()

    def land(file: Path) -> None:
        barrier.wait()
        results.append(
            land_csv_files([file], lake, _DAY, tables=tables_of(lake), journal=tmp_path / "journal")
        )

    threads = [Thread(target=land, args=[file]) for file in files]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    landed = [result.manifest.loc[0] for result in results]
    assert REJECTED not in {row["status"] for row in landed}
    for row in landed:
        assert lake.read_back(lake.key(str(row["uri"]))).sha256 == row["sha256"]
    assert len(lake.list(LANDED_CSVS)) == (1 if alike else 3)
    assert sum(row["status"] == LANDED for row in landed) == (1 if alike else 3)


# Uploads in parts


def test_an_object_in_parts_appears_whole_and_only_where_nobody_has_the_key(lake: Lake) -> None:
    data = [b"a" * 6_000_000, b"b" * 10]
    digest = hashlib.sha256(b"".join(data)).hexdigest()
    upload = lake.begin_upload("a/b.csv", CSV, digest)
    parts = [upload.send(number, piece) for number, piece in enumerate(data, start=1)]
    assert lake.head("a/b.csv") is None
    checksum = upload.complete(parts[::-1])
    found = lake.head("a/b.csv")
    assert found is not None
    assert (found.sha256, found.size) == (digest, 6_000_010)
    assert lake.read_back("a/b.csv").sha256 == digest
    assert lake.checksum("a/b.csv") == checksum is not None
    other = lake.begin_upload("a/b.csv", CSV, digest)
    with pytest.raises(ObjectExists):
        other.complete([other.send(1, b"other")])
    other.abort()
    other.abort()
    assert lake.read_back("a/b.csv").sha256 == digest


def test_a_server_without_checksums_is_queried_for_the_md5_of_what_it_stored(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = lake.begin_upload("a.csv", CSV, "0" * 64)
    call = upload._client.call

    def without(operation: str, path: str, **parameters: object) -> dict[str, object]:
        response = call(operation, path, **parameters)
        response.pop("ChecksumSHA256", None)
        return response

    monkeypatch.setattr(upload._client, "call", without)
    part = upload.send(1, b"abc")
    assert upload.complete([part]) is None
    monkeypatch.setattr(
        upload._client, "call", lambda *_, **__: {"ETag": '"0"', "ChecksumSHA256": "AAAA"}
    )
    with pytest.raises(LakeFailed, match="are not those that were sent"):
        upload.send(1, b"abc")
    with pytest.raises(LakeFailed, match="did not assemble the parts"):
        upload.complete([part])


def test_what_is_not_there_cannot_be_copied_or_looked_up(lake: Lake) -> None:
    with pytest.raises(ObjectMissing):
        lake.checksum("nothing")
    with pytest.raises(ObjectMissing):
        lake.copy("nothing", "something")
