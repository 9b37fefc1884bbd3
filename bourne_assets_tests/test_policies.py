"""The policies of deploy/ and the code: what the platform does, run under the rights they grant.

moto enforces which actions are allowed on which resources; it does not evaluate conditions.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml
from click.testing import CliRunner
from dagster._core.storage.compute_log_manager import ComputeIOType
from dagster_aws.s3 import S3ComputeLogManager

import bourne_assets
from bourne_assets.aws_lambda import collect
from bourne_assets.cli import main
from bourne_assets.cli.examination import examine
from bourne_assets.csvs.landing.batch import land_csv_files
from bourne_assets.csvs.landing.journal import Journal
from bourne_assets.csvs.options import load_datasets
from bourne_assets.definitions import build_defs
from bourne_assets.lake.errors import AccessDenied
from bourne_assets.lake.store import JSON, Lake
from bourne_assets.saga.definition import Saga
from bourne_assets.settings import Settings
from bourne_assets.tables import records
from bourne_assets.tmdb.client import connect_tmdb
from bourne_assets_tests.standin import TmdbStandIn
from bourne_assets_tests.support.aws import REGION, Aws, Keys, Statement, aws
from bourne_assets_tests.support.tables import forget_catalogues, tables_of
from bourne_assets_tests.support.tiers import in_every_run

_DEPLOY = Path(bourne_assets.__file__).parents[1] / "deploy"
_BUCKET, _PREFIX = "policy-lake", "films"
_BOURNE = Saga(slug="bourne", title="Jason Bourne", queries=("Bourne",), collection_id=31562)
_DAY = date(2026, 1, 2)


class _Template(yaml.SafeLoader):
    """YAML in which CloudFormation's short functions have the values of this test's bucket."""


def _resolved(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> str:
    text = str(loader.construct_scalar(node))  # type: ignore[arg-type]
    arn = f"arn:aws:s3:::{_BUCKET}"
    values = {"Lake.Arn": arn, "Bucket": _BUCKET, "Prefix": f"{_PREFIX}/", "AWS::Partition": "aws"}
    values["SecretArn"] = "arn:aws:secretsmanager:us-east-1:111122223333:secret:tmdb"
    if suffix == "Sub":
        return re.sub(r"\$\{([\w.:]+)\}", lambda found: values.get(found[1], found[1]), text)
    return values.get(text, text)


_Template.add_multi_constructor("!", _resolved)


def _template(name: str) -> dict[str, Any]:
    return dict(yaml.load((_DEPLOY / name).read_text(), Loader=_Template)["Resources"])  # noqa: S506 - safe


def _policy(name: str) -> list[Statement]:
    """The statements of a policy of the bucket's template."""
    document = _template("aws/bucket.yaml")[name]["Properties"]["PolicyDocument"]
    return list(document["Statement"])


def _actions(statement: Statement) -> list[str]:
    action = statement["Action"]
    return [action] if isinstance(action, str) else list(action)


def _without(statements: list[Statement], sid: str, action: str) -> list[Statement]:
    """The policy with one action less."""
    left = [
        {**each, "Action": [other for other in _actions(each) if other != action]}
        if each["Sid"] == sid
        else each
        for each in statements
    ]
    return [each for each in left if each["Action"]]


@dataclass
class Place:
    """The bucket, and who uses it."""

    server: Aws
    keys: Keys

    @property
    def lake(self) -> Lake:
        """The lake with the rights under test."""
        return self.server.lake(self.keys, _PREFIX)

    @property
    def whole(self) -> Lake:
        """The lake with the owner's rights."""
        return self.server.lake(prefix=_PREFIX)

    def as_user(self, *policies: list[Statement]) -> "Place":
        """The same bucket, used by a new user with these policies alone."""
        return replace(self, keys=self.server.user(*policies))


