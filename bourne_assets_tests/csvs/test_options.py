"""What users declare of datasets: everything that can be wrong in it is reported at load."""

import re
from pathlib import Path

import pytest

from bourne_assets.csvs.errors import CsvDatasetsError
from bourne_assets.csvs.options import DatasetOptions, Datasets, load_datasets


def _load(folder: Path, text: str) -> Datasets:
    path = folder / "datasets.yaml"
    path.write_text(text, encoding="utf-8")
    return load_datasets(path)


def _options(folder: Path, text: str) -> DatasetOptions:
    return _load(folder, f"datasets: {{films: {{{text}}}}}")["films"]


def _refusal(folder: Path, text: str) -> str:
    with pytest.raises(CsvDatasetsError, match=r"datasets\.yaml") as raised:
        _options(folder, text)
    assert raised.value.exit_code == 2
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_every_option_can_be_declared(tmp_path: Path) -> None:
    datasets = _load(
        tmp_path,
        r"""
        datasets:
          Box_Office:
            skip: 2
            comment: "#"
            header: false
            delimiter: ";"
            quote: "'"
            escape: "\\"
            encoding: latin-1
            decimal: ","
            thousands: "."
            date_format: "%d/%m/%Y"
            timestamp_format: "%d/%m/%Y %H:%M"
            true: [Y]
            false: [N]
            nulls: ["NA"]
            columns: [film, title, gross]
            types: {Film: VARCHAR, gross: bigint}
            pad: true
            on_error: "null"
            max_rejected: 10
            max_rejected_share: 0.5
            write: merge
            key: [film]
            id: film
            fresh_within_hours: 36
        """,
    )
    options = datasets["BOX_OFFICE"]
    assert options.model_dump() == {
        "skip": 2,
        "comment": "#",
        "header": False,
        "delimiter": ";",
        "quote": "'",
        "escape": "\\",
        "encoding": "latin-1",
        "decimal": ",",
        "thousands": ".",
        "date_format": "%d/%m/%Y",
        "timestamp_format": "%d/%m/%Y %H:%M",
        "true_words": ("Y",),
        "false_words": ("N",),
        "nulls": ("NA",),
        "columns": ("film", "title", "gross"),
        "types": {"Film": "VARCHAR", "gross": "BIGINT"},
        "pad": True,
        "on_error": "null",
        "max_rejected": 10,
        "max_rejected_share": 0.5,
        "write": "merge",
        "key": ("film",),
        "id": "film",
    }
    assert options.fresh_within_hours == 36


def test_a_dataset_that_is_not_named_has_no_options(tmp_path: Path) -> None:
    datasets = _load(tmp_path, "datasets: {films:}")
    assert "FILMS" in datasets
    assert "series" not in datasets
    assert datasets["films"] == datasets["series"] == DatasetOptions()


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("delimiter: '||'", "delimiter"),
        (r'delimiter: "\n"', "delimiter"),
        (r'quote: "\r"', "quote"),
        ("delimiter: ';', quote: ';'", "must differ"),
        ("delimiter: '#', comment: '#'", "must differ"),
        ("paint: red", "datasets.films.paint is not a key here."),
        ("delimitr: ';'", "datasets.films.delimitr is not a key here, did you mean delimiter?"),
        ("tru: [Y], skip: -1", "datasets.films.tru is not a key here, did you mean true?"),
        ("skip: -1", "skip"),
        ("skip: true", "skip"),
        ("comment: ''", "comment"),
        ("comment: ' '", "comment"),
        ("decimal: x", "decimal"),
        ("thousands: x", "thousands"),
        ("thousands: '.'", "must differ"),
        ("decimal: ',', thousands: ','", "must differ"),
        ("date_format: dd.mm.yyyy", "date_format"),
        ("date_format: '%Q'", "date_format"),
        ("date_format: '%d/%m/%Y %H:%M'", "a date has no time"),
        ("date_format: '%m/%Y'", "no day"),
        ("timestamp_format: '%H:%M'", "no year"),
        ("timestamp_format: '%d/%m/%Y %I:%M'", "twelve hours"),
        ("timestamp_format: '%c %z', types: {x: TIMESTAMP}", "has a zone"),
        ("timestamp_format: '%'", "timestamp_format"),
        ("true: [x], false: [x]", "both true and false"),
        ("pad: 1", "pad"),
        ("on_error: ignore", "on_error"),
        ("max_rejected: -1", "max_rejected"),
        ("max_rejected_share: 1.1", "max_rejected_share"),
        ("max_rejected_share: .nan", "max_rejected_share"),
        ("columns: [a, b], types: {c: VARCHAR}", "'c'"),
        ("types: {Year: VARCHAR, year: VARCHAR}", "'year' appears twice"),
    ],
)
def test_an_option_that_cannot_be_is_named_at_load(tmp_path: Path, text: str, place: str) -> None:
    refusal = _refusal(tmp_path, text)
    assert place in refusal
    assert not refusal.endswith("?.")


