"""What users declare of a dataset in the file of BOURNE_CSV_DATASETS, and the challenge's format.

Everything that can be wrong in a declaration is reported when the file is loaded.
Not here: what is detected in a file (`reading.dialect`), and reading (`reading`).
"""

import codecs
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import duckdb
import yaml
from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from bourne_assets.csvs import time_formats
from bourne_assets.csvs.errors import CsvDatasetsError
from bourne_assets.lake import keys
from bourne_assets.text import ended_once, nearest
from bourne_assets.translations import gettext
from bourne_assets.yaml_files import read_yaml, why_unreadable

#: The columns of the data-lake challenge's two files that are not text, with DuckDB's types.
#: `tituloPincipal`, below, is the challenge's own spelling.
CHALLENGE_TYPES: Mapping[str, str] = {
    "anoLancamento": "INTEGER",
    "anoTermino": "INTEGER",
    "tempoMinutos": "INTEGER",
    "notaMedia": "DOUBLE",
    "numeroVotos": "BIGINT",
    "anoNascimento": "INTEGER",
    "anoFalecimento": "INTEGER",
}
CHALLENGE_ID = "id"
_CHALLENGE_COLUMNS = frozenset(
    {
        CHALLENGE_ID,
        "tituloPincipal",
        "tituloOriginal",
        "genero",
        "generoArtista",
        "personagem",
        "nomeArtista",
        "profissao",
        "titulosMaisConhecidos",
        *CHALLENGE_TYPES,
    }
)
#: With these a file has ratings, and with this many of all it has lost some.
_RATED = frozenset({CHALLENGE_ID, "notaMedia", "numeroVotos"})
_CHALLENGE_SHARE = 2 / 3

_HOURS_OF_TEN_YEARS = 10 * 365 * 24
_MAXIMUM_SKIPPED = 10_000
#: Types of DuckDB that one field of a line can have a value of.
_TYPE_SPELLING = re.compile(r"[\w ]+(\(\s*\d+\s*(,\s*\d+\s*)?\))?\s*")
_TYPES = re.compile(
    r"VARCHAR|BOOLEAN|U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL\(\d+,\d+\)|DATE"
    r"|TIME|TIMESTAMP(_S|_MS|_NS)?|TIME(STAMP)? WITH TIME ZONE|UUID"
)
_BARE_TIMESTAMP = re.compile(r"TIMESTAMP(_S|_MS|_NS)?")
#: Encodings of Python that transform text instead of encoding its characters.
_TRANSFORMS = {"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"}
_PLAIN_LINES = "a,b\n1,2\n"


def _separator(text: str) -> str:
    if text in "\r\n\0":
        raise ValueError(gettext("a line end or NUL cannot stand between or around fields"))
    return text


def canonical_type(text: str) -> str:
    """A type as DuckDB spells it: `int` is `INTEGER`.

    Nothing is executed: DuckDB parses the text as a type, and its own name of it is returned.

    Raises:
        ValueError: DuckDB does not know the type, or no field of a CSV file can have it.
    """
    if _TYPE_SPELLING.fullmatch(text):  # before DuckDB's parser sees it
        try:
            spelled = str(duckdb.sqltype(text))
        except (duckdb.Error, UnicodeError) as error:
            raise ValueError(
                gettext("DuckDB does not know the type {text!r}", text=text[:100])
            ) from error
        if _TYPES.fullmatch(spelled):
            return spelled
    raise ValueError(
        gettext("a field of a CSV file cannot have the type {text!r}", text=text[:100])
    )


def _encoding(name: str) -> str:
    """The name of an encoding that texts of any length can be decoded from, block by block.

    Raises:
        ValueError: Python does not know it, or it does not encode text.
    """
    with suppress(LookupError, TypeError, ValueError, AssertionError):
        if codecs.lookup(name).name not in _TRANSFORMS and _decodes_in_pieces(name):
            return name
    raise ValueError(gettext("Python has no text encoding {name!r}", name=name[:100]))


def _decodes_in_pieces(encoding: str) -> bool:
    """Whether lines come back from single bytes, and no bytes whatever end the decoder."""
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    pieces = [decoder.decode(bytes([byte])) for byte in _PLAIN_LINES.encode(encoding)]
    is_whole = "".join(pieces) + decoder.decode(b"", final=True) == _PLAIN_LINES
    decoder.reset()
    decoder.decode("".encode(encoding) + bytes(range(256)), final=True)
    return is_whole


Character = Annotated[str, Field(min_length=1, max_length=1), AfterValidator(_separator)]
Text = Annotated[str, Field(min_length=1)]
TypeName = Annotated[Text, AfterValidator(canonical_type)]


