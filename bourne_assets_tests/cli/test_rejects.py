"""`bourne rejects`: what a user types, sees and does next."""

import csv
import io
import json
import signal
import time
from datetime import date
from pathlib import Path
from typing import NoReturn

import pytest
from click.testing import Result

from bourne_assets.csvs.landing.batch import Landing, land_csv_files
from bourne_assets.lake import embedded
from bourne_assets.lake.errors import LakeFailed
from bourne_assets.tables import from_parquet, records, to_parquet
from bourne_assets_tests.cli.conftest import Bourne
from bourne_assets_tests.support.tables import dataset_in, tables_of

_MANIFEST = "Trusted/raw_csvs_s3.parquet"
_FILMS = b"id,title,year\n1,Identity,2002\n2,Supremacy\n3,\x1b[31mred,2007,9\n4,Legacy,2012\n"


def _land(folder: Path, data: bytes = _FILMS) -> Landing:
    (folder / "films.csv").write_bytes(data)
    with embedded.connect(folder / "home", "bourne-lake") as server:
        landing = land_csv_files(
            [folder / "films.csv"], server.lake, date(2026, 11, 23), tables=tables_of(server.lake)
        )
        server.lake.write(_MANIFEST, to_parquet(landing.manifest), "")
        return landing


@pytest.mark.exhaustive
def test_rejected_lines_are_listed_for_people_and_for_programs(
    bourne: Bourne, tmp_path: Path
) -> None:
    nothing = bourne("rejects")
    assert nothing.exit_code == 1
    assert "Nothing was landed yet" in nothing.output
    _land(tmp_path)
    with embedded.connect(tmp_path / "home", "bourne-lake"):
        shown = bourne("rejects")
        assert shown.exit_code == 0
        assert "line 3: it has 2 of 3 fields: 2,Supremacy" in shown.output
        assert "\x1b" not in shown.output
        lines = [
            json.loads(line)
            for line in bourne("rejects", "films", "--json").output.split("\n")
            if line
        ]
        assert [(each["file"], each["line"]) for each in lines] == [
            ("films.csv", 3),
            ("films.csv", 4),
        ]
        assert lines[1]["text"] == "3,\x1b[31mred,2007,9"
        rows = list(csv.reader(io.StringIO(bourne("rejects", "--csv").output)))
        assert rows[0] == ["file", "line", "reason", "text"]
        assert [row[1] for row in rows[1:]] == ["3", "4"]
        unknown = bourne("rejects", "series")
        assert (unknown.exit_code, "there are Films" in unknown.output) == (1, True)
        both = bourne("rejects", "--json", "--csv")
        assert both.exit_code == 2


@pytest.mark.slow
def test_corrected_lines_come_home_once_and_the_manifest_knows(
    bourne: Bourne, tmp_path: Path
) -> None:
    _land(tmp_path)
    path = tmp_path / "corrected.jsonl"
    with embedded.connect(tmp_path / "home", "bourne-lake") as server:
        listed = bourne("rejects", "--json").output
        path.write_text(listed.replace("2,Supremacy", "2,Supremacy,2004"), encoding="utf-8")
        partly = bourne("rejects", "fix", str(path))
        assert partly.exit_code == 1
        assert "films.csv line 4: it has" in partly.output
        assert "Films: 1 line added, 0 already there, 1 refused" in partly.output
        (row,) = records(from_parquet(server.lake.read(_MANIFEST)[0]))
        assert (row["rows"], row["rejected_rows"], row["corrected_rows"]) == (2, 1, 1)
        lines = [
            each for each in path.read_text(encoding="utf-8").split("\n") if '"line": 3' in each
        ]
        path.write_text("\n".join(lines), encoding="utf-8")
        again = bourne("rejects", "fix", str(path))
        assert again.exit_code == 0
        assert "0 lines added, 1 already there, 0 refused" in again.output
        assert "✓ every_line_is_accounted_for" in again.output, "checked once more"
        table = dataset_in(server.lake, "Films")
        assert list(table["title"]) == ["Identity", "Legacy", "Supremacy"]


def _fix_a_line(bourne: Bourne, folder: Path) -> Result:
    _land(folder)
    path = folder / "corrected.jsonl"
    line = {"file": "films.csv", "line": 3, "text": "2,Supremacy,2004"}
    path.write_text(json.dumps(line), encoding="utf-8")
    with embedded.connect(folder / "home", "bourne-lake"):
        return bourne("rejects", "fix", str(path))


@pytest.mark.slow
def test_what_keeps_the_landing_from_being_checked_again_is_told(
    bourne: Bourne, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> NoReturn:
        raise LakeFailed("Nobody answers.")

    monkeypatch.setattr("bourne_assets.defs.csvs.checks.bytes_that_differ", fail)
    result = _fix_a_line(bourne, tmp_path)
    assert "✗ raw_csvs_s3_landed_bytes_are_equal: Nobody answers." in result.output
    assert result.exit_code == 1


@pytest.mark.slow
def test_an_interrupt_while_the_landing_is_checked_again_is_one(
    bourne: Bourne, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        signal.raise_signal(signal.SIGINT)
        time.sleep(60)

    monkeypatch.setattr("bourne_assets.defs.csvs.checks.bytes_that_differ", interrupt)
    result = _fix_a_line(bourne, tmp_path)
    assert "Error: Interrupted." in result.output
    assert result.exit_code == 130


def test_a_file_of_corrected_lines_that_is_not_one_is_named(bourne: Bourne, tmp_path: Path) -> None:
    path = tmp_path / "corrected.jsonl"
    path.write_text("{}", encoding="utf-8")
    result = bourne("rejects", "fix", str(path))
    assert result.exit_code == 1
    assert "Line 1 of" in result.output
    assert bourne("rejects", "fix").exit_code == 2
    assert "fix FILE" in bourne("rejects", "--help").output
