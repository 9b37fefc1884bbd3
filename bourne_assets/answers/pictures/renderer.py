"""The process that draws: `python -P renderer.py` answers calls on standard input until it ends.

vl-convert aborts its whole process on some inputs (a control character in an SVG: SIGABRT), which
no exception handler sees; here it takes nobody along. A call is a line of JSON, `[name, argument]`;
its reply is a line of JSON, `[whether it was drawn, bytes that follow]`, and those bytes.
Not here: imports of this package, which would slow the start. `render` is the other end.
"""

import json
import os
import struct
import sys
import zlib

import vl_convert

#: Pixels of a PNG for each of the drawing: sharp on a screen of high density, small in the log.
_PNG_SCALE = 1.5
#: Signature and header of a PNG.
_PNG_HEAD = 33
#: Of Vega alone, which draws compiled charts: a third less than with Vega-Lite and Vega-Embed. The
#: address names a module inside vl-convert: nothing is fetched.
_SNIPPET = (
    "import {{View, parse}} from 'https://cdn.jsdelivr.net/npm/vega@{version}/+esm';"
    "window.vega = {{View, parse}};"
)


def main() -> None:
    """Draw until standard input ends."""
    # What a library prints must not end up among the replies.
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    calls = {"svg": _svg, "png": _png, "vega": _vega, "javascript": _javascript}
    for line in sys.stdin.buffer:
        name, argument = json.loads(line)
        try:
            drawn, data = True, calls[name](argument)
        except (RuntimeError, ValueError) as error:
            drawn, data = False, str(error).encode()
        replies.write(json.dumps([drawn, len(data)]).encode() + b"\n" + data)
        replies.flush()


def _svg(specification: str) -> bytes:
    return str(vl_convert.vegalite_to_svg(specification)).encode()


def _vega(specification: str) -> bytes:
    return json.dumps(vl_convert.vegalite_to_vega(specification), separators=(",", ":")).encode()


def _javascript(_: str) -> bytes:
    snippet = _SNIPPET.format(version=vl_convert.get_vega_version())
    return str(vl_convert.javascript_bundle(snippet)).encode()


def _png(svg: str) -> bytes:
    return _compressed(bytes(vl_convert.svg_to_png(svg, scale=_PNG_SCALE)))


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


if __name__ == "__main__":
    main()
