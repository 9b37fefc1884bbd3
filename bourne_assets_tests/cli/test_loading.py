"""What a command must not load: packages that take longer to load than it takes to work."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

_TRY = """
import atexit, sys
from bourne_assets.__main__ import main
names = lambda: print(*sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
atexit.register(names)
sys.argv = ["bourne", *sys.argv[1:]]
main()
"""
_DAGSTER = {"dagster", "dagster_aws"}
_TABLES = {"numpy", "pandas", "pandera", "pyarrow", "duckdb", "pyiceberg", "sqlalchemy"}
_PICTURES = {"altair", "scipy", "vl_convert"}


def _loaded_by(home: Path, *arguments: str) -> set[str]:
    """Packages that a command loaded."""
    ended = subprocess.run(
        [sys.executable, "-c", _TRY, *arguments],
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
        env={**os.environ, "BOURNE_HOME": str(home)},
    )
    return set(ended.stderr.splitlines()[-1].split())


@pytest.mark.parametrize(
    "arguments",
    [("--help",), ("run", "--help"), ("run", "--select", "bourne_sagatable"), ("answers",)],
)
def test_what_needs_no_data_loads_nothing_that_holds_data(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    loaded = _loaded_by(tmp_path, *arguments)

    assert "click" in loaded
    assert not loaded & (_DAGSTER | _TABLES | _PICTURES)


def test_printing_answers_loads_neither_dagster_nor_what_draws() -> None:
    code = (
        "import sys, bourne_assets.cli.stored, bourne_assets.cli.answer_printing\n"
        "print(*sys.modules)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=250, check=True
    )

    loaded = set(ended.stdout.split())
    assert "pandas" in loaded
    assert not loaded & (_DAGSTER | _PICTURES | {"duckdb", "pyiceberg"})


def test_what_starts_the_embedded_lake_loads_neither_settings_nor_tables() -> None:
    code = "import sys, bourne_assets.lake.embedded.supervisor\nprint(*sys.modules)"
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=250, check=True
    )

    assert not set(ended.stdout.split()) & (_DAGSTER | _TABLES | _PICTURES | {"pydantic", "boto3"})


def test_the_definitions_on_the_embedded_lake_load_no_client_of_aws() -> None:
    code = "import sys, bourne_assets.definitions as d\nd.defs()\nprint(*sys.modules)"
    ended = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=250,
        check=True,
        env={name: value for name, value in os.environ.items() if name != "BOURNE_S3_BUCKET"},
    )

    assert not set(ended.stdout.split()) & {"dagster_aws", "boto3"}
