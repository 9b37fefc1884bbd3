"""Ratings come from whichever landed CSV files have the challenge's columns."""

from datetime import date
from pathlib import Path

import pytest

from bourne_assets.csvs.intake.files import find_csv_files
from bourne_assets.csvs.landing.batch import land_csv_files
from bourne_assets.csvs.ratings import RatingsTable, landed_ratings
from bourne_assets.lake.store import Lake
from bourne_assets.settings import Settings
from bourne_assets.tables import records
from bourne_assets_tests.support.tables import tables_of

_DAY = date(2026, 11, 23)
_HEADER = "id|tituloPincipal|notaMedia|numeroVotos|nomeArtista"
_IDENTITY, _SUPREMACY, _ULTIMATUM = "tt0258463", "tt0372183", "tt0440963"

Ratings = dict[str, tuple[float | None, int | None]]


def _file(folder: Path, name: str, *lines: str, header: str = _HEADER) -> None:
    (folder / name).write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")


def _landed(folder: Path, lake: Lake) -> None:
    land_csv_files(find_csv_files(folder), lake, _DAY, tables=tables_of(lake))


def _ratings(folder: Path, lake: Lake, *imdb_ids: str) -> Ratings:
    _landed(folder, lake)
    table = landed_ratings(imdb_ids, tables_of(lake).catalogue)
    return {row["imdb_id"]: (row["imdb_rating"], row["imdb_votes"]) for row in records(table)}


def test_rating_and_votes_are_found_by_imdb_id(lake: Lake, tmp_path: Path) -> None:
    _file(tmp_path, "movies.csv", f"{_IDENTITY}|The Bourne Identity|7.8|590000|Matt Damon")
    assert _ratings(tmp_path, lake, _IDENTITY) == {_IDENTITY: (7.8, 590_000)}


def test_titles_that_nobody_asked_for_are_left_out(lake: Lake, tmp_path: Path) -> None:
    _file(tmp_path, "movies.csv", f"{_IDENTITY}|a|7.8|1|x", f"{_SUPREMACY}|b|7.7|2|x")
    assert _ratings(tmp_path, lake, _SUPREMACY) == {_SUPREMACY: (7.7, 2)}


def test_a_title_that_no_file_has_is_left_out(lake: Lake, tmp_path: Path) -> None:
    _file(tmp_path, "movies.csv", f"{_IDENTITY}|a|7.8|1|x")
    assert _ratings(tmp_path, lake, _IDENTITY, _ULTIMATUM) == {_IDENTITY: (7.8, 1)}


def test_no_titles_have_no_ratings(lake: Lake, tmp_path: Path) -> None:
    _file(tmp_path, "movies.csv", f"{_IDENTITY}|a|7.8|1|x")
    assert _ratings(tmp_path, lake) == {}


@pytest.mark.parametrize("null", ["\\N", "N", ""])
def test_every_null_marker_of_the_challenge_is_unknown(
    lake: Lake, tmp_path: Path, null: str
) -> None:
    _file(
        tmp_path,
        "movies.csv",
        f"{_IDENTITY}|a|{null}|{null}|x",
        f"{_SUPREMACY}|b|7.7|{null}|x",
        f"{_ULTIMATUM}|c|{null}|5|x",
    )
    found = _ratings(tmp_path, lake, _IDENTITY, _SUPREMACY, _ULTIMATUM)
    assert found == {_IDENTITY: (None, None), _SUPREMACY: (7.7, None), _ULTIMATUM: (None, 5)}


def test_a_title_stands_in_many_lines_and_is_one_row(lake: Lake, tmp_path: Path) -> None:
    lines = [f"{_IDENTITY}|The Bourne Identity|7.8|590000|actor {n}" for n in range(50)]
    _file(tmp_path, "movies.csv", *lines)
    assert _ratings(tmp_path, lake, _IDENTITY) == {_IDENTITY: (7.8, 590_000)}


@pytest.mark.parametrize("order", [1, -1])
def test_where_lines_disagree_the_one_of_most_votes_counts(
    lake: Lake, tmp_path: Path, order: int
) -> None:
    lines = [f"{_IDENTITY}|a|7.1|100|x", f"{_IDENTITY}|a|7.9|900|y", f"{_IDENTITY}|a|7.5|500|z"]
    _file(tmp_path, "movies.csv", *lines[::order])
    assert _ratings(tmp_path, lake, _IDENTITY) == {_IDENTITY: (7.9, 900)}


def test_a_line_of_known_votes_counts_before_one_without(lake: Lake, tmp_path: Path) -> None:
    _file(tmp_path, "movies.csv", f"{_IDENTITY}|a|9.9|N|x", f"{_IDENTITY}|a|7.9|3|y")
    assert _ratings(tmp_path, lake, _IDENTITY) == {_IDENTITY: (7.9, 3)}


def test_rating_and_votes_are_of_one_line_even_where_the_most_voted_has_no_rating(
    lake: Lake, tmp_path: Path
) -> None:
    _file(tmp_path, "movies.csv", f"{_IDENTITY}|a|N|500|x", f"{_IDENTITY}|a|7.5|100|y")
    (found,) = _ratings(tmp_path, lake, _IDENTITY).values()
    assert found in {(None, 500), (7.5, 100)}


