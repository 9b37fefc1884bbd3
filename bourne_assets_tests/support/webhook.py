"""A webhook on loopback that keeps what it is sent, for tests of alerts."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class Webhook:
    """Takes messages while the `with` block lasts.

    Attributes:
        url: Where it listens.
        texts: The texts that it was sent, in order.
        status: What it responds with.
        room: So many texts it takes, and refuses the rest; None: all.
    """

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.status = 200
        self.room: int | None = None
        webhook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                is_full = webhook.room is not None and len(webhook.texts) >= webhook.room
                status = 503 if is_full else webhook.status
                if status == 200:
                    webhook.texts.append(json.loads(body)["text"])
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/services/T0/B0/secret"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=[0.01], daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
