"""Keys that other programs wrote and the platform cannot name: they stop nothing beside them."""

import logging
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from bourne_assets.csvs.landing.batch import land_csv_files
from bourne_assets.csvs.landing.journal import Journal
from bourne_assets.lake.changes import changes_since
from bourne_assets.lake.embedded import EmbeddedLake
from bourne_assets.lake.embedded.seaweedfs import connect_server
from bourne_assets.lake.store import JSON, Lake
from bourne_assets.saga.snapshots import load_snapshots
from bourne_assets.tables import records
from bourne_assets.tmdb.raw import StoredResponses, responses_older_than
from bourne_assets_tests.conftest import BUCKET
from bourne_assets_tests.support.aws import Aws, aws
from bourne_assets_tests.support.tables import tables_of

#: What each server takes: SeaweedFS refuses or folds the first three, moto a line feed.
_ON_AWS = ["{}//x.csv", "{}/./y.csv", "{}/../z.csv", "{}/bell\x07.csv"]
_ON_SEAWEEDFS = ["{}/\x01first.csv", "{}/bell\x07.csv", "{}/new\nline.csv", "{}/\x7fdelete.csv"]
_DAY = date(2026, 1, 2)


class Place:
    """A lake, and a client of S3 that puts what the platform itself never would."""

    def __init__(self, lake: Lake, client: Any, odd: list[str]) -> None:
        self.lake = lake
        self.client = client
        self.odd = odd

    def put_odd(self, folder: str) -> list[str]:
        """Put odd keys into a folder; returns them in order."""
        keys = [odd.format(folder) for odd in self.odd]
        for key in keys:
            self.client.put_object(
                Bucket=self.lake.bucket, Key=f"{self.lake.prefix}/{key}", Body=b"id\n1\n"
            )
        return sorted(keys)


@pytest.fixture(scope="module")
def server_of_aws() -> Iterator[Aws]:
    """A server that takes every key, as AWS does."""
    with aws("odd-keys") as server:
        yield server


@pytest.fixture(params=["seaweedfs", "aws"])
def place(request: pytest.FixtureRequest, s3_server: EmbeddedLake, server_of_aws: Aws) -> Place:
    """An empty lake on each kind of server."""
    prefix = f"odd/{uuid.uuid4().hex}"
    if request.param == "aws":
        return Place(server_of_aws.lake(prefix=prefix), server_of_aws.client("s3"), _ON_AWS)
    keys = s3_server.credentials
    client = boto3.client(
        "s3",
        endpoint_url=s3_server.endpoint,
        region_name=s3_server.region,
        aws_access_key_id=keys.access_key,
        aws_secret_access_key=keys.secret_key,
    )
    return Place(connect_server(s3_server.endpoint, keys, BUCKET, prefix), client, _ON_SEAWEEDFS)


