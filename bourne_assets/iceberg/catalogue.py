"""The catalogue of the tables: pyiceberg's, named `bourne`.

Whoever configures it by pyiceberg's own means (PYICEBERG_CATALOG__BOURNE__*, .pyiceberg.yaml) is
obeyed in everything. Otherwise the embedded lake's own REST catalogue keeps the tables, and a
bucket gets a SQL catalogue: in Dagster's Postgres, or in a file of the home.
Not here: tables (`commits`).
"""

import hashlib
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bourne_assets.iceberg.errors import CatalogueMisconfigured
from bourne_assets.lake.access import EMBEDDED_TABLES_BUCKET, LOOPBACK, S3Access
from bourne_assets.lake.locks import FileLock
from bourne_assets.lake.private_files import make_private_folder
from bourne_assets.lake.store import Lake
from bourne_assets.settings import postgres_url
from bourne_assets.translations import gettext

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog

NAME = "bourne"
#: The folder of the tables in a bucket of one's own.
WAREHOUSE = "Warehouse"
_DATABASE = "catalogue"
_CONFIGURATION = ".pyiceberg.yaml"
#: Two processes that make the tables of one SQL catalogue at once: one of them fails.
_ATTEMPTS = 3


def open_catalogue(lake: Lake, home: Path) -> "Catalog":
    """The catalogue of a lake's tables.

    Args:
        lake: The connected lake.
        home: `BOURNE_HOME`, where a SQL catalogue is kept if nothing better is configured.

    Raises:
        CatalogueFailed: It cannot be used or reached.
    """
    with _readable_configuration():
        from bourne_assets.iceberg.translation import translated

    properties = configured() or catalogue_properties(lake, home)
    _quiet_pyiceberg()
    if lake.access.catalogue:
        _bypass_proxy()
    with translated(gettext("the Iceberg catalogue")):
        if not str(properties.get("uri", "")).startswith("sqlite"):
            return _load(properties)
        make_private_folder(home)
        with FileLock(home / f".{_DATABASE}.lock"):
            return _load(properties)


def load_pyiceberg() -> None:
    """Load what catalogues and tables need, which takes a while; a server may boot meanwhile.

    Raises:
        CatalogueMisconfigured: pyiceberg's configuration cannot be read.
    """
    with _readable_configuration():
        import pyiceberg.catalog.rest
        import pyiceberg.io.pyarrow  # noqa: F401 - loads what the first table will need


def configured() -> dict[str, Any] | None:
    """What pyiceberg's own configuration says of the catalogue; None where it says nothing.

    PYICEBERG_* variables, and .pyiceberg.yaml of PYICEBERG_HOME or of the user's home folder.
    pyiceberg would read one of the working folder too: it may name any code and any server.

    Raises:
        CatalogueMisconfigured: The configuration cannot be read.
    """
    with _readable_configuration():
        from pyiceberg.utils.config import Config

        own = (os.environ.get("PYICEBERG_HOME"), Path.home())
        if any(place and (Path(place) / _CONFIGURATION).is_file() for place in own):
            found = Config().get_catalog_config(NAME)
        else:
            variables = Config._from_environment_variables({})  # noqa: SLF001 - Config() reads files
            catalogues = variables.get("catalog")
            found = catalogues.get(NAME) if isinstance(catalogues, dict) else None  # type: ignore[assignment]
    return dict(found) if found else None


@contextmanager
def _readable_configuration() -> Iterator[None]:
    """The configuration is read when pyiceberg is imported, which then fails as its parser does."""
    try:
        yield
    except Exception as error:
        # The cause may quote the configuration, which may have secrets.
        raise CatalogueMisconfigured(
            gettext(
                "pyiceberg's configuration cannot be read ({kind}): correct {configuration} and "
                "the PYICEBERG_* variables.",
                kind=type(error).__name__,
                configuration=_CONFIGURATION,
            )
        ) from None


