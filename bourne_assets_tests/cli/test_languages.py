"""What a user reads is in the user's language, whatever it comes from."""

from pathlib import Path

import click
import pytest

from bourne_assets.cli import main
from bourne_assets.csvs.reading.column_types import Almost
from bourne_assets.definitions import build_defs
from bourne_assets.defs.operations.alert_messages import Problem, marked_message
from bourne_assets.settings import Settings
from bourne_assets.translations import (
    byte_size,
    current_language,
    gettext,
    grouped,
    in_english,
    retold,
)
from bourne_assets_tests.cli.conftest import Bourne


def _all_commands(group: click.Group, *names: str) -> list[tuple[str, ...]]:
    context = click.Context(group)
    found: list[tuple[str, ...]] = [names]
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            found += _all_commands(command, *names, name)
        else:
            found.append((*names, name))
    return found


def test_the_help_of_every_command_is_portuguese_where_the_locale_is(bourne: Bourne) -> None:
    for names in _all_commands(main):
        if names[-1:] in {("dev",), ("dagster",)}:  # their --help is Dagster's
            continue
        shown = bourne(*names, "--help", LANG="pt_BR.UTF-8")
        assert shown.exit_code == 0
        assert shown.output.startswith("Uso: ")
        assert "Opções:" in shown.output
        assert "Mostra esta mensagem e sai." in shown.output
        assert not {" the ", "Options", "Commands", "[default"} & set(shown.output.split(":"))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("nix",), "Erro: Não existe o comando 'nix'."),
        (("answers", "--nix"), "Erro: Não existe a opção '--nix'."),
        (("unland",), "Erro: Falta o argumento 'DATASET'."),
        (("answers", "--as-of", "ontem"), "Erro: 'ontem' não é uma data; escreva como 2017-09-01."),
        (("run", "--saga", "bourn"), "você quis dizer bourne?"),
        (("query", "SELECT 1"), "Erro: Ainda não há o que consultar"),
    ],
)
def test_what_a_user_can_get_wrong_is_told_in_portuguese(
    bourne: Bourne, tmp_path: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    called = bourne(*arguments, BOURNE_LANG="pt", BOURNE_HOME=str(tmp_path / "none"))
    assert sentence in " ".join(called.output.split())
    assert called.exit_code in {1, 2}


def test_an_argument_is_not_among_the_options(bourne: Bourne) -> None:
    usage, options = bourne("land", "--help").output.split("Options:")
    assert "PATH..." in usage
    assert "PATH" not in options


def test_the_settings_file_may_name_the_language_of_the_help(
    bourne: Bourne, tmp_path: Path
) -> None:
    settings = tmp_path / "settings.env"
    settings.write_text("BOURNE_LANG=pt\n")
    settings.chmod(0o600)
    assert bourne("--help", BOURNE_ENV_FILE=str(settings)).output.startswith("Uso: ")


def test_an_unknown_language_is_told_in_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOURNE_LANG", "de")
    assert current_language() == "en"


def test_numbers_and_stored_sentences_are_told_in_the_language(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stored = in_english(
        "its header is longer than {maximum_line_bytes:,} bytes", maximum_line_bytes=16_777_216
    )
    assert retold(stored) == stored
    monkeypatch.setenv("BOURNE_LANG", "pt")
    assert retold(stored) == "seu cabeçalho tem mais de 16.777.216 bytes"
    assert retold("it has 3 of 12 fields") == "tem 3 de 12 campos"
    assert retold("{nobody} said this") == "{nobody} said this"
    almost = Almost("BIGINT", 20_482, 0)
    assert retold(almost.words(None)) == "seria BIGINT, não fossem 20.482 valores"
    assert retold(almost._replace(misfits=1).words(1_043)) == (
        "seria BIGINT, não fosse 1 valor, o primeiro na linha 1.043"
    )
    assert grouped(1234.5, 1) == "1.234,5"
    assert gettext("rejected: {reason}", reason="{x}") == "rejeitado: {x}"


@pytest.mark.parametrize(
    ("size", "english", "portuguese"),
    [
        (0, "0 bytes", "0 byte"),
        (1, "1 byte", "1 byte"),
        (999.6, "1.0 kB", "1,0 kB"),
        (20_496, "20.5 kB", "20,5 kB"),
        (999_960, "1.0 MB", "1,0 MB"),
        (2.5e15, "2,500.0 TB", "2.500,0 TB"),
    ],
)
def test_sizes_are_in_a_unit_of_their_own_and_in_the_marks_of_the_language(
    monkeypatch: pytest.MonkeyPatch, size: float, english: str, portuguese: str
) -> None:
    assert byte_size(size) == english
    monkeypatch.setenv("BOURNE_LANG", "pt")
    assert byte_size(size) == portuguese


def test_checks_and_alerts_speak_the_language_and_keep_their_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BOURNE_LANG", "pt")
    graph = build_defs(settings=Settings()).resolve_asset_graph()
    descriptions = {
        key.name: graph.get_check_spec(key).description for key in graph.asset_check_keys
    }
    assert descriptions["tmdb_id_is_unique"] == "Nenhum `tmdb_id` está em duas linhas."
    problem = Problem("tmdb_details", "check budget_is_valid failed", rows=("A",), count=3)
    text = marked_message("Bourne", [problem], "http://127.0.0.1:3000/runs/1")
    assert "verificação budget_is_valid reprovada\n    A\n    e mais 2\n" in text
    assert "|Abrir a execução>" in text
    assert problem.subject == "tmdb_details check budget_is_valid failed"
