"""The Dagster instance of a home: opened by many at once, and read by its owner alone."""

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from bourne_assets.cli.runner import check_landing, run_saga
from bourne_assets.errors import BourneError, ConfigurationError
from bourne_assets.lake.locks import FileLock
from bourne_assets.runs.instance import instance_folder, open_instance, reporting_database_failures
from bourne_assets.saga.definition import known_sagas
from bourne_assets.settings import Settings
from bourne_assets_tests.support.tiers import in_every_run

NOBODY = 65534
ROOT_ONLY = pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")

#: Ten processes that have loaded everything open a fresh home at the same moment, five times.
TEN_AT_ONCE = """
import os, sys, time
from pathlib import Path
from bourne_assets.runs.instance import open_instance
from bourne_assets.settings import Settings

def open_it(home, moment):
    while time.time() < moment:
        pass
    with open_instance(Settings(home=home)) as instance:
        instance.get_runs_count()
        instance.all_instigator_state()

# What the first opening imports is there before any forks: ten would load it ten times, one by one.
with open_instance(Settings(home=Path(sys.argv[1]) / "loaded")):
    pass

for number in range(5):
    home, moment, children = Path(sys.argv[1]) / str(number), time.time() + 0.1, []
    for _ in range(10):
        child = os.fork()
        if child == 0:
            try:
                open_it(home, moment)
            except BaseException as error:
                print(type(error).__name__, str(error)[:200], flush=True)
            os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)
"""


@pytest.mark.slow
@pytest.mark.exhaustive
def test_ten_that_open_a_fresh_home_at_once_all_succeed(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", TEN_AT_ONCE, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == ""


def test_an_opening_that_does_not_end_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def give_up(self: FileLock, **_: object) -> bool:
        return False

    monkeypatch.setattr(FileLock, "acquire", give_up)
    with pytest.raises(ConfigurationError, match="Another process has been opening"):
        open_instance(Settings(home=tmp_path / "home"))


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_home_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with open_instance(Settings(home=home)):
        assert _mode(home) == _mode(home / "dagster") == 0o700


def test_a_home_that_was_open_to_others_is_closed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "dagster").mkdir(parents=True)
    for folder in (home, home / "dagster"):
        folder.chmod(0o755)
    instance_folder(Settings(home=home))
    assert _mode(home) == _mode(home / "dagster") == 0o700


@pytest.mark.parametrize("below", ["", "project"])
def test_the_folder_that_one_stands_in_stays_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, below: str
) -> None:
    (tmp_path / below).mkdir(exist_ok=True)
    tmp_path.chmod(0o755)
    monkeypatch.chdir(tmp_path / below)
    instance_folder(Settings(home=tmp_path))
    assert _mode(tmp_path) == 0o755
    assert _mode(tmp_path / "dagster") == 0o700


@pytest.mark.parametrize(("name", "character"), [("what?", r"\?"), ("b*", r"\*"), ("[b]c", r"\[")])
def test_a_home_that_dagster_would_take_for_a_pattern_is_named(
    tmp_path: Path, name: str, character: str
) -> None:
    with pytest.raises(
        ConfigurationError, match=rf"because of the '{character}' in its path: set BOURNE_HOME"
    ):
        open_instance(Settings(home=tmp_path / name))
    assert list(tmp_path.iterdir()) == []


def test_a_dagster_home_that_is_a_pattern_opens_no_other_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b/dagster.yaml").write_text("run_launcher: {module: evil, class: Evil}\n")
    (tmp_path / "[b]").mkdir()
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "[b]"))
    with pytest.raises(ConfigurationError, match="set DAGSTER_HOME"):
        open_instance(Settings())


@pytest.mark.parametrize(
    "name", in_every_run(["a b#c%20d;e&f", "quotes'\"", "$HOME ~ é", "{b}@=:\\", "a]"])
)
def test_a_home_may_have_an_odd_name(tmp_path: Path, name: str) -> None:
    with open_instance(Settings(home=tmp_path / name)) as instance:
        assert instance.get_runs_count() == 0
        assert not instance.telemetry_enabled  # its dagster.yaml is read
    assert [path.name for path in tmp_path.iterdir()] == [name]


@ROOT_ONLY
def test_a_dagster_yaml_of_somebody_else_is_not_read(tmp_path: Path) -> None:
    planted = tmp_path / "dagster.yaml"
    planted.write_text("run_launcher: {module: evil, class: Evil}\n")
    os.chown(planted, NOBODY, NOBODY)
    with pytest.raises(ConfigurationError, match=r"dagster\.yaml belongs to another user"):
        open_instance(Settings(home=tmp_path))


def test_a_dagster_home_that_can_only_be_read_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    access = os.access
    monkeypatch.setattr(
        os, "access", lambda path, mode: Path(path) != tmp_path and access(path, mode)
    )
    with open_instance(Settings()):
        assert not (tmp_path / ".opening.lock").exists()


def _run(settings: Settings, instance: dg.DagsterInstance) -> object:
    saga = known_sagas(settings.sagas_file)["bourne"]
    return run_saga(settings, saga, instance, select=None, on_event=lambda _: None)


def _check(settings: Settings, instance: dg.DagsterInstance) -> object:
    return check_landing(settings, instance, on_event=lambda _: None)


@pytest.mark.parametrize("use", [_run, _check])
def test_a_database_that_fails_while_it_is_used_is_told_in_a_sentence(
    tmp_path: Path, use: Callable[[Settings, dg.DagsterInstance], object]
) -> None:
    settings = Settings(home=tmp_path)
    with open_instance(settings) as instance:
        instance.get_runs_count()
    log = tmp_path / "dagster" / "storage" / "history" / "runs" / "index.db-wal"
    log.unlink(missing_ok=True)
    log.mkdir()
    sentence = "Dagster's databases failed: .* - check the disk of"
    with open_instance(settings) as instance, pytest.raises(BourneError, match=sentence):
        use(settings, instance)


def test_a_damaged_database_is_told_in_a_sentence_too(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    with open_instance(settings) as instance:
        path = tmp_path / "damaged.db"
        path.write_bytes(b"no database" * 1000)
        sentence = "Dagster's databases failed: .*not a database - check the disk of"
        with (
            pytest.raises(BourneError, match=sentence),
            reporting_database_failures(settings, instance),
            create_engine(f"sqlite:///{path}").connect() as connection,
        ):
            connection.execute(text("SELECT * FROM runs"))


def test_databases_outside_the_home_are_not_blamed_on_its_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.setenv("DAGSTER_HOME", str(elsewhere))
    settings = Settings(home=tmp_path / "home")
    with (
        open_instance(settings) as instance,
        pytest.raises(BourneError, match=r"Dagster's databases failed: .*no such table: none$"),
        reporting_database_failures(settings, instance),
        create_engine("sqlite://").connect() as connection,
    ):
        connection.execute(text("SELECT * FROM none"))


def test_what_a_database_refuses_is_not_told_as_its_failure(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    with (
        open_instance(settings) as instance,
        create_engine("sqlite://").connect() as connection,
    ):
        connection.execute(text("CREATE TABLE runs (id INTEGER NOT NULL)"))
        with pytest.raises(IntegrityError), reporting_database_failures(settings, instance):
            connection.execute(text("INSERT INTO runs VALUES (NULL)"))
        with pytest.raises(SQLAlchemyError), reporting_database_failures(settings, instance):
            raise SQLAlchemyError("a mistake")
