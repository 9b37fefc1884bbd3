"""Whether the assets that a selection names exist, checked before Dagster is loaded.

Not here: what a selection selects, which Dagster resolves (`runner`).
"""

import re
from collections.abc import Iterator

from bourne_assets.asset_names import CSV_DATASETS, OF_EACH_SAGA, RAW_CSVS
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
    """Refuse a selection that names an asset which the saga does not have.

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
    for name in _named(selection):
        if name not in known and not name.startswith(f"{CSV_DATASETS}/"):
            near = nearest(name, known)
            values = {"name": name, "title": saga.title, "near": near, "known": ", ".join(known)}
            if near:
                raise SelectionError(
                    gettext(
                        "There is no asset {name!r} in a run of {title}: did you mean {near}? The "
                        "assets are {known}.",
                        **values,
                    )
                )
            raise SelectionError(
                gettext(
                    "There is no asset {name!r} in a run of {title}: the assets are {known}.",
                    **values,
                )
            )


def _named(selection: str) -> Iterator[str]:
    """Names of assets in a selection; what has a wildcard, Dagster alone resolves."""
    for term in _TERM.finditer(selection):
        name = term["quoted"] if term["quoted"] is not None else term["bare"]
        is_name = term["quoted"] is not None or not (name.lower() in _WORDS or name.isdecimal())
        if term["attribute"] in {None, "key"} and is_name and "*" not in name:
            yield name
