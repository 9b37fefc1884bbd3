"""Which films TMDB's editors have changed, in the fields that the platform reads.

No clock is trusted: windows overlap, and what was seen is known by its id. A change that TMDB shows
late, or with an odd time, is found once; a cursor from the future is as good as one of now. Many
films are looked at in several looks, which make a round.
Not here: what is done about it (`refreshes`, and the sensor).
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ValidationError

from bourne_assets.tmdb.client import TmdbClient
from bourne_assets.tmdb.models import Change, Changes, FieldChanges, read_items
from bourne_assets.tmdb.responses import Response, parse

#: TMDB responds for at most this many days.
LONGEST_WINDOW = timedelta(days=14)
#: How much of the last window is requested again.
OVERLAP = timedelta(days=2)
#: Films of one look: one request each, which take a few seconds.
FILMS_A_LOOK = 200
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
#: Changes of one film that are kept apart; with more, only which fields have changed is known.
_MOST_OF_A_FILM = 500
#: Changes that are remembered: a server that invents new ones all the time fills no disk.
_MOST_KNOWN = 10_000
_TIME = "%Y-%m-%d %H:%M:%S UTC"
_DIGEST_BYTES = 6
#: Name of the field, digest and time of a change; the time is None where it is odd.
_Seen = tuple[str, str, datetime | None]
_UtcTime = Annotated[datetime, AfterValidator(lambda time: time.astimezone(UTC))]


class Round(BaseModel, frozen=True):
    """A round through the films that is not over.

    Attributes:
        began: UTC time of its first look.
        since: Since when its looks request changes.
        after: The last film that was looked at; the next ones have higher ids.
    """

    began: _UtcTime
    since: _UtcTime
    after: int


class Watch(BaseModel, frozen=True):
    """What is known of the changes, between two looks at TMDB, as the sensor's cursor keeps it.

    Attributes:
        since: UTC time at which the last whole round began; None before its end.
        known: Changes that were seen, by a digest, with the day on which they were seen last; None
            where only the time shows what is known.
        round: The round that is not over; None between two.
    """

    since: _UtcTime | None = None
    known: dict[str, str] | None = None
    round: Round | None = None

    @classmethod
    def from_cursor(cls, cursor: str | None) -> Self:
        """That of a cursor; one that knows nothing where the cursor is somebody else's."""
        try:
            return cls.model_validate_json(cursor or "{}")
        except ValidationError:
            return cls()

    def start(self, now: datetime) -> datetime:
        """Since when changes are requested: in all looks of a round the same."""
        if self.round:
            since = min(self.round.since, now)
        else:
            last = min(self.since, now) if self.since else now - timedelta(days=1)
            since = last if self.known is None else last - OVERLAP
        return max(since, now - LONGEST_WINDOW + timedelta(days=1))

    def films(self, ids: Iterable[int]) -> list[int]:
        """Those of the films that the round has not come to yet, by their ids."""
        return sorted({each for each in ids if self.round is None or each > self.round.after})


def changed_films(
    client: TmdbClient, ids: Iterable[int], watch: Watch, now: datetime
) -> tuple[dict[int, list[str]], Watch]:
    """Films with changes that were not known, with the names of the changed fields.

    Args:
        client: Sends one request a film.
        ids: All films; the next ones of the round are looked at.
        watch: What was known.
        now: UTC.

    Returns:
        The films, and what is known now.

    Raises:
        TmdbError: The changes of a film could not be fetched; one that TMDB deleted is changed.
    """
    start, today = watch.start(now), now.date().isoformat()
    before = watch.known or {}
    oldest = (now - LONGEST_WINDOW - OVERLAP).date().isoformat()
    known = {digest: day for digest, day in before.items() if day >= oldest}
    found: dict[int, list[str]] = {}
    left = watch.films(ids)
    looked_at = left[:FILMS_A_LOOK]
    for tmdb_id in looked_at:
        response = client.movie_changes(tmdb_id, start.date(), now.date())
        fields = set()
        for name, digest, moment in _few(tmdb_id, list(_changes(tmdb_id, response))):
            if digest not in before and (moment is None or moment >= start):
                fields.add(name)
            known.pop(digest, None)
            known[digest] = today  # at the end: the oldest are forgotten first
        if fields:
            found[tmdb_id] = sorted(fields)
    newest = dict(list(known.items())[-_MOST_KNOWN:])
    began = watch.round.began if watch.round else now
    if len(looked_at) == len(left):
        return found, Watch(since=began, known=newest)
    begun = Round(began=began, since=start, after=looked_at[-1])
    return found, Watch(since=watch.since, known=newest, round=begun)


def _few(tmdb_id: int, changes: Sequence[_Seen]) -> Sequence[_Seen]:
    """The changes; where they are too many, one of each field that stands for all of its own."""
    if len(changes) <= _MOST_OF_A_FILM:
        return changes
    digests: dict[str, list[str]] = defaultdict(list)
    for name, digest, _ in changes:
        digests[name].append(digest)
    return [(name, _digest(tmdb_id, name, *digests[name]), None) for name in sorted(digests)]


def _changes(tmdb_id: int, response: Response) -> Iterator[_Seen]:
    """What was changed, one by one."""
    if response.is_missing:
        yield "deleted", _digest(tmdb_id, "deleted"), None
        return
    for changed, _ in read_items(parse(response, Changes, []).changes, FieldChanges):
        if changed is None or changed.key not in FIELDS:
            continue
        for item, _ in read_items(changed.items, Change):
            if item is not None:
                digest = _digest(tmdb_id, changed.key, item.id, item.time)
                yield changed.key, digest, _moment(item.time)


def _digest(*parts: object) -> str:
    return hashlib.blake2s(repr(parts).encode(), digest_size=_DIGEST_BYTES).hexdigest()


def _moment(text: str | None) -> datetime | None:
    """The time of a change; None where TMDB does not write it as documented."""
    try:
        return datetime.strptime(text or "", _TIME).replace(tzinfo=UTC)
    except ValueError:
        return None