def test_a_mistyped_key_beside_the_datasets_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        CsvDatasetsError, match=r"dataset is not a key here, did you mean datasets\?$"
    ):
        _load(tmp_path, "dataset: {films:}")


@pytest.mark.parametrize("text", ["datasets: [1]", "{", "", "- 1"])
def test_a_datasets_file_of_another_shape_is_named(tmp_path: Path, text: str) -> None:
    with pytest.raises(CsvDatasetsError, match=r"datasets\.yaml"):
        _load(tmp_path, text)


def test_a_datasets_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CsvDatasetsError, match="BOURNE_CSV_DATASETS"):
        load_datasets(tmp_path / "missing.yaml")


def test_a_columns_type_is_found_whatever_case_its_name_is_written_in(tmp_path: Path) -> None:
    options = _options(tmp_path, "types: {Straße: int}")
    assert options.type_of("STRASSE") == "INTEGER"
    assert options.type_of("street") is None


def test_the_documentation_shows_every_option_as_it_is_loaded(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "csv.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(datasets:.*?)```", page, flags=re.DOTALL)
    options = _load(tmp_path, example)["box_office"]
    assert options.model_fields_set == set(DatasetOptions.model_fields)


# Types


@pytest.mark.parametrize(
    ("written", "spelled"),
    [
        ("int", "INTEGER"),
        ("text", "VARCHAR"),
        ("numeric(10, 2)", "DECIMAL(10,2)"),
        ("double precision", "DOUBLE"),
        ("timestamptz", "TIMESTAMP WITH TIME ZONE"),
        ("hugeint", "HUGEINT"),
        ("date", "DATE"),
        ("bool", "BOOLEAN"),
    ],
)
def test_types_are_spelled_as_duckdb_spells_them(
    tmp_path: Path, written: str, spelled: str
) -> None:
    assert _options(tmp_path, f"types: {{year: '{written}'}}").types == {"year": spelled}


@pytest.mark.parametrize(
    "written",
    [
        "klingon",
        "INTEGER); DROP TABLE x; --",
        "INTEGER DEFAULT (SELECT content FROM read_text('/etc/passwd'))",
        "INTEGER, b INTEGER",
        "INTEGER CHECK (dummy > 1)",
        "INTEGER) FROM read_text('/etc/passwd') --",
        "ENUM('a')",
        "STRUCT(a INTEGER)",
        "INTEGER[]",
        "DECIMAL(40, 2)",
        "BLOB",
        "JSON",
        "int" + "[]" * 5_000,
        "x" * 100_000,
    ],
    ids=lambda text: text[:40],
)
def test_what_is_not_the_type_of_a_field_is_refused_and_never_executed(
    tmp_path: Path, written: str
) -> None:
    written = written.replace("'", "''")
    refusal = _refusal(tmp_path, f"types: {{year: '{written}'}}")
    assert "films.types.year" in refusal
    assert len(refusal) < 500


# Encodings


@pytest.mark.parametrize("name", ["utf-8", "latin-1", "cp1252", "shift_jis", "utf-16", "cp037"])
def test_encodings_of_text_may_be_declared(tmp_path: Path, name: str) -> None:
    assert _options(tmp_path, f"encoding: {name}").encoding == name


@pytest.mark.parametrize(
    "name",
    [
        "klingon",
        "idna",
        "punycode",
        "undefined",
        "unicode_escape",
        "raw_unicode_escape",
        "rot13",
        "base64",
        "hex",
        "zlib",
        "bz2",
        "uu",
        "quopri",
    ],
)
def test_what_does_not_encode_text_is_refused_as_an_encoding(tmp_path: Path, name: str) -> None:
    assert "text encoding" in _refusal(tmp_path, f"encoding: {name}")
