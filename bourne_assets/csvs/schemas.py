"""The columns of the landing's manifest."""

from pandera.pandas import Field

from bourne_assets.tables import Integer, Table

LANDED = "landed"
UNCHANGED = "unchanged"
REJECTED = "rejected"


class ManifestTable(Table):
    """CSV files of a batch: one row a file, in order of its name."""

    file: str = Field(unique=True, description="Path of the file below the folder")
    dataset: str = Field(description="Dataset: the file's stem in title case")
    status: str = Field(
        isin=[LANDED, UNCHANGED, REJECTED],
        description="landed; unchanged where the lake has these bytes already; or rejected",
    )
    reason: str = Field(nullable=True, description="Why a file is rejected")
    uri: str = Field(nullable=True, description="Where the bytes lie; null for a rejected file")
    size: Integer = Field(ge=0, description="Bytes")
    sha256: str = Field(nullable=True, description="SHA-256 of the bytes, as the lake holds them")
    rows: Integer = Field(nullable=True, ge=0, description="Rows that could be read")
    rejected_rows: Integer = Field(
        nullable=True, ge=0, description="Lines that do not fit the header; landed, but not rows"
    )
    columns: str = Field(nullable=True, description="Names of the columns, joined by the delimiter")
    encoding: str = Field(nullable=True, description="Encoding of the text")
    delimiter: str = Field(nullable=True, description="Character between two fields")
