"""Where everything is in the lake: the one module that spells a key.

Layer names and the raw convention are those of the data-lake challenge that the platform grew
from: `<layer>/<origin>/<format>/<specification>/<yyyy>/<mm>/<dd>/<file>`.
Not here: reading or writing, and the bucket's name or prefix (`store` adds them).
"""

import re
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import PurePosixPath

RAW = "Raw"
TRUSTED = "Trusted"
REFINED = "Refined"
LANDED_CSVS = f"{RAW}/Local/CSV"
REJECTED_LINES = f"{LANDED_CSVS}/_rejects"
#: Corrected lines of landed files, which are rows of their tables; kept beside the landed bytes.
CORRECTED_LINES = f"{LANDED_CSVS}/_corrected"
#: Where others may put CSV files; the platform lands them and leaves them there.
INBOX = "Inbox/CSV"
PROFILES = f"{TRUSTED}/Local"
#: What compressed files end with; what is in them may have an extension of its own.
_COMPRESSED = (".gz", ".zip", ".bz2", ".zst", ".xz")
#: How the names of CSV files end, in small letters.
CSV_EXTENSIONS = (".csv", *(f".csv{each}" for each in _COMPRESSED))
#: Folder of TMDB's error responses: they have a structure of their own, hence files of their own.
TMDB_ERRORS = "errors"
#: Control characters, and what is left of bytes that are not UTF-8.
_UNUSABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def can_name(key: str) -> bool:
    """Whether an object can have this key."""
    parts = key.split("/")
    return not _UNUSABLE.search(key) and not any(part in {"", ".", ".."} for part in parts)


def printable(name: str) -> str:
    """A name with what no key can hold escaped, so that any text or terminal can hold it."""
    return _UNUSABLE.sub(lambda found: found[0].encode("unicode_escape").decode(), name)


def dataset_name(file_name: str) -> str:
    """The dataset of a CSV file: its stem in title case (`movies.csv.gz` -> `Movies`)."""
    return _split(PurePosixPath(file_name).name)[0].title()


def landed_csv(file_name: str, landed_on: date) -> str:
    """Key of a CSV file that was landed byte for byte on that UTC day."""
    return f"{LANDED_CSVS}/{dataset_name(file_name)}/{_day(landed_on)}/{file_name}"


def with_digest(key: str, sha256: str) -> str:
    """The key's second name on one day: `movies.csv` -> `movies~1a2b3c4d.csv`.

    Args:
        key: A key whose object exists with other bytes.
        sha256: Hex digest of the new bytes; its first eight digits are used.
    """
    path = PurePosixPath(key)
    stem, extension = _split(path.name)
    return str(path.with_name(f"{stem}~{sha256[:8]}{extension}"))


def rejected_lines(landed: str) -> str:
    """Key of the lines that do not parse in a landed CSV file.

    Args:
        landed: Key of the landed file.
    """
    return f"{REJECTED_LINES}/{landed.removeprefix(f'{LANDED_CSVS}/')}.jsonl"


def corrected_lines(landed: str) -> str:
    """Key of the corrected lines of a landed CSV file.

    Args:
        landed: Key of the landed file.
    """
    return f"{CORRECTED_LINES}/{landed.removeprefix(f'{LANDED_CSVS}/')}.jsonl"


def landed_on(landed: str) -> date:
    """The UTC day in the key of a landed file."""
    return date(*map(int, landed.split("/")[-4:-1]))


def dataset_profile(dataset: str) -> str:
    """Key of the profile of what was landed last of a dataset."""
    return f"{PROFILES}/{dataset}.profile.json"


def tmdb_responses(endpoint: str, fetched_at: datetime, number: int) -> str:
    """Key of a file of TMDB responses as received.

    Args:
        endpoint: `search_movie`, `movie_details`, ...
        fetched_at: UTC time of the newest response in the file.
        number: Tells files of one moment apart, from 1.
    """
    time = fetched_at.strftime("%Y%m%dT%H%M%S%fZ")
    return f"{tmdb_responses_of(fetched_at, endpoint)}/{time}-{number}.json"


def tmdb_responses_of(day: date, endpoint: str) -> str:
    """Folder of the TMDB responses of a UTC day and an endpoint."""
    return f"{all_tmdb_responses()}/{_day(day)}/{endpoint}"


def all_tmdb_responses() -> str:
    """Folder of all TMDB responses as received."""
    return f"{RAW}/TMDB/JSON"


def table(layer: str, asset_path: list[str] | tuple[str, ...], extension: str) -> str:
    """Key of what an asset returns: `<layer>/<asset key>.<parquet or json>`."""
    return f"{layer}/{'/'.join(asset_path)}.{extension}"


def report_of(key_prefix: Sequence[str], day: date) -> str:
    """Key of a saga's report of an earlier day, beside the current one."""
    return "/".join([REFINED, *key_prefix, "reports", f"{day}.html"])


def snapshots(asset_path: Sequence[str]) -> str:
    """Folder of the snapshots of a history: beside its table, below the table's name."""
    return f"{REFINED}/{'/'.join(asset_path)}"


def snapshot(asset_path: Sequence[str], taken_at: datetime) -> str:
    """Key of one snapshot of a saga, by the UTC time of its newest response."""
    time = taken_at.strftime("%Y%m%dT%H%M%S%fZ")
    return f"{snapshots(asset_path)}/{_day(taken_at)}/{time}.parquet"


def _split(name: str) -> tuple[str, str]:
    """Stem and extension of a file name; `.csv.gz` is one extension."""
    path = PurePosixPath(name)
    if path.suffix.lower() in _COMPRESSED and PurePosixPath(path.stem).suffix:
        inner = PurePosixPath(path.stem)
        return inner.stem, inner.suffix + path.suffix
    return path.stem, path.suffix


def _day(moment: date) -> str:
    return f"{moment:%Y/%m/%d}"
