"""What the tests of CSV files share."""

from pathlib import Path

import pytest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder for CSV files."""
    path = tmp_path / "batch"
    path.mkdir()
    return path
