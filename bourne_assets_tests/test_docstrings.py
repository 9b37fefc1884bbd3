"""Docstrings send readers to modules that are there."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import bourne_assets

_PACKAGE = Path(bourne_assets.__file__).parent
_MODULES = sorted(_PACKAGE.rglob("*.py"))
#: Names alone in brackets: what they say in a sentence may be anything.
_PLACES = re.compile(r"\((`[\w.]+`(?:,\s+`[\w.]+`)*)\)")


def _named_elsewhere(module: Path) -> list[str]:
    """Names in the paragraph of a module's docstring that says what is not here."""
    text = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))) or ""
    paragraph = text.partition("Not here:")[2].partition("\n\n")[0]
    names = [name for place in _PLACES.findall(paragraph) for name in re.findall(r"[\w.]+", place)]
    return [name for name in names if Path(name).suffix not in {".yaml", ".toml"}]


def _candidates(module: Path, name: str) -> Iterator[Path]:
    """Where a name may lead: beside the module, or from the folders above it down."""
    parts = name.removeprefix("bourne_assets.").split(".")
    for folder in (module.parent, *module.parents):
        for known in (parts, parts[:-1]):  # an attribute may be last
            if known and folder.is_relative_to(_PACKAGE):
                path = folder.joinpath(*known)
                yield from (path.with_suffix(".py"), path / "__init__.py")


@pytest.mark.parametrize("module", _MODULES, ids=lambda path: str(path.relative_to(_PACKAGE)))
def test_what_is_not_in_a_module_is_where_its_docstring_says(module: Path) -> None:
    lost = [
        name
        for name in _named_elsewhere(module)
        if not any(path.is_file() for path in _candidates(module, name))
    ]
    assert lost == []


def test_the_names_are_found_and_what_is_not_there_is_noticed() -> None:
    found = {name for module in _MODULES for name in _named_elsewhere(module)}
    assert {"alert_messages", "settings.ui_url", "bourne_assets.iceberg"} <= found
    module = _PACKAGE / "lake" / "access.py"
    assert not any(path.is_file() for path in _candidates(module, "connection"))
