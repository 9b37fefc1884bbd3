"""The guarded webserver on its own: what keeps it from starting."""

import os
import subprocess
import sys

import pytest

from bourne_assets_tests.support.tiers import in_every_run


@pytest.mark.parametrize(
    ("language", "begins"), in_every_run([("en", "Error: "), ("pt", "Erro: ")])
)
def test_a_bad_setting_ends_it_as_it_ends_every_command(language: str, begins: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bourne_assets.webserver", "--port", "0"],
        env={**os.environ, "BOURNE_LANG": language, "BOURNE_DAILY_AT": "25:00"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith(begins)
    assert "BOURNE_DAILY_AT" in done.stderr
    assert "Traceback" not in done.stderr
