"""Fixtures of this folder's tests."""

import pytest

from bourne_assets.defs.lake.io_manager import LakeIOManager
from bourne_assets.defs.lake.resource import LakeResource
from bourne_assets_tests.defs.lake.assets import Run


@pytest.fixture
def run(lake_resource: LakeResource) -> Run:
    return Run(LakeIOManager(lake=lake_resource))
