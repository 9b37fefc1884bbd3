"""How the bytes of a response are read."""

import gzip

from bourne_assets.tmdb.responses import decompressed


def test_a_body_of_countless_gzip_members_is_not_unpacked() -> None:
    """Each member costs a copy of the rest: a body of many would hold a thread for minutes."""
    body = gzip.compress(b"", mtime=0) * 100_000
    assert decompressed(body, 1_000_000) == body, "kept as it came"
    parts = gzip.compress(b"{", mtime=0) + gzip.compress(b"}", mtime=0)
    assert decompressed(parts, 1_000_000) == b"{}"
