"""Whose a socket is: what is read from the kernel's tables."""

import os
import socket
import sys
from pathlib import Path

import pytest

from bourne_assets import sockets

pytestmark = pytest.mark.skipif(
    sys.byteorder == "big", reason="the tables below are of a little-endian machine"
)

_COLUMNS = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid ...\n"


@pytest.mark.parametrize(
    ("user_and_inode", "client", "is_own"),
    [
        ("{own} 0 17", "127.0.0.1", True),
        ("0 0 17", "127.0.0.1", True),
        ("54321 0 17", "127.0.0.1", False),
        ("{own} 0 0", "127.0.0.1", False),  # closed: the number means nothing
        ("{own} 0 17", "127.0.0.2", False),  # in no table, and of this machine
        ("{own} 0 17", "192.0.2.1", True),  # of another machine
    ],
)
def test_the_caller_is_read_from_the_kernels_table(
    user_and_inode: str,
    client: str,
    *,
    is_own: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fields = user_and_inode.format(own=os.geteuid())
    row = (
        "   0: 0100007F:A0B0 0100007F:0BB8 01 00000000:00000000 00:00000000 00000000 "
        f"{fields} 1 0 20 4 30 10 -1\n"
    )
    table = tmp_path / "tcp"
    table.write_text(_COLUMNS + row, "ascii")
    monkeypatch.setattr(sockets, "_TABLES", (table, tmp_path / "tcp6"))
    assert sockets.is_own_client((client, 0xA0B0), ("127.0.0.1", 3000)) is is_own


def test_an_address_of_either_family_is_found_in_the_table_of_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = (
        "   0: 0000000000000000FFFF00000100007F:A0B0 0000000000000000FFFF00000100007F:0BB8 01 "
        "00000000:00000000 00:00000000 00000000 54321        0 17 1 0 20 4 30 10 -1\n"
    )
    tables = tmp_path / "tcp", tmp_path / "tcp6"
    for table, rows in zip(tables, ("", row), strict=True):
        table.write_text(_COLUMNS + rows, "ascii")
    monkeypatch.setattr(sockets, "_TABLES", tables)
    assert not sockets.is_own_client(("127.0.0.1", 0xA0B0), ("127.0.0.1", 3000))


def test_where_there_are_no_such_tables_nobody_is_kept_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "_TABLES", (tmp_path / "tcp", tmp_path / "tcp6"))
    assert sockets.is_own_client(("127.0.0.1", 1), ("127.0.0.1", 3000))
    assert sockets.is_own_server(("127.0.0.1", 1))


@pytest.mark.parametrize(
    ("address", "state", "user", "is_own"),
    [
        ("0100007F", "0A", "{own}", True),
        ("0100007F", "0A", "0", True),
        ("0100007F", "0A", "54321", False),
        ("0100007F", "01", "{own}", False),  # a connection
        ("00000000", "0A", "{own}", False),  # one that listens everywhere, and not at this address
    ],
)
def test_who_listens_is_read_from_the_kernels_table(
    address: str,
    state: str,
    user: str,
    *,
    is_own: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    queues = "00000000:00000000 00:00000000 00000000"
    rows = [
        f"   0: 0100007F:1F90 00000000:0000 0A {queues} 54321 0 16 1 0 100 0 0 10 0",
        f"   1: {address}:0BB8 00000000:0000 {state} {queues} {user.format(own=os.geteuid())} 0 17",
    ]
    table = tmp_path / "tcp"
    table.write_text(_COLUMNS + "\n".join(rows) + "\n", "ascii")
    monkeypatch.setattr(sockets, "_TABLES", (table, tmp_path / "tcp6"))
    assert sockets.is_own_server(("127.0.0.1", 3000)) is is_own
    assert sockets.is_own_server(("127.0.0.1", 8080), owner=54321), "whose lake it is"
    assert not sockets.is_own_server(("127.0.0.1", 8080))


def test_who_listens_in_fact_is_found() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()
        assert sockets.is_own_server(address)
    assert sys.platform != "linux" or not sockets.is_own_server(address)
