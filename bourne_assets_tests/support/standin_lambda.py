"""A stand-in of AWS Lambda: the Invoke API for boto3, the Runtime API for the function's process.

The function runs as on Lambda, with AWS's own runtime client, in a process that has only the zip on
its path and Lambda's limits of memory and time. Not here: the function's lake.
"""

import base64
import hashlib
import json
import os
import queue
import shutil
import subprocess
import sys
import sysconfig
import threading
import time
import uuid
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

from scripts import lambda_zip

_MEMORY_BYTES = 1024**3
_HANDLER = "bourne_assets.aws_lambda.handler"
_RUNTIME = ("awslambdaric", "simplejson", "snapshot_restore_py.py", "runtime_client*.so")
#: Only the standard library, the runtime client and the zip; as little memory as the function has.
_BOOTSTRAP = """
import resource, runpy, sys
limit, task, runtime, handler = int(sys.argv[1]), *sys.argv[2:]
sys.path[:] = [path for path in sys.path if "site-packages" not in path] + [task, runtime]
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
sys.argv = ["awslambdaric", handler]
runpy.run_module("awslambdaric", run_name="__main__")
"""


_PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"
_MACHINE = sysconfig.get_platform().rpartition("-")[2]


@dataclass
class Call:
    """One event on its way through the function."""

    event: bytes
    name: str = field(default_factory=lambda: uuid.uuid4().hex)
    done: threading.Event = field(default_factory=threading.Event)
    response: bytes = b""
    error: str | None = None


class LambdaStandIn:
    """AWS Lambda with one function, while the `with` block lasts.

    Attributes:
        endpoint: What AWS_ENDPOINT_URL_LAMBDA has to be.
        events: Every event so far.
        timeout: The function's time-out in seconds.
        patience: It is killed so many seconds after that.
        starts: How often a process was started: cold starts.
        environment: The function's own, for the next process.
    """

    def __init__(
        self, task: Path, folder: Path, environment: Mapping[str, str], *, timeout: float = 60.0
    ) -> None:
        self.events: list[dict[str, Any]] = []
        self.timeout = timeout
        self.patience = 0.0
        self.starts = 0
        self._task = task
        self._runtime = _runtime(folder)
        self._log = folder / "function.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._waiting: queue.Queue[Call] = queue.Queue()
        self._calls: dict[str, Call] = {}
        self._under_way: Call | None = None
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.standin = self  # type: ignore[attr-defined]
        self._server.daemon_threads = True
        address = f"127.0.0.1:{self._server.server_address[1]}"
        self.endpoint = f"http://{address}"
        self.environment = {
            **environment,
            "AWS_LAMBDA_RUNTIME_API": address,
            "AWS_LAMBDA_FUNCTION_NAME": "bourne-tmdb",
            "AWS_EXECUTION_ENV": "AWS_Lambda_python",
            "LAMBDA_TASK_ROOT": str(task),
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
        }

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=[0.02], daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._kill()
        self._server.shutdown()
        self._server.server_close()

    @property
    def log(self) -> str:
        """What the function's processes printed."""
        return self._log.read_text(encoding="utf-8") if self._log.exists() else ""

    def invoke(self, event: bytes) -> Call:
        """Give an event to the function and wait, at most as long as its time-out."""
        with self._lock:
            self.events.append(json.loads(event))
            call = Call(event)
            self._calls[call.name] = call
            if self._process is None or self._process.poll() is not None:
                self._start()
            self._waiting.put(call)
            # The time of a cold start is not the function's own, on Lambda neither.
            if not call.done.wait(self.timeout + self.patience + 120):
                self._kill()
                call.error = "Unhandled"
                call.response = json.dumps({"errorMessage": "Task timed out"}).encode()
            return call

    def run_out_of_time(self) -> None:
        """Let the time of the call that is under way be over."""
        assert self._under_way is not None
        self._time_out(self._under_way, self._process)

    def next_call(self) -> Call:
        """For the function's process: the next event, with its time counted from now."""
        call = self._under_way = self._waiting.get()
        process = self._process
        seconds = self.timeout + self.patience
        timer = threading.Timer(seconds, lambda: self._time_out(call, process))
        timer.daemon = True
        timer.start()
        return call

    def finish(self, name: str, response: bytes, error: str | None) -> None:
        """From the function's process: the outcome of a call."""
        call = self._calls[name]
        call.response, call.error = response, error
        call.done.set()

    def _time_out(self, call: Call, process: subprocess.Popen[bytes] | None) -> None:
        """As Lambda does: the process is gone, with all that it had in memory."""
        if not call.done.is_set() and process is not None:
            process.kill()
            process.wait()
            message = f"Task timed out after {self.timeout:.2f} seconds"
            self.finish(call.name, json.dumps({"errorMessage": message}).encode(), "Unhandled")

    def _start(self) -> None:
        self.starts += 1
        # Compiled once for all starts: a test waits for the function, not for the compiler.
        bytecode = f"pycache_prefix={self._task.parent / 'bytecode'}"
        arguments = [str(_MEMORY_BYTES), str(self._task), str(self._runtime), _HANDLER]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-X", bytecode, "-c", _BOOTSTRAP, *arguments],
                cwd=self._task,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def _kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def build_zip(target: Path) -> None:
    """The function's zip for this Python and machine, as `make lambda-zip` builds it."""
    subprocess.run(
        [
            *(sys.executable, lambda_zip.__file__, "--python", _PYTHON),
            *("--architecture", _MACHINE, "--output", target),
        ],
        check=True,
        capture_output=True,
    )


