"""Where the rows of a table are from: its last two columns. Not here: writing tables."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from bourne_assets.sql import literal

FILE, LANDED_ON = "_file", "_landed_on"
#: What they mean.
ORIGIN = {
    FILE: "Address of the landed file that the row is from",
    LANDED_ON: "UTC day in that address",
}


@dataclass(frozen=True)
class Origin:
    """The landed file that rows are from.

    Attributes:
        uri: Its address.
        landed_on: UTC day in it.
    """

    uri: str
    landed_on: date

    @property
    def columns(self) -> str:
        """The two columns, for the end of a query's list."""
        return f"{literal(self.uri)} AS {FILE}, DATE '{self.landed_on}' AS {LANDED_ON}"


def names_of_origin(columns: Iterable[str]) -> list[str]:
    """Columns of a file with the name of one of the two, in upper or lower case."""
    return [name for name in columns if name.casefold() in ORIGIN]
