"""The sagas file names the sagas; whatever is wrong with it ends in one sentence."""

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from bourne_assets.errors import ConfigurationError
from bourne_assets.saga.definition import Saga, StatedFigures, load_sagas, select_sagas
from bourne_assets.saga.errors import SagaConfigurationError
from bourne_assets.settings import Settings

_BOURNE = "{title: Jason Bourne, queries: [Bourne], collection_id: 31562}"


def _file(folder: Path, text: str) -> Path:
    path = folder / "sagas.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def _sentence(raised: pytest.ExceptionInfo[SagaConfigurationError]) -> str:
    """The error's text, which must be one sentence on one line."""
    text = str(raised.value)
    assert "\n" not in text
    assert text.endswith((".", "?"))
    assert not text.endswith("?.")
    assert raised.value.exit_code == 2
    return text


# Valid files


def test_a_saga_has_slug_title_queries_and_collection(tmp_path: Path) -> None:
    (saga,) = load_sagas(_file(tmp_path, f"sagas:\n  bourne: {_BOURNE}\n")).values()
    assert saga == Saga(
        slug="bourne", title="Jason Bourne", queries=("Bourne",), collection_id=31562
    )


def test_a_saga_may_state_figures_in_place_of_tmdbs_with_their_source(tmp_path: Path) -> None:
    text = (
        "sagas:\n  bourne:\n    title: Jason Bourne\n    queries: [Bourne]\n"
        "    collection_id: 31562\n    figures: {2503: {budget: 70000000, source: The Numbers}}\n"
    )
    (saga,) = load_sagas(_file(tmp_path, text)).values()
    assert saga.figures == {2503: StatedFigures(budget=70_000_000, source="The Numbers")}


@pytest.mark.parametrize(
    ("figures", "says"),
    [
        ("{2503: {budget: 70000000}}", "figures.2503.source is missing."),
        ("{2503: {source: x}}", "state a budget or a revenue"),
        ("{2503: {budget: -1, source: x}}", "greater than or equal to 0"),
        ("{2503: {revenue: 99999999999, source: x}}", "less than or equal to 10000000000"),
        ("{2503: {profit: 5, source: x}}", "figures.2503.profit is not a key here."),
        ("{2503: {budgt: 5, source: x}}", "budgt is not a key here, did you mean budget?"),
        ("{Ultimatum: {budget: 5, source: x}}", "valid integer"),
        ("[2503]", "valid dictionary"),
    ],
)
def test_a_stated_figure_that_is_not_valid_names_the_line(
    tmp_path: Path, figures: str, says: str
) -> None:
    text = (
        "sagas:\n  bourne:\n    title: Jason Bourne\n    queries: [Bourne]\n"
        f"    collection_id: 31562\n    figures: {figures}\n"
    )
    with pytest.raises(SagaConfigurationError) as raised:
        load_sagas(_file(tmp_path, text))
    assert "line 6" in str(raised.value)
    assert says in str(raised.value)


def test_sagas_come_in_the_order_of_the_file(tmp_path: Path) -> None:
    path = _file(
        tmp_path,
        "sagas:\n"
        "  matrix: {title: The Matrix, queries: [Matrix, Neo], collection_id: 2344}\n"
        f"  bourne: {_BOURNE}\n"
        "  a1_b: {title: ' Blanks around ', queries: [' x '], collection_id: 1}\n",
    )
    sagas = load_sagas(path)
    assert list(sagas) == ["matrix", "bourne", "a1_b"]
    assert sagas["matrix"].queries == ("Matrix", "Neo")
    assert (sagas["a1_b"].title, sagas["a1_b"].queries) == ("Blanks around", ("x",))


def test_the_bundled_file_has_bourne_and_matrix() -> None:
    sagas = load_sagas(Settings().sagas_file)
    assert sagas["bourne"].collection_id == 31562
    assert sagas["matrix"].collection_id == 2344


def test_bourne_has_flat_keys_and_another_saga_stands_under_its_slug() -> None:
    sagas = load_sagas(Settings().sagas_file)
    assert sagas["bourne"].key_prefix == ()
    assert sagas["bourne"].table_name == "bourne_saga_table"
    assert sagas["matrix"].key_prefix == ("matrix",)
    assert sagas["matrix"].table_name == "matrix_saga_table"


def test_a_saga_cannot_be_changed() -> None:
    saga = load_sagas(Settings().sagas_file)["bourne"]
    with pytest.raises(ValidationError):
        saga.title = "Another"  # type: ignore[misc]


# Files that cannot be used


def test_a_missing_file_is_named_with_the_setting_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(SagaConfigurationError) as raised:
        load_sagas(tmp_path / "none.yaml")
    text = _sentence(raised)
    assert str(tmp_path / "none.yaml") in text
    assert "BOURNE_SAGAS_FILE" in text


def test_a_folder_is_not_a_sagas_file(tmp_path: Path) -> None:
    with pytest.raises(SagaConfigurationError) as raised:
        load_sagas(tmp_path)
    assert "cannot be read" in _sentence(raised)


