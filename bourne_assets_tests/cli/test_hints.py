"""Help that is whole, hints that work when they are pasted, and lines that programs can read."""

import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from bourne_assets.cli import console as show
from bourne_assets.cli import main, program
from bourne_assets.runs.outcomes import Diagnosis, RunReport, Stored
from bourne_assets.saga.definition import known_sagas
from bourne_assets.settings import Settings
from bourne_assets_tests.cli.conftest import Bourne

ADDRESS = "s3://a-lake/" + "folder/" * 20 + "file.parquet"


@pytest.fixture
def hinted() -> Iterator[None]:
    program._program.cache_clear()
    yield
    program._program.cache_clear()


@pytest.mark.parametrize("arguments", [(), ("lake",)])
def test_the_help_of_a_group_shows_whole_sentences(
    bourne: Bourne, arguments: tuple[str, ...]
) -> None:
    result = bourne(*arguments, "--help")
    assert result.exit_code == 0
    group: click.Command | None = main
    for name in arguments:
        assert isinstance(group, click.Group)
        group = group.get_command(click.Context(group), name)
    assert isinstance(group, click.Group)
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        assert command is not None
        sentence = command.get_short_help_str(10_000)
        assert command.hidden or sentence in " ".join(result.output.split())


@pytest.mark.parametrize(
    ("arguments", "suggests"),
    [
        (("anwsers",), "'answers'?"),
        (("lake", "strt"), "(Did you mean one of: 'start', 'status'?)"),
        (("docter",), "Did you mean 'doctor'?"),
        (("dagstr",), "No such command 'dagstr'.\n"),
        (("nothing-near",), "No such command 'nothing-near'.\n"),
    ],
)
def test_a_mistyped_command_is_told_the_nearest_ones(
    bourne: Bourne, arguments: tuple[str, ...], suggests: str
) -> None:
    result = bourne(*arguments)
    assert result.exit_code == 2
    assert suggests in result.output


def test_exec_has_help_of_its_own_and_leaves_the_commands_options_alone(bourne: Bourne) -> None:
    result = bourne("exec", "--help")
    assert result.exit_code == 0
    assert "exec [OPTIONS] COMMAND..." in result.output
    absent = bourne("exec", "no-such-command", "--help")
    assert absent.exit_code == 2
    assert "'no-such-command' cannot be started" in absent.output
    assert "The command '' cannot be started: No such file" in bourne("exec", "").output


@pytest.mark.parametrize(
    "arguments",
    [
        ("answers", "--as-of", "9999-12-31"),
        ("answers", "--compare", "2017-09-01", "9999-12-31"),
        ("land", ".", "--date", "9999-12-31"),
    ],
)
def test_a_day_that_has_not_come_is_refused(bourne: Bourne, arguments: tuple[str, ...]) -> None:
    result = bourne(*arguments)
    assert result.exit_code == 2
    assert "9999-12-31 has not come yet; today is " in result.output


def test_hints_name_the_saga_that_was_asked_for(
    bourne: Bourne, capfd: pytest.CaptureFixture[str]
) -> None:
    assert "--saga matrix`" in bourne("answers", "--saga", "matrix").output
    assert "--saga" not in bourne("answers").output
    report = RunReport(stored=[Stored("matrix/saga_report", "s3://a-lake/x")])
    matrix = known_sagas(Settings().sagas_file)["matrix"]
    show.print_places(show.output(), report, matrix, Settings())
    assert "answers --saga matrix --open`." in " ".join(capfd.readouterr().out.split())


@pytest.mark.usefixtures("hinted")
def test_hints_call_the_command_by_a_path_where_the_shell_does_not_find_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / ".venv" / "bin" / "python"))
    monkeypatch.chdir(tmp_path)
    assert program.runnable("run `bourne run`.").endswith("python -m bourne_assets run`.")
    script = tmp_path / ".venv" / "bin" / "bourne"
    script.parent.mkdir(parents=True)
    script.touch()
    program._program.cache_clear()
    assert program.runnable("run `bourne run`.") == "run `.venv/bin/bourne run`."
    program._program.cache_clear()
    (tmp_path / "bourne").touch(mode=0o755)
    assert program.runnable("run `bourne run`.") == "run `bourne run`."


def test_no_address_is_cut_and_no_line_ends_in_blanks(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    console = show.output()
    show.print_diagnosis(console, Diagnosis("lake", True, f"it is at {ADDRESS} and " + "on " * 40))
    console.print(show.line("words " * 40))
    printed = capfd.readouterr().out.splitlines()
    assert ADDRESS in printed
    assert len(printed) > 5
    assert [row for row in printed if row != row.rstrip()] == []
    assert max(len(row) for row in printed if row != ADDRESS) <= 80


def test_the_language_of_the_answers_is_a_setting_that_the_help_names(bourne: Bourne) -> None:
    help_text = bourne("answers", "--help").output
    assert "BOURNE_LANG" in help_text
    refused = bourne("answers", BOURNE_LANG="de")
    assert refused.exit_code == 2
    assert "BOURNE_LANG must be one of en, pt" in refused.output
