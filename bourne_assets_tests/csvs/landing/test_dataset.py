"""Beside the landed bytes are a columnar copy, a profile, and the challenge's titles."""

import random
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bourne_assets.csvs.intake.files import find_csv_files
from bourne_assets.csvs.landing.batch import land_csv_files
from bourne_assets.csvs.landing.manifest import LANDED, UNCHANGED
from bourne_assets.csvs.landing.progress import Progress
from bourne_assets.csvs.options import Datasets, load_datasets
from bourne_assets.lake.errors import LakeFailed
from bourne_assets.lake.store import Lake
from bourne_assets.settings import DATA_DIR
from bourne_assets.tables import from_json, records
from bourne_assets.translations import retold
from bourne_assets_tests.csvs.landings import DAY, landed_rows
from bourne_assets_tests.support.tables import dataset_in, rows_in, tables_of
from bourne_assets_tests.support.tiers import in_every_run

_MOVIES = (DATA_DIR / "sample_csvs" / "movies.csv").read_bytes()


def _profile(lake: Lake, name: str) -> dict[str, Any]:
    return dict(from_json(lake.read(f"Trusted/Local/{name}.profile.json")[0]))


# The challenge's files


def test_the_challenges_columns_are_typed_and_both_null_markers_unknown(
    lake: Lake, folder: Path
) -> None:
    (folder / "movies.csv").write_bytes(_MOVIES)
    row = landed_rows(lake, folder)["movies.csv"]
    assert (row["lines"], row["rows"], row["rejected_rows"]) == (129, 129, 0)
    table = dataset_in(lake, "Movies")
    assert len(table) == 129
    years = table["anoLancamento"]
    assert pd.api.types.is_numeric_dtype(years)
    assert years.notna().all()
    minutes = table[table["id"] == "tt0060196"]["tempoMinutos"]
    assert minutes.isna().any(), "a bare N is unknown in a number"
    assert not (table == "\\N").any().any()


def test_a_bare_n_in_a_text_is_a_letter(lake: Lake, folder: Path) -> None:
    header, _, rest = _MOVIES.partition(b"\n")
    line = rest.splitlines()[0].split(b"|")
    line[header.split(b"|").index(b"personagem")] = b"N"
    (folder / "movies.csv").write_bytes(header + b"\n" + b"|".join(line) + b"\n")
    landed_rows(lake, folder)
    assert dataset_in(lake, "Movies")["personagem"].to_list() == ["N"]


def test_titles_are_one_row_each_with_the_facts_of_the_most_voted_row(
    lake: Lake, folder: Path
) -> None:
    (folder / "movies.csv").write_bytes(_MOVIES)
    landed_rows(lake, folder)
    titles = rows_in(lake, "trusted.movies_titles")
    assert list(titles.columns) == [
        "id",
        "title",
        "original_title",
        "year",
        "runtime_minutes",
        "genres",
        "rating",
        "votes",
    ]
    assert titles["id"].is_unique
    assert titles["id"].to_list() == sorted(titles["id"])
    assert len(titles) == dataset_in(lake, "Movies")["id"].nunique()
    bourne = titles[titles["id"] == "tt0258463"].iloc[0]
    assert (bourne["title"], bourne["year"], bourne["rating"], bourne["votes"]) == (
        "The Bourne Identity",
        2002,
        7.8,
        590_000,
    )


@pytest.mark.parametrize(
    ("one", "other"), [("7", "2026-11-23"), ("true", "12:30:00"), ("1", "2.5")]
)
def test_files_of_one_dataset_whose_columns_differ_in_kind_are_one_table(
    lake: Lake, folder: Path, one: str, other: str
) -> None:
    for place, value in (("a", one), ("b", other)):
        (folder / place).mkdir()
        (folder / place / "stages.csv").write_text(f"id,value\n{place},{value}\n")
    rows = landed_rows(lake, folder)
    assert {row["status"] for row in rows.values()} == {LANDED}
    table = dataset_in(lake, "Stages")
    assert [float(v) if one == "1" else v for v in table["value"]] == (
        [1.0, 2.5] if one == "1" else [one, other]
    )


