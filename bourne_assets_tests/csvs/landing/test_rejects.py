"""Rejected lines are listed, and corrected ones are rows of their table, once and for good."""

import json
import os
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from bourne_assets.csvs.landing.batch import land_csv_files
from bourne_assets.csvs.landing.corrections import Correction
from bourne_assets.csvs.landing.rejects import (
    CorrectedDataset,
    RejectsError,
    apply_corrections,
    list_rejected,
    read_corrections_file,
)
from bourne_assets.csvs.options import DatasetOptions, Datasets
from bourne_assets.lake.store import Lake
from bourne_assets.tables import records
from bourne_assets_tests.support.tables import dataset_in, tables_of
from bourne_assets_tests.support.tiers import in_every_run

_DAY = date(2026, 11, 23)
_FILMS = (
    b"id,title,year\n"
    b"1,The Bourne Identity,2002\n"
    b"2,The Bourne Supremacy\n"
    b"3,The Bourne Ultimatum,2007\n"
    b"4,The Bourne Legacy,2012,9\n"
    b'5,"Jason ""Bourne""",2016\n'
)


class Films:
    """The dataset of one file, `films.csv`."""

    def __init__(self, lake: Lake, folder: Path) -> None:
        self.lake = lake
        self.folder = folder
        self.datasets = Datasets()
        self.journal = folder / "journal"

    def land(self, data: bytes = _FILMS, day: date = _DAY, name: str = "films.csv") -> Any:
        path = self.folder / name
        path.write_bytes(data)
        landing = land_csv_files(
            [path],
            self.lake,
            day,
            tables=tables_of(self.lake),
            datasets=self.datasets,
            journal=self.journal,
        )
        (row,) = records(landing.manifest)
        counted = row["rows"] + row["rejected_rows"] + row["corrected_rows"]
        assert counted == row["lines"]
        return row

    def fix(self, *corrections: tuple[int, str], name: str = "films.csv") -> CorrectedDataset:
        given = [Correction(file=name, line=line, text=text) for line, text in corrections]
        (found,) = apply_corrections(
            given, self.lake, tables_of(self.lake), self.datasets, self.journal
        )
        for facts in found.files:
            assert facts.rows + facts.rejected_rows + facts.corrected_rows == facts.lines
        return found

    def rejected(self) -> list[tuple[int, str]]:
        return [(each.line, each.text) for each in list_rejected(self.lake, "films")]

    def titles(self) -> list[str]:
        return list(dataset_in(self.lake, "Films")["title"])


@pytest.fixture
def films(lake: Lake, tmp_path: Path) -> Films:
    """The dataset; nothing of it is landed yet."""
    return Films(lake, tmp_path)


# Listing


def test_rejected_lines_are_listed_with_file_line_reason_and_text(films: Films, lake: Lake) -> None:
    films.land()
    films.land(b"a,b\n1\n", name="other.csv")
    listed = [(each.file, each.line, each.text) for each in list_rejected(lake)]
    assert listed == [
        ("films.csv", 3, "2,The Bourne Supremacy"),
        ("films.csv", 5, "4,The Bourne Legacy,2012,9"),
        ("other.csv", 2, "1"),
    ]
    assert [each.file for each in list_rejected(lake, "OTHER")] == ["other.csv"]
    assert all(each.reason for each in list_rejected(lake))


def test_lines_of_an_earlier_landing_are_not_listed(films: Films) -> None:
    films.land()
    films.land(b"id,title,year\n1,a,2\n", date(2026, 11, 24))
    assert films.rejected() == []


def test_lines_of_a_landing_that_did_not_replace_the_table_are_listed(films: Films) -> None:
    films.land(b"id,title,year\n1,a,2\n")
    assert films.land(_FILMS, date(2026, 11, 24))["table_error"]
    assert [line for line, _ in films.rejected()] == [3, 5]


def test_a_dataset_that_there_is_not_is_named_with_those_that_there_are(films: Films) -> None:
    with pytest.raises(RejectsError, match="nothing was landed yet"):
        list(list_rejected(films.lake, "films"))
    films.land()
    with pytest.raises(RejectsError, match="there are Films"):
        list(list_rejected(films.lake, "series"))


# Adding


