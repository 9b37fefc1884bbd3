"""The platform left alone: what it did, and whom it alerted, while things happened to it.

Plain `dagster dev` on a fresh home with two sagas, a stand-in of TMDB and a webhook. Files are
dropped in, films change at TMDB, TMDB refuses for a while. Prints every run and every alert, and
ends with 1 when they are not exactly those that are right.

    python -m bench.unattended [--minutes 10]
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from bourne_assets_tests.standin import Film, InventedFilms, TmdbStandIn, refusal
from bourne_assets_tests.support.ui import DevServer, dagster_dev, wait_for
from bourne_assets_tests.support.webhook import Webhook

_BOURNE, _MATRIX = 31562, 2344
_FILMS = [
    Film(2501, "The Bourne Identity", 60_000_000, 214_034_224, "2002-06-14", 15.1, "tt0258463",
         collection_id=_BOURNE),
    Film(2502, "The Bourne Supremacy", 75_000_000, 288_500_217, "2004-07-23", 9.8, "tt0372183",
         collection_id=_BOURNE),
    Film(603, "The Matrix", 63_000_000, 463_517_383, "1999-03-31", 25.5, "tt0133093",
         collection_id=_MATRIX),
    Film(604, "The Matrix Reloaded", 150_000_000, 738_600_000, "2003-05-15", 12.3, "tt0234215",
         collection_id=_MATRIX),
]  # fmt: skip
_COLLECTIONS = {_BOURNE: "The Bourne Collection", _MATRIX: "The Matrix Collection"}
_LAUNCH = """mutation { launchRun(executionParams: {runConfigData: {}, selector: {
    repositoryName: "__repository__", repositoryLocationName: "bourne_assets",
    jobName: "full_refresh"}}) { __typename } }"""
_RIGHT_RUNS = [
    ("csv_folder_sensor", "people.csv", "SUCCESS"),
    ("full_refresh", "", "SUCCESS"),
    ("csv_folder_sensor", "cities.csv, rivers.csv", "SUCCESS"),
    ("tmdb_changes", "2502: revenue", "SUCCESS"),
    ("tmdb_changes_matrix", "603: budget", "FAILURE"),
    ("tmdb_changes_matrix", "603: budget", "SUCCESS"),
]
# A figure has drifted when the last day on which it was seen had another one: the bundled history
# has such days of Bourne, and none of The Matrix.
_RIGHT_ALERTS = [
    "`saga_history`: check figures_drifted failed (warning)\n    The Bourne Supremacy",
    "`matrix/tmdb_search`: failed - TMDB refused",
]


@dataclass(frozen=True)
class World:
    """What surrounds the platform."""

    dev: DevServer
    tmdb: TmdbStandIn
    csvs: Path

    def launch(self) -> None:
        """A person starts the main job."""
        result = self.dev.query(_LAUNCH)
        assert result["launchRun"]["__typename"] == "LaunchRunSuccess", result

    def drop(self) -> None:
        """Two files arrive."""
        (self.csvs / "cities.csv").write_text("id,city\n1,Berlin\n2,Tangier\n")
        (self.csvs / "rivers.csv").write_text("id,river\n1,Spree\n")

    def change_bourne(self) -> None:
        """An editor at TMDB corrects a revenue."""
        self._change(2502, "revenue", revenue=290_835_269)

    def refuse(self) -> None:
        """An editor corrects a budget, but TMDB refuses the collection."""
        self.tmdb.override(
            f"/collection/{_MATRIX}", refusal(403, 45, "This user has been suspended.")
        )
        self._change(603, "budget", budget=64_000_000)

    def recover(self) -> None:
        """TMDB responds again."""
        self.tmdb.override(f"/collection/{_MATRIX}", self._source().collection(_MATRIX))

    def _change(self, tmdb_id: int, field: str, **figures: int) -> None:
        films = self._source().films
        films[tmdb_id] = replace(films[tmdb_id], **figures)
        moment = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
        item = {"id": moment, "action": "updated", "time": moment}
        changes = {"changes": [{"key": field, "items": [item]}]}
        self.tmdb.override(f"/movie/{tmdb_id}/changes", changes)

    def _source(self) -> InventedFilms:
        assert isinstance(self.tmdb.source, InventedFilms)
        return self.tmdb.source


def main() -> int:
    """Run, print, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    seconds = parser.parse_args().minutes * 60
    source = InventedFilms.of(_FILMS, _COLLECTIONS)
    with (
        tempfile.TemporaryDirectory(prefix="bourne-unattended-") as name,
        TmdbStandIn(source) as tmdb,
        Webhook() as webhook,
    ):
        csvs = Path(name) / "csv"
        csvs.mkdir()
        (csvs / "people.csv").write_text("id,name\n1,Ann\n")
        variables = {
            "BOURNE_SAGAS": "bourne,matrix",
            "BOURNE_CSV_DIR": str(csvs),
            "BOURNE_ALERT_WEBHOOK_URL": webhook.url,
            "TMDB_READ_ACCESS_TOKEN": tmdb.token,
            "TMDB_BASE_URL": tmdb.base_url,
            "TMDB_CHANGES_SECONDS": "30",
        }
        with dagster_dev(Path(name), variables) as dev:
            world = World(dev, tmdb, csvs)
            _live(world, seconds)
            wait_for(lambda: {run["status"] for run in dev.runs()} <= {"SUCCESS", "FAILURE"}, 60,
                     "the last run ends")  # fmt: skip
            runs = [_told(run) for run in reversed(dev.runs())]
        return _compare(runs, webhook.texts)


def _live(world: World, seconds: float) -> None:
    """What happens, and when, as a share of the time."""
    happens: list[tuple[float, Callable[[], None]]] = [
        (0.15, world.launch),
        (0.35, world.drop),
        (0.50, world.change_bourne),
        (0.60, world.refuse),
        (0.70, world.recover),
        (1.00, lambda: None),
    ]
    begun = time.monotonic()
    for share, action in happens:
        time.sleep(max(0.0, begun + share * seconds - time.monotonic()))
        action()
        print(f"{share * seconds:5.0f} s  {(action.__doc__ or 'the end').strip()}", flush=True)


def _told(run: dict[str, object]) -> tuple[str, str, str]:
    tags = run["tags"]
    assert isinstance(tags, dict)
    by = tags.get("dagster/sensor_name") or tags.get("dagster/schedule_name") or run["job"]
    return str(by), tags.get("csv_files") or tags.get("changed") or "", str(run["status"])


def _compare(runs: list[tuple[str, str, str]], alerts: list[str]) -> int:
    print("\nRuns")
    for by, why, status in runs:
        print(f"  {status:<8} {by:<22} {why}")
    print("\nAlerts")
    for alert in alerts:
        print("  " + alert.replace("\n", "\n    "))
    is_right = runs == _RIGHT_RUNS and len(alerts) == len(_RIGHT_ALERTS)
    is_right &= all(right in alert for right, alert in zip(_RIGHT_ALERTS, alerts, strict=False))
    print("\nThe right ones and no others." if is_right else "\nNOT the right ones.")
    return 0 if is_right else 1


if __name__ == "__main__":
    sys.exit(main())
