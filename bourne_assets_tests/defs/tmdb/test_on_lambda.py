"""TMDB requested on AWS Lambda, as Dagster's side of it: the call, and what can be selected."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from bourne_assets.cli.runner import run_saga
from bourne_assets.cli.selection import SelectionError
from bourne_assets.defs.lake.resource import LakeResource
from bourne_assets.defs.tmdb.on_lambda import TmdbLambdaResource
from bourne_assets.settings import Settings
from bourne_assets_tests.conftest import BUCKET
from bourne_assets_tests.defs.definitions import BOURNE


class _Lambda(ThreadingHTTPServer):
    """An Invoke API that refuses, and notes for which region it was called."""

    def __init__(self) -> None:
        self.regions: list[str] = []
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: _Lambda

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        # Credential=<key>/<day>/<region>/lambda/aws4_request
        self.server.regions.append(self.headers["Authorization"].split("/")[2])
        self.send_response(403)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def aws_lambda(monkeypatch: pytest.MonkeyPatch) -> Iterator[_Lambda]:
    """Lambda as boto3 finds it."""
    with _Lambda() as server:
        threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
        endpoint = f"http://127.0.0.1:{server.server_address[1]}"
        monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", endpoint)
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
        yield server
        server.shutdown()


def test_the_function_is_called_in_the_region_of_aws_region(
    aws_lambda: _Lambda, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")

    @dg.asset
    def called(context: dg.AssetExecutionContext, tmdb_lambda: TmdbLambdaResource) -> None:
        tmdb_lambda.run(context, {})

    function = TmdbLambdaResource(lake=LakeResource(bucket=BUCKET), function="bourne-tmdb")
    dg.materialize([called], resources={"tmdb_lambda": function}, raise_on_error=False)
    assert aws_lambda.regions == ["eu-west-1"]


@pytest.mark.parametrize("select", ["tmdb_details", "tmdb_details+"])
def test_a_part_of_what_one_call_makes_cannot_be_selected(tmp_path: Path, select: str) -> None:
    settings = Settings(home=tmp_path, s3_bucket=BUCKET, tmdb_runs_on="lambda")
    with (
        dg.instance_for_test() as instance,
        pytest.raises(
            SelectionError, match="tmdb_details, tmdb_external_ids and tmdb_search, which one step"
        ),
    ):
        run_saga(settings, BOURNE, instance, select=select, on_event=print)
    assert not list(tmp_path.glob("lake"))