def test_a_corrected_line_is_a_row_and_the_landed_bytes_stay(films: Films, lake: Lake) -> None:
    landed = films.land()
    found = films.fix((3, "2,The Bourne Supremacy,2004"), (5, '4,"The Bourne\nLegacy",2012'))
    assert (len(found.newly_added), found.refused) == (2, {})
    assert films.rejected() == []
    assert films.titles() == [
        "The Bourne Identity",
        "The Bourne Ultimatum",
        'Jason "Bourne"',
        "The Bourne Supremacy",
        "The Bourne\nLegacy",
    ]
    assert lake.read(lake.key(landed["uri"]))[0] == _FILMS


def test_a_line_is_added_once_however_often_it_is_given(films: Films) -> None:
    films.land()
    for expected in (1, 0, 0):
        found = films.fix((3, "2,The Bourne Supremacy,2004"))
        assert len(found.newly_added) == expected
        assert len(found.known) == 1 - expected
        assert len(films.titles()) == 4
    films.fix((3, "2,The Bourne Supremacy!,2004"))
    assert films.titles()[-1] == "The Bourne Supremacy!"
    assert len(films.titles()) == 4, "it is replaced"


def test_lines_that_do_not_fit_are_refused_alone_with_the_reason(films: Films) -> None:
    films.land()
    found = films.fix((3, "2,still short"), (5, "4,The Bourne Legacy,2012"), (2, "1,x,2"))
    assert found.newly_added == [("films.csv", 5)]
    assert found.refused.keys() == {("films.csv", 2), ("films.csv", 3)}
    assert found.refused["films.csv", 2] == "it was not rejected"
    assert "2 of 3 fields" in found.refused["films.csv", 3]
    assert [line for line, _ in films.rejected()] == [3]
    assert films.titles()[-1] == "The Bourne Legacy"


@pytest.mark.parametrize(
    ("text", "reason"),
    in_every_run(
        [
            ("", "blank"),
            (" \t", "blank"),
            ("2,a\0b,2004", "NUL"),
            ("2,a,2004\n3,b,2005", "records"),
            ('2,"a,2004', ""),
            ("2,a,2004,9", "fields"),
            ("2,a,soon", ""),
        ],
        first=2,
    ),
    ids=repr,
)
def test_what_is_not_one_record_of_the_file_is_refused(
    films: Films, text: str, reason: str
) -> None:
    films.land()
    found = films.fix((3, text), (5, "4,The Bourne Legacy,2012"))
    assert reason in found.refused["films.csv", 3]
    assert found.newly_added == [("films.csv", 5)]
    assert len(films.titles()) == 4


def test_corrected_lines_stay_when_the_file_is_landed_or_read_again(films: Films) -> None:
    films.land()
    films.fix((3, "2,The Bourne Supremacy,2004"))
    again = films.land()
    assert (again["rows"], again["rejected_rows"], again["corrected_rows"]) == (3, 1, 1)
    films.datasets = Datasets({"films": DatasetOptions(types={"year": "VARCHAR"})})
    otherwise = films.land()
    assert (otherwise["rejected_rows"], otherwise["corrected_rows"]) == (1, 1)
    assert films.titles()[-1] == "The Bourne Supremacy"


def test_other_bytes_of_the_same_name_have_corrections_of_their_own(films: Films) -> None:
    films.land()
    films.fix((3, "2,The Bourne Supremacy,2004"))
    other = films.land(_FILMS.replace(b"Legacy", b"Heritage"), date(2026, 11, 24))
    assert (other["rejected_rows"], other["corrected_rows"]) == (2, 0)


def test_corrected_lines_can_make_a_refused_landing_good(films: Films) -> None:
    films.land(b"id,title,year\n1,a,2\n")
    assert films.land(_FILMS, date(2026, 11, 24))["table_error"]
    found = films.fix((3, "2,The Bourne Supremacy,2004"), (5, "4,The Bourne Legacy,2012"))
    assert found.outcome.table_error is None
    assert len(films.titles()) == 5


def test_lines_of_a_challenge_file_are_read_as_such(films: Films) -> None:
    films.land(b"id|notaMedia|numeroVotos|title\n1|7.5|100|a\n2|8\n")
    found = films.fix((3, "2|8|N|\\N"))
    assert found.refused == {}
    assert records(dataset_in(films.lake, "Films"))[-1] == {
        "id": "2",
        "notaMedia": 8.0,
        "numeroVotos": None,
        "title": None,
    }


