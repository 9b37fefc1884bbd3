"""Which embedded server runs for a home: the content of `state.json`."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from bourne_assets.lake.private_files import write_private
from bourne_assets.processes import ProcessIdentity
from bourne_assets.small_files import read_small_file

_MOST_BYTES = 64 * 1024


@dataclass(frozen=True)
class ServerState:
    """A server that was started.

    Attributes:
        endpoint: Address of its S3 port.
        base_port: The first of its ports.
        catalogue: Address of its Iceberg catalogue; a server that has none is of an older version.
        access_key: The key that it accepts; it was started with these credentials.
        server: Its process.
        supervisor: The process that watches it.
    """

    endpoint: str
    base_port: int
    catalogue: str
    access_key: str
    server: ProcessIdentity
    supervisor: ProcessIdentity

    def to_json(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, known: Any) -> Self:
        """The state that `to_json` wrote, parsed.

        Raises:
            LookupError, TypeError, ValueError, OverflowError: It is something else.
        """
        return cls(
            endpoint=str(known["endpoint"]),
            base_port=int(known["base_port"]),
            catalogue=str(known["catalogue"]),
            access_key=str(known["access_key"]),
            server=_process(known["server"]),
            supervisor=_process(known["supervisor"]),
        )

    def write(self, path: Path) -> None:
        """Write the state file, whole or not at all."""
        write_private(path, self.to_json())


def read_state(path: Path) -> ServerState | None:
    """What a state file says; None where there is none, or none that can be understood."""
    try:
        return ServerState.from_json(json.loads(read_small_file(path, _MOST_BYTES)))
    except (OSError, ValueError, LookupError, TypeError, OverflowError, RecursionError):
        return None


def _process(known: Any) -> ProcessIdentity:
    return ProcessIdentity(int(known["pid"]), int(known["started"]), str(known["boot"]))
