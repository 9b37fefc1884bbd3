"""Every key of the lake has its fixed place, whatever the files and assets are called."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bourne_assets.lake import keys

LANDING_DAY = date(2026, 11, 23)
DIGEST = "1a2b3c4d5e6f" + "0" * 52


@pytest.mark.parametrize(
    ("file_name", "dataset"),
    [
        ("movies.csv", "Movies"),
        ("MOVIES.CSV", "Movies"),
        ("box_office.csv", "Box_Office"),
        ("top 10 films.csv", "Top 10 Films"),
        ("movies.2026.csv", "Movies.2026"),
        ("ação.csv", "Ação"),
        ("movies", "Movies"),
    ],
)
def test_a_dataset_is_the_stem_of_its_file_in_title_case(file_name: str, dataset: str) -> None:
    assert keys.dataset_name(file_name) == dataset


def test_a_landed_file_lies_below_its_dataset_and_day_under_its_own_name() -> None:
    assert (
        keys.landed_csv("movies.csv", LANDING_DAY) == "Raw/Local/CSV/Movies/2026/11/23/movies.csv"
    )


def test_months_and_days_have_two_digits_so_that_keys_sort_by_day() -> None:
    early, late = (keys.landed_csv("a.csv", date(2026, *day)) for day in ((2, 3), (10, 1)))
    assert early == "Raw/Local/CSV/A/2026/02/03/a.csv"
    assert early < late


@pytest.mark.parametrize(
    ("key", "second"),
    [
        ("Raw/x/movies.csv", "Raw/x/movies~1a2b3c4d.csv"),
        ("Raw/x/movies.2026.csv", "Raw/x/movies.2026~1a2b3c4d.csv"),
        ("Raw/x/movies", "Raw/x/movies~1a2b3c4d"),
        ("Raw/x.y/movies~old.CSV", "Raw/x.y/movies~old~1a2b3c4d.CSV"),
        ("movies.csv", "movies~1a2b3c4d.csv"),
    ],
)
def test_the_second_file_of_a_name_gets_eight_digits_of_its_digest_before_the_extension(
    key: str, second: str
) -> None:
    assert keys.with_digest(key, DIGEST) == second


@given(
    stem=st.text(st.characters(codec="utf-8", exclude_characters="/.\0"), min_size=1),
    digest=st.text("0123456789abcdef", min_size=64, max_size=64),
)
def test_two_digests_that_differ_early_never_share_a_key(stem: str, digest: str) -> None:
    other = ("1" if digest[0] == "0" else "0") + digest[1:]
    first, second = (keys.with_digest(f"Raw/{stem}.csv", one) for one in (digest, other))
    assert first != second
    assert first.startswith(f"Raw/{stem}~")
    assert first.endswith(".csv")


def test_responses_of_tmdb_are_kept_by_day_endpoint_and_moment() -> None:
    moment = datetime(2026, 3, 4, 5, 6, 7, 89, tzinfo=UTC)
    assert (
        keys.tmdb_responses("movie_details", moment, 2)
        == "Raw/TMDB/JSON/2026/03/04/movie_details/20260304T050607000089Z-2.json"
    )


def test_files_of_one_moment_are_told_apart_by_their_number() -> None:
    moment = datetime(2026, 3, 4, tzinfo=UTC)
    assert len({keys.tmdb_responses("search_movie", moment, number) for number in (1, 2, 3)}) == 3


@pytest.mark.parametrize(
    ("path", "extension", "key"),
    [
        (("tmdb_search",), "parquet", "Trusted/tmdb_search.parquet"),
        (["matrix", "insight_metrics"], "json", "Trusted/matrix/insight_metrics.json"),
    ],
)
def test_a_table_lies_below_its_layer_under_its_asset_key(
    path: list[str] | tuple[str, ...], extension: str, key: str
) -> None:
    assert keys.table(keys.TRUSTED, path, extension) == key


def test_the_layers_have_the_names_of_the_challenge() -> None:
    assert (keys.RAW, keys.TRUSTED, keys.REFINED) == ("Raw", "Trusted", "Refined")