class DatasetOptions(BaseModel):
    """What a user declares of a dataset; what is left out is detected in each file.

    Attributes:
        skip: Lines before the header, or before the first record where there is none.
        comment: What a line begins with that is a comment, and is passed over.
        header: Whether a line names the columns.
        delimiter: One character between two fields.
        quote: The quoting character; empty where quotes are data.
        escape: What precedes a quote inside quotes, where they are not doubled.
        encoding: Name of the encoding, as Python knows it.
        decimal: The decimal separator of numbers.
        thousands: What groups the digits of numbers.
        date_format: How dates are written, as DuckDB's `strptime` takes it.
        timestamp_format: How timestamps are written, likewise.
        true_words: Texts that mean true; `true` in the file.
        false_words: Texts that mean false; `false` in the file.
        nulls: Texts that mean an unknown value.
        columns: Names of the columns, in place of the header's; they fix the number of fields.
        types: DuckDB's types by column, as DuckDB spells them.
        pad: Whether the fields that a short line lacks are unknown.
        on_error: What becomes of a line with a value that does not have its declared type: `reject`
            it, or keep it with `null` in place of the value.
        max_rejected: Rejected lines of a delivery up to which it replaces the table.
        max_rejected_share: Their share of all lines up to which it does; None: 10 %.
        write: What becomes of the rows of earlier deliveries: they go (`replace`), or stay
            (`append`), or stay except those with the key of a new row (`merge`).
        key: Columns that identify a row, for `merge`.
        id: The column without which the dataset is worthless.
        fresh_within_hours: How old its last delivery may be; None: any age. It changes nothing
            of how files are read, and so is in no profile.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    skip: int | None = Field(default=None, ge=0, le=_MAXIMUM_SKIPPED, strict=True)
    comment: Annotated[str, Field(pattern=r"^[^\s\x00]{1,10}$")] | None = None
    header: bool | None = Field(default=None, strict=True)
    delimiter: Character | None = None
    quote: (
        Annotated[str, Field(max_length=1), AfterValidator(lambda text: text and _separator(text))]
        | None
    ) = None
    escape: Annotated[str, Field(pattern=r"^[!-~]$")] | None = None
    encoding: Annotated[Text, AfterValidator(_encoding)] | None = None
    decimal: Literal[".", ","] | None = None
    thousands: Literal[".", ",", " ", "'", "_", "\u2019", "\u00a0", "\u202f"] | None = None
    date_format: Annotated[Text, AfterValidator(time_formats.date_format)] | None = None
    timestamp_format: Annotated[Text, AfterValidator(time_formats.timestamp_format)] | None = None
    true_words: tuple[Text, ...] = Field(
        default=(), validation_alias=AliasChoices("true", "true_words")
    )
    false_words: tuple[Text, ...] = Field(
        default=(), validation_alias=AliasChoices("false", "false_words")
    )
    nulls: tuple[str, ...] = ()
    columns: tuple[Text, ...] = ()
    types: Mapping[Text, TypeName] = Field(default_factory=dict)
    pad: bool | None = Field(default=None, strict=True)
    on_error: Literal["reject", "null"] | None = None
    max_rejected: int | None = Field(default=None, ge=0, strict=True)
    max_rejected_share: float | None = Field(default=None, ge=0, le=1)
    write: Literal["replace", "append", "merge"] = "replace"
    key: tuple[Text, ...] = ()
    id: Text | None = None
    fresh_within_hours: float | None = Field(
        default=None, ge=0.1, le=_HOURS_OF_TEN_YEARS, exclude=True
    )

    @model_validator(mode="before")
    @classmethod
    def _words_are_named_by_text(cls, value: Any) -> Any:
        """YAML takes the bare keys `true` and `false` for truth values."""
        if not isinstance(value, dict):
            return value
        return {str(key).lower() if isinstance(key, bool) else key: v for key, v in value.items()}

    @field_validator("types")
    @classmethod
    def _names_differ(cls, value: Mapping[str, str]) -> Mapping[str, str]:
        seen: set[str] = set()
        for name in value:
            if name.casefold() in seen:
                raise ValueError(
                    gettext("{name!r} appears twice: upper and lower case are the same", name=name)
                )
            seen.add(name.casefold())
        return value

    @model_validator(mode="after")
    def _options_agree(self) -> Self:
        if self.delimiter and self.delimiter in {self.quote, self.escape}:
            raise ValueError(gettext("delimiter, quote and escape must differ"))
        if self.comment and self.comment == self.delimiter:
            raise ValueError(gettext("comment and delimiter must differ"))
        if self.thousands and self.thousands == (self.decimal or "."):
            raise ValueError(gettext("decimal and thousands must differ"))
        if twice := set(self.true_words) & set(self.false_words):
            raise ValueError(gettext("{twice!r} cannot mean both true and false", twice=min(twice)))
        named = {name.casefold() for name in self.columns}
        unknown = [name for name in self.types if named and name.casefold() not in named]
        if unknown:
            raise ValueError(
                gettext(
                    "types names {unknown!r}, which is not among the columns", unknown=unknown[0]
                )
            )
        bare = [kind for kind in self.types.values() if _BARE_TIMESTAMP.fullmatch(kind)]
        if bare and time_formats.has_zone(self.timestamp_format or ""):
            raise ValueError(
                gettext(
                    "timestamp_format has a zone, which {bare} does not keep: declare TIMESTAMP "
                    "WITH TIME ZONE",
                    bare=bare[0],
                )
            )
        return self

    @model_validator(mode="after")
    def _a_merge_has_a_key(self) -> Self:
        if self.write == "merge" and not self.key:
            raise ValueError(gettext("write: merge needs key, the columns that identify a row"))
        if self.key and self.write != "merge":
            raise ValueError(
                gettext("key is for write: merge, not for write: {write}", write=self.write)
            )
        return self

    def type_of(self, column: str) -> str | None:
        """The declared type of a column, whatever case its name is written in."""
        wanted = column.casefold()
        return next((kind for name, kind in self.types.items() if name.casefold() == wanted), None)


class _DatasetsFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    datasets: dict[str, DatasetOptions]

    @field_validator("datasets", mode="before")
    @classmethod
    def _a_name_may_stand_alone(cls, value: Any) -> Any:
        """A name without options is that of a dataset too."""
        if not isinstance(value, dict):
            return value
        return {name: {} if options is None else options for name, options in value.items()}


@dataclass(frozen=True)
class Datasets:
    """Options of datasets by name, as it is spelled; upper and lower case are the same."""

    known: Mapping[str, DatasetOptions] = field(default_factory=dict)

    def __getitem__(self, name: str) -> DatasetOptions:
        """The options of a dataset; the default ones where it is not named."""
        return self._by_name.get(name.casefold(), DatasetOptions())

    def __contains__(self, name: str) -> bool:
        """Whether the file names the dataset."""
        return name.casefold() in self._by_name

    @cached_property
    def _by_name(self) -> dict[str, DatasetOptions]:
        return {name.casefold(): dataset for name, dataset in self.known.items()}


def is_challenge(columns: tuple[str, ...]) -> bool:
    """Whether a header is one of the challenge's files, with columns more or fewer perhaps."""
    if set(columns) >= _RATED:
        return True
    named = _CHALLENGE_COLUMNS & set(columns)
    return len(named) >= _CHALLENGE_SHARE * len(_CHALLENGE_COLUMNS)


