"""The lake as a resource: what the AWS chain says is what reaches the store, and shares end."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster_aws.s3 import S3Resource

from bourne_assets.defs.lake.resource import LakeResource, access_from
from bourne_assets.errors import ConfigurationError
from bourne_assets.lake.embedded import EmbeddedLake
from bourne_assets.lake.embedded.seaweedfs import LakeFolder, processes_of
from bourne_assets.lake.errors import CredentialsMissing
from bourne_assets.lake.s3 import connect_s3
from bourne_assets.lake.store import Lake
from bourne_assets.settings import EMBEDDED_BUCKET
from bourne_assets_tests.conftest import BUCKET

KEYS: dict[str, Any] = {
    "aws_access_key_id": "AKIAFIELDS",
    "aws_secret_access_key": "secret-of-fields",
}
SERVER = "http://127.0.0.1:9000"
PROFILES = """
[default]
region = eu-west-1

[profile films]
region = eu-west-3
aws_access_key_id = AKIAPROFILE
aws_secret_access_key = secret-of-profile
aws_session_token = token-of-profile
services = local

[services local]
s3 =
  endpoint_url = http://127.0.0.1:9001

[profile circle]
role_arn = arn:aws:iam::123456789012:role/films
source_profile = nobody
"""

Profiles = Callable[[str], None]


@pytest.fixture
def profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Profiles:
    """Writes the AWS configuration file that the chain reads."""

    def write(text: str) -> None:
        path = tmp_path / "aws-config"
        path.write_text(text, encoding="utf-8")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(path))

    return write


def _resolved(credentials: Callable[[], Any] | None) -> tuple[str, str, str | None]:
    assert credentials is not None
    given = credentials()
    return given["access_key_id"], given["secret_access_key"], given["token"]


# Where access comes from


def test_fields_of_the_resource_reach_the_store() -> None:
    s3 = S3Resource(
        endpoint_url=SERVER, region_name="eu-north-1", aws_session_token="token-of-fields", **KEYS
    )
    access = access_from(s3)
    assert (access.endpoint, access.region, access.verify) == (SERVER, "eu-north-1", True)
    assert _resolved(access.credentials) == ("AKIAFIELDS", "secret-of-fields", "token-of-fields")


def test_the_environment_fills_what_the_fields_leave_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIASHELL")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-of-shell")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token-of-shell")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "sa-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", SERVER)
    access = access_from(S3Resource())
    assert (access.endpoint, access.region) == (SERVER, "sa-east-1")
    assert _resolved(access.credentials) == ("AKIASHELL", "secret-of-shell", "token-of-shell")


def test_the_region_may_stand_in_either_variable_and_the_field_wins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    assert access_from(S3Resource(**KEYS)).region == "eu-west-1"
    monkeypatch.setenv("AWS_REGION", "eu-west-2")
    assert access_from(S3Resource(**KEYS)).region == "eu-west-2"
    assert access_from(S3Resource(region_name="eu-west-3", **KEYS)).region == "eu-west-3"


def test_fields_win_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIASHELL")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-of-shell")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
    access = access_from(S3Resource(endpoint_url=SERVER, **KEYS))
    assert access.endpoint == SERVER
    assert _resolved(access.credentials)[:2] == ("AKIAFIELDS", "secret-of-fields")


@pytest.mark.parametrize("by_field", [True, False], ids=["field", "AWS_PROFILE"])
def test_a_profile_gives_keys_region_and_endpoint(
    profiles: Profiles,
    monkeypatch: pytest.MonkeyPatch,
    by_field: bool,
) -> None:
    profiles(PROFILES)
    if by_field:
        access = access_from(S3Resource(profile_name="films"))
    else:
        monkeypatch.setenv("AWS_PROFILE", "films")
        access = access_from(S3Resource())
    assert (access.endpoint, access.region) == ("http://127.0.0.1:9001", "eu-west-3")
    assert _resolved(access.credentials) == ("AKIAPROFILE", "secret-of-profile", "token-of-profile")


def test_a_process_that_gives_credentials_is_run(profiles: Profiles) -> None:
    output = '{"Version": 1, "AccessKeyId": "AKIAPROCESS", "SecretAccessKey": "given"}'
    profiles(f"[default]\ncredential_process = echo '{output}'\n")
    assert _resolved(access_from(S3Resource()).credentials) == ("AKIAPROCESS", "given", None)


@pytest.mark.parametrize(
    ("region", "endpoint"),
    [
        (None, None),
        ("eu-west-1", None),
        ("us-east-1", "https://s3.amazonaws.com"),
        ("eu-west-1", "https://s3.eu-west-1.amazonaws.com/"),
    ],
)
def test_aws_itself_needs_no_endpoint(region: str | None, endpoint: str | None) -> None:
    access = access_from(S3Resource(region_name=region, endpoint_url=endpoint, **KEYS))
    assert access.endpoint is None
    assert access.region == (region or "us-east-1")


def test_aws_in_china_has_endpoints_of_its_own() -> None:
    access = access_from(S3Resource(region_name="cn-north-1", **KEYS))
    assert access.endpoint == "https://s3.cn-north-1.amazonaws.com.cn"
    assert access.region == "cn-north-1"


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://bucket.vpce-1a2b3c4d-5e6f.s3.us-east-1.vpce.amazonaws.com",
        "https://s3-fips.us-east-1.amazonaws.com",
        "https://s3.dualstack.us-east-1.amazonaws.com",
        "https://not-amazonaws.com",
        "https://amazonaws.com.example.org",
    ],
)
def test_an_endpoint_that_was_chosen_is_kept_even_if_it_is_one_of_aws(endpoint: str) -> None:
    s3 = S3Resource(region_name="us-east-1", endpoint_url=endpoint, **KEYS)
    assert access_from(s3).endpoint == endpoint


def test_an_unsigned_resource_needs_no_credentials() -> None:
    assert access_from(S3Resource(use_unsigned_session=True)).credentials is None


@pytest.mark.parametrize(("verify", "verified"), [(None, True), (True, True), (False, False)])
def test_certificates_are_verified_unless_that_is_switched_off(
    verify: bool | None,
    verified: bool,
) -> None:
    assert access_from(S3Resource(verify=verify, **KEYS)).verify is verified


def test_a_lake_in_a_custom_region_of_a_real_server_responds(
    s3_server: EmbeddedLake, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3_server.credentials.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3_server.credentials.secret_key)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"{s3_server.endpoint}/")
    lake.write("key", b"data", "text/plain")
    assert connect_s3(access_from(S3Resource()), BUCKET, lake.prefix).read("key")[0] == b"data"


# What is wrong with the chain


def _refusal(s3: S3Resource) -> str:
    with pytest.raises(CredentialsMissing) as refused:
        access_from(s3)
    assert isinstance(refused.value, ConfigurationError)
    assert refused.value.exit_code == 2
    return str(refused.value)


def test_no_credentials_at_all_are_bad_configuration() -> None:
    text = _refusal(S3Resource())
    assert "AWS_ACCESS_KEY_ID" in text
    assert "AWS_PROFILE" in text


def test_half_a_pair_of_keys_is_bad_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "aws_secret_access_key" in _refusal(S3Resource(aws_access_key_id="AKIAFIELDS"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIASHELL")
    assert "AWS_SECRET_ACCESS_KEY" in _refusal(S3Resource())


@pytest.mark.parametrize("by_field", [True, False], ids=["field", "AWS_PROFILE"])
def test_an_unknown_profile_is_bad_configuration(
    monkeypatch: pytest.MonkeyPatch,
    by_field: bool,
) -> None:
    if not by_field:
        monkeypatch.setenv("AWS_PROFILE", "nobody")
    assert "nobody" in _refusal(S3Resource(profile_name="nobody" if by_field else None))


def test_a_profile_that_leads_nowhere_is_bad_configuration(profiles: Profiles) -> None:
    profiles(PROFILES)
    assert "nobody" in _refusal(S3Resource(profile_name="circle"))


def test_a_configuration_file_that_cannot_be_parsed_is_bad_configuration(
    profiles: Profiles,
) -> None:
    profiles("[default\nregion")
    assert "aws-config" in _refusal(S3Resource(**KEYS))


def test_a_process_that_gives_no_credentials_is_bad_configuration(profiles: Profiles) -> None:
    profiles("[default]\ncredential_process = echo no JSON\n")
    _refusal(S3Resource())


@pytest.mark.parametrize("endpoint", ["127.0.0.1:9000", "nonsense", "http://", "ftp://server"])
def test_an_endpoint_that_is_not_an_http_address_is_bad_configuration(endpoint: str) -> None:
    assert endpoint in _refusal(S3Resource(endpoint_url=endpoint, **KEYS))


def test_a_region_that_cannot_be_one_is_bad_configuration() -> None:
    assert "no region" in _refusal(S3Resource(region_name="no region", **KEYS))


# The resource


def test_a_resource_connects_once_and_only_when_used(lake_resource: LakeResource) -> None:
    lake = lake_resource.connect()
    assert lake_resource.connect() is lake
    assert (lake.bucket, lake.prefix) == (BUCKET, lake_resource.prefix)
    assert lake_resource.bucket_name == BUCKET


def test_a_resource_of_a_real_bucket_has_nothing_to_give_back(
    lake_resource: LakeResource, s3_server: EmbeddedLake
) -> None:
    lake_resource.connect()
    lake_resource.teardown_after_execution(dg.build_init_resource_context())
    assert s3_server.lake.list("none") == []
    lake_resource.connect().write("again", b"data", "text/plain")


def _embedded(home: Path) -> LakeResource:
    return LakeResource(s3=S3Resource(), prefix="films", home=str(home))


def test_making_the_embedded_resource_touches_nothing(tmp_path: Path) -> None:
    resource = _embedded(tmp_path / "home")
    assert resource.bucket_name == EMBEDDED_BUCKET
    resource.teardown_after_execution(dg.build_init_resource_context())
    assert not (tmp_path / "home").exists()


def test_a_run_starts_the_embedded_lake_and_gives_it_back_at_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "of the shell")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of the shell")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
    folder = LakeFolder(tmp_path.resolve() / "home" / "lake")

    @dg.asset
    def written(lake: LakeResource) -> None:
        stored = lake.connect().write("key", b"data", "text/plain")
        assert stored.uri == f"s3://{EMBEDDED_BUCKET}/films/key"
        assert processes_of(folder)

    assert dg.materialize([written], resources={"lake": _embedded(tmp_path / "home")}).success
    end = time.monotonic() + 30
    while processes_of(folder) and time.monotonic() < end:
        time.sleep(0.05)
    assert processes_of(folder) == []