def catalogue_properties(lake: Lake, home: Path) -> dict[str, str]:
    """The properties of the catalogue, in pyiceberg's words, where nobody configured one.

    Args:
        lake: The connected lake; the embedded server's has a catalogue of its own.
        home: Where a SQL catalogue's file is.
    """
    storage = storage_properties(lake.access)
    if lake.access.catalogue:
        keys = f"{storage['s3.access-key-id']}:{storage['s3.secret-access-key']}"
        return {
            "type": "rest",
            "uri": lake.access.catalogue,
            "warehouse": f"s3://{EMBEDDED_TABLES_BUCKET}",
            "credential": keys,
            "oauth2-server-uri": f"{lake.access.catalogue}/v1/oauth/tokens",
            **storage,
        }
    return {
        "type": "sql",
        "uri": postgres_url() or _sqlite(home, lake.uri(WAREHOUSE)),
        "warehouse": lake.uri(WAREHOUSE),
        **storage,
    }


def storage_properties(access: S3Access) -> dict[str, str]:
    """How pyiceberg reaches the objects: pyarrow's S3, with the lake's address and credentials.

    Temporary credentials are those of this moment: each run opens the catalogue again.
    """
    given: Mapping[str, str | None] = access.credentials() if access.credentials else {}
    properties = {
        "py-io-impl": "pyiceberg.io.pyarrow.PyArrowFileIO",
        "s3.endpoint": access.endpoint,
        "s3.region": access.region,
        "s3.access-key-id": given.get("access_key_id"),
        "s3.secret-access-key": given.get("secret_access_key"),
        "s3.session-token": given.get("token"),
        "s3.anonymous": None if given else "true",
    }
    return {name: value for name, value in properties.items() if value}


def variables_of(properties: Mapping[str, str]) -> dict[str, str]:
    """The environment variables by which any pyiceberg finds this catalogue under its name."""
    return {
        f"PYICEBERG_CATALOG__{NAME.upper()}__"
        + name.upper().replace("-", "_").replace(".", "__"): value
        for name, value in properties.items()
    }


def _load(properties: Mapping[str, Any]) -> "Catalog":
    """The catalogue of these properties and of no others, which `load_catalog` would add."""
    from pyiceberg.catalog import AVAILABLE_CATALOGS, CatalogType, infer_catalog_type

    from bourne_assets.iceberg.translation import database_errors

    try:
        stated = properties.get("type")
        kind = (
            CatalogType(str(stated).lower()) if stated else infer_catalog_type(NAME, {**properties})
        )
        for _ in range(_ATTEMPTS - 1):
            try:
                return AVAILABLE_CATALOGS[kind](NAME, {**properties})  # type: ignore[index]
            except database_errors():
                continue
        return AVAILABLE_CATALOGS[kind](NAME, {**properties})  # type: ignore[index]
    except (ValueError, KeyError, TypeError) as error:
        # The cause may quote the properties, which have secrets.
        raise CatalogueMisconfigured(
            gettext(
                "The Iceberg catalogue {name} cannot be opened with its configuration: {error}",
                name=NAME,
                error=error,
            )
        ) from None


def _sqlite(home: Path, warehouse: str) -> str:
    """A database for each warehouse: a catalogue of another bucket's tables finds none of them."""
    from sqlalchemy import URL

    name = f"{_DATABASE}-{hashlib.sha256(warehouse.encode()).hexdigest()[:8]}.db"
    path, query = str(home.absolute() / name), {"timeout": "60"}
    if "?" in path:  # SQLAlchemy reads what follows as options of the database
        raise CatalogueMisconfigured(
            gettext(
                "The Iceberg catalogue cannot be kept in {home}, because of the '?' in its path: "
                "set BOURNE_HOME to a folder without one.",
                home=home,
            )
        )
    return URL.create("sqlite", database=path, query=query).render_as_string()


def _quiet_pyiceberg() -> None:
    """Only errors: it warns of each commit that others were faster than, which is retried."""
    log = logging.getLogger("pyiceberg")
    if log.level == logging.NOTSET:
        log.setLevel(logging.ERROR)


def _bypass_proxy() -> None:
    """No proxy for the server of this machine: requests reads the environment alone."""
    before = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    hosts = [host for host in before.split(",") if host]
    os.environ["no_proxy"] = ",".join([*hosts, *(each for each in LOOPBACK if each not in hosts)])
