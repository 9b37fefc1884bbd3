"""What `bourne doctor` finds mistyped: variables, sagas, and definitions that do not load.

Not here: whether lake and TMDB can be reached (`examination`).
"""

import os
import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING

from bourne_assets.cli.environment_file import LOCATION, named_in_files
from bourne_assets.errors import BourneError
from bourne_assets.runs.outcomes import Diagnosis
from bourne_assets.saga.definition import Saga, known_sagas, select_sagas
from bourne_assets.secret_sources import READ, SECRETS
from bourne_assets.settings import VARIABLES, Settings
from bourne_assets.text import nearest
from bourne_assets.translations import gettext, ngettext

if TYPE_CHECKING:
    import dagster as dg

    from bourne_assets.defs.operations.routes import AlertRoutes

_KNOWN = {*VARIABLES, *(f"{name}_FILE" for name in SECRETS), LOCATION, READ}
_OURS = ("BOURNE_", "TMDB_")
#: What Kubernetes gives each pod about services whose names begin as ours do.
_OF_KUBERNETES = re.compile(r"\w+_(SERVICE_HOST|SERVICE_PORT\w*|PORT|PORT_\d+_\w+)")


def find_mistakes(settings: Settings) -> Iterator[Diagnosis]:
    """Look at variables, sagas and definitions, one after the other."""
    yield _variables({*os.environ, *named_in_files()})
    try:
        sagas = select_sagas(known_sagas(settings.sagas_file), settings.saga_slugs)
    except BourneError as error:
        yield Diagnosis(gettext("sagas"), False, str(error))
        return
    yield Diagnosis(gettext("sagas"), True, ", ".join(saga.title for saga in sagas))
    yield from _definitions(settings, sagas)


def _variables(names: Iterable[str]) -> Diagnosis:
    """Variables that look like settings and are not; a `.env` ignores such silently."""
    ours = {name for name in names if _is_meant_for_us(name)} - _KNOWN
    mistyped = sorted(name for name in ours if not _OF_KUBERNETES.fullmatch(name))
    if not mistyped:
        return Diagnosis(gettext("variables"), True, gettext("none is unknown"))
    return Diagnosis(gettext("variables"), False, "; ".join(map(_unknown, mistyped)))


def _is_meant_for_us(name: str) -> bool:
    """Whether a name begins as settings do, or is nearly one: `BOURN_HOME`, `TMBD_API_KEY`.

    The first letter is right, as there are IMDB_API_KEY and OMDB_API_KEY of others.
    """
    if name.startswith(_OURS):
        return True
    return name[:1] in "BT" and bool(get_close_matches(name, _KNOWN, n=1, cutoff=0.85))


def _unknown(name: str) -> str:
    near = nearest(name, _KNOWN)
    if near:
        return gettext("{name} is not a setting, did you mean {near}?", name=name, near=near)
    return gettext("{name} is not a setting", name=name)


def _definitions(settings: Settings, sagas: list[Saga]) -> Iterator[Diagnosis]:
    import dagster as dg

    from bourne_assets.definitions import build_defs
    from bourne_assets.defs.operations.routes import load_routes

    try:
        definitions = build_defs(settings=settings, sagas=sagas)
        dg.Definitions.validate_loadable(definitions)
    except (BourneError, dg.DagsterError) as error:
        yield Diagnosis(gettext("definitions"), False, str(error).strip())
        return
    count = len(definitions.resolve_asset_graph().materializable_asset_keys)
    yield Diagnosis(gettext("definitions"), True, gettext("{count} assets load", count=count))
    if (routes := load_routes(settings.alerts_file)) is not None:
        yield _alerts(settings, routes, definitions)


def _alerts(settings: Settings, routes: "AlertRoutes", definitions: "dg.Definitions") -> Diagnosis:
    """The alerts file: each route selects some asset."""
    from bourne_assets.defs.operations.alerts import selected_by

    name = gettext("alerts")
    selected = selected_by(routes, definitions.get_repository_def())
    empty = next((route for route, assets in selected.items() if not assets), None)
    if empty is not None:
        return Diagnosis(name, False, gettext("the route {route!r} selects no asset", route=empty))
    if routes.mail and routes.mail.user and not settings.smtp_password:
        return Diagnosis(
            name, False, gettext("email has a user: set its password, BOURNE_SMTP_PASSWORD")
        )
    count = len(routes.routes)
    return Diagnosis(
        name,
        True,
        ngettext(
            "{n} route, tried by `bourne alerts test`",
            "{n} routes, tried by `bourne alerts test`",
            count,
        ),
    )
