"""Fixtures of this folder's tests."""

import socket
from collections.abc import Iterator

import pytest

from bourne_assets.defs.lake.io_manager import LakeIOManager
from bourne_assets.defs.lake.resource import LakeResource
from bourne_assets_tests.defs.lake.assets import Run


@pytest.fixture
def run(lake_resource: LakeResource) -> Run:
    return Run(LakeIOManager(lake=lake_resource))


@pytest.fixture
def free_port() -> Iterator[int]:
    """A port where nobody listens, and nobody can while the test runs."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]
