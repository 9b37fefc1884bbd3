"""The `.env` file: where it is looked for, whose it must be, and what it can never do."""

import os
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from bourne_assets.cli import environment_file
from bourne_assets.cli.environment_file import load_environment_file
from bourne_assets.errors import ConfigurationError
from bourne_assets.settings import Settings, read_settings

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
NOBODY = 65534


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder that is not the working folder, as that of an editable installation."""
    folder = tmp_path / "project"
    (folder / "bourne_assets" / "cli").mkdir(parents=True)
    for name in ("pyproject.toml", "workspace.yaml"):
        (folder / name).touch()
    module = folder / "bourne_assets" / "cli" / "environment_file.py"
    monkeypatch.setattr(environment_file, "__file__", str(module))
    return folder


def _write(folder: Path, text: str, *, mode: int = 0o600) -> Path:
    path = folder / ".env"
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def _loaded(**environment: str) -> dict[str, str]:
    load_environment_file(environment)
    return environment


# Where it is


def test_the_file_of_the_project_fills_what_the_shell_leaves_open(project: Path) -> None:
    _write(project, "BOURNE_SAGAS=from-the-file\nBOURNE_S3_BUCKET='a-lake'\nAWS_PROFILE=films\n")
    found = _loaded(BOURNE_SAGAS="from-the-shell")
    assert found["BOURNE_SAGAS"] == "from-the-shell"
    assert found["BOURNE_S3_BUCKET"] == "a-lake"
    assert found["AWS_PROFILE"] == "films"


def test_a_variable_that_the_shell_blanks_stays_blank(project: Path) -> None:
    _write(project, "TMDB_READ_ACCESS_TOKEN=a-token\n")
    assert read_settings(_loaded(TMDB_READ_ACCESS_TOKEN="")).tmdb_read_access_token is None


@pytest.mark.usefixtures("project")
def test_the_file_of_the_folder_that_one_stands_in_is_not_read_and_is_named(
    tmp_path: Path,
) -> None:
    here = _write(tmp_path, "TMDB_BASE_URL=http://evil.example/3\nPYTHONPATH=/evil\n")
    environment = {"TMDB_READ_ACCESS_TOKEN": "a-token"}
    assert load_environment_file(environment) == here
    assert environment == {"TMDB_READ_ACCESS_TOKEN": "a-token"}


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("content", ["NODE_ENV=production\n", ""])
def test_a_file_of_other_programs_in_the_working_folder_is_not_worth_a_word(
    tmp_path: Path, content: str
) -> None:
    _write(tmp_path, content)
    assert load_environment_file({}) is None


@pytest.mark.usefixtures("project")
def test_the_file_beside_the_datasets_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    _write(tmp_path / "data", "BOURNE_S3_BUCKET=a-lake\n")
    datasets = str(tmp_path / "data" / "datasets.yaml")
    assert _loaded(BOURNE_CSV_DATASETS=datasets)["BOURNE_S3_BUCKET"] == "a-lake"


@pytest.fixture
def beside(tmp_path: Path) -> Path:
    """The folder of a datasets file, which the shell names."""
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def test_what_the_projects_file_says_stands_before_the_one_beside_the_datasets_file(
    project: Path, beside: Path
) -> None:
    _write(project, "BOURNE_S3_BUCKET=of-the-project\n")
    _write(beside, "BOURNE_S3_BUCKET=of-the-data\nBOURNE_S3_PREFIX=of-the-data\n")
    found = _loaded(BOURNE_CSV_DATASETS=str(beside / "datasets.yaml"))
    assert (found["BOURNE_S3_BUCKET"], found["BOURNE_S3_PREFIX"]) == (
        "of-the-project",
        "of-the-data",
    )


@pytest.mark.parametrize(
    "line", ["TMDB_API_KEY=own", "TMDB_READ_ACCESS_TOKEN_FILE=/token", "BOURNE_SECRETS_ID=films"]
)
def test_a_credential_of_one_file_does_not_go_to_the_address_of_the_other(
    project: Path, beside: Path, line: str
) -> None:
    _write(project, "TMDB_BASE_URL=http://evil.example/3\n")
    _write(beside, f"{line}\n")
    with pytest.raises(ConfigurationError, match=r"for the TMDB_BASE_URL of .*: put both into one"):
        _loaded(BOURNE_CSV_DATASETS=str(beside / "datasets.yaml"))
    _write(project, f"{line}\n")
    _write(beside, "TMDB_BASE_URL=http://evil.example/3\n")
    with pytest.raises(ConfigurationError, match="sets TMDB_BASE_URL for a credential that it"):
        _loaded(BOURNE_CSV_DATASETS=str(beside / "datasets.yaml"))


def test_keys_of_one_file_do_not_go_to_the_endpoint_of_the_other(
    project: Path, beside: Path
) -> None:
    _write(beside, "AWS_ENDPOINT_URL_S3=http://evil.example\n")
    _write(project, "AWS_ACCESS_KEY_ID=own\nAWS_SECRET_ACCESS_KEY=own\n")
    with pytest.raises(ConfigurationError, match="sets AWS_ENDPOINT_URL_S3 for credentials"):
        _loaded(BOURNE_CSV_DATASETS=str(beside / "datasets.yaml"))


@pytest.mark.parametrize("name", ["BOURNE_HOME", "BOURNE_UI_ALLOWED_HOSTS", "BOURNE_UI_URL"])
def test_a_file_that_came_with_data_sets_neither_the_home_nor_who_may_use_the_ui(
    project: Path, beside: Path, name: str
) -> None:
    datasets = str(beside / "datasets.yaml")
    _write(beside, f"{name}=evil\n")
    with pytest.raises(ConfigurationError, match=f"sets {name}, which is not read from a file"):
        _loaded(BOURNE_CSV_DATASETS=datasets)
    assert _loaded(BOURNE_ENV_FILE=str(beside / ".env"))[name] == "evil"
    _write(project, f"{name}=own\n")
    assert _loaded(BOURNE_CSV_DATASETS=datasets)[name] == "own"


@pytest.mark.parametrize("mode", [0o602, 0o666])
def test_a_file_beside_the_datasets_file_that_others_can_write_is_refused(
    project: Path, beside: Path, mode: int
) -> None:
    _write(project, "BOURNE_S3_BUCKET=of-the-project\n")
    _write(beside, "TMDB_BASE_URL=http://evil.example/3\n", mode=mode)
    with pytest.raises(ConfigurationError, match=r"data/\.env can be written by other users"):
        _loaded(BOURNE_CSV_DATASETS=str(beside / "datasets.yaml"))


def test_the_shell_may_name_the_file_and_then_no_other_is_read(
    project: Path, tmp_path: Path
) -> None:
    _write(project, "BOURNE_S3_BUCKET=of-the-project\n")
    named = tmp_path / "settings.env"
    named.write_text("BOURNE_S3_PREFIX=films\n")
    found = _loaded(BOURNE_ENV_FILE=str(named))
    assert found["BOURNE_S3_PREFIX"] == "films"
    assert "BOURNE_S3_BUCKET" not in found
    assert "BOURNE_S3_BUCKET" not in _loaded(BOURNE_ENV_FILE=os.devnull)
    with pytest.raises(ConfigurationError, match="/nowhere that BOURNE_ENV_FILE names does not"):
        _loaded(BOURNE_ENV_FILE="/nowhere")


def test_the_environment_of_the_process_is_filled_where_none_is_given(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BOURNE_ENV_FILE")
    monkeypatch.setenv("BOURNE_S3_PREFIX", "to be restored")
    monkeypatch.delenv("BOURNE_S3_PREFIX")
    _write(project, "BOURNE_S3_PREFIX=films\n")
    load_environment_file()
    assert os.environ["BOURNE_S3_PREFIX"] == "films"


# What it can never do


@pytest.mark.parametrize(
    "name",
    [
        "PYTHONPATH",
        "PYTHONSTARTUP",
        "LD_PRELOAD",
        "PATH",
        "HTTPS_PROXY",
        "https_proxy",
        "BROWSER",
        "DAGSTER_HOME",
        "REQUESTS_CA_BUNDLE",
        "BOURNE_ENV_FILE",
        "TMDB_LANGUAGE",
    ],
)
def test_a_variable_that_is_not_documented_is_not_read(project: Path, name: str) -> None:
    _write(project, f"{name}=/evil\n")
    assert _loaded() == {}


@pytest.mark.parametrize(
    "name",
    [
        "AWS_CONFIG_FILE",
        "AWS_SHARED_CREDENTIALS_FILE",
        "AWS_CA_BUNDLE",
        "AWS_DATA_PATH",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_EC2_METADATA_SERVICE_ENDPOINT",
    ],
)
def test_what_decides_where_aws_credentials_come_from_is_refused(project: Path, name: str) -> None:
    _write(project, f"{name}=/evil\n")
    with pytest.raises(ConfigurationError, match=f"sets {name}, which decides where credentials"):
        _loaded()


@pytest.mark.parametrize(
    ("text", "environment"),
    [
        ("", {"TMDB_READ_ACCESS_TOKEN": "of-the-shell"}),
        ("", {"TMDB_API_KEY": "of-the-shell"}),
        ("", {"TMDB_READ_ACCESS_TOKEN_FILE": "/run/secrets/token"}),
        ("", {"BOURNE_SECRETS_ID": "films"}),
        ("TMDB_API_KEY=own\n", {"TMDB_READ_ACCESS_TOKEN": "of-the-shell"}),
        ("TMDB_API_KEY_FILE=/home/jason/key\n", {}),
        ("BOURNE_SECRETS_ID=films\n", {}),
    ],
)
def test_an_address_of_tmdb_gets_no_credential_of_another_origin(
    project: Path, text: str, environment: dict[str, str]
) -> None:
    _write(project, f"TMDB_BASE_URL=http://evil.example/3\n{text}")
    with pytest.raises(ConfigurationError, match="sets TMDB_BASE_URL for a credential that it"):
        _loaded(**environment)


@pytest.mark.parametrize(
    ("text", "environment"),
    [
        ("", {"BOURNE_SMTP_PASSWORD": "of-the-shell"}),
        ("", {"BOURNE_SECRETS_ID": "films"}),
        ("BOURNE_SMTP_PASSWORD_FILE=/home/jason/.ssh/id_ed25519\n", {}),
        ("BOURNE_SECRETS_ID=films\n", {}),
    ],
)
def test_an_alerts_file_gets_no_password_of_another_origin(
    project: Path, text: str, environment: dict[str, str]
) -> None:
    _write(project, f"BOURNE_ALERTS_FILE=alerts.yaml\n{text}")
    with pytest.raises(ConfigurationError, match="sets BOURNE_ALERTS_FILE for a credential that"):
        _loaded(**environment)


def test_an_alerts_file_beside_its_own_password_is_read(project: Path) -> None:
    _write(project, "BOURNE_ALERTS_FILE=alerts.yaml\nBOURNE_SMTP_PASSWORD=a-password\n")
    assert _loaded()["BOURNE_SMTP_PASSWORD"] == "a-password"


def test_an_address_of_tmdb_beside_its_own_credential_is_read(project: Path) -> None:
    _write(project, "TMDB_BASE_URL=http://127.0.0.1:8080/3\nTMDB_API_KEY=own\n")
    assert read_settings(_loaded()).tmdb_base_url == "http://127.0.0.1:8080/3"
    _write(project, "TMDB_BASE_URL=http://127.0.0.1:8080/3\n")
    assert read_settings(_loaded()).has_tmdb_credential is False


def test_an_address_of_the_shell_takes_a_credential_of_the_file(project: Path) -> None:
    _write(project, "TMDB_BASE_URL=http://evil.example/3\nTMDB_API_KEY=own\n")
    found = _loaded(TMDB_BASE_URL="http://127.0.0.1:8080/3")
    assert found["TMDB_BASE_URL"] == "http://127.0.0.1:8080/3"
    assert found["TMDB_API_KEY"] == "own"


@pytest.mark.parametrize(
    ("text", "environment"),
    [
        ("", {}),  # of a profile or a role
        ("AWS_ACCESS_KEY_ID=own\n", {"AWS_SECRET_ACCESS_KEY": "of-the-shell"}),
        ("AWS_PROFILE=films\n", {}),
        (
            "AWS_ACCESS_KEY_ID=own\nAWS_SECRET_ACCESS_KEY=own\n",
            {"AWS_SESSION_TOKEN": "of-the-shell"},
        ),
    ],
)
@pytest.mark.parametrize(
    "name", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SECRETS_MANAGER", "AWS_ENDPOINT"]
)
def test_an_endpoint_of_aws_gets_no_credentials_of_another_origin(
    project: Path, name: str, text: str, environment: dict[str, str]
) -> None:
    _write(project, f"{name}=http://evil.example\n{text}")
    with pytest.raises(ConfigurationError, match=f"sets {name} for credentials that it does not"):
        _loaded(**environment)


def test_an_endpoint_of_aws_beside_its_own_keys_is_read(project: Path) -> None:
    keys = "AWS_ACCESS_KEY_ID=own\nAWS_SECRET_ACCESS_KEY=own\n"
    _write(project, f"AWS_ENDPOINT_URL_S3=http://127.0.0.1:9000\n{keys}")
    assert _loaded()["AWS_ENDPOINT_URL_S3"] == "http://127.0.0.1:9000"


def test_no_value_is_filled_in_from_the_environment(project: Path) -> None:
    _write(project, "BOURNE_UI_URL=http://evil.example/${AWS_SECRET_ACCESS_KEY}\n")
    found = _loaded(AWS_SECRET_ACCESS_KEY="hidden")
    assert found["BOURNE_UI_URL"] == "http://evil.example/${AWS_SECRET_ACCESS_KEY}"


# Whose it is


@ROOT_ONLY
def test_a_file_of_another_user_is_refused(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _write(project, "BOURNE_SAGAS=matrix\n")
    os.chown(path, NOBODY, NOBODY)
    with pytest.raises(ConfigurationError, match=r"\.env belongs to another user \(nobody\)"):
        _loaded()
    os.chown(path, 0, 0)
    monkeypatch.setattr(os, "geteuid", lambda: NOBODY)
    assert _loaded() == {"BOURNE_SAGAS": "matrix"}, "root may do anything anyway"


def test_a_file_that_others_can_write_is_refused(project: Path) -> None:
    _write(project, "BOURNE_SAGAS=matrix\n", mode=0o646)
    with pytest.raises(ConfigurationError, match="can be written by other users: run `chmod 600"):
        _loaded()


@pytest.mark.parametrize(("members", "is_private"), [([], True), (["marie"], False)])
def test_a_file_that_a_group_can_write_is_read_where_the_group_is_the_user(
    project: Path, monkeypatch: pytest.MonkeyPatch, members: list[str], is_private: bool
) -> None:
    class Group:
        gr_name, gr_mem = "jason", members

    class User:
        pw_name = "jason"

    def group(_: int) -> Any:
        return Group

    def user(_: int) -> Any:
        return User

    monkeypatch.setattr("grp.getgrgid", group)
    monkeypatch.setattr("pwd.getpwuid", user)
    path = _write(project, "BOURNE_SAGAS=matrix\n", mode=0o660)
    assert path.stat().st_mode & stat.S_IWGRP
    if is_private:
        assert _loaded() == {"BOURNE_SAGAS": "matrix"}
    else:
        with pytest.raises(ConfigurationError, match="can be written by other users"):
            _loaded()


# What is in it


def test_a_line_that_was_left_blank_is_not_a_setting(project: Path) -> None:
    _write(project, "# a comment\nTMDB_API_KEY=\nBOURNE_S3_BUCKET=\n\n")
    assert _loaded() == {}
    assert read_settings({}) == Settings()


def test_a_byte_order_mark_belongs_to_no_name(project: Path) -> None:
    (project / ".env").write_text("BOURNE_S3_BUCKET=a-lake\n", encoding="utf-8-sig")
    assert _loaded()["BOURNE_S3_BUCKET"] == "a-lake"


def test_a_missing_file_or_a_folder_is_not_an_error(project: Path) -> None:
    assert _loaded() == {}
    (project / ".env").mkdir()
    assert _loaded() == {}


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"BOURNE_S3_BUCKET=\xff\xfe\n", id="not UTF-8"),
        pytest.param("BOURNE_S3_BUCKET=lake\n".encode("utf-16"), id="UTF-16"),
        pytest.param(b"BOURNE_S3_BUCKET=a\x00b\n", id="a NUL"),
        pytest.param(b"#" * 70_000, id="too large"),
    ],
)
def test_a_file_that_is_not_text_is_refused_by_its_path(project: Path, content: bytes) -> None:
    (project / ".env").write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"The settings file .*/project/\.env"):
        _loaded()


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc and /dev/zero")
@pytest.mark.parametrize("target", ["/proc/self/mem", "/dev/zero", "fifo"])
def test_a_file_that_cannot_be_read_or_never_ends_is_refused_by_its_path(
    project: Path, target: str
) -> None:
    if target == "fifo":
        os.mkfifo(project / ".env")
    else:
        (project / ".env").symlink_to(target)
    with pytest.raises(ConfigurationError, match=r"/project/\.env cannot be read"):
        _loaded()
