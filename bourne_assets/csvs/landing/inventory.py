"""The datasets that a lake has: what their tables hold, and how deliveries and tables are removed.

Not here: what is printed (`cli`), and landing (`batch`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from bourne_assets.csvs.landing.profile import Profile, read_profile
from bourne_assets.csvs.landing.tables import (
    DATASET,
    DatasetTables,
    Delivery,
    deliveries_of,
    table_name,
    titles_name,
)
from bourne_assets.csvs.reading.origin import ORIGIN
from bourne_assets.errors import BourneError
from bourne_assets.iceberg.reading import committed_at
from bourne_assets.iceberg.tables import TRUSTED, open_table, table_names
from bourne_assets.lake import keys
from bourne_assets.lake.store import Lake
from bourne_assets.translations import gettext

#: Digits of a digest that identify a delivery.
_FEWEST_DIGITS = 4


class DatasetError(BourneError):
    """A dataset or a delivery that does not exist, or that cannot be removed this way."""


@dataclass(frozen=True)
class Dataset:
    """What a dataset's table holds.

    Attributes:
        name: Name of the dataset.
        table: Name of its table.
        rows: Rows of the table.
        size: Bytes of its files.
        changed_at: UTC time of its newest snapshot.
        deliveries: What the rows are from, in the order of the deliveries.
        columns: Names and types, without those of the origin.
        titles: Name of the table of its titles, if it has some.
        profile: What is known of its last landing; None where that was removed.
    """

    name: str
    table: str
    rows: int
    size: int
    changed_at: datetime | None
    deliveries: tuple[Delivery, ...]
    columns: tuple[tuple[str, str], ...]
    titles: str | None
    profile: Profile | None

    @property
    def present(self) -> tuple[Delivery, ...]:
        """The deliveries that were not taken back."""
        return tuple(each for each in self.deliveries if not each.taken_back)


def list_datasets(lake: Lake, tables: DatasetTables) -> Iterator[Dataset]:
    """All datasets that have a table, in alphabetical order of the tables.

    Raises:
        LakeError: The lake or the catalogue failed.
    """
    for name in table_names(tables.catalogue, TRUSTED):
        dataset = open_table(tables.catalogue, name).properties.get(DATASET)
        if dataset is not None and name == table_name(dataset):
            yield _dataset(lake, tables, dataset)


def find_dataset(lake: Lake, tables: DatasetTables, name: str) -> Dataset:
    """A dataset by its name, or that of its table, in upper or lower case.

    Raises:
        DatasetError: There is no such dataset; those that there are, are named.
        LakeError: The lake or the catalogue failed.
    """
    wanted = name.casefold().removeprefix(f"{TRUSTED}.")
    known = list(list_datasets(lake, tables))
    for each in known:
        if wanted in {each.name.casefold(), each.table.removeprefix(f"{TRUSTED}.")}:
            return each
    there = ", ".join(each.name for each in known)
    raise DatasetError(
        gettext("There is no dataset {name!r}: there are {there}.", name=name, there=there)
        if there
        else gettext("There is no dataset {name!r}: nothing was landed yet.", name=name)
    )


def find_delivery(dataset: Dataset, wanted: str) -> Delivery:
    """A delivery by the beginning of its digest, or by its file where one alone has that name.

    Raises:
        DatasetError: There is none, or there are several.
    """
    found = [
        each
        for each in dataset.deliveries
        if each.file == wanted
        or (len(wanted) >= _FEWEST_DIGITS and each.sha256.startswith(wanted.lower()))
    ]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(f"{each.name} of {each.landed_on}" for each in found)
        raise DatasetError(
            gettext(
                "{name} has several deliveries {wanted!r}: {names}.",
                name=dataset.name,
                wanted=wanted,
                names=names,
            )
        )
    raise DatasetError(
        gettext(
            "{name} has no delivery {wanted!r}: `bourne datasets {name}` lists them.",
            name=dataset.name,
            wanted=wanted,
        )
    )


def take_back(dataset: Dataset, delivery: Delivery, tables: DatasetTables) -> int:
    """Remove the rows of a delivery; landing its bytes again does not bring them back.

    Returns:
        How many rows the table has then.

    Raises:
        DatasetError: The table's rows are not those of all its deliveries.
        LakeError: The table is as it was.
    """
    if dataset.profile is None or dataset.profile.options.write != "append":
        raise DatasetError(
            gettext(
                "{name} is not written by `append`: its earlier rows are gone, so that nothing "
                "would take the place of the delivery's. Land the right file in its place.",
                name=dataset.name,
            )
        )
    return tables.take_back(dataset.table, delivery).rows


def drop(dataset: Dataset, lake: Lake, tables: DatasetTables) -> None:
    """Remove a dataset's tables and profile; the landed bytes stay.

    Raises:
        LakeError: The lake or the catalogue failed.
    """
    # The profile first: without it the next landing rebuilds the table.
    lake.delete(keys.dataset_profile(dataset.name))
    for name in (dataset.table, dataset.titles):
        if name is not None:
            tables.drop(name)


def _dataset(lake: Lake, tables: DatasetTables, name: str) -> Dataset:
    table = open_table(tables.catalogue, table_name(name))
    current = table.current_snapshot()
    facts = current.summary.additional_properties if current and current.summary else {}
    titles = titles_name(name)
    return Dataset(
        name=name,
        table=table_name(name),
        rows=int(facts.get("total-records", "0")),
        size=int(facts.get("total-files-size", "0")),
        changed_at=committed_at(current) if current else None,
        deliveries=deliveries_of(table),
        columns=tuple(
            (column, kind)
            for column, kind in tables.columns(table_name(name)).items()
            if column not in ORIGIN
        ),
        titles=titles if tables.has(titles) else None,
        profile=read_profile(lake, name),
    )
