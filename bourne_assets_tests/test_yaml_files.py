"""YAML of users is read within bounds: a few lines cannot stand for millions of values."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from bourne_assets.csvs.errors import CsvDatasetsError
from bourne_assets.csvs.options import load_datasets
from bourne_assets.defs.operations.routes import load_routes
from bourne_assets.errors import BourneError
from bourne_assets.saga.definition import load_sagas
from bourne_assets.saga.errors import SagaConfigurationError
from bourne_assets.yaml_files import read_yaml
from bourne_assets_tests.support.tiers import in_every_run


def _doubled(line: str, times: int = 40) -> str:
    """Lines of which each stands for twice as much as the one before."""
    return "a0: &a0 {k: 1}\n" + "\n".join(line.format(n=n, m=n - 1) for n in range(1, times))


_HOSTILE = {
    "aliases": _doubled("a{n}: &a{n} [*a{m}, *a{m}]"),
    "nested merges": _doubled("a{n}: &a{n} {{<<: [*a{m}, *a{m}, *a{m}]}}"),
    "an alias of itself": "a: &a [*a]",
    "a merge of itself": "a: &a {<<: *a}",
    "many values": f"[{'a,' * 100_000}]",
    "deep lists": "[" * 200_000,
    "a long text": f"a: {'b' * 300_000}",
    "long numbers": f"a: {'9' * 10_000}",
    "long numbers of base 16": f"a: 0x{'f' * 10_000}",
    "long numbers of base 60": f"a: {'59:' * 10_000}59",
    "a time that is none": "a: !!timestamp soon",
    "a truth that is none": "a: !!bool maybe",
    "a character that is none": r'a: "\UFFFFFFFF"',
}


@pytest.mark.parametrize("load", [load_datasets, load_sagas, load_routes])
def test_what_is_not_a_text_file_is_reported_in_words_and_not_by_its_number(
    tmp_path: Path, load: Callable[[Path], object]
) -> None:
    (tmp_path / "binary").write_bytes(b"a: \xff")
    for name, words in {
        "binary": "it is not UTF-8 text",
        "none": "No such file",
        "": "regular",
    }.items():
        with pytest.raises(BourneError, match=rf"cannot be read \([^\[\]]*{words}[^\[\]]*\)"):
            load(tmp_path / name)


@pytest.mark.parametrize("text", in_every_run(_HOSTILE.values(), first=2), ids=_HOSTILE.keys())
@pytest.mark.parametrize(
    ("load", "error"), [(load_datasets, CsvDatasetsError), (load_sagas, SagaConfigurationError)]
)
def test_yaml_that_grows_is_refused_in_one_short_sentence_by_every_file_of_users(
    tmp_path: Path, load: object, error: type[BourneError], text: str
) -> None:
    path = tmp_path / "file.yaml"
    path.write_text(text, encoding="utf-8")
    assert callable(load)
    with pytest.raises(error, match=r"file\.yaml") as raised:
        load(path)
    assert len(str(raised.value)) < 600


def test_aliases_and_merges_of_everyday_files_are_read(tmp_path: Path) -> None:
    path = tmp_path / "file.yaml"
    path.write_text("base: &base {a: 1}\nother: {<<: *base, b: [*base]}\n", encoding="utf-8")
    content, tree = read_yaml(path)
    assert content["other"] == {"a": 1, "b": [{"a": 1}]}
    assert isinstance(tree, yaml.MappingNode)
