"""Whether the assets that a selection names exist, checked before Dagster is loaded.

Not here: what a selection selects, which Dagster resolves (`runner`).
"""

import re
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet

from bourne_assets.asset_names import CSV_DATASETS, OF_EACH_SAGA, RAW_CSVS, groups_of
from bourne_assets.errors import ConfigurationError
from bourne_assets.saga.definition import Saga
from bourne_assets.text import nearest
from bourne_assets.translations import gettext

#: An attribute such as `group:`, and what is between blanks, brackets and plus signs.
_TERM = re.compile(r'(?:(?P<attribute>\w+):)?(?:"(?P<quoted>[^"]*)"|(?P<bare>[^\s()+"]+))')
_WORDS = {"and", "or", "not", "sinks", "roots"}


class SelectionError(ConfigurationError):
    """The selection cannot be read, or selects nothing."""


def assets_of(saga: Saga) -> list[str]:
    """The assets of a run of a saga, as selections name them."""
    names = (*OF_EACH_SAGA, saga.table_name)
    return [RAW_CSVS, *sorted("/".join((*saga.key_prefix, name)) for name in names)]


def ensure_known(selection: str, saga: Saga) -> None:
    """Refuse a selection that names an asset or a group which the saga does not have.

    Raises:
        SelectionError: It does, or names nothing at all.
    """
    known = assets_of(saga)
    if not selection.strip():
        raise SelectionError(
            gettext(
                "--select is empty: leave it out, or name one of {known}.", known=", ".join(known)
            )
        )
    for name in _named(selection, {None, "key"}):
        if name not in known and not name.startswith(f"{CSV_DATASETS}/"):
            raise SelectionError(_no_asset(name, saga, known))
    groups = groups_of(saga.slug)
    for name in _named(selection, {"group"}):
        if name not in groups:
            raise SelectionError(
                gettext(
                    "There is no group {name!r} in a run of {title}: the groups are {known}.",
                    name=name,
                    title=saga.title,
                    known=", ".join(groups),
                )
            )


def _no_asset(name: str, saga: Saga, known: Sequence[str]) -> str:
    near = nearest(name, known)
    values = {"name": name, "title": saga.title, "near": near, "known": ", ".join(known)}
    if near:
        return gettext(
            "There is no asset {name!r} in a run of {title}: did you mean {near}? The assets are "
            "{known}.",
            **values,
        )
    return gettext(
        "There is no asset {name!r} in a run of {title}: the assets are {known}.", **values
    )


def _named(selection: str, attributes: AbstractSet[str | None]) -> Iterator[str]:
    """Names in a selection that stand behind one of some attributes, None being no attribute.

    What has a wildcard, Dagster alone resolves.
    """
    for term in _TERM.finditer(selection):
        name = term["quoted"] if term["quoted"] is not None else term["bare"]
        is_name = term["quoted"] is not None or not (name.lower() in _WORDS or name.isdecimal())
        if term["attribute"] in attributes and is_name and "*" not in name:
            yield name
