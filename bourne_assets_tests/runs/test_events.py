"""What events of a run say to people."""

from bourne_assets.runs.events import _name


def test_a_rejected_line_that_is_cut_off_shows_that_it_is() -> None:
    row = {"file": "a.csv", "line": 3, "reason": "it has 1 of 2 fields", "text": "x" * 80}
    assert _name(row) == f"a.csv line 3: it has 1 of 2 fields: {'x' * 80}"
    assert _name({**row, "text": "x" * 81}).endswith(f" {'x' * 79}\N{HORIZONTAL ELLIPSIS}")