@pytest.mark.parametrize("header", [_MOVIES.partition(b"\n")[0].decode(), "id|a|b"])
@pytest.mark.exhaustive
def test_a_file_of_very_many_columns_has_its_profile_and_titles(
    lake: Lake, folder: Path, header: str
) -> None:
    names = [*header.split("|"), *(f"more_{n}" for n in range(1_000))]
    lines = ["|".join([f"tt{n:07d}", *[str(n)] * (len(names) - 1)]) for n in range(300)]
    (folder / "wide.csv").write_text("\n".join(["|".join(names), *lines]) + "\n")
    (row,) = landed_rows(lake, folder).values()
    assert (row["status"], row["rows"]) == (LANDED, 300)
    assert [column["distinct"] > 200 for column in _profile(lake, "Wide")["columns"]] == [
        True
    ] * len(names)


@pytest.mark.parametrize("seed", in_every_run(range(3)))
def test_titles_are_the_same_whatever_the_order_of_the_lines(
    lake: Lake, folder: Path, seed: int
) -> None:
    header, *lines = _MOVIES.splitlines(keepends=True)
    (folder / "ordered.csv").write_bytes(header + b"".join(sorted(lines)))
    random.Random(seed).shuffle(lines)  # noqa: S311 - a seed, not a secret
    (folder / "shuffled.csv").write_bytes(header + b"".join(lines))
    landed_rows(lake, folder)
    ordered = rows_in(lake, "trusted.ordered_titles")
    assert len(ordered) > 10
    pd.testing.assert_frame_equal(ordered, rows_in(lake, "trusted.shuffled_titles"))


def test_a_value_that_is_not_a_number_is_unknown_and_named(lake: Lake, folder: Path) -> None:
    (folder / "movies.csv").write_bytes(_MOVIES.replace(b"|1942|", b"|19x2|"))
    row = landed_rows(lake, folder)["movies.csv"]
    assert row["unreadable"] == "anoLancamento: 2 ('19x2'); anoNascimento: 4 ('19x2')"
    assert row["rows"] == 129
    table = dataset_in(lake, "Movies")
    assert table[table["id"] == "tt0034583"]["anoLancamento"].isna().all()


# Profiles


def test_the_profile_tells_rows_types_nulls_extremes_and_distinct_values(
    lake: Lake, folder: Path
) -> None:
    (folder / "films.csv").write_bytes(b"id,title,day\n1,b,2020-01-02\n2,a,\n3,a,2019-05-06\n")
    landed_rows(lake, folder)
    profile = _profile(lake, "Films")
    assert (profile["rows"], profile["id"]) == (3, "id")
    assert profile["columns"] == [
        {"name": "id", "type": "BIGINT", "nulls": 0, "distinct": 3, "low": "1", "high": "3"},
        {"name": "title", "type": "VARCHAR", "nulls": 0, "distinct": 2, "low": "a", "high": "b"},
        {
            "name": "day",
            "type": "DATE",
            "nulls": 1,
            "distinct": 2,
            "low": "2019-05-06",
            "high": "2020-01-02",
        },
    ]


def test_files_of_one_dataset_are_one_table(lake: Lake, folder: Path) -> None:
    for place, data in (("2024", b"id,a\n1,x\n"), ("2025", b"id,b\n2,7\n")):
        (folder / place).mkdir()
        (folder / place / "films.csv").write_bytes(data)
    rows = landed_rows(lake, folder)
    assert {row["table_uri"] for row in rows.values()} == {"trusted.films"}
    assert records(dataset_in(lake, "Films")) == [
        {"id": 1, "a": "x", "b": None},
        {"id": 2, "a": None, "b": 7},
    ]
    (folder / "2025" / "films.csv").write_bytes(b"id,b\n2,8\n")
    landed_rows(lake, folder)
    assert [row["b"] for row in records(dataset_in(lake, "Films"))] == [None, 8]


