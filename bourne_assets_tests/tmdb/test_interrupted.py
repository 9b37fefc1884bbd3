"""Ctrl-C ends `bourne run` at once, whatever TMDB's server does at that moment."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bourne_assets_tests.standin import Reply, TmdbStandIn

_BOURNE = str(Path(sys.executable).with_name("bourne"))
_WITHOUT_CSV = "key:tmdb_search or key:tmdb_details or key:tmdb_external_ids"
_DRIP = Reply(raw=b"HTTP/1.1 200 OK\r\nX-Padding: " + b"x" * 10_000, drip=0.05)
_CONTINUE = Reply(raw=b"HTTP/1.1 100 Continue\r\n\r\n" * 1_000, drip=0.05)


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("paths", "reply"),
    [
        (["/search/movie"], _DRIP),
        (["/movie/2501", "/movie/2502", "/movie/2503", "/movie/40001"], _CONTINUE),
    ],
    ids=["search", "details"],
)
def test_one_interrupt_ends_a_run_whose_server_does_not_end_its_response(
    tmdb_server: TmdbStandIn, tmp_path: Path, paths: list[str], reply: Reply
) -> None:
    for path in paths:
        tmdb_server.override(path, reply)
    live = {"TMDB_BASE_URL": tmdb_server.base_url, "TMDB_READ_ACCESS_TOKEN": tmdb_server.token}
    with subprocess.Popen(
        [_BOURNE, "run", "--select", _WITHOUT_CSV],
        env={**os.environ, **live, "BOURNE_HOME": str(tmp_path / "home")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as run:
        while not set(paths) & set(tmdb_server.paths) and run.poll() is None:
            time.sleep(0.02)
        run.send_signal(signal.SIGINT)
        try:
            printed = run.communicate(timeout=120)[0]
        finally:
            run.kill()
    assert run.returncode == 130
    assert "Error: Interrupted." in printed
    assert "Traceback" not in printed
