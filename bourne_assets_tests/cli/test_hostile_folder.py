"""A folder that somebody else prepared: commands that are called in it obey none of its files."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from bourne_assets.errors import ConfigurationError
from bourne_assets.runs.instance import instance_config, instance_folder, open_instance
from bourne_assets.settings import Settings
from bourne_assets_tests.support.services import free_port
from bourne_assets_tests.support.ui import wait_for

BOURNE = Path(sys.executable).with_name("bourne")


@pytest.fixture
def trap(tmp_path: Path) -> Path:
    """A folder full of what Python, Dagster and dotenv might load; all of it leaves a trace."""
    folder = tmp_path / "download"
    folder.mkdir()
    code = f"import os; open(os.path.join({str(tmp_path)!r}, 'sprung'), 'a').write(__file__)"
    for name in ("dagster", "bourne_assets", "evil"):
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text(code)
    for name in ("sitecustomize.py", "usercustomize.py", "yaml.py"):
        (folder / name).write_text(code)
    (folder / ".env").write_text(f"PYTHONPATH={folder}\nTMDB_BASE_URL=http://127.0.0.1:9/3\n")
    (folder / "workspace.yaml").write_text("load_from: [{python_module: {module_name: evil}}]")
    (folder / "dagster.yaml").write_text(
        "run_launcher: {module: evil, class: Launcher}\nstorage: {sqlite: {base_dir: evil}}"
    )
    (folder / "movies.csv").write_text("id,title\n1,The Bourne Identity\n")
    return folder


def _ensure_not_sprung(trap: Path) -> None:
    sprung = trap.parent / "sprung"
    assert not sprung.exists(), sprung.read_text()


@pytest.fixture
def from_the_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """The default search for a settings file, which the other tests turn off."""
    monkeypatch.delenv("BOURNE_ENV_FILE")


@pytest.mark.slow
@pytest.mark.usefixtures("from_the_folder")
def test_a_landing_in_it_loads_nothing_of_it(trap: Path) -> None:
    done = subprocess.run(
        [BOURNE, "land", "."], cwd=trap, capture_output=True, text=True, check=False, timeout=250
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{trap / '.env'} is not read" in done.stderr
    assert "1 landed" in done.stdout
    _ensure_not_sprung(trap)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.usefixtures("from_the_folder")
@pytest.mark.exhaustive
def test_the_ui_in_it_loads_nothing_of_it(trap: Path) -> None:
    import requests

    port = free_port()
    log = trap.parent / "log"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [BOURNE, "dev", "--port", str(port)],
            cwd=trap,
            stdout=output,
            stderr=output,
            env={**os.environ, "BOURNE_CSV_DIR": "."},
            start_new_session=True,
        ) as process,
    ):
        url = f"http://127.0.0.1:{port}/graphql"
        query = {
            "query": "{ repositoriesOrError { ... on RepositoryConnection { nodes { name "
            "location { name } assetNodes { assetKey { path } } } } } }"
        }

        def loaded() -> list[str]:
            try:
                found = requests.post(url, json=query, timeout=120).json()["data"]
            except requests.RequestException:
                return []
            return [node["location"]["name"] for node in found["repositoriesOrError"]["nodes"]]

        try:
            wait_for(lambda: bool(loaded()), 250, "the code location is loaded")
            assert loaded() == ["bourne_assets"], log.read_text()
        finally:
            os.killpg(process.pid, signal.SIGINT)
            process.wait(250)
    assert "Loaded environment variables from .env" not in log.read_text()
    assert (trap / ".bourne" / "dagster" / "storage").is_dir()
    _ensure_not_sprung(trap)


# The configuration of the instance


def test_the_configuration_is_the_one_of_the_package_below_the_home(tmp_path: Path) -> None:
    home = tmp_path / "home"
    folder = instance_folder(Settings(home=home))
    written = yaml.safe_load((folder / "dagster.yaml").read_text())
    assert written == instance_config(home / "dagster")
    assert written["storage"]["custom"]["config"]["base_dir"] == str(home / "dagster" / "storage")
    assert ".bourne" not in yaml.safe_dump(written)


def test_a_home_that_was_moved_is_configured_again_and_a_changed_configuration_stays(
    tmp_path: Path,
) -> None:
    instance_folder(Settings(home=tmp_path / "home"))
    moved = (tmp_path / "home").rename(tmp_path / "moved")
    instance_folder(Settings(home=moved))
    text = (moved / "dagster.yaml").read_text()
    assert str(moved / "dagster" / "storage") in text
    own = text.partition("\n")[2].replace("default_limit: 1", "default_limit: 2")
    (moved / "dagster.yaml").write_text(own)
    instance_folder(Settings(home=moved))
    assert (moved / "dagster.yaml").read_text() == own
    assert not [path for path in moved.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("content", [b"storage: \xff\xfe", "storage: {}".encode("utf-16")])
def test_a_configuration_that_is_not_text_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "dagster.yaml").write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"/dagster\.yaml is not UTF-8 text\."):
        open_instance(Settings(home=tmp_path))


def test_a_configuration_that_never_ends_or_is_nested_too_deep_is_a_sentence(
    tmp_path: Path,
) -> None:
    config = tmp_path / "dagster.yaml"
    config.write_text("[" * 20_000)
    with pytest.raises(ConfigurationError, match="cannot be opened: maximum recursion depth"):
        open_instance(Settings(home=tmp_path))
    config.unlink()
    os.mkfifo(config)
    with pytest.raises(ConfigurationError, match=r"cannot be written \(it is not a regular file\)"):
        open_instance(Settings(home=tmp_path))
