"""Where `bourne dev` serves the UI: the port that is free, and one line when it responds.

Not here: where people reach a UI that others serve (`settings.ui_url`).
"""

import argparse
import errno
import http.client
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass

from bourne_assets.errors import ConfigurationError
from bourne_assets.translations import gettext, system_words

FIRST_PORT, _PORTS = 3000, 100
_LAST_PORT = 65_535
_POLL_SECONDS, _GIVEN_UP_SECONDS = 0.5, 600.0
_EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared with, never bound

_PARSER = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
_PARSER.add_argument("-h", "--host", default="127.0.0.1")
_PARSER.add_argument("-p", "--port")


@dataclass(frozen=True)
class Address:
    """Host and port of the UI on this machine.

    Attributes:
        host: As the options name it.
        port: The port.
    """

    host: str
    port: int

    @classmethod
    def free(cls, options: Sequence[str]) -> "Address":
        """The address that options of `dagster dev` name, or the first free port where none is.

        Raises:
            ConfigurationError: What they name is taken, or is not an address.
        """
        named = cls.named(options)
        if _is_named(options):
            if _is_taken(named.host, named.port):
                raise ConfigurationError(
                    gettext(
                        "Port {port} is taken by another program: name another one, or leave "
                        "--port out, and `bourne dev` takes a free one.",
                        port=named.port,
                    )
                )
            return named
        for port in range(FIRST_PORT, FIRST_PORT + _PORTS):
            if not _is_taken(named.host, port):
                return cls(named.host, port)
        raise ConfigurationError(
            gettext(
                "The ports {first_port} to {last_port} are all taken: name another one with "
                "--port.",
                first_port=FIRST_PORT,
                last_port=FIRST_PORT + _PORTS - 1,
            )
        )

    @classmethod
    def named(cls, options: Sequence[str]) -> "Address":
        """The address that options of `dagster dev` name.

        Raises:
            ConfigurationError: It is not an address.
        """
        try:
            given, _ = _PARSER.parse_known_args(list(options))
        except argparse.ArgumentError as error:
            raise ConfigurationError(
                gettext("{option} needs a value.", option=error.argument_name)
            ) from error
        port = given.port or str(FIRST_PORT)
        if not (port.isascii() and port.isdecimal() and 0 < int(port) <= _LAST_PORT):
            raise ConfigurationError(
                gettext("{port!r} is not a port: write a number, such as 3001.", port=port)
            )
        return cls(given.host, int(port))

    @property
    def options(self) -> list[str]:
        """As options of `dagster dev`."""
        return ["--host", self.host, "--port", str(self.port)]

    @property
    def url(self) -> str:
        """Where a browser on this machine opens it."""
        host = _EVERY_ADDRESS.get(self.host, self.host)
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def line(self) -> str:
        """What is printed when it responds."""
        return gettext("Dagster's UI is at {url}; Ctrl-C ends it.", url=self.url)


def announce_when_ready(address: Address, announce: Callable[[str], None]) -> None:
    """Print the address once the UI responds; nothing where it never does."""
    end = time.monotonic() + _GIVEN_UP_SECONDS
    while time.monotonic() < end:
        if _answers(address):
            announce(address.line)
            return
        time.sleep(_POLL_SECONDS)


def _answers(address: Address) -> bool:
    authority = address.url.removeprefix("http://")
    with closing(http.client.HTTPConnection(authority, timeout=5)) as connection:
        try:
            connection.request("GET", "/server_info")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False


def _is_named(options: Sequence[str]) -> bool:
    return _PARSER.parse_known_args(list(options))[0].port is not None


def _is_taken(host: str, port: int) -> bool:
    """Whether another program listens on this address.

    Raises:
        ConfigurationError: The host is not one of this machine, or the port is not for this user.
    """
    try:
        family, kind, _, _, name = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError) as error:  # the latter where it is not a host name at all
        raise _not_here(host) from error
    with socket.socket(family, kind) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(name)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return True
            if error.errno == errno.EADDRNOTAVAIL:
                raise _not_here(host) from error
            raise ConfigurationError(
                gettext(
                    "Port {port} cannot be used ({strerror}): name another one with --port.",
                    port=port,
                    strerror=system_words(error),
                )
            ) from error
    return False


def _not_here(host: str) -> ConfigurationError:
    return ConfigurationError(
        gettext(
            "{host!r} is not an address of this machine: leave --host out for 127.0.0.1.",
            host=host,
        )
    )
