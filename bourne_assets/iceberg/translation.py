"""pyiceberg's errors, and those of what it builds on, as errors of this package.

Not here: retries (`commits`).
"""

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import botocore.exceptions
import requests

from bourne_assets.iceberg.errors import (
    CatalogueDenied,
    CatalogueFailed,
    CatalogueMisconfigured,
    SchemaUnfit,
    TableMissing,
)
from bourne_assets.translations import gettext

#: What pyarrow, botocore and catalogues say where a right is lacking.
_DENIED = ("ACCESS_DENIED", "AccessDenied", "Forbidden", "403", "InvalidAccessKeyId")


def database_errors(name: str = "SQLAlchemyError") -> tuple[type[Exception], ...]:
    """The errors of this name that a SQL catalogue's database raises; none where there is none.

    SQLAlchemy takes a while to load, and other catalogues do not need it.
    """
    loaded = sys.modules.get("sqlalchemy.exc")
    found: type[Exception] | None = getattr(loaded, name, None)
    return (found,) if found else ()


@contextmanager
def translated(what: str, table: str = "") -> Iterator[None]:
    """Raise what fails in the block as an error that names `what`, or the table that it is.

    `from None` throughout: causes may quote whole requests, or a database's address.
    """
    from pyiceberg import exceptions as iceberg

    try:
        yield
    except iceberg.NoSuchTableError:
        raise TableMissing(table or what) from None
    except (iceberg.ValidationError, iceberg.ResolveError) as error:
        raise SchemaUnfit(table or what, [_first(error)]) from None
    except (iceberg.NoSuchPropertyException, iceberg.NotInstalledError) as error:
        raise CatalogueMisconfigured(
            gettext("{what} cannot be used: {first}", what=what, first=_first(error))
        ) from None
    except (
        iceberg.RESTError,
        iceberg.CommitFailedException,
        iceberg.ValidationException,
        iceberg.NoSuchNamespaceError,
        botocore.exceptions.BotoCoreError,
        botocore.exceptions.ClientError,
        requests.RequestException,
        OSError,
        *database_errors(),
    ) as error:
        raise _failure(what, error) from None


def _failure(what: str, error: Exception) -> CatalogueFailed:
    from pyiceberg import exceptions as iceberg

    if isinstance(error, iceberg.UnauthorizedError | iceberg.ForbiddenError | iceberg.OAuthError):
        return CatalogueDenied(what)
    if isinstance(error, database_errors()):  # its text may quote the database's address
        return CatalogueFailed(
            gettext(
                "The catalogue's database failed for {what} ({kind}): check that it runs and "
                "that its address is right.",
                what=what,
                kind=type(error).__name__,
            )
        )
    if isinstance(error, requests.ConnectionError):
        return CatalogueFailed(
            gettext(
                "The catalogue does not respond, so {what} cannot be reached: check its address "
                "and the network.",
                what=what,
            )
        )
    if any(sign in str(error) for sign in _DENIED):
        return CatalogueDenied(what)
    return CatalogueFailed(
        gettext("The work on {what} failed: {first}", what=what, first=_first(error))
    )


def _first(error: Exception) -> str:
    """The first line that an error says, bounded."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:300]


def translated_for_table(name: str) -> AbstractContextManager[None]:
    """`translated`, for what is done with a table."""
    return translated(gettext("the table {name}", name=name), name)
