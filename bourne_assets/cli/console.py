"""What the `bourne` command prints. Not here: work, and arguments (the commands).

Whatever is printed goes through `line` or `write`: text from outside is text, never markup, emoji
code or terminal escape sequence.
"""

import contextlib
import json
import os
import re
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TextIO

from rich._wrap import divide_line
from rich.columns import Columns
from rich.console import Console
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bourne_assets.asset_names import SAGA_REPORT
from bourne_assets.cli.common import naming
from bourne_assets.cli.program import runnable
from bourne_assets.cli.streams import Output, OutputFailed
from bourne_assets.lake.store import Lake
from bourne_assets.runs.outcomes import (
    Checked,
    Diagnosis,
    ProgressLine,
    RunEvent,
    RunReport,
    StepFailed,
    Stored,
)
from bourne_assets.saga.definition import Saga
from bourne_assets.settings import Settings
from bourne_assets.text import printable
from bourne_assets.translations import gettext, grouped, ngettext, retold

if TYPE_CHECKING:  # loading pandas takes longer than all else here
    from bourne_assets.csvs.landing.manifest import ManifestRow

#: This many offending rows are named in one line.
_NAMED = 5
#: A part of a line: text, or text and its style.
Part = str | tuple[str, str]
_PASSED, _WARNED, _FAILED = ("✓", "green"), ("!", "yellow"), ("✗", "red")
_LEAST_COLUMNS, _USUAL_COLUMNS = 20, 80
#: No terminal has more; lines are filled up to their width, which takes memory and time.
_MOST_COLUMNS = 1_000
_WIDEST = 1_000_000
#: Marks that turn the direction of text: Unicode Standard Annex 9, section 2.
_DIRECTION_MARKS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
#: What JSON leaves as it is and a terminal may obey.
_UNSAFE_IN_JSON = re.compile(
    "[\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def output() -> Console:
    """A console on what standard output is now: Dagster captures the stream while steps run."""
    try:
        descriptor = os.dup(sys.stdout.fileno())
    except OSError:  # a stream without a descriptor, such as a notebook's
        return _console(sys.stdout)
    return _console(Output(os.fdopen(descriptor, "wb")))


def error_output() -> Console:
    """A console on standard error."""
    return _console(sys.stderr, soft_wrap=True)


class _Console(Console):
    """A console that leaves no blanks at the ends of lines where they are not for a terminal."""

    def print(self, *objects: Any, **options: Any) -> None:
        if self.is_terminal:
            super().print(*objects, **options)
            return
        with self.capture() as printed:
            super().print(*objects, **options)
        self.file.write("".join(f"{row.rstrip()}\n" for row in printed.get().split("\n")[:-1]))
        self.file.flush()


def _console(stream: TextIO, *, soft_wrap: bool = False) -> Console:
    console = _Console(file=stream, markup=False, emoji=False, highlight=False, soft_wrap=soft_wrap)
    if console.width < _LEAST_COLUMNS:  # COLUMNS=0 would print nothing at all
        console.width = _USUAL_COLUMNS
    elif console.width > _MOST_COLUMNS:
        console.width = _MOST_COLUMNS
    return console


def line(*parts: Part) -> Text:
    """One line of text; nothing in it can be markup, move the cursor or turn what follows."""
    text = Text()
    for part in parts:
        content, style = (part, "") if isinstance(part, str) else part
        text.append(_safe(content), style)
    return text


def _safe(text: str) -> str:
    return printable(_DIRECTION_MARKS.sub("\N{REPLACEMENT CHARACTER}", text))


def write(console: Console, text: str) -> None:
    """One line of plain text for people and other programs, never wrapped."""
    console.print(line(runnable(text)), soft_wrap=True)


def write_sentence(console: Console, *parts: Part) -> None:
    """Lines of whole words: one that is wider than the console, such as an address, is not cut."""
    text = line(*parts)
    for row in text.divide(divide_line(text.plain, console.width, fold=False)):
        row.rstrip()
        console.print(row, soft_wrap=True)


def print_table(console: Console, table: Table) -> None:
    """A table; into a pipe or a file, which have no width, without anything cut or padded."""
    if not console.is_terminal:
        widest = console.options.update(max_width=_WIDEST)
        console.width = Measurement.get(console, widest, table).maximum
    console.print(table)


def plain_table(
    texts: Sequence[str], numbers: Sequence[str] = (), notes: Sequence[str] = ()
) -> Table:
    """An empty table without lines, with these columns: numbers are aligned to the right."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in texts:
        table.add_column(name, no_wrap=True)
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    for name in notes:
        table.add_column(name, no_wrap=True)
    return table


def write_json(console: Console, value: Any, *, indent: int | None = 1) -> None:
    """A value as JSON and nothing else; what a terminal would obey is escaped."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    console.file.write(_UNSAFE_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n")
    console.file.flush()


def _suppressed() -> contextlib.AbstractContextManager[None]:
    """A terminal that is closed, or a log on a full disk, must not end a run."""
    return contextlib.suppress(BrokenPipeError, OutputFailed)


def print_heading(console: Console, title: str, lake: Lake, *, from_snapshot: bool) -> None:
    """What is about to run, and on what."""
    uri = lake.uri("")
    if from_snapshot:
        rest = gettext("from the bundled TMDB snapshot (no credential is set), into {uri}", uri=uri)
    else:
        rest = gettext("from live TMDB, into {uri}", uri=uri)
    with _suppressed():
        console.print(line((title, "bold"), f" {rest}"), soft_wrap=True)


def print_diagnosis(console: Console, diagnosis: Diagnosis) -> None:
    """One line of `bourne doctor`."""
    mark = _PASSED if diagnosis.healthy else _FAILED
    write_sentence(console, mark, " ", (diagnosis.name, "bold"), f": {runnable(diagnosis.detail)}")