@pytest.mark.parametrize(("last", "refused"), [("d,19,44", set()), ("d,19,44\ne,20,46", {6})])
def test_corrected_lines_that_look_like_units_of_those_below_them_are_rows(
    films: Films, last: str, refused: set[int]
) -> None:
    films.land(b"name,code,size\nb,1,x\na\nb\nc\nd\ne,y,2\n")
    found = films.fix((3, "a,A12,XL"), (4, "b,17,40"), (5, "c,18,42"), (6, last))
    assert {line for _, line in found.refused} == refused
    codes = ["1", "y", "A12", "17", "18", *([] if refused else ["19"])]
    assert list(dataset_in(films.lake, "Films")["code"]) == codes


def test_corrected_lines_that_only_together_have_line_ends_of_their_own_are_rows(
    films: Films,
) -> None:
    films.land(b"id,title,year\n1,a,2\n2\n3\n")
    found = films.fix((3, "2,b\rc\rd,3"), (4, "3,e\rf\rg,4"))
    assert (found.refused, films.rejected()) == ({}, [])
    assert films.titles() == ["a", "b\rc\rd", "e\rf\rg"]


def test_corrected_lines_of_a_challenge_file_are_as_wide_as_it_is(films: Films) -> None:
    films.land(b"id|notaMedia|numeroVotos|title\n1|7.5|100|a\n2|8\n3|9\n")
    found = films.fix((3, "2|8|N|b|c"), (4, "3|8|N|b|c"))
    assert all("fields" in reason for reason in found.refused.values())
    assert [line for line, _ in films.rejected()] == [3, 4]


def test_files_of_one_dataset_are_corrected_each_by_its_name(films: Films) -> None:
    folder = films.folder / "batch"
    for place in ("a", "b"):
        (folder / place).mkdir(parents=True)
        (folder / place / "films.csv").write_bytes(_FILMS)
    files = [folder / "a" / "films.csv", folder / "b" / "films.csv"]
    manifest = land_csv_files(
        files, films.lake, _DAY, tables=tables_of(films.lake), journal=films.journal
    ).manifest
    names = list(manifest["file"])
    films.fix((3, "2,The Bourne Supremacy,2004"), name=names[1])
    assert len(films.titles()) == 7
    with pytest.raises(RejectsError, match=r"has no file 'films\.csv'"):
        films.fix((3, "2,The Bourne Supremacy,2004"))


def test_nothing_is_corrected_of_a_dataset_that_was_not_landed(films: Films) -> None:
    with pytest.raises(RejectsError, match="Nothing was landed of the dataset Films"):
        films.fix((3, "2,The Bourne Supremacy,2004"))


# The file of corrected lines


def test_a_corrected_copy_of_the_file_of_rejected_lines_is_read(
    films: Films, lake: Lake, tmp_path: Path
) -> None:
    row = films.land()
    data, _ = lake.read(lake.key(row["rejects_uri"]))
    path = tmp_path / "rejected.jsonl"
    path.write_bytes(data.replace(b"Supremacy", b"Supremacy,2004").replace(b",9", b"\\u2028"))
    found = read_corrections_file(path)
    assert [(each.file, each.line) for each in found] == [("films.csv", 3), ("films.csv", 5)]
    assert found[0].text == "2,The Bourne Supremacy,2004"
    assert found[1].text.endswith("\u2028")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "{",
        "[]",
        json.dumps({"file": "films.csv", "line": 0, "text": ""}),
        json.dumps({"file": "films.csv", "line": "3", "text": ""}),
        json.dumps({"file": "films.csv", "text": ""}),
        "[" * 100_000,
    ],
    ids=lambda text: text[:20],
)
def test_what_is_not_a_file_of_corrected_lines_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "rejected.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RejectsError, match=r"rejected\.jsonl") as raised:
        read_corrections_file(path)
    assert raised.value.exit_code == 1
    assert "\n" not in str(raised.value)


@pytest.mark.skipif(sys.platform != "linux", reason="needs /dev/zero and pipes of no writer")
def test_a_file_of_corrected_lines_that_never_ends_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bourne_assets.csvs.landing.rejects._MAXIMUM_FILE_BYTES", 1000)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(RejectsError, match="pipe has no corrected lines"):
        read_corrections_file(pipe)
    with pytest.raises(RejectsError, match="zero is larger than 1,000 bytes"):
        read_corrections_file(Path("/dev/zero"))
    with pytest.raises(RejectsError, match="cannot be read"):
        read_corrections_file(tmp_path)