def test_a_file_that_is_not_utf_8_is_named(tmp_path: Path) -> None:
    path = tmp_path / "sagas.yaml"
    path.write_bytes("sagas: {bourne: {title: Identité}}".encode("latin-1"))
    with pytest.raises(SagaConfigurationError) as raised:
        load_sagas(path)
    assert str(path) in _sentence(raised)


@pytest.mark.parametrize(
    "text",
    [
        "sagas: {bourne: {title: Jason Bourne",
        "sagas:\n\t- tab",
        "sagas: *nowhere",
        "sagas: !!python/object:os.system {}",
        "a: b: c",
        "sagas: \x01",
        "{[a, b]: c}",
        f"sagas: {{bourne: {_BOURNE}}}\n---\nsecond: document",
        "sagas: {bourne: {title: 2002-13-45, queries: [a], collection_id: 1}}",
        "sagas: " + "[" * 2_000,
    ],
    ids=[
        "open brace",
        "tab",
        "unknown alias",
        "object of Python",
        "two colons",
        "control character",
        "list as key",
        "two documents",
        "no such day",
        "too deep",
    ],
)
def test_a_file_that_is_not_yaml_is_named(tmp_path: Path, text: str) -> None:
    path = _file(tmp_path, text)
    with pytest.raises(SagaConfigurationError) as raised:
        load_sagas(path)
    assert f"{path} is not valid YAML" in _sentence(raised)


@pytest.mark.parametrize(
    "text", ["", "# nothing\n", "sagas:\n", "sagas: {}", "sagas: []", "- a", "other: {a: b}", "1"]
)
def test_a_file_without_sagas_says_what_it_needs(tmp_path: Path, text: str) -> None:
    with pytest.raises(SagaConfigurationError) as raised:
        load_sagas(_file(tmp_path, text))
    assert "has no sagas" in _sentence(raised)


@pytest.mark.parametrize(
    ("slug", "fields", "named"),
    [
        ("Bourne", _BOURNE, "slug"),
        ("1bourne", _BOURNE, "slug"),
        ("the-bourne", _BOURNE, "slug"),
        ('"a b"', _BOURNE, "slug"),
        ('"bourne\\n"', _BOURNE, "slug"),
        ('""', _BOURNE, "slug"),
        ("1", _BOURNE, "slug"),
        ("b" * 41, _BOURNE, "slug"),
        ("../bourne", _BOURNE, "slug"),
        (".nan", _BOURNE, "slug"),
        ("!!null none", _BOURNE, "slug"),
        ("!!binary aGkgIQ==", _BOURNE, "slug"),
        ("bourne", "{queries: [Bourne], collection_id: 1}", "title"),
        ("bourne", "{title: '', queries: [Bourne], collection_id: 1}", "title"),
        ("bourne", "{title: ' ', queries: [Bourne], collection_id: 1}", "title"),
        ("bourne", "{title: [a], queries: [Bourne], collection_id: 1}", "title"),
        ("bourne", "{title: B, collection_id: 1}", "queries"),
        ("bourne", "{title: B, queries: [], collection_id: 1}", "queries"),
        ("bourne", "{title: B, queries: [''], collection_id: 1}", "queries"),
        ("bourne", "{title: B, queries: Bourne, collection_id: 1}", "queries"),
        ("bourne", "{title: B, queries: [Bourne]}", "collection_id"),
        ("bourne", "{title: B, queries: [Bourne], collection_id: 0}", "collection_id"),
        ("bourne", "{title: B, queries: [Bourne], collection_id: -1}", "collection_id"),
        ("bourne", "{title: B, queries: [Bourne], collection_id: many}", "collection_id"),
        ("bourne", "{title: B, queries: [B], collection_id: 1, collectionid: 1}", "collectionid"),
        ("bourne", "{title: B, queries: [B], collection_id: 1, slug: b}", "fields"),
        ("bourne", "{title: B, queries: [B], collection_id: 1, 7: b}", "fields"),
        ("bourne", "null", "title"),
        ("bourne", "Jason Bourne", "title"),
        ("bourne", "[a, b]", "title"),
    ],
)
def test_a_saga_that_is_not_valid_is_named_with_its_field(
    tmp_path: Path, slug: str, fields: str, named: str
) -> None:
    path = _file(tmp_path, f"sagas:\n  good: {_BOURNE}\n  {slug}: {fields}\n")
    with pytest.raises(SagaConfigurationError) as raised:
        load_sagas(path)
    text = _sentence(raised)
    assert str(path) in text
    assert "is not valid" in text
    assert named in text.partition("is not valid")[2]


def test_an_error_of_the_sagas_file_is_one_of_configuration() -> None:
    assert issubclass(SagaConfigurationError, ConfigurationError)


# Selecting


def test_sagas_are_selected_in_the_order_asked_for() -> None:
    known = load_sagas(Settings().sagas_file)
    assert [saga.slug for saga in select_sagas(known, ["matrix", "bourne"])] == ["matrix", "bourne"]
    assert select_sagas(known, []) == []


def test_an_unknown_slug_is_named_with_those_that_are_known() -> None:
    known = load_sagas(Settings().sagas_file)
    with pytest.raises(SagaConfigurationError) as raised:
        select_sagas(known, ["bourne", "bond"])
    assert re.search(r"'bond'.*bourne, matrix", _sentence(raised))
