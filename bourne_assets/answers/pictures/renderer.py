"""The process that draws: `python -P renderer.py` answers calls on standard input until it ends.

vl-convert aborts its whole process on some inputs (a control character in an SVG: SIGABRT), which
no exception handler sees; here it takes nobody along. A call is a line of JSON, `[name, argument]`;
its reply is a line of JSON, `[whether it was drawn, bytes that follow]`, and those bytes.
Not here: imports of this package, which would slow the start. `render` is the other end.
"""

import json
import os
import sys

import vl_convert

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
    calls = {"compile": _compile, "draw": _draw, "javascript": _javascript}
    for line in sys.stdin.buffer:
        name, argument = json.loads(line)
        try:
            drawn, data = True, calls[name](argument)
        except (RuntimeError, ValueError) as error:
            drawn, data = False, str(error).encode()
        replies.write(json.dumps([drawn, len(data)]).encode() + b"\n" + data)
        replies.flush()


def _compile(specification: str) -> bytes:
    """Vega of Vega-Lite."""
    vega = vl_convert.vegalite_to_vega(specification)
    return json.dumps(vega, separators=(",", ":")).encode()


def _draw(compiled: str) -> bytes:
    """SVG of Vega."""
    return str(vl_convert.vega_to_svg(compiled)).encode()


def _javascript(_: str) -> bytes:
    snippet = _SNIPPET.format(version=vl_convert.get_vega_version())
    return str(vl_convert.javascript_bundle(snippet)).encode()


if __name__ == "__main__":
    main()
