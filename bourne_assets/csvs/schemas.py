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
    checksum: str = Field(
        nullable=True, description="The server's own checksum of a file that was sent in parts"
    )
    lines: Integer = Field(
        nullable=True, ge=0, description="Lines below the header, counted in the bytes"
    )
    rows: Integer = Field(nullable=True, ge=0, description="Lines that could be read")
    rejected_rows: Integer = Field(
        nullable=True, ge=0, description="Lines that could not; landed, but not rows"
    )
    columns: str = Field(nullable=True, description="Names of the columns, joined by the delimiter")
    encoding: str = Field(nullable=True, description="Encoding of the text")
    delimiter: str = Field(nullable=True, description="Character between two fields")
    rejects_uri: str = Field(
        nullable=True, description="Where the lines that could not be read lie, with reasons"
    )
    table_uri: str = Field(nullable=True, description="Where the dataset lies as Parquet")
    table_error: str = Field(
        nullable=True,
        description="Why that table is not one of this landing; the last good one stays",
    )
    drift: str = Field(
        nullable=True, description="How the columns differ from the last landing of the dataset"
    )
    missing_id: str = Field(nullable=True, description="The dataset's id column, where it is gone")
    unreadable: str = Field(
        nullable=True, description="Values that are no number where the challenge has one"
    )