def build(folder: Path, cache: Path) -> Path:
    """The function's folder, unzipped from its zip.

    Args:
        folder: Where it is built.
        cache: Keeps the wheels of the lock for the next time.
    """
    key = hashlib.sha256(lambda_zip.LOCK.read_bytes() + f"{_PYTHON} {_MACHINE}".encode())
    wheels = cache / key.hexdigest()[:16]
    if not wheels.exists():
        shutil.rmtree(cache, ignore_errors=True)  # those of other locks
        fresh = cache / f"{os.getpid()}"
        fresh.mkdir(parents=True)
        lambda_zip.install(fresh, _PYTHON, _MACHINE)
        fresh.rename(wheels)
    target = folder / "function.zip"
    lambda_zip.pack(wheels, target)
    task = folder / "task"
    with zipfile.ZipFile(target) as archive:
        archive.extractall(task)
    return task


def _runtime(folder: Path) -> Path:
    """AWS's runtime client alone, which Lambda has beside the function."""
    import awslambdaric  # which there is for Linux alone

    installed = Path(awslambdaric.__file__).parents[1]
    target = folder / "runtime"
    target.mkdir()
    for pattern in _RUNTIME:
        for path in installed.glob(pattern):
            copy = shutil.copytree if path.is_dir() else shutil.copy
            copy(path, target / path.name)
    return target


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        standin: LambdaStandIn = self.server.standin  # type: ignore[attr-defined]
        call = standin.next_call()
        self._send(
            200,
            call.event,
            {
                "Lambda-Runtime-Aws-Request-Id": call.name,
                "Lambda-Runtime-Deadline-Ms": str(int((time.time() + standin.timeout) * 1000)),
                "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:::function:bourne-tmdb",
                "Lambda-Runtime-Trace-Id": "Root=1-0-0",
            },
        )

    def do_POST(self) -> None:
        standin: LambdaStandIn = self.server.standin  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = self.path.split("?")[0].strip("/").split("/")
        if parts[-1] == "invocations":
            call = standin.invoke(body)
            headers = {"X-Amz-Function-Error": call.error} if call.error else {}
            tail = base64.b64encode(standin.log.encode()[-4096:]).decode()
            self._send(200, call.response, {**headers, "X-Amz-Log-Result": tail})
        elif parts[-1] in {"response", "error"} and parts[-2] != "init":
            standin.finish(parts[-2], body, "Unhandled" if parts[-1] == "error" else None)
            self._send(202, b"{}", {})
        else:
            self._send(202, b"{}", {})

    def log_message(self, *_: Any) -> None:
        pass  # a test's output is the test's

    def _send(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
