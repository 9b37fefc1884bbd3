"""What can go wrong with a table or its catalogue.

They are errors of the lake, and what handles those handles these.
Not here: the translation of pyiceberg's errors, which is `translation`'s.
"""

from collections.abc import Sequence

from bourne_assets.errors import ConfigurationError
from bourne_assets.lake.errors import LakeError
from bourne_assets.translations import gettext


class CatalogueFailed(LakeError):
    """The catalogue, or the storage of its tables, failed."""


class CatalogueMisconfigured(CatalogueFailed, ConfigurationError):
    """The catalogue's configuration cannot be used."""


class CatalogueDenied(CatalogueFailed, ConfigurationError):
    """The credentials do not allow an operation on a table."""

    def __init__(self, what: str) -> None:
        super().__init__(
            gettext(
                "Access to {what} was denied: check the credentials of the Iceberg catalogue; "
                "`bourne doctor` names the rights that they lack.",
                what=what,
            )
        )


class TableMissing(LakeError):
    """There is no such table."""

    def __init__(self, name: str) -> None:
        super().__init__(gettext("There is no table {name} in the catalogue.", name=name))
        self.name = name


class SnapshotMissing(LakeError):
    """A table has no such snapshot, or it expired."""

    def __init__(self, name: str, snapshot: str) -> None:
        super().__init__(
            gettext(
                "The table {name} has no snapshot {snapshot}: it never had, or upkeep removed it.",
                name=name,
                snapshot=snapshot,
            )
        )


class SchemaUnfit(LakeError):
    """Rows cannot become rows of a table: a column's type does not fit."""

    def __init__(self, name: str, columns: Sequence[str]) -> None:
        super().__init__(
            gettext(
                "The rows do not fit the table {name}, which stays as it was: {columns}. Correct "
                "the rows, or drop the table to start over.",
                name=name,
                columns="; ".join(columns),
            )
        )
        self.columns = tuple(columns)


class TableBusy(LakeError):
    """Others committed to the table again and again."""

    def __init__(self, name: str, attempts: int) -> None:
        super().__init__(
            gettext(
                "The table {name} was changed by others during each of {attempts} attempts to "
                "commit: run it again when fewer write to it.",
                name=name,
                attempts=attempts,
            )
        )


class TableChanged(LakeError):
    """Others committed to the table since it was read, so that what was made of it is old."""

    def __init__(self, name: str) -> None:
        super().__init__(
            gettext("The table {name} was changed by others meanwhile: run it again.", name=name)
        )
