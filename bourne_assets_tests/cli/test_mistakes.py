"""What is mistyped in variables and in the sagas file is named, with what was probably meant."""

from pathlib import Path

import pytest

from bourne_assets.cli.mistakes import find_mistakes
from bourne_assets.saga.definition import load_sagas
from bourne_assets.saga.errors import SagaConfigurationError
from bourne_assets.settings import Settings

SAGA = "sagas:\n  rocky: {title: Rocky, querys: [Rocky], collection_id: 1575}\n"


def test_nothing_mistyped_is_found_where_nothing_is() -> None:
    found = list(find_mistakes(Settings()))
    assert [each.name for each in found] == ["variables", "sagas", "definitions"]
    assert all(each.healthy for each in found)
    assert found[2].detail.endswith("assets load")


def test_an_unknown_variable_is_named_with_the_nearest_setting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BOURNE_SAGA", "matrix")
    monkeypatch.setenv("TMDB_READ_ACCESS_TOKEN_FILE", "/run/secrets/token")
    monkeypatch.setenv("BOURNE_REDIS_PORT_6379_TCP", "tcp://10.0.0.1:6379")
    found = next(find_mistakes(Settings()))
    assert not found.healthy
    assert found.detail == "BOURNE_SAGA is not a setting, did you mean BOURNE_SAGAS?"


@pytest.mark.parametrize(
    ("name", "meant"),
    [("BOURN_HOME", "BOURNE_HOME"), ("TMBD_API_KEY", "TMDB_API_KEY")],
)
def test_a_mistyped_beginning_is_named_and_what_others_use_is_not(
    monkeypatch: pytest.MonkeyPatch, name: str, meant: str
) -> None:
    for others in ("IMDB_API_KEY", "OMDB_API_KEY", "BOUNCE_RATE", "TERM", "TMUX_TMPDIR"):
        monkeypatch.setenv(others, "1")
    monkeypatch.setenv(name, "1")
    found = next(find_mistakes(Settings()))
    assert found.detail == f"{name} is not a setting, did you mean {meant}?"


def test_a_variable_that_an_environment_file_mistypes_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "settings.env"
    path.write_text("BOURNE_CSVDIR=/data\nEDITOR=vi\n")
    monkeypatch.setenv("BOURNE_ENV_FILE", str(path))
    found = next(find_mistakes(Settings()))
    assert found.detail == "BOURNE_CSVDIR is not a setting, did you mean BOURNE_CSV_DIR?"


def test_an_unknown_slug_is_named_with_the_nearest() -> None:
    *_, last = find_mistakes(Settings(saga_slugs=("bourn",)))
    assert (last.name, last.healthy) == ("sagas", False)
    assert "did you mean bourne?" in last.detail


def test_a_mistyped_field_of_the_sagas_file_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "sagas.yaml"
    path.write_text(SAGA)
    with pytest.raises(
        SagaConfigurationError, match=r"line 2, .*querys is not a key here, did you mean queries\?$"
    ):
        load_sagas(path)


def test_definitions_that_do_not_load_are_told_in_their_own_words(tmp_path: Path) -> None:
    path = tmp_path / "datasets.yaml"
    path.write_text("datasets: {movies: {no_such_option: 1}}\n")
    *_, last = find_mistakes(Settings(csv_datasets=path))
    assert (last.name, last.healthy) == ("definitions", False)
    assert "no_such_option" in last.detail