@pytest.mark.parametrize("names", [("a.csv", "b.csv"), ("b.csv", "a.csv")])
def test_where_files_disagree_the_one_of_most_votes_counts(
    lake: Lake, tmp_path: Path, names: tuple[str, str]
) -> None:
    _file(tmp_path, names[0], f"{_IDENTITY}|a|7.8|100|x")
    _file(tmp_path, names[1], f"{_IDENTITY}|a|7.9|101|x")
    assert _ratings(tmp_path, lake, _IDENTITY) == {_IDENTITY: (7.9, 101)}


def test_several_files_give_ratings_together_in_order_of_the_ids(
    lake: Lake, tmp_path: Path
) -> None:
    _file(tmp_path, "a.csv", f"{_ULTIMATUM}|c|8.0|3|x")
    _file(tmp_path, "b.csv", f"{_IDENTITY}|a|7.8|1|x", f"{_SUPREMACY}|b|7.7|2|x")
    found = _ratings(tmp_path, lake, _ULTIMATUM, _SUPREMACY, _IDENTITY)
    assert list(found.items()) == [
        (_IDENTITY, (7.8, 1)),
        (_SUPREMACY, (7.7, 2)),
        (_ULTIMATUM, (8.0, 3)),
    ]


@pytest.mark.parametrize(
    "header",
    [
        "id|titulo|nota|votos|nome",
        "id|titulo|notaMedia|votos|nome",
        "imdb|titulo|notaMedia|numeroVotos|nome",
        "id|titulo|NOTAMEDIA|numeroVotos|nome",
    ],
)
def test_a_file_without_the_columns_is_ignored(lake: Lake, tmp_path: Path, header: str) -> None:
    _file(tmp_path, "other.csv", f"{_IDENTITY}|a|1.0|999999|x", header=header)
    _file(tmp_path, "movies.csv", f"{_IDENTITY}|a|7.8|1|x")
    assert _ratings(tmp_path, lake, _IDENTITY) == {_IDENTITY: (7.8, 1)}


def test_the_columns_may_stand_anywhere_in_a_file_of_any_name_and_delimiter(
    lake: Lake, tmp_path: Path
) -> None:
    header = '"notaMedia";"title, original";"id";"numeroVotos"'
    _file(tmp_path, "anything.csv", f'7.8;"a;b";"{_IDENTITY}";12', header=header)
    assert _ratings(tmp_path, lake, _IDENTITY) == {_IDENTITY: (7.8, 12)}


def test_a_file_in_latin_1_with_a_byte_order_mark_beside_it_is_read(
    lake: Lake, tmp_path: Path
) -> None:
    line = f"{_IDENTITY}|Identité|7.8|1|x\n"
    (tmp_path / "latin.csv").write_bytes(f"{_HEADER}\n{line}".encode("latin-1"))
    marked = f"{_HEADER}\n{_SUPREMACY}|Suprématie|7.7|2|x\n"
    (tmp_path / "marked.csv").write_text(marked, encoding="utf-8-sig")
    found = _ratings(tmp_path, lake, _IDENTITY, _SUPREMACY)
    assert found == {_IDENTITY: (7.8, 1), _SUPREMACY: (7.7, 2)}


def test_ragged_lines_have_no_ratings(lake: Lake, tmp_path: Path) -> None:
    _file(tmp_path, "movies.csv", f"{_IDENTITY}|a|1.0|999", f"{_IDENTITY}|a|7.8|1|x")
    assert _ratings(tmp_path, lake, _IDENTITY) == {_IDENTITY: (7.8, 1)}


def test_a_rejected_file_is_ignored(lake: Lake, tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_bytes(b"")
    _file(tmp_path, "movies.csv", f"{_IDENTITY}|a|7.8|1|x")
    assert _ratings(tmp_path, lake, _IDENTITY) == {_IDENTITY: (7.8, 1)}


def test_no_file_with_the_columns_gives_an_empty_table_of_the_right_types(
    lake: Lake, tmp_path: Path
) -> None:
    _file(tmp_path, "other.csv", "1|2", header="a|b")
    _landed(tmp_path, lake)
    table = landed_ratings([_IDENTITY], tables_of(lake).catalogue)
    assert table.empty
    RatingsTable.to_schema().validate(table)
    assert str(table["imdb_votes"].dtype) == "Int64"


def test_ratings_of_datasets_that_were_landed_before_are_still_there(
    lake: Lake, tmp_path: Path
) -> None:
    _file(tmp_path, "movies.csv", f"{_IDENTITY}|a|7.8|1|x")
    _landed(tmp_path, lake)
    (tmp_path / "movies.csv").unlink()
    _file(tmp_path, "other.csv", "1|2", header="a|b")
    assert _ratings(tmp_path, lake, _IDENTITY) == {_IDENTITY: (7.8, 1)}


def test_the_bundled_sample_has_a_rating_for_every_film_of_the_saga(lake: Lake) -> None:
    _landed(Settings().csv_dir, lake)
    wanted = [_IDENTITY, _SUPREMACY, _ULTIMATUM, "tt1194173", "tt4196776"]
    table = landed_ratings(wanted, tables_of(lake).catalogue)
    assert table["imdb_id"].to_list() == wanted
    assert table["imdb_rating"].between(0, 10).all()
    assert (table["imdb_votes"] > 0).all()
