"""Other clients of the lake, and servers that misbehave."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import pytest
from botocore.config import Config

from bourne_assets.lake.embedded import EmbeddedLake
from bourne_assets_tests.lake.operations import FixedResponse


@pytest.fixture
def boto(s3_server: EmbeddedLake) -> Any:
    """Another S3 client on the same server: what it sees is what is really stored."""
    return boto3.client(
        "s3",
        endpoint_url=s3_server.endpoint,
        region_name=s3_server.region,
        aws_access_key_id=s3_server.credentials.access_key,
        aws_secret_access_key=s3_server.credentials.secret_key,
        config=Config(s3={"addressing_style": "path"}),
    )


@pytest.fixture
def faulty() -> Iterator[FixedResponse]:
    class Handler(BaseHTTPRequestHandler):
        def _respond(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            given.requests += 1
            self.send_response(given.status)
            for name, value in given.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(given.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(given.body[: given.body_sent])

        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _respond  # noqa: N815 - as http.server calls them

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http_server:
        given = FixedResponse(f"http://127.0.0.1:{http_server.server_port}")
        thread = threading.Thread(target=http_server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield given
        http_server.shutdown()
        thread.join()
