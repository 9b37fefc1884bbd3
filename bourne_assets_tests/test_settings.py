"""The settings: every variable is optional, and a wrong one is named without telling a secret."""

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from bourne_assets import settings
from bourne_assets.errors import ConfigurationError
from bourne_assets.secret_sources import SECRETS
from bourne_assets.settings import FIELDS, VARIABLES, Settings, read_settings

SECRET = "eyJhbGciOiJIUzI1NiJ9.c2VjcmV0"

EVERY_VARIABLE = {
    "TMDB_READ_ACCESS_TOKEN": SECRET,
    "TMDB_API_KEY": "0123456789abcdef",
    "TMDB_BASE_URL": "http://127.0.0.1:8080/3/",
    "TMDB_REQUESTS_PER_SECOND": "12.5",
    "BOURNE_S3_BUCKET": "a-lake",
    "BOURNE_S3_PREFIX": "teams/films",
    "BOURNE_HOME": "/srv/bourne",
    "BOURNE_CSV_DIR": "/srv/csvs",
    "BOURNE_SAGAS_FILE": "/srv/sagas.yaml",
    "BOURNE_SAGAS": "bourne,matrix",
}


# Reading


def test_an_empty_environment_gives_the_defaults() -> None:
    assert read_settings({}) == Settings(
        tmdb_read_access_token=None,
        tmdb_api_key=None,
        tmdb_base_url="https://api.themoviedb.org/3",
        tmdb_requests_per_second=39.0,
        s3_bucket=None,
        s3_prefix="",
        home=Path(".bourne"),
        csv_dir=settings.DATA_DIR / "sample_csvs",
        sagas_file=settings.DATA_DIR / "sagas.yaml",
        saga_slugs=("bourne",),
    )


def test_the_files_that_the_defaults_name_are_in_the_package() -> None:
    assert list(read_settings({}).csv_dir.glob("*.csv"))
    assert read_settings({}).sagas_file.is_file()


def test_every_variable_is_read() -> None:
    assert read_settings(EVERY_VARIABLE) == Settings(
        tmdb_read_access_token=SECRET,
        tmdb_api_key="0123456789abcdef",
        tmdb_base_url="http://127.0.0.1:8080/3",
        tmdb_requests_per_second=12.5,
        s3_bucket="a-lake",
        s3_prefix="teams/films",
        home=Path("/srv/bourne"),
        csv_dir=Path("/srv/csvs"),
        sagas_file=Path("/srv/sagas.yaml"),
        saga_slugs=("bourne", "matrix"),
    )


def test_without_a_mapping_the_environment_of_the_process_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BOURNE_S3_BUCKET", "from-the-shell")
    assert read_settings().s3_bucket == "from-the-shell"


@pytest.mark.parametrize("name", EVERY_VARIABLE)
@pytest.mark.parametrize("blank", ["", "  ", "\t"])
def test_a_blank_variable_counts_as_unset(name: str, blank: str) -> None:
    assert read_settings({name: blank}) == Settings()


def test_space_around_a_value_does_not_belong_to_it() -> None:
    padded = {name: f"  {value}\n" for name, value in EVERY_VARIABLE.items()}
    assert read_settings(padded) == read_settings(EVERY_VARIABLE)


def test_other_programs_variables_do_not_matter() -> None:
    assert read_settings({"AWS_PROFILE": "x", "PATH": "/bin", "TMDB_LANGUAGE": "?"}) == Settings()