def load_datasets(path: Path | None) -> Datasets:
    """Read the file of BOURNE_CSV_DATASETS.

    Args:
        path: A YAML file; None: no dataset has options.

    Raises:
        CsvDatasetsError: It cannot be read, or has an invalid value.
    """
    if path is None:
        return Datasets()
    try:
        content, _ = read_yaml(path)
        read = _DatasetsFile.model_validate(content)
    except ValidationError as error:
        raise CsvDatasetsError(ended_once(_first_error(path, error))) from error
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise CsvDatasetsError(
            gettext(
                "The datasets file {path} cannot be read ({detail}): check BOURNE_CSV_DATASETS.",
                path=path,
                detail=why_unreadable(error),
            )
        ) from error
    _ensure_dataset_names(path, read.datasets)
    return Datasets(read.datasets)


def _first_error(path: Path, error: ValidationError) -> str:
    found = error.errors(include_url=False)
    # A mistyped option is why another one does not fit.
    first = next((each for each in found if each["type"] == "extra_forbidden"), found[0])
    place = ".".join(str(part) for part in first["loc"]) or gettext("its top level")
    if first["type"] == "extra_forbidden":
        near = nearest(str(first["loc"][-1]), _names_beside(first["loc"]))
        sentence = (
            gettext("{key} is not a key here, did you mean {near}?", key=place, near=near)
            if near
            else gettext("{key} is not a key here", key=place)
        )
        return gettext("The datasets file {path}: {sentence}.", path=path, sentence=sentence)
    return gettext(
        "The datasets file {path} has an invalid value at {first_error}.",
        path=path,
        first_error=f"{place}: {first['msg'].removeprefix('Value error, ')}",
    )


def _names_beside(place: tuple[int | str, ...]) -> Iterable[str]:
    """The keys that the one at this place could have been."""
    if len(place) == 1:
        return _DatasetsFile.model_fields
    return (name.removesuffix("_words") for name in DatasetOptions.model_fields)


def _ensure_dataset_names(path: Path, names: Iterable[str]) -> None:
    """Refuse names that no file can have, and those that appear twice."""
    seen: set[str] = set()
    for name in names:
        has_extension = name.casefold().endswith((*keys.CSV_EXTENSIONS, ".gz"))
        if not name.strip() or "/" in name or not keys.can_name(name) or has_extension:
            raise CsvDatasetsError(
                gettext(
                    "The datasets file {path} names {name!r}, which is not a dataset name: give "
                    "the file name without folder or extension.",
                    path=path,
                    name=name,
                )
            )
        if name.casefold() in seen:
            raise CsvDatasetsError(
                gettext(
                    "The datasets file {path} names {name!r} twice: upper and lower case are the "
                    "same.",
                    path=path,
                    name=name,
                )
            )
        seen.add(name.casefold())