@pytest.fixture
def place() -> Iterator[Place]:
    """A bucket whose server enforces policies, used under that of the platform."""
    forget_catalogues()
    with aws(_BUCKET) as server:
        platform = Place(server, server.user(_policy("Platform")))
        server.enforce()
        yield platform


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder of CSV files: one large enough for parts, one with a line that is not a row."""
    folder = tmp_path / "csv"
    folder.mkdir()
    (folder / "people.csv").write_text("id,name\n1,Ann\n2,Bob,3\n")
    (folder / "large.csv").write_bytes(b"id,name\n" + b"1,Ann\n" * 1_500_000)
    return folder


def _statuses(place: Place, folder: Path, journal: Path) -> dict[str, str]:
    manifest = land_csv_files(
        sorted(folder.iterdir()), place.lake, _DAY, tables=tables_of(place.lake), journal=journal
    ).manifest
    return {row["file"]: row["status"] for row in records(manifest)}


# The platform


@pytest.mark.exhaustive
def test_files_of_every_size_are_landed_and_landed_again(
    place: Place, files: Path, tmp_path: Path
) -> None:
    for number in range(17):
        (files / f"small_{number:02}.csv").write_text(f"id\n{number}\n")
    assert set(_statuses(place, files, tmp_path / "log").values()) == {"landed"}
    assert set(_statuses(place, files, tmp_path / "log").values()) == {"unchanged"}


@pytest.mark.exhaustive
def test_what_a_killed_landing_had_begun_stops_no_later_one(
    place: Place, files: Path, tmp_path: Path
) -> None:
    """Killed between the beginning of an upload and the note of its id."""
    key = "Raw/Local/CSV/Large/2026/01/02/large.csv"
    killed = Journal(tmp_path / "log", place.lake)
    with killed:
        killed.note(key)
        noted = killed._path.read_text()
    place.lake.begin_upload(key, "text/csv", "ab")
    killed._path.write_text(noted)
    assert set(_statuses(place, files, tmp_path / "log").values()) == {"landed"}
    assert place.whole.incomplete_uploads() == []
    assert not killed._path.exists()


@pytest.mark.exhaustive
def test_rejected_lines_of_a_file_that_is_read_without_fault_now_are_removed(
    place: Place, files: Path, tmp_path: Path
) -> None:
    _statuses(place, files, tmp_path / "log")
    rejects = "Raw/Local/CSV/_rejects/People/2026/01/02/people.csv.jsonl"
    assert rejects in place.whole.list("Raw/Local/CSV/_rejects")
    (tmp_path / "datasets.yaml").write_text("datasets:\n  People: {delimiter: '|'}\n")
    land_csv_files(
        [files / "people.csv"],
        place.lake,
        _DAY,
        tables=tables_of(place.lake),
        datasets=load_datasets(tmp_path / "datasets.yaml"),
        journal=tmp_path / "log",
    )
    assert place.whole.list("Raw/Local/CSV/_rejects") == []


@pytest.mark.exhaustive
def test_everything_is_made_twice_and_every_check_holds(place: Place, tmp_path: Path) -> None:
    defs = build_defs(
        settings=Settings(home=tmp_path),
        sagas=[_BOURNE],
        resources={"lake": place.server.resource(place.keys, _PREFIX)},
    )
    place.whole.write("Trusted/tmdb_search.json", b"{}\n", JSON)  # of another type, of yesterday
    with dg.DagsterInstance.ephemeral() as instance:
        for _ in range(2):
            result = defs.resolve_job_def("full_refresh").execute_in_process(
                instance=instance,
                run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            )
            assert result.success
    assert "Refined/insight_metrics.json" in place.whole.list("Refined")
    assert "Trusted/tmdb_search.json" not in place.whole.list("Trusted")


def test_an_object_of_the_inbox_is_landed(place: Place, tmp_path: Path) -> None:
    from bourne_assets.csvs.intake.inbox import fetched

    place.whole.write("Inbox/CSV/people.csv", b"id\n1\n", "text/csv")
    with fetched(place.lake, ["Inbox/CSV/people.csv"]) as fetched_files:
        land_csv_files(
            fetched_files, place.lake, _DAY, tables=tables_of(place.lake), journal=tmp_path / "log"
        )
    assert place.whole.folders("Raw/Local/CSV") == {"People"}


@pytest.mark.parametrize(
    "key",
    ["Raw/Local/CSV/Movies/2026/01/02/movies.csv", "Raw/TMDB/JSON/2026/01/02/search_movie/1.json"],
)
def test_the_platform_removes_neither_landed_files_nor_raw_responses(
    place: Place, key: str
) -> None:
    place.whole.write(key, b"[]", JSON)
    with pytest.raises(AccessDenied):
        place.lake.delete(key)


def test_the_platform_reaches_nothing_beyond_its_prefix(place: Place) -> None:
    beyond = place.server.lake(place.keys, "others")
    for attempt in (lambda: beyond.read("key"), lambda: beyond.write("key", b"", JSON)):
        with pytest.raises(AccessDenied):
            attempt()


# The doctor


def _lacking(place: Place) -> list[str]:
    settings = Settings(s3_bucket=_BUCKET)
    return [each.name for each in examine(settings, lambda: place.lake) if not each.healthy]


def test_the_doctor_finds_nothing_wrong_and_leaves_nothing_behind(place: Place) -> None:
    assert _lacking(place) == []
    assert place.whole.list() == []
    assert place.whole.incomplete_uploads() == []


_GRANTED = [(each["Sid"], action) for each in _policy("Platform") for action in _actions(each)]


@pytest.mark.parametrize(("sid", "action"), in_every_run(_GRANTED, first=2))
def test_each_action_of_the_policy_is_needed_and_the_doctor_names_it_where_it_is_missing(
    place: Place, sid: str, action: str
) -> None:
    found = _lacking(place.as_user(_without(_policy("Platform"), sid, action)))
    assert f"lake: {action}" in found
    others = {name.removeprefix("lake: ").split()[0] for name in found} - {action}
    assert others == ({"s3:GetObject"} if action == "s3:PutObject" else set())


_REMOVED = [
    resource
    for each in _policy("Platform")
    if _actions(each) == ["s3:DeleteObject"]
    for resource in each["Resource"]
]


@pytest.mark.parametrize("resource", in_every_run(_REMOVED, first=2))
def test_the_doctor_names_the_folder_below_which_nothing_may_be_removed(
    place: Place, resource: str
) -> None:
    policy = [
        {**each, "Resource": [other for other in each["Resource"] if other != resource]}
        if _actions(each) == ["s3:DeleteObject"]
        else each
        for each in _policy("Platform")
    ]
    (name,) = _lacking(place.as_user(policy))
    folder = resource.partition(f"{_PREFIX}/")[2].removesuffix("*")
    assert name == (
        "lake: s3:DeleteObject" if folder == "_doctor/" else f"lake: s3:DeleteObject below {folder}"
    )


# The others


def test_the_purge_needs_its_own_policy_alone(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "Raw/TMDB/JSON/2026/01/02/search_movie/1.json"
    place.whole.write(key, b"[]", JSON)
    purger = place.as_user(_policy("Purge"))
    for name, value in {
        "AWS_ACCESS_KEY_ID": purger.keys[0],
        "AWS_SECRET_ACCESS_KEY": purger.keys[1],
        "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL_S3": place.server.endpoint,
        "BOURNE_S3_BUCKET": _BUCKET,
        "BOURNE_S3_PREFIX": _PREFIX,
    }.items():
        monkeypatch.setenv(name, value)
    done = CliRunner().invoke(main, ["lake", "purge", "--older-than", "0d", "--yes"])
    assert (done.exit_code, done.output.splitlines()[-1]) == (0, "1 objects of 2 bytes deleted.")
    assert place.whole.list() == []


@pytest.mark.exhaustive
def test_the_function_of_lambda_needs_its_own_policy_alone(
    place: Place, tmdb_server: TmdbStandIn
) -> None:
    policies = _template("lambda/template.yaml")["Function"]["Properties"]["Policies"]
    function = place.as_user(*(list(each["Statement"]) for each in policies))
    for _ in range(2):  # the same event again continues from what is stored
        client = connect_tmdb(
            tmdb_server.base_url, token=tmdb_server.token, key=None, requests_per_second=900
        )
        since = datetime(2026, 1, 1, tzinfo=UTC)
        assert set(collect(_BOURNE, since, client, function.lake, seconds=300).tables) == {
            "tmdb_search",
            "tmdb_external_ids",
            "tmdb_details",
        }
    function.lake.write("_pipes/x/1.json", b"{}", JSON)
    assert place.lake.read("_pipes/x/1.json")[0] == b"{}"  # as Dagster does, who called it
    with pytest.raises(AccessDenied):
        function.lake.write("Refined/insight_metrics.json", b"{}", JSON)


def test_what_steps_print_is_stored_and_read_under_the_policies_of_a_worker(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = place.as_user(_policy("Platform"), _policy("Logs"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", worker.keys[0])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", worker.keys[1])
    manager = S3ComputeLogManager(
        bucket=_BUCKET,
        local_dir=str(tmp_path / "local"),
        prefix="Logs",
        endpoint_url=place.server.endpoint,
        region=REGION,
    )
    key = ["run", "compute_logs", "step"]
    printed = Path(manager.local_manager.get_captured_local_path(key, "out"))
    printed.parent.mkdir(parents=True)
    printed.write_text("printed")
    manager.upload_to_cloud_storage(key, ComputeIOType.STDOUT)
    there = S3ComputeLogManager(
        bucket=_BUCKET,
        local_dir=str(tmp_path / "elsewhere"),
        prefix="Logs",
        endpoint_url=place.server.endpoint,
        region=REGION,
    )
    assert b"printed" in (there.get_log_data(key).stdout or b"")
    assert there.get_log_keys_for_log_key_prefix(key[:-1], ComputeIOType.STDOUT) == [key]