def test_what_is_known_is_not_read_again(
    lake: Lake, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "films.csv").write_bytes(b"id,a\n1,x\n2\n")
    first = landed_rows(lake, folder)["films.csv"]
    monkeypatch.setattr("bourne_assets.csvs.reading.pool.read_csv", lambda *_, **__: 1 / 0)
    second = landed_rows(lake, folder)["films.csv"]
    assert (first.pop("status"), second.pop("status")) == (LANDED, UNCHANGED)
    assert first == second


def test_the_same_bytes_of_another_day_are_copied_and_not_sent(
    lake: Lake, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "films.csv").write_bytes(b"id,a\n1,x\n")
    landed_rows(lake, folder)
    monkeypatch.setattr(
        "bourne_assets.csvs.landing.upload.Uploader.send", lambda *_, **__: pytest.fail("sent")
    )
    row = landed_rows(lake, folder, day=date(2026, 11, 24))["films.csv"]
    assert row["uri"] == lake.uri("Raw/Local/CSV/Films/2026/11/24/films.csv")
    assert lake.read_back(lake.key(row["uri"])).sha256 == row["sha256"]


def test_what_the_server_does_not_copy_is_sent(
    lake: Lake, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "films.csv").write_bytes(b"id,a\n1,x\n")
    landed_rows(lake, folder)

    def refuse(*_: object) -> None:
        raise LakeFailed("It is too large.")

    monkeypatch.setattr(Lake, "copy", refuse)
    row = landed_rows(lake, folder, day=date(2026, 11, 24))["films.csv"]
    assert row["status"] == LANDED
    assert lake.read_back(lake.key(row["uri"])).sha256 == row["sha256"]


def test_a_copy_that_was_lost_is_made_again(lake: Lake, folder: Path) -> None:
    (folder / "films.csv").write_bytes(b"id,a\n1,x\n")
    landed_rows(lake, folder)
    lake.delete("Trusted/Local/Films.profile.json")
    tables_of(lake).drop("trusted.films")
    assert landed_rows(lake, folder)["films.csv"]["status"] == UNCHANGED
    assert len(dataset_in(lake, "Films")) == 1


def test_a_home_whose_name_is_like_a_pattern_is_not_an_obstacle(lake: Lake, folder: Path) -> None:
    (folder / "films.csv").write_bytes(b"id,a\n1,x\n")
    journal = folder.parent / "home [x] *?"
    landing = land_csv_files(
        find_csv_files(folder), lake, DAY, tables=tables_of(lake), journal=journal
    )
    assert landing.manifest["rows"].to_list() == [1]
    assert [path.suffix for path in journal.iterdir()] == [".lock"]


# Drift


@pytest.mark.parametrize(
    ("before", "after", "drift"),
    in_every_run(
        [
            (b"id,a\n1,2\n", b"id,a\n3,4\n", None),
            (b"id,a\n1,2\n", b"id,a,b\n3,4,5\n", "added: b"),
            (b"id,a,b\n1,2,3\n", b"id,a\n3,4\n", "missing: b"),
            (b"id,a\n1,2\n", b"id,c\n3,4\n", "renamed: a is now c"),
            (b"id,a\n1,2\n", b"id,a\n3,x\n", "retyped: a was BIGINT and is VARCHAR"),
            (b"id,a\n1,2\n", b"id,a\n3,\n", None),
            (b"id,a\n1,\n", b"id,a\n3,2\n", None),
            (b"id,a\n1,2\n", b"id,a\n", None),
            (b"id,a\n1,2\n", b"ID,a\n3,4\n", "renamed: id is now ID"),
        ],
        first=3,
    ),
)
def test_columns_are_compared_with_those_of_the_last_landing(
    lake: Lake, folder: Path, before: bytes, after: bytes, drift: str | None
) -> None:
    (folder / "films.csv").write_bytes(before)
    assert landed_rows(lake, folder)["films.csv"]["drift"] is None
    (folder / "films.csv").write_bytes(after)
    row = landed_rows(lake, folder)["films.csv"]
    assert (row["drift"], row["missing_id"]) == (drift, None)
    assert landed_rows(lake, folder)["films.csv"]["drift"] is None, "it is the last landing now"


