"""Which films TMDB's editors have changed, in the fields that the platform reads.

What must not be put here: what is done about it (`bourne_assets.automation`).
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

from bourne_assets.tmdb.client import TmdbClient
from bourne_assets.tmdb.models import Changes
from bourne_assets.tmdb.responses import parse

#: TMDB answers for at most so many days.
LONGEST_WINDOW = timedelta(days=14)
#: TMDB's names of the fields that a table of ours is made from; pictures and the like change daily.
FIELDS = frozenset(
    {
        "budget",
        "general",
        "genres",
        "imdb_id",
        "original_title",
        "release_date",
        "release_dates",
        "revenue",
        "runtime",
        "status",
        "title",
        "translations",
    }
)
_TIME = "%Y-%m-%d %H:%M:%S UTC"


def changed_films(
    client: TmdbClient, ids: Iterable[int], since: datetime, until: datetime
) -> dict[int, list[str]]:
    """Films that were changed after a moment, with the names of the changed fields.

    Args:
        client: Asks, one request a film.
        ids: The films.
        since: UTC; changes of this moment or earlier are known.
        until: UTC; at most `LONGEST_WINDOW` later.

    Raises:
        TmdbError: A film could not be asked about; one that TMDB deleted counts as changed.
    """
    found = {}
    for tmdb_id in ids:
        answer = client.movie_changes(tmdb_id, since.date(), until.date())
        if answer.status == HTTPStatus.NOT_FOUND:
            found[tmdb_id] = ["deleted"]
            continue
        fields = sorted(
            field.key
            for field in parse(answer, Changes).changes
            if field.key in FIELDS
            and any(since < _moment(item.time) <= until for item in field.items)
        )
        if fields:
            found[tmdb_id] = fields
    return found


def _moment(text: str) -> datetime:
    """The time of a change; what TMDB does not write as documented counts as just now."""
    try:
        return datetime.strptime(text, _TIME).replace(tzinfo=UTC)
    except ValueError:
        return datetime.max.replace(tzinfo=UTC)