def print_progress(console: Console, event: RunEvent) -> None:
    """One line for what just happened; checks that pass are counted at the end instead."""
    with _suppressed():
        _print_event(console, event)


def _print_event(console: Console, event: RunEvent) -> None:
    match event:
        case Stored():
            asset = line(event.asset).plain
            text = line("  ", _PASSED, f" {asset:<18} ", (event.uri, "dim"))
            console.print(text, soft_wrap=True)
        case StepFailed():
            name = (event.step, "bold")
            write_sentence(console, "  ", _FAILED, " ", name, f": {runnable(event.message)}")
        case Checked() if not event.passed:
            write_sentence(console, "  ", _mark(event), f" {_check_line(event)}")
        case ProgressLine():
            console.print(line("  ", (event.text, "dim")), soft_wrap=True)
        case Checked():
            pass


def print_manifest(console: Console, files: "Sequence[ManifestRow]") -> None:
    """What happened to each file of a batch, and the totals."""
    console.print()
    for file in files:
        console.print(_file_line(file), soft_wrap=True)
    kept = {file.dataset: file.table_error for file in files if file.table_error}
    for dataset, reason in sorted(kept.items()):
        console.print(
            line("  ", _FAILED, " ", (dataset, "bold"), f"  {retold(reason)}"), soft_wrap=True
        )
    landed = sum(file.is_landed for file in files)
    rejected = sum(file.is_rejected for file in files)
    counted = (
        ngettext("{n} landed", "{n} landed", landed),
        ngettext("{n} unchanged", "{n} unchanged", len(files) - landed - rejected),
        ngettext("{n} rejected", "{n} rejected", rejected),
    )
    lines = sum(file.rejected_rows or 0 for file in files)
    console.print(line(f"  {', '.join(counted)}; {_rejected_lines(lines)}"), soft_wrap=True)


def _rejected_lines(count: int) -> str:
    return ngettext("{n} line rejected", "{n} lines rejected", count)


def _file_line(file: "ManifestRow") -> Text:
    name = (file.file, "bold")
    if file.is_rejected:
        why = gettext("rejected: {reason}", reason=retold(str(file.reason)))
        return line("  ", _FAILED, " ", name, f"  {why}")
    status = gettext("landed") if file.is_landed else gettext("unchanged")
    rows = ngettext("{n} row", "{n} rows", file.rows or 0)
    counted = f"{status}, {rows}"
    if file.rejected_rows:
        lines, where = _rejected_lines(file.rejected_rows), file.rejects_uri
        counted += gettext(", {lines}: see {where}", lines=lines, where=where)
    mark = _WARNED if file.rejected_rows else _PASSED
    return line("  ", mark, " ", name, f"  {counted}  ", (str(file.uri), "dim"))


def print_report(console: Console, report: RunReport) -> None:
    """The result of each check, by asset, and what was not reached."""
    console.print()
    console.print(line((gettext("Checks"), "bold")))
    by_asset: dict[str, list[Checked]] = {}
    for checked in report.checked:
        by_asset.setdefault(checked.asset, []).append(checked)
    table = Table.grid(padding=(0, 2))
    for asset, checks in by_asset.items():
        marks = [line(_mark(checked), f" {checked.check}") for checked in checks]
        table.add_row(line(asset), Columns(marks, padding=(0, 2)))
    console.print(Padding(table, (0, 2)))
    failed = sum(not checked.passed for checked in report.checked)
    passed = len(report.checked) - failed
    counted = gettext(
        "{passed} passed, {failed} failed", passed=grouped(passed), failed=grouped(failed)
    )
    console.print(f"  {counted}")
    if report.not_reached:
        console.print()
        names = ", ".join(report.not_reached)
        console.print(line(gettext("Not reached: {assets}", assets=names)))


def print_places(
    console: Console, report: RunReport, saga: Saga | None, settings: Settings
) -> None:
    """Where the objects of a run or, without a saga, of a landing are, and how to look at them."""
    hints = []
    if settings.s3_bucket is None:
        hints.append(
            gettext(
                "The objects are in the embedded lake in {home}; after `bourne lake start`, "
                "`bourne lake env` prints the settings for other S3 clients.",
                home=settings.home / "lake",
            )
        )
    if saga is not None and any(item.name == SAGA_REPORT for item in report.stored):
        hints.append(
            gettext(
                "The report with pictures: `bourne answers{option} --open`.", option=naming(saga)
            )
        )
    hints.append(
        gettext(
            "Recorded as run {run_id}; `bourne dev` shows it in Dagster's UI.", run_id=report.run_id
        )
    )
    console.print()
    for hint in hints:
        write_sentence(console, runnable(hint))


def print_error(console: Console, message: str) -> None:
    """One sentence of what went wrong."""
    console.print(line((gettext("Error:"), "bold red"), f" {runnable(message)}"))


def print_note(console: Console, message: str) -> None:
    """One sentence of what the user may not expect."""
    console.print(line((gettext("Note:"), "bold yellow"), f" {runnable(message)}"))


def _mark(checked: Checked) -> tuple[str, str]:
    if checked.passed:
        return _PASSED
    return _FAILED if checked.is_error else _WARNED


def _check_line(checked: Checked) -> str:
    names = ", ".join(checked.offending[:_NAMED])
    rest = checked.count - _NAMED
    more = gettext(" and {rest} more", rest=grouped(rest)) if rest > 0 else ""
    failed = gettext("{check} failed", check=checked.check)
    return f"{checked.asset}: {failed}" + (f" ({names}{more})" if names else "")