def test_each_change_of_columns_is_told_in_the_language(
    lake: Lake, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for data in (b"id,a,b\n1,2,3\n", b"id,x,y,z\n1,2,3,4\n"):
        (folder / "films.csv").write_bytes(data)
        row = landed_rows(lake, folder)["films.csv"]
    assert row["drift"] == "renamed: a is now x; renamed: b is now y; added: z"
    monkeypatch.setenv("BOURNE_LANG", "pt")
    assert [retold(each) for each in row["drift"].split("; ")] == [
        "renomeada: a agora é x",
        "renomeada: b agora é y",
        "acrescentada: z",
    ]


def test_a_file_that_lost_its_id_is_named_again_and_again_and_the_good_copy_stays(
    lake: Lake, folder: Path
) -> None:
    (folder / "films.csv").write_bytes(b"id,a\n1,2\n")
    landed_rows(lake, folder)
    (folder / "films.csv").write_bytes(b"key,a\n1,2\n")
    for _ in range(2):
        assert landed_rows(lake, folder)["films.csv"]["missing_id"] == "id"
    assert list(dataset_in(lake, "Films").columns) == ["id", "a"]


def test_a_file_of_the_challenge_without_an_id_is_named_at_once(lake: Lake, folder: Path) -> None:
    (folder / "movies.csv").write_bytes(_MOVIES.replace(b"id|", b"key|", 1))
    assert landed_rows(lake, folder)["movies.csv"]["missing_id"] == "id"


# What the user says


def _said(folder: Path, text: str) -> Datasets:
    path = folder.parent / "datasets.yaml"
    path.write_text(text, encoding="utf-8")
    return load_datasets(path)


def test_what_the_user_says_comes_before_what_is_found(lake: Lake, folder: Path) -> None:
    (folder / "box_office.csv").write_bytes("1~Amélie~NA\n2~b~5\n".encode("latin-1"))
    datasets = _said(
        folder,
        """
        datasets:
          box_office:
            {delimiter: "~", quote: "", encoding: latin-1, header: false, id: film,
             columns: [film, title, gross], types: {film: VARCHAR}, nulls: [NA]}
        """,
    )
    row = landed_rows(lake, folder, datasets=datasets)["box_office.csv"]
    assert (row["rows"], row["encoding"], row["missing_id"]) == (2, "iso8859-1", None)
    assert records(dataset_in(lake, "Box_Office")) == [
        {"film": "1", "title": "Amélie", "gross": None},
        {"film": "2", "title": "b", "gross": 5},
    ]
    assert landed_rows(lake, folder)["box_office.csv"]["drift"] is not None, "read in another way"


def test_columns_that_are_not_as_many_as_the_users_reject_the_file(
    lake: Lake, folder: Path
) -> None:
    (folder / "films.csv").write_bytes(b"a,b\n1,2\n")
    datasets = _said(folder, "datasets: {films: {columns: [a]}}")
    row = landed_rows(lake, folder, datasets=datasets)["films.csv"]
    assert row["reason"] == "it has 2 columns, and BOURNE_CSV_DATASETS names 1"


# Progress


def test_progress_of_small_files_is_in_small_units() -> None:
    progress = Progress(files=1, size=25_400)
    progress.count_scanned(25_400)
    assert progress.line().startswith("Landing: 0 of 1 files, 12.7 kB of 25.4 kB, ")


def test_progress_tells_files_bytes_speed_and_what_is_left() -> None:
    progress = Progress(files=3, size=4_000_000)
    assert progress.line().endswith(" 0 bytes/s, starting")
    progress.count_scanned(4_000_000)
    progress.end_file()
    line = progress.line()
    assert line.startswith("Landing: 1 of 3 files, 2.0 MB of 4.0 MB, ")
    assert line.endswith(" s left")
    progress.count_sent(4_000_000)
    assert progress.line().endswith("reading the rest")
