"""What the `bourne` command prints. What must not be put here: work, and arguments (`cli`)."""

import contextlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.columns import Columns
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bourne_assets.answers.comparison import AnswerChangeText
from bourne_assets.answers.questions import Answers, origin, to_text
from bourne_assets.answers.words.language import Language, localizer
from bourne_assets.lake.store import Lake
from bourne_assets.reports import Checked, Diagnosis, RunReport, Said, StepFailed, Stored, Told
from bourne_assets.tmdb import NOTICE

#: So many offending rows are named in one line.
_NAMED = 5
PASSED, WARNED, FAILED = "[green]✓[/]", "[yellow]![/]", "[red]✗[/]"


def output() -> Console:
    """A console on what standard output is now: Dagster captures the stream while steps run."""
    try:
        file = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    except OSError:  # a stream without a descriptor, such as a notebook's
        return Console(highlight=False)
    return Console(file=file, highlight=False)


def error_output() -> Console:
    """A console on standard error."""
    return Console(stderr=True, soft_wrap=True, highlight=False)


def print_heading(console: Console, title: str, lake: Lake, *, has_credential: bool) -> None:
    """What is about to run, and on what."""
    source = "live TMDB" if has_credential else "the bundled TMDB snapshot (no credential is set)"
    line = f"[bold]{escape(title)}[/] from {source}, into {escape(lake.uri(''))}"
    console.print(line, soft_wrap=True)


def print_diagnosis(console: Console, diagnosis: Diagnosis) -> None:
    """One line of `bourne doctor`."""
    mark = PASSED if diagnosis.healthy else FAILED
    console.print(f"{mark} [bold]{escape(diagnosis.name)}[/]: {escape(diagnosis.detail)}")


def print_progress(console: Console, told: Told) -> None:
    """One line for what just happened; checks that pass are counted at the end instead."""
    with contextlib.suppress(BrokenPipeError):  # a closed terminal must not end a run
        _print_told(console, told)


def _print_told(console: Console, told: Told) -> None:
    match told:
        case Stored():
            line = f"  {PASSED} {escape(told.asset):<18} [dim]{escape(told.uri)}[/]"
            console.print(line, soft_wrap=True)
        case StepFailed():
            console.print(f"  {FAILED} [bold]{escape(told.step)}[/]: {escape(told.message)}")
        case Checked() if not told.passed:
            console.print(f"  {_mark(told)} {escape(_check_line(told))}")
        case Said():
            console.print(f"  [dim]{escape(told.text)}[/]", soft_wrap=True)
        case Checked():
            pass


def print_manifest(console: Console, files: list[dict[str, Any]]) -> None:
    """What became of each file of a batch, and of all of them."""
    console.print()
    for file in files:
        console.print(_file_line(file), soft_wrap=True)
    counts = {
        status: sum(file["status"] == status for file in files)
        for status in ("landed", "unchanged", "rejected")
    }
    lines = sum(file["rejected_rows"] or 0 for file in files)
    console.print(
        "  "
        + ", ".join(f"{number} {status}" for status, number in counts.items())
        + f"; {lines:,} lines rejected"
    )


def _file_line(file: dict[str, Any]) -> str:
    name = escape(str(file["file"]))
    if file["status"] == "rejected":
        return f"  {FAILED} [bold]{name}[/]  rejected: {escape(str(file['reason']))}"
    counted = f"{file['rows']:,} rows"
    if file["rejected_rows"]:
        counted += f", {file['rejected_rows']:,} lines rejected: see {escape(file['rejects_uri'])}"
    mark = WARNED if file["rejected_rows"] else PASSED
    return f"  {mark} [bold]{name}[/]  {file['status']}, {counted}  [dim]{escape(file['uri'])}[/]"


def print_report(console: Console, report: RunReport) -> None:
    """Checks with a mark each, by asset, and what was not reached."""
    console.print("\n[bold]Checks[/]")
    by_asset: dict[str, list[Checked]] = {}
    for checked in report.checked:
        by_asset.setdefault(checked.asset, []).append(checked)
    table = Table.grid(padding=(0, 2))
    for asset, checks in by_asset.items():
        marks = [Text.from_markup(f"{_mark(checked)} {checked.check}") for checked in checks]
        table.add_row(escape(asset), Columns(marks, padding=(0, 2)))
    console.print(Padding(table, (0, 2)))
    failed = sum(not checked.passed for checked in report.checked)
    console.print(f"  {len(report.checked) - failed} passed, {failed} did not")
    if report.skipped:
        console.print(f"\nNot reached: {escape(', '.join(report.skipped))}")


def print_answers(console: Console, result: Answers, language: Language) -> None:
    """The six questions and their answers in words and numbers, each with its caveat."""
    console.print()
    for number, text in enumerate(to_text(result, language), start=1):
        console.print(f"[bold]{number}. {escape(text.question)}[/]")
        for sentence in text.sentences:
            console.print(Padding(Text(_plain(sentence)), (0, 0, 0, 3)))
        console.print(Padding(Text(_plain(text.caveat), style="dim"), (0, 0, 0, 3)))
    _print_origin(console, result, language)


def print_comparison(
    console: Console,
    former: Answers,
    latter: Answers,
    changes: Sequence[AnswerChangeText],
    language: Language,
) -> None:
    """What became of each answer between two days."""
    t = localizer(language)
    days = [t.short_day(result.day) for result in (former, latter)]
    width = max(map(len, days))
    console.print()
    for number, change in enumerate(changes, start=1):
        style = "bold yellow" if change.outcome == "reversed" else "dim"
        console.print(f"[bold]{number}. {escape(change.question)}[/]")
        console.print(Padding(Text(change.verdict, style=style), (0, 0, 0, 3)))
        table = Table.grid(padding=(0, 2))
        for day, sentence in zip(days, (change.former, change.latter), strict=True):
            table.add_row(Text(day.ljust(width), style="dim"), Text(_plain(sentence)))
        console.print(Padding(table, (0, 0, 0, 3)))
    for result in (former, latter):
        _print_origin(console, result, language, notice=result is latter)


def _print_origin(
    console: Console, result: Answers, language: Language, *, notice: bool = True
) -> None:
    console.print()
    console.print(Text(_plain(origin(result, language))))
    if notice:
        console.print(f"[dim]{NOTICE}[/]")


def _plain(text: str) -> str:
    """What a terminal's user can search for: blanks that do not break are blanks there."""
    return text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")


def print_places(console: Console, report: RunReport, home: Path | None) -> None:
    """Where the objects of a run lie, and how to look at them and at the run."""
    console.print()
    if home is not None:
        console.print(
            f"The objects lie in the embedded lake in {escape(str(home / 'lake'))}; after `bourne "
            "lake start`, `bourne lake env` shows other S3 clients the way."
        )
    if any(item.asset.endswith("saga_report") for item in report.stored):
        console.print("The report with pictures: `bourne answers --open`.")
    console.print(f"Recorded as run {report.run_id}; `make dev` shows it in Dagster's UI.")


def print_error(console: Console, message: str) -> None:
    """One sentence of what went wrong."""
    console.print(f"[bold red]Error:[/] {escape(message)}")


def _mark(checked: Checked) -> str:
    if checked.passed:
        return PASSED
    return FAILED if checked.is_error else WARNED


def _check_line(checked: Checked) -> str:
    names = ", ".join(checked.offending[:_NAMED])
    rest = checked.count - _NAMED
    more = f" and {rest} more" if rest > 0 else ""
    return f"{checked.asset}: {checked.check} does not hold" + (
        f" ({names}{more})" if names else ""
    )