def _warnings(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """What the lake logged; the server of AWS logs its requests in this very process."""
    return [record for record in caplog.records if record.name == "bourne_assets.lake.store"]


def test_a_listing_passes_over_what_cannot_be_named_and_names_it(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    place.lake.write("Raw/a", b"1", JSON)
    place.lake.write("Raw/z", b"1", JSON)
    odd = place.put_odd("Raw")
    found = place.lake.list_objects("Raw")
    assert [item.key for item in found.objects] == ["Raw/a", "Raw/z"]
    assert list(found.passed_over) == odd
    (record,) = _warnings(caplog)
    assert record.levelno == logging.WARNING
    assert all(repr(key) in record.getMessage() for key in odd)
    assert "\n" not in record.getMessage()


# moto's server itself fails on a page that ends so (5.2.5).
@pytest.mark.parametrize("place", ["seaweedfs"], indirect=True)
def test_a_page_that_ends_with_an_odd_key_loses_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"Raw/{letter}" for letter in "abcxyz"]
    for name in names:
        place.lake.write(name, b"1", JSON)
    place.put_odd("Raw")
    server = place.lake._boto()
    whole = server.request

    def two_keys_a_page(operation: str, path: str, **parameters: Any) -> dict[str, Any]:
        return whole(operation, path, **parameters, MaxKeys=2)

    monkeypatch.setattr(server, "request", two_keys_a_page)
    assert place.lake.list("Raw") == names


def test_the_marker_of_an_empty_folder_is_nothing_odd(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    root = place.lake.prefix
    for key in (f"{root}/", f"{root}/Inbox/", f"{root}/Inbox/CSV/"):
        place.client.put_object(Bucket=place.lake.bucket, Key=key, Body=b"")
    assert place.lake.list_objects("Inbox").objects == ()
    assert place.lake.list_objects().passed_over == ()
    assert _warnings(caplog) == []


def test_folders_are_found_beside_odd_ones(place: Place) -> None:
    place.lake.write("Raw/Local/CSV/Movies/x", b"1", JSON)
    for folder in ("Raw/Local/CSV", "Raw/Local/CSV/bell\x07"):
        place.put_odd(folder)
    assert place.lake.folders("Raw/Local/CSV") == {"Movies"}


@pytest.mark.exhaustive
def test_many_files_are_landed_beside_odd_keys(place: Place, tmp_path: Path) -> None:
    folder = tmp_path / "csv"
    folder.mkdir()
    for number in range(17):
        (folder / f"people_{number:02}.csv").write_text(f"id\n{number}\n")
    place.put_odd("Raw/Local/CSV")
    landing = land_csv_files(
        sorted(folder.iterdir()),
        place.lake,
        _DAY,
        tables=tables_of(place.lake),
        journal=tmp_path / "log",
    )
    assert [row["status"] for row in records(landing.manifest)] == ["landed"] * 17


def test_abandoned_uploads_are_aborted_beside_odd_ones(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bourne_assets.csvs.landing.journal._GIVEN_UP", timedelta(days=-1))
    place.lake.begin_upload("Raw/Local/CSV/M/a.csv", "text/csv", "ab")
    place.lake.begin_upload("Raw/Local/CSV/M/z.csv", "text/csv", "ab")
    odd = f"{place.lake.prefix}/{place.odd[0].format('Raw/Local/CSV/M')}"
    place.client.create_multipart_upload(Bucket=place.lake.bucket, Key=odd)
    with Journal(tmp_path / "journal", place.lake) as journal:
        journal.clean_abandoned()
    left = place.lake.incomplete_uploads("Raw/Local/CSV/M/")
    assert not {each.key[-5:] for each in left} & {"a.csv", "z.csv"}


def test_old_responses_of_tmdb_are_found_beside_odd_keys(place: Place) -> None:
    place.lake.write("Raw/TMDB/JSON/2026/01/02/search_movie/1.json", b"[]", JSON)
    listed = place.lake.list_objects("Raw/TMDB/JSON").objects
    assert place.lake.list_own("Raw/TMDB/JSON") == listed
    place.put_odd("Raw/TMDB/JSON/2026/01/02")
    assert place.lake.list_own("Raw/TMDB/JSON") == listed
    later = datetime.now(UTC) + timedelta(days=365)
    (old,) = responses_older_than(place.lake, timedelta(days=180), later)
    assert old.key == "Raw/TMDB/JSON/2026/01/02/search_movie/1.json"


def test_responses_are_reused_beside_odd_keys(place: Place) -> None:
    place.put_odd("Raw/TMDB/JSON/2026/01/02/search_movie")
    responses = StoredResponses(place.lake, _DAY)
    assert responses.find("search_movie", "/search/movie", {"query": "Bourne"}, "") is None


def test_a_history_is_read_beside_odd_keys(place: Place) -> None:
    place.put_odd("Refined/saga_history")
    assert load_snapshots(place.lake, ["saga_history"]) == []


def test_new_objects_of_the_inbox_are_seen_beside_odd_keys(place: Place) -> None:
    place.lake.write("Inbox/CSV/a.csv", b"id\n1\n", "text/csv")
    odd = place.put_odd("Inbox/CSV")
    changes = changes_since(place.lake, ["Inbox/CSV"], {}, {}, most=100)
    assert [item.key for item in changes.new] == ["Inbox/CSV/a.csv"]
    assert changes.passed_over == odd
