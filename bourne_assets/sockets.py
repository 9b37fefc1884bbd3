"""Whose sockets there are at an address of this machine, as Linux reports it.

Ports of the loopback interface are open to every user of a machine, and the kernel lists who owns
each end of a connection, and who listens (`/proc/net/tcp`, see proc_net_tcp in the kernel's
documentation). What belongs to root counts as one's own, as root can do anything anyway.
Not here: who is let in (`webserver.guard`), and which server is trusted (`lake.embedded`).
"""

import ipaddress
import os
import sys
from collections.abc import Iterator
from pathlib import Path

_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_LISTENING = "0A"
_ROOT = 0
_WORD = 4

Address = tuple[str, int]


def is_own_client(client: Address, server: Address) -> bool:
    """Whether a connection is from a process of this process's user or of root.

    A client of another machine counts as one's own, as no table says whose it is; so does every
    client where there are no such tables, as on macOS. An end that has been closed is nobody's.

    Args:
        client: Address and port of the other end.
        server: Address and port of this end.
    """
    if not _TABLES[0].exists():
        return True
    for table in _TABLES:  # one of them has the connection, and each takes milliseconds
        if table.exists() and (rows := list(_rows(table, client, server))):
            return all(inode and user in {os.geteuid(), _ROOT} for user, inode in rows)
    return not ipaddress.ip_address(client[0]).is_loopback


def is_own_server(server: Address, owner: int | None = None) -> bool:
    """Whether it is a process of this process's user or of root that listens at an IPv4 address.

    Where there are no such tables, as on macOS, the answer is always yes. A socket that listens on
    all addresses of the machine does not count.

    Args:
        server: Where it listens.
        owner: Another user who may.
    """
    if not _TABLES[0].exists():
        return True
    spelled = _spelled(server)
    with _TABLES[0].open(encoding="ascii") as lines:
        for line in lines:  # who listens comes before the connections, of which there may be many
            _, address, _, state, _, _, _, user, *_ = line.split()
            if state == _LISTENING and address in spelled:
                return int(user) in {os.geteuid(), _ROOT, owner}
    return False


def _rows(table: Path, client: Address, server: Address) -> Iterator[tuple[int, int]]:
    """User and inode of the client's end of a connection."""
    ends = {(one, other) for one in _spelled(client) for other in _spelled(server)}
    port = f":{client[1]:04X} "
    for line in table.read_text("ascii").splitlines()[1:]:
        if port not in line:  # there may be thousands of others
            continue
        fields = line.split()
        if (fields[1], fields[2]) in ends:
            yield int(fields[7]), int(fields[9])


def _spelled(address: Address) -> set[str]:
    """An address and port as the tables write them: words in the order of the machine's bytes."""
    host = ipaddress.ip_address(address[0])
    known = {host.packed}
    if isinstance(host, ipaddress.IPv4Address):
        known.add(bytes(10) + b"\xff\xff" + host.packed)
    elif host.ipv4_mapped:
        known.add(host.ipv4_mapped.packed)
    return {f"{_words(each)}:{address[1]:04X}" for each in known}


def _words(packed: bytes) -> str:
    words = (packed[first : first + _WORD] for first in range(0, len(packed), _WORD))
    return "".join(f"{int.from_bytes(word, sys.byteorder):08X}" for word in words)
