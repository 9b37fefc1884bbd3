"""Charts as SVG, PNG and pages: Altair's specifications drawn by vl-convert, without a network.

Both are imported where they are used: most of what loads this package draws nothing. A chart is
evaluated once in a process, whatever it is wanted as. What must not be put here: what the
pictures show (`pictures`).
"""

import json
import struct
import zlib
from functools import lru_cache
from typing import Any

#: Pixels of a PNG for each of the drawing: sharp on a screen of high density, small in the log.
PNG_SCALE = 1.5
#: Pictures that are kept: those of one saga in two languages.
_KEPT = 32
#: Signature and header of a PNG.
_PNG_HEAD = 33
#: Of Vega alone, which draws compiled charts: a third less than with Vega-Lite and Vega-Embed. The
#: address names a module inside vl-convert: nothing is fetched.
_SNIPPET = (
    "import {{View, parse}} from 'https://cdn.jsdelivr.net/npm/vega@{version}/+esm';"
    "window.vega = {{View, parse}};"
)


def svg_of(specification: dict[str, Any]) -> str:
    """An SVG of a Vega-Lite specification."""
    return _svg(json.dumps(specification))


def png_of(specification: dict[str, Any]) -> bytes:
    """A PNG of a Vega-Lite specification."""
    return _png(svg_of(specification))


def vega_of(specification: dict[str, Any]) -> dict[str, Any]:
    """The compiled Vega specification, which a browser draws with `javascript`."""
    import vl_convert

    compiled: dict[str, Any] = vl_convert.vegalite_to_vega(specification)
    return compiled


@lru_cache(maxsize=1)
def javascript() -> str:
    """The code that draws compiled charts in a browser, as `window.vega`; under 600 KB."""
    import vl_convert

    snippet = _SNIPPET.format(version=vl_convert.get_vega_version())
    return str(vl_convert.javascript_bundle(snippet))


def warm_up() -> None:
    """Start the renderer and bundle its code, so that the first picture and report need not wait.

    Both take a second, outside Python's lock: call it in a thread while something else is loaded.
    """
    import vl_convert

    vl_convert.vegalite_to_svg({"data": {"values": []}, "mark": "bar"})
    javascript()


@lru_cache(maxsize=_KEPT)
def _svg(specification: str) -> str:
    import vl_convert

    return str(vl_convert.vegalite_to_svg(specification))


@lru_cache(maxsize=_KEPT)
def _png(svg: str) -> bytes:
    import vl_convert

    return _compressed(bytes(vl_convert.svg_to_png(svg, scale=PNG_SCALE)))


def _compressed(png: bytes) -> bytes:
    """The same picture in a third of the bytes: the renderer hardly compresses, the log is kept."""
    head, data, at = png[:_PNG_HEAD], b"", _PNG_HEAD
    while at < len(png):
        length, kind = struct.unpack_from(">I4s", png, at)
        data += png[at + 8 : at + 8 + length] if kind == b"IDAT" else b""
        at += length + 12
    return head + _chunk(b"IDAT", zlib.compress(zlib.decompress(data))) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    """A part of a PNG: length, kind, data, checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