def test_the_region_of_aws_is_read_and_may_be_blank(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings.aws_region() is None
    monkeypatch.setenv("AWS_REGION", " ")
    assert settings.aws_region() is None
    monkeypatch.setenv("AWS_REGION", "eu-west-1\n")
    assert settings.aws_region() == "eu-west-1"


@pytest.mark.parametrize("name", ["BOURNE_HOME", "BOURNE_CSV_DIR", "BOURNE_SAGAS_FILE"])
def test_a_tilde_is_the_home_of_the_user(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/jason")
    found = read_settings({name: "~/films"})
    assert Path("/home/jason/films") in {found.home, found.csv_dir, found.sagas_file}


@pytest.mark.parametrize(
    ("text", "prefix"),
    [("films", "films"), ("/films/", "films"), ("//a///b//", "a/b"), ("/", ""), ("a b/ü", "a b/ü")],
)
def test_slashes_around_and_within_the_prefix_are_put_right(text: str, prefix: str) -> None:
    assert read_settings({"BOURNE_S3_PREFIX": text}).s3_prefix == prefix


@pytest.mark.parametrize(
    ("text", "slugs"),
    [
        ("matrix", ("matrix",)),
        (" bourne , matrix ,", ("bourne", "matrix")),
        ("bourne,bourne,matrix,bourne", ("bourne", "matrix")),
    ],
)
def test_slugs_are_separated_by_commas_and_count_once(text: str, slugs: tuple[str, ...]) -> None:
    assert read_settings({"BOURNE_SAGAS": text}).saga_slugs == slugs


@pytest.mark.parametrize("pace", ["0.1", "1", "39", "1000", "1e2"])
def test_a_pace_may_be_any_number_up_to_a_thousand(pace: str) -> None:
    found = read_settings({"TMDB_REQUESTS_PER_SECOND": pace})
    assert found.tmdb_requests_per_second == float(pace)


def test_the_bucket_in_use_is_the_real_one_or_else_the_embedded_one() -> None:
    assert Settings(s3_bucket="a-lake").bucket == "a-lake"
    assert Settings().bucket == settings.EMBEDDED_BUCKET


@pytest.mark.parametrize(
    ("variables", "has_one"),
    [
        ({}, False),
        ({"TMDB_API_KEY": "k"}, True),
        ({"TMDB_READ_ACCESS_TOKEN": "t"}, True),
        ({"TMDB_READ_ACCESS_TOKEN": " ", "TMDB_API_KEY": ""}, False),
    ],
)
def test_either_credential_is_enough_for_tmdb(
    variables: dict[str, str],
    has_one: bool,
) -> None:
    assert read_settings(variables).has_tmdb_credential is has_one


# Refusing


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TMDB_READ_ACCESS_TOKEN", f"{SECRET} x"),
        ("TMDB_READ_ACCESS_TOKEN", f"{SECRET}\nX-Evil: 1"),
        ("TMDB_READ_ACCESS_TOKEN", f"{SECRET}é"),
        ("TMDB_API_KEY", f"{SECRET}\x00"),
        ("TMDB_API_KEY", f"“{SECRET}”"),
        ("TMDB_BASE_URL", "api.themoviedb.org/3"),
        ("TMDB_BASE_URL", "ftp://api.themoviedb.org/3"),
        ("TMDB_BASE_URL", "https://"),
        ("TMDB_BASE_URL", "https:///3"),
        ("TMDB_BASE_URL", "https://[::1"),
        ("TMDB_BASE_URL", "https://host:port/3"),
        ("TMDB_BASE_URL", "https://host:99999/3"),
        ("TMDB_BASE_URL", f"https://user:{SECRET}@host/3"),
        ("TMDB_BASE_URL", f"https://{SECRET}@host/3"),
        ("TMDB_BASE_URL", f"https://host/3?api_key={SECRET}"),
        ("TMDB_BASE_URL", f"https://host/3#{SECRET}"),
        ("TMDB_REQUESTS_PER_SECOND", "fast"),
        ("TMDB_REQUESTS_PER_SECOND", "0"),
        ("TMDB_REQUESTS_PER_SECOND", "-1"),
        ("TMDB_REQUESTS_PER_SECOND", "1000.5"),
        ("TMDB_REQUESTS_PER_SECOND", "inf"),
        ("TMDB_REQUESTS_PER_SECOND", "nan"),
        ("TMDB_REQUESTS_PER_SECOND", "39,5"),
        ("BOURNE_S3_BUCKET", "s3://a-lake"),
        ("BOURNE_S3_BUCKET", "a-lake/films"),
        ("BOURNE_S3_PREFIX", "films/../other"),
        ("BOURNE_S3_PREFIX", "."),
        ("BOURNE_S3_PREFIX", "films\nother"),
        ("BOURNE_HOME", "~no-such-user-here/films"),
        ("BOURNE_CSV_DIR", "~no-such-user-here/films"),
        ("BOURNE_SAGAS_FILE", "~no-such-user-here/films"),
        ("BOURNE_SAGAS", ","),
        ("BOURNE_SAGAS", " , ,"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_by_the_name_of_its_variable(
    name: str, value: str
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read_settings({name: value})
    assert name in str(refused.value)
    assert SECRET not in str(refused.value)
    assert refused.value.exit_code == 2
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


def test_a_value_that_is_not_a_secret_is_shown_with_the_refusal() -> None:
    with pytest.raises(ConfigurationError, match="'fast'"):
        read_settings({"TMDB_REQUESTS_PER_SECOND": "fast"})


def test_no_secret_is_shown_by_repr() -> None:
    shown = repr(read_settings({"TMDB_READ_ACCESS_TOKEN": SECRET, "TMDB_API_KEY": "0123abcd"}))
    assert SECRET not in shown
    assert "0123abcd" not in shown
    assert "tmdb_base_url" in shown


def test_what_may_not_be_shown_is_every_secret_and_the_passwords_in_addresses() -> None:
    settings = read_settings(
        {
            "TMDB_READ_ACCESS_TOKEN": "a-token",
            "TMDB_API_KEY": "a-key",
            "BOURNE_ALERT_WEBHOOK_URL": "https://hooks.example/T0/B0",
            "BOURNE_REDIS_URL": "redis://:a-password@redis:6379/0",
        }
    )
    held = {"a-token", "a-key", "https://hooks.example/T0/B0", "redis://:a-password@redis:6379/0"}
    assert set(settings.secrets) == held | {"a-password"}
    assert not [secret for secret in settings.secrets if secret in repr(settings)]
    assert {name for name in VARIABLES if name in SECRETS} == {
        FIELDS[name] for name, field in Settings.model_fields.items() if not field.repr
    }


def test_secrets_that_others_read_from_the_environment_may_not_be_shown_either(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = "postgresql://dagster:a%2Fpassword@db:5432/dagster"
    monkeypatch.setenv("DAGSTER_POSTGRES_URL", f"{url}\n")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA0123")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret-key")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "a-session")
    expected = {url, "a%2Fpassword", "a/password", "AKIA0123", "a-secret-key", "a-session"}
    assert expected <= set(read_settings({}).secrets)


def test_a_password_that_is_a_name_is_not_taken_out_of_every_link(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = "postgresql://dagster:dagster@db:5432/dagster"
    monkeypatch.setenv("DAGSTER_POSTGRES_URL", url)
    assert read_settings({}).secrets == (url,)


def test_an_address_that_is_none_hinders_no_alert(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_POSTGRES_URL", "postgresql://[a-password@db")
    assert "postgresql://[a-password@db" in read_settings({}).secrets


def test_a_field_that_is_not_one_is_refused() -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        Settings.model_validate({"bucket": "a-lake"})


def test_the_table_of_the_readme_names_every_variable_and_no_other() -> None:
    text = (Path(settings.__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    table = text.partition("## Settings")[2].partition("A secret may be in a file")[0]
    assert set(re.findall(r"^\| `([A-Z_0-9]+)` \|", table, re.MULTILINE)) == VARIABLES | {
        "BOURNE_ENV_FILE",
        "DAGSTER_POSTGRES_URL",
    }


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "pt_BR.UTF-8"}, "pt"),
        ({"LC_ALL": "pt"}, "pt"),
        ({"LANG": "pt_BR.UTF-8", "LC_MESSAGES": "C"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "ptx"}, "en"),
        ({"LANG": "pt_PT@euro", "BOURNE_LANG": "en"}, "en"),
        ({"LC_ALL": "", "LANG": "en_US.UTF-8", "BOURNE_LANG": "pt"}, "pt"),
    ],
)
def test_the_language_is_that_of_the_setting_else_of_the_locale(
    environment: dict[str, str], language: str
) -> None:
    assert read_settings(environment).language == language


def test_a_language_that_there_is_not_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="BOURNE_LANG must be one of en, pt, not 'de'"):
        read_settings({"BOURNE_LANG": "de"})


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("BOURNE_DAILY_AT", "6 o'clock", 'must be a time such as 06:00, not "6 o\'clock".'),
        ("BOURNE_DAILY_AT", "24:00", "must be a time such as 06:00, not '24:00'."),
        (
            "BOURNE_WEEKLY_AT",
            "05:00",
            "must be a day and a time such as sunday 05:00, not '05:00'.",
        ),
        (
            "BOURNE_TIME_ZONE",
            "America/Sao_Paolo",
            "must be a time zone such as America/Sao_Paulo, not 'America/Sao_Paolo'.",
        ),
        (
            "BOURNE_OWNERS",
            "team:films, ana",
            "must be teams or addresses, such as team:films or ana@example.com, with commas "
            "between them: 'ana' is neither.",
        ),
    ],
)
def test_a_mistyped_time_zone_or_owner_is_one_sentence(
    name: str, value: str, sentence: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_settings({name: value})

    assert str(caught.value) == f"{name} {sentence}"
