"""What is known of a dataset beforehand: the challenge's format, and what the user's file says.

What must not be put here: what is found in a file (`reading`), and reading (`reading`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from bourne_assets.csvs.errors import CsvDatasetsError
from bourne_assets.lake.keys import can_name

#: The columns of the data-lake challenge's two files that are no text, with DuckDB's types.
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
#: With these a file has ratings, and with so many of all it has lost some.
_RATED = frozenset({CHALLENGE_ID, "notaMedia", "numeroVotos"})
_CHALLENGE_SHARE = 2 / 3

_HOURS_OF_TEN_YEARS = 10 * 365 * 24

Sign = Annotated[str, Field(min_length=1, max_length=1)]
Text = Annotated[str, Field(min_length=1)]


class Dataset(BaseModel):
    """What a user says of a dataset; what is left out is found in the file.

    Attributes:
        delimiter: One character between two fields.
        quote: The quoting character; empty where quotes are data.
        escape: What stands before a quote inside of quotes, where they are not doubled.
        encoding: Name of the encoding, as Python knows it.
        header: Whether the first line names the columns.
        columns: Names of the columns, in place of the header's.
        types: DuckDB's types by column.
        nulls: Texts that mean an unknown value.
        id: The column without which the dataset is worthless.
        fresh_within_hours: How old its last delivery may be; None: any age. It changes nothing
            of how files are read, and so stands in no profile.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="after")
    def _signs_must_differ(self) -> Self:
        if self.delimiter and self.delimiter in {self.quote, self.escape}:
            raise ValueError("delimiter, quote and escape must differ")
        return self

    delimiter: Sign | None = None
    quote: Annotated[str, Field(max_length=1)] | None = None
    escape: Annotated[str, Field(pattern=r"^[!-~]$")] | None = None
    encoding: Text | None = None
    header: bool | None = None
    columns: tuple[Text, ...] = ()
    types: Mapping[str, Text] = Field(default_factory=dict)
    nulls: tuple[str, ...] = ()
    id: Text | None = None
    fresh_within_hours: float | None = Field(
        default=None, ge=0.1, le=_HOURS_OF_TEN_YEARS, exclude=True
    )


class _DatasetsFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    datasets: dict[str, Dataset]

    @field_validator("datasets", mode="before")
    @classmethod
    def _nothing_is_said_of_some(cls, value: Any) -> Any:
        """A name without anything after it is that of a dataset as well."""
        if not isinstance(value, dict):
            return value
        return {name: {} if said is None else said for name, said in value.items()}


@dataclass(frozen=True)
class Datasets:
    """What is known of datasets by name, as it is spelled; upper and lower case are one."""

    known: Mapping[str, Dataset] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Dataset:
        """What is said of a dataset; nothing, for one that is not named."""
        return self._by_name.get(name.casefold(), Dataset())

    def __contains__(self, name: str) -> bool:
        """Whether something is said of a dataset, if only that it is one."""
        return name.casefold() in self._by_name

    @cached_property
    def _by_name(self) -> dict[str, Dataset]:
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
        path: A YAML file; None: nothing is known beforehand.

    Raises:
        CsvDatasetsError: It cannot be read, or says what cannot be.
    """
    if path is None:
        return Datasets()
    try:
        with path.open(encoding="utf-8") as file:
            read = _DatasetsFile.model_validate(yaml.safe_load(file))
        _must_name_datasets(path, read.datasets)
        for dataset in read.datasets.values():
            "".encode(dataset.encoding or "utf-8")
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        raise CsvDatasetsError(
            f"The datasets file {path} says what cannot be: {place}: {first['msg']}."
        ) from None
    except LookupError:
        raise CsvDatasetsError(
            f"The datasets file {path} names an encoding that Python does not know."
        ) from None
    except (OSError, ValueError, yaml.YAMLError) as error:
        first_line = str(error).partition("\n")[0]
        raise CsvDatasetsError(
            f"The datasets file {path} cannot be read ({first_line}): check BOURNE_CSV_DATASETS."
        ) from None
    return Datasets(read.datasets)


def _must_name_datasets(path: Path, names: Iterable[str]) -> None:
    """Refuse names that no file can have, and those that stand twice."""
    seen: set[str] = set()
    for name in names:
        has_extension = name.casefold().endswith((".csv", ".gz"))
        if not name.strip() or "/" in name or not can_name(name) or has_extension:
            raise CsvDatasetsError(
                f"The datasets file {path} names {name!r}, which is no dataset: write the name of "
                "its file without folder and extension."
            )
        if name.casefold() in seen:
            raise CsvDatasetsError(
                f"The datasets file {path} names {name!r} twice: upper and lower case are one."
            )
        seen.add(name.casefold())
