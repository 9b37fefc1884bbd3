"""YAML files that users write, read within bounds.

A few lines of YAML can stand for millions of values: an alias repeats what its anchor names, and a
merge copies it. Not here: what the values mean.
"""

import io
from pathlib import Path
from typing import Any

import yaml

from bourne_assets.small_files import open_regular
from bourne_assets.translations import gettext, grouped, system_words

#: Neither a list of datasets nor one of sagas comes near these.
_MAXIMUM_CHARACTERS = 256 * 1024
_MAXIMUM_NODES = 50_000
_MAXIMUM_DIGITS = 100


def read_yaml(path: Path) -> tuple[Any, yaml.Node | None]:
    """Read a file of one YAML document.

    Args:
        path: The file.

    Returns:
        Its value, and the tree of its nodes, which know their lines.

    Raises:
        OSError: It cannot be read.
        UnicodeDecodeError: It is not UTF-8.
        yaml.YAMLError: It is not valid YAML, or is too large, written out or with its aliases.
        ValueError: It has a value that Python cannot hold.
    """
    with open_regular(path) as file, io.TextIOWrapper(file, encoding="utf-8") as lines:
        text = lines.read(_MAXIMUM_CHARACTERS + 1)
    if len(text) > _MAXIMUM_CHARACTERS:
        raise yaml.YAMLError(
            gettext(
                "it is longer than {maximum_characters} characters",
                maximum_characters=grouped(_MAXIMUM_CHARACTERS),
            )
        )
    try:
        tree = yaml.compose(text, Loader=_BoundedLoader)
        _ensure_bounded(tree)
        return yaml.load(text, Loader=_BoundedLoader), tree  # noqa: S506 - a SafeLoader
    except RecursionError as error:
        raise yaml.YAMLError(gettext("it is nested too deeply")) from error
    # What PyYAML fails with where a value does not fit its tag (`!!bool maybe`), or no character.
    except (AttributeError, LookupError, TypeError, OverflowError) as error:
        raise yaml.YAMLError(gettext("it has a value that is not what its tag says")) from error


def why_unreadable(error: Exception) -> str:
    """What keeps a file from being read, on one line."""
    if isinstance(error, OSError):
        return system_words(error)
    if isinstance(error, UnicodeDecodeError):
        return gettext("it is not UTF-8 text")
    return " ".join(str(error).split())[:300]


class _BoundedLoader(yaml.SafeLoader):
    """Ends when a document has more nodes than anyone writes by hand."""

    nodes = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self.nodes += 1
        if self.nodes > _MAXIMUM_NODES:
            raise yaml.YAMLError(
                gettext(
                    "it has more than {maximum_nodes} values", maximum_nodes=grouped(_MAXIMUM_NODES)
                )
            )
        return super().compose_node(parent, index)


def _number(loader: _BoundedLoader, node: yaml.ScalarNode) -> int:
    """A whole number, also in base 16 or 60, in which few characters are thousands of digits."""
    if len(node.value) > _MAXIMUM_DIGITS:
        raise yaml.YAMLError(
            gettext(
                "it has a number of more than {maximum_digits} digits",
                maximum_digits=_MAXIMUM_DIGITS,
            )
        )
    return int(loader.construct_yaml_int(node))


_BoundedLoader.add_constructor("tag:yaml.org,2002:int", _number)


def _ensure_bounded(tree: yaml.Node | None) -> None:
    """Refuse a document that grows beyond the bound when each alias is written out."""
    sizes: dict[int, int] = {}

    def size(node: yaml.Node) -> int:
        if id(node) not in sizes:
            sizes[id(node)] = _MAXIMUM_NODES  # of a node that contains itself
            sizes[id(node)] = 1 + sum(size(child) for child in _children(node))
        return sizes[id(node)]

    if tree is not None and size(tree) > _MAXIMUM_NODES:
        raise yaml.YAMLError(
            gettext(
                "with its aliases it has more than {maximum_nodes} values",
                maximum_nodes=grouped(_MAXIMUM_NODES),
            )
        )


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []
