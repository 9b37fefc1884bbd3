"""How answers look on the terminal. Not here: their words (`answers`), other lines (`console`)."""

from collections.abc import Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table

from bourne_assets.answers.comparison import AnswerChangeText
from bourne_assets.answers.questions import Answers, origin, remarks, to_text
from bourne_assets.answers.words.language import localizer
from bourne_assets.cli.console import line
from bourne_assets.tmdb import NOTICE
from bourne_assets.translations import Language

_INDENT = (0, 0, 0, 3)


def print_answers(console: Console, result: Answers, language: Language) -> None:
    """The six questions and their answers in words and numbers, each with its caveat."""
    console.print()
    notes = remarks(result, language)
    for remark in notes:
        console.print(line((_plain(remark), "yellow")))
    if notes:
        console.print()
    for number, text in enumerate(to_text(result, language), start=1):
        console.print(line((f"{number}. {text.question}", "bold")))
        for sentence in text.sentences:
            console.print(Padding(line(_plain(sentence)), _INDENT))
        console.print(Padding(line((_plain(text.caveat), "dim")), _INDENT))
    _print_origin(console, result, language)


def print_comparison(
    console: Console,
    former: Answers,
    latter: Answers,
    changes: Sequence[AnswerChangeText],
    language: Language,
) -> None:
    """How each answer changed between two days."""
    t = localizer(language)
    days = [t.short_day(result.day) for result in (former, latter)]
    width = max(map(len, days))
    console.print()
    for number, change in enumerate(changes, start=1):
        style = "bold yellow" if change.outcome == "reversed" else "dim"
        console.print(line((f"{number}. {change.question}", "bold")))
        console.print(Padding(line((change.verdict, style)), _INDENT))
        table = Table.grid(padding=(0, 2))
        for day, sentence in zip(days, (change.former, change.latter), strict=True):
            table.add_row(line((day.ljust(width), "dim")), line(_plain(sentence)))
        console.print(Padding(table, _INDENT))
    for result in (former, latter):
        _print_origin(console, result, language, notice=result is latter)
        for remark in remarks(result, language):
            console.print(line((_plain(remark), "yellow")))


def _print_origin(
    console: Console, result: Answers, language: Language, *, notice: bool = True
) -> None:
    console.print()
    console.print(line(_plain(origin(result, language))))
    if notice:
        console.print(line((NOTICE, "dim")))


def _plain(text: str) -> str:
    """What a terminal's user can search for: blanks that do not break are blanks there."""
    return text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")
