"""What manifest and profile say of a file: how it was read and why, and what keeps a type away."""

import zipfile
from pathlib import Path
from typing import Any

from bourne_assets.csvs.landing.manifest import LANDED, REJECTED, rejected_lines_in, rows_in
from bourne_assets.csvs.landing.profile import FileFacts, read_profile
from bourne_assets.csvs.options import DatasetOptions, Datasets
from bourne_assets.lake.store import Lake
from bourne_assets.tables import records
from bourne_assets_tests.csvs.landings import land
from bourne_assets_tests.support.tables import dataset_in


def _landed(
    lake: Lake, folder: Path, data: bytes, **options: Any
) -> tuple[dict[str, Any], FileFacts]:
    (folder / "films.csv").write_bytes(data)
    datasets = Datasets({"films": DatasetOptions(**options)})
    (row,) = records(land(lake, folder, datasets=datasets).manifest)
    profile = read_profile(lake, "Films")
    assert profile is not None
    return row, profile.files[0]


def test_how_a_file_was_read_is_said_with_the_reason(lake: Lake, folder: Path) -> None:
    lines = b"Films of the year\n\nid,title\n1,a\n2,b\n3,c\n"
    row, facts = _landed(lake, folder, lines)
    assert "header in line 3" in row["notes"]
    assert any("header in line 3" in note for note in facts.notes)


def test_a_plain_file_needs_no_words(lake: Lake, folder: Path) -> None:
    row, facts = _landed(lake, folder, b"id,title\n1,a\n2,b\n")
    assert (row["notes"], row["unreadable"]) == (None, None)
    assert (facts.notes, facts.almost, facts.first_rejected) == ((), {}, ())


def test_a_column_that_nearly_has_a_type_is_named_with_its_first_other_value(
    lake: Lake, folder: Path
) -> None:
    numbers = [str(n) for n in range(1, 101)]
    numbers[41], numbers[77] = "n/a", "unknown"
    lines = "id,votes\n" + "".join(f"f{n},{votes}\n" for n, votes in enumerate(numbers))
    row, facts = _landed(lake, folder, lines.encode())
    assert facts.almost.keys() == {"votes"}
    assert "but for 2 values, the first in line 43" in facts.almost["votes"]
    assert facts.almost["votes"] in row["notes"]


_TYPED = b"id,gross\n1,100\n2,n/a\n3,300\n"


def test_lines_with_a_value_not_of_the_declared_type_are_rejected_and_reported(
    lake: Lake, folder: Path
) -> None:
    row, facts = _landed(lake, folder, _TYPED, types={"gross": "BIGINT"})
    assert (row["status"], row["rows"], row["rejected_rows"]) == (LANDED, 2, 1)
    assert [each.line for each in facts.first_rejected] == [3]
    assert "1 lines were rejected, the first in line 3: gross is 'n/a'" in row["unreadable"]


def test_they_are_unknown_and_counted_where_that_is_declared(lake: Lake, folder: Path) -> None:
    row, _ = _landed(lake, folder, _TYPED, types={"gross": "int"}, on_error="null")
    assert (row["rows"], row["rejected_rows"]) == (3, 0)
    assert row["unreadable"] == "gross: 1 ('n/a')"


def test_a_declared_type_of_a_column_that_is_not_there_is_reported(
    lake: Lake, folder: Path
) -> None:
    row, _ = _landed(lake, folder, b"Id,zip\n1,01\n", types={"ZIP": "VARCHAR", "town": "VARCHAR"})
    assert row["unreadable"] == "town: types names it, and it is not a column"


def test_the_first_ten_rejected_lines_are_shown_cut(lake: Lake, folder: Path) -> None:
    good = b"1,a\n" * 100
    row, facts = _landed(lake, folder, b"id,title\n" + good + b"1,a,%s\n" % (b"x" * 999) * 12)
    assert row["rejected_rows"] == 12
    assert [each.line for each in facts.first_rejected] == list(range(102, 112))
    assert all(len(each.text) == 200 for each in facts.first_rejected)


def test_rejected_lines_of_a_manifest_are_those_of_its_files_in_order(
    lake: Lake, folder: Path
) -> None:
    for name in ("b.csv", "a.csv"):
        (folder / name).write_bytes(b"id,title\n" + b"1,a\n" * 100 + b"ragged\n" * 8)
    shown = rejected_lines_in(land(lake, folder).manifest, 10)
    assert [(each.file, each.line) for each in shown] == [
        *(("a.csv", line) for line in range(102, 110)),
        ("b.csv", 102),
        ("b.csv", 103),
    ]
    assert (shown[0].reason, shown[0].text) == ("it has 1 of 2 fields", "ragged")


def test_people_are_told_of_each_file_what_became_of_it(lake: Lake, folder: Path) -> None:
    (folder / "films.csv").write_bytes(b"id,title\n" + b"1,a\n" * 100 + b"ragged\n")
    (folder / "picture.csv").write_bytes(b"\x89PNG\r\n\x1a\n\0\0")
    landed, rejected = rows_in(land(lake, folder).manifest)
    assert (landed.file, landed.dataset, landed.status) == ("films.csv", "Films", LANDED)
    assert (landed.rows, landed.rejected_rows, landed.reason) == (100, 1, None)
    assert landed.is_landed
    assert str(landed.rejects_uri).endswith("films.csv.jsonl")
    assert (rejected.file, rejected.status, rejected.uri) == ("picture.csv", REJECTED, None)
    assert rejected.is_rejected
    assert rejected.reason


def test_compressed_files_are_found_and_belong_to_the_dataset_of_their_name(
    lake: Lake, folder: Path
) -> None:
    with zipfile.ZipFile(folder / "films.csv.ZIP", "w") as archive:
        archive.writestr("inner.csv", "id,title\n1,a\n")
    (row,) = records(land(lake, folder).manifest)
    assert (row["status"], row["dataset"], row["rows"]) == (LANDED, "Films", 1)
    assert len(dataset_in(lake, "Films")) == 1
