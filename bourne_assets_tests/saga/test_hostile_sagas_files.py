"""Sagas files that somebody wrote to do harm: each ends in one sentence, and at once."""

import os
from pathlib import Path

import pytest

from bourne_assets.saga.definition import load_sagas
from bourne_assets.saga.errors import SagaConfigurationError

VALID = "title: A film, queries: [A film], collection_id: 1"
_MERGES = "".join(
    f"m{step + 1}: &m{step + 1} {{<<: [{', '.join([f'*m{step}'] * 9)}], k{step}: 1}}\n"
    for step in range(9)
)
_ALIASES = "".join(
    f"m{step + 1}: &m{step + 1} [{', '.join([f'*m{step}'] * 9)}]\n" for step in range(9)
)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param(f"m0: &m0 {{a: 1}}\n{_MERGES}sagas: {{<<: *m9}}", "with its", id="merges"),
        pytest.param(f"m0: &m0 [x]\n{_ALIASES}sagas: {{a: *m9}}", "with its", id="aliases"),
        pytest.param("sagas: &s {a: *s}", "with its aliases", id="a mapping in itself"),
        pytest.param("[" * 20_000, "nested too deeply", id="lists"),
        pytest.param("sagas: " + "{a: " * 5_000, "nested too deeply", id="mappings"),
        pytest.param("#" * 300_000, "longer than 262,144 characters", id="size"),
        pytest.param("sagas: !!python/object/apply:os.system ['x']", "constructor", id="code"),
        pytest.param("sagas: {? [a, b] : {title: x}}", "unhashable key", id="a list as key"),
        pytest.param("sagas: {~: {title: x}}", "saga None .* valid string", id="no slug"),
        pytest.param("sagas: {2001-01-01: {title: x}}", "date.* valid string", id="a day as slug"),
        pytest.param("sagas: {a: {title: 2001-99-99}}", "month must be in 1..12", id="no day"),
        pytest.param(f"sagas: {{a: {{slug: b, {VALID}}}}}", "fields must be", id="two slugs"),
        pytest.param(f"sagas: {{a: {{1: b, {VALID}}}}}", "fields must be", id="a number as field"),
        pytest.param("sagas: {a: {title: " + "x" * 201 + "}}", "at most 200", id="title"),
        pytest.param("sagas: {a: {collection_id: " + "9" * 5_000 + "}}", "100 digits", id="number"),
        pytest.param(
            f"sagas: {{a: {{title: A, queries: [q], collection_id: {2**63}}}}}",
            "collection_id: Input should be less than",
            id="an id that no table holds",
        ),
        pytest.param(
            f"sagas: {{a: {{title: A, queries: [{'q, ' * 51}], collection_id: 1}}}}",
            "queries: Tuple should have at most 50",
            id="queries",
        ),
        pytest.param('sagas: {"\\e[31m": {title: x}}', r"'\\x1b\[31m'", id="an escape sequence"),
        pytest.param('sagas: {a: {title: "\\ud800"}}', "title: Input should be", id="a surrogate"),
    ],
)
def test_a_hostile_file_ends_in_a_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "sagas.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SagaConfigurationError, match=sentence) as caught:
        load_sagas(path)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("target", ["fifo", "/dev/zero", "folder"])
def test_what_is_not_a_regular_file_is_refused_at_once(tmp_path: Path, target: str) -> None:
    path = tmp_path / "sagas.yaml"
    if target == "fifo":
        os.mkfifo(path)
    elif target == "folder":
        path.mkdir()
    else:
        path.symlink_to(target)
    with pytest.raises(SagaConfigurationError, match="it is not a regular file"):
        load_sagas(path)


@pytest.mark.parametrize("data", [b"sagas: \xff", "sagas: {}".encode("utf-16")])
def test_what_is_not_utf_8_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "sagas.yaml"
    path.write_bytes(data)
    with pytest.raises(SagaConfigurationError, match="it is not UTF-8 text"):
        load_sagas(path)
