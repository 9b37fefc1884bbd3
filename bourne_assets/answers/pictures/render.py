"""Charts as SVG and for pages: Vega-Lite drawn by vl-convert, without a network.

Drawn in a process of its own (`renderer`), as vl-convert can abort the one it runs in: a picture
may be missing, a run goes on. Not here: what the pictures show (`pictures`), and how what was drawn
is found again (`kept`).
"""

import atexit
import contextlib
import json
import os
import subprocess
import sys
import threading
from functools import lru_cache
from pathlib import Path
from typing import Any

from bourne_assets.answers.pictures.kept import kept_or_made
from bourne_assets.errors import BourneError
from bourne_assets.text import drawable
from bourne_assets.translations import gettext

#: Results of the renderer in memory: those of one saga in two languages.
_KEPT = 64
_RENDERER = Path(__file__).with_name("renderer.py")
#: Seconds for one picture, with a wide margin: a renderer that takes longer is stuck.
_DEADLINE = 60.0


class PictureNotDrawn(BourneError):
    """The renderer refused a picture, or died over it."""


def svg_of(specification: dict[str, Any], folder: Path | None = None) -> str:
    """An SVG of a Vega-Lite specification.

    Args:
        specification: The specification.
        folder: A private folder that keeps what was drawn; so in the other functions here.

    Raises:
        PictureNotDrawn: The renderer refused it or died; so do the other functions here.
    """
    return _made(folder, "draw", _compiled(specification, folder))


def vega_of(specification: dict[str, Any], folder: Path | None = None) -> dict[str, Any]:
    """The compiled Vega specification, which a browser draws with `javascript`."""
    return dict(json.loads(_compiled(specification, folder)))


def javascript(folder: Path | None = None) -> str:
    """The code that draws compiled charts in a browser, as `window.vega`; under 700 KB."""
    return _made(folder, "javascript", "")


def warm_up(folder: Path) -> None:
    """Start the renderer, so that the first picture need not wait half a second.

    It stays away where the folder keeps pictures: most are found there.
    Call it in a thread while something else is loaded.
    """
    svg_of({"data": {"values": []}, "mark": "bar"}, folder)


class RenderProcess:
    """A renderer that is started when first needed and again after it died; threads take turns."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0
        self._lock = threading.Lock()

    def call(self, name: str, argument: str) -> bytes:
        """What a function of `renderer` returns.

        Raises:
            PictureNotDrawn: It refused, died or took too long.
        """
        line = json.dumps([name, argument]).encode() + b"\n"
        with self._lock:
            process = self._running()
            watch = threading.Timer(_DEADLINE, process.kill)
            watch.start()
            try:
                drawn, data = _exchange(process, line)
            except (OSError, ValueError) as error:
                self._end()
                raise PictureNotDrawn(
                    gettext("A picture could not be drawn: the renderer died or took too long.")
                ) from error
            finally:
                watch.cancel()
        if not drawn:
            reason = drawable(data.decode(errors="replace"))[:200]
            raise PictureNotDrawn(gettext("A picture could not be drawn: {reason}.", reason=reason))
        return data

    def close(self) -> None:
        """End the process, where there is one; the next call starts another."""
        with self._lock:
            self._end()

    def _running(self) -> subprocess.Popen[bytes]:
        # A fork of this process has the pipes of its parent's renderer: they are not its own.
        if self._process is None or self._owner != os.getpid() or self._process.poll() is not None:
            self._end()
            self._owner = os.getpid()
            # In a session of its own: Ctrl-C is for the run, and the renderer ends with its input.
            self._process = subprocess.Popen(
                [sys.executable, "-P", str(_RENDERER)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None or self._owner != os.getpid():
            return
        process.kill()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):  # what could not be sent is not sent
                    pipe.close()
        process.wait()


def _exchange(process: subprocess.Popen[bytes], line: bytes) -> tuple[bool, bytes]:
    """One call and its reply; ValueError where the reply is incomplete."""
    if process.stdin is None or process.stdout is None:  # both were asked for
        raise AssertionError
    process.stdin.write(line)
    process.stdin.flush()
    drawn, length = json.loads(process.stdout.readline())
    data = process.stdout.read(length)
    if len(data) < length:
        raise ValueError(len(data))
    return drawn, data


_RENDERING = RenderProcess()
atexit.register(_RENDERING.close)


def _compiled(specification: dict[str, Any], folder: Path | None) -> str:
    return _made(folder, "compile", json.dumps(_drawable(specification)))


@lru_cache(maxsize=_KEPT)
def _made(folder: Path | None, name: str, argument: str) -> str:
    return kept_or_made(folder, name, argument, lambda: _RENDERING.call(name, argument).decode())


def _drawable(value: Any) -> Any:
    """A JSON-like value in which every text can be drawn."""
    if isinstance(value, str):
        return drawable(value)
    if isinstance(value, dict):
        return {name: _drawable(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_drawable(inner) for inner in value]
    return value
