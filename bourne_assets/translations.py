"""The language of what users read: which one it is, and the sentences in it.

The sentences of the code are English, and written where they are used; `data/locale` holds their
translations. Help of commands, errors, progress, checks and alerts all come through `gettext` and
`ngettext` here, when they are used and not when their module is loaded. What programs read (JSON,
names of settings, assets and checks, and what is stored) stays as it is.
This module loads nothing heavy: the help of the commands needs it.
Not here: numbers, money and dates as the answers write them (`answers.words.language`).
"""

import os
import re
from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal, get_args

Language = Literal["en", "pt"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
#: The Portuguese is that of those who asked the six questions.
LOCALES: dict[Language, str] = {"en": "en_US", "pt": "pt_BR"}
VARIABLE = "BOURNE_LANG"
#: What the operating system says most often; `scripts.update_catalogue` reads it.
SYSTEM_WORDS = (
    "No such file or directory",
    "Permission denied",
    "No space left on device",
    "Not a directory",
    "Is a directory",
    "File exists",
    "Read-only file system",
    "Too many levels of symbolic links",
    "File name too long",
)
_LOCALE_DIR = Path(__file__).parent / "data" / "locale"
#: What POSIX reads for the language of messages, in this order: the first that is set decides.
_LOCALE_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")
_ENTRY = re.compile(r'(msgid_plural|msgid|msgstr(?:\[\d\])?) (".*")')
_ESCAPED = re.compile(r"\\(.)")
_PLACEHOLDER = re.compile(r"{(\w+)(?:![rsa])?(?::[^{}]*)?}")
_PORTUGUESE_MARKS = str.maketrans(",.", ".,")
_GROUPED = re.compile(r"\d{1,3}(,\d{3})+")
_THOUSAND = 1000
_UNITS = ("kB", "MB", "GB", "TB")
#: One of the next unit, as no thousand of one is shown.
_ROUNDED_UP = 999.95
#: From this many letters on, a stored text is a sentence and not a value.
_LEAST_LETTERS = 6


class Catalogue:
    """The translations of one language; what it lacks stays English.

    Attributes:
        language: `en` or `pt`.
    """

    def __init__(self, language: Language, messages: Mapping[str, tuple[str, ...]]) -> None:
        self.language = language
        self._messages = messages

    def gettext(self, message: str) -> str:
        """The translation of a message, with its placeholders."""
        return self._messages.get(message, (message,))[0]

    def ngettext(self, one: str, many: str, n: int) -> str:
        """The translation that goes with a number of things, with its placeholders."""
        forms = self._messages.get(one)
        if forms is None or len(forms) == 1:
            return one if n == 1 else many
        return forms[n > 1]  # none and one are singular in the Portuguese of Brazil

    def original(self, translation: str) -> str:
        """The message of a translation without placeholders."""
        found = (message for message, forms in self._messages.items() if translation == forms[0])
        return next(found, translation)

    def retell(self, sentence: str) -> str:
        """The translation of a sentence whose placeholders were filled in before it was stored."""
        if sentence in self._messages:
            return self.gettext(sentence)
        if _GROUPED.fullmatch(sentence):
            return sentence.replace(",", "." if self.language == "pt" else ",")
        for pattern, translation in self._patterns:
            if found := pattern.fullmatch(sentence):
                values = {name: self.retell(value) for name, value in found.groupdict().items()}
                translated = _PLACEHOLDER.sub(lambda name: values[name[1]], translation)  # noqa: B023 - called at once
                return translated.replace("{{", "{").replace("}}", "}")
        return sentence

    @cached_property
    def _patterns(self) -> list[tuple[re.Pattern[str], str]]:
        """What filled-in messages look like, the closest first, and their translations."""
        found = []
        for message, forms in self._messages.items():
            letters = len(_PLACEHOLDER.sub("", message))
            if letters >= _LEAST_LETTERS and _PLACEHOLDER.search(message):
                found.append((letters, _pattern_of(message), forms[0]))
        return [(pattern, form) for _, pattern, form in sorted(found, key=lambda each: -each[0])]


def current_language() -> Language:
    """The language of this process: `BOURNE_LANG`, else that of the locale, else English.

    A value that names none counts as English here; `read_settings` refuses it.
    """
    chosen = os.environ.get(VARIABLE, "").strip()
    if chosen:
        return next((known for known in LANGUAGES if known == chosen), "en")
    return language_of_locale(os.environ)


def language_of_locale(environment: Mapping[str, str]) -> Language:
    """The language of the locale; English where it is not a supported one."""
    name = next((value for each in _LOCALE_VARIABLES if (value := environment.get(each))), "")
    return next((known for known in LANGUAGES if re.match(rf"{known}\b|{known}_", name)), "en")


def gettext(message: str, /, **values: Any) -> str:
    """A sentence in the language of this process; the names in braces are filled in."""
    return catalogue(current_language()).gettext(message).format(**values)


def ngettext(one: str, many: str, n: int, /, **values: Any) -> str:
    """A sentence about a number of things, which fills in `{n}`."""
    found = catalogue(current_language()).ngettext(one, many, n)
    return found.format(n=grouped(n), **values)


def plain(message: str) -> str:
    """The translation of a text whose braces are not ours, such as the help of a command."""
    return catalogue(current_language()).gettext(message)


def system_words(error: OSError) -> str:
    """What the operating system says of an error, as far as it is known in this language."""
    return plain(error.strerror) if error.strerror else str(error)


def original(sentence: str) -> str:
    """The English of what `plain` returned; the report, which has both languages, needs it."""
    return catalogue(current_language()).original(sentence)


def grouped(number: float, digits: int = 0) -> str:
    """A number with the marks of the language of this process."""
    text = f"{number:,.{digits}f}"
    return text if current_language() == "en" else text.translate(_PORTUGUESE_MARKS)


def byte_size(size: float) -> str:
    """So many bytes, in the unit in which a person would give them."""
    if (whole := round(size)) < _THOUSAND:
        return ngettext("{n} byte", "{n} bytes", whole)
    *smaller, unit = _UNITS
    for name in smaller:
        size /= _THOUSAND
        if size < _ROUNDED_UP:
            return f"{grouped(size, 1)} {name}"
    return f"{grouped(size / _THOUSAND, 1)} {unit}"


def series(things: Sequence[str]) -> str:
    """A and B; A, B and C."""
    if len(things) < 2:  # noqa: PLR2004 - nothing to join
        return "".join(things)
    return gettext("{first} and {last}", first=", ".join(things[:-1]), last=things[-1])


def in_english(message: str, /, **values: Any) -> str:
    """A sentence that is stored: English for programs that read it, and translated by `retold`."""
    return message.format(**values)


def retold(sentence: str) -> str:
    """A stored English sentence in the language of this process, as far as it is known."""
    return catalogue(current_language()).retell(sentence)


@cache
def catalogue(language: Language) -> Catalogue:
    """The catalogue of a language; its file is read once."""
    return Catalogue(language, {} if language == "en" else _read(catalogue_file(language)))


def catalogue_file(language: Language) -> Path:
    """The translations of a language."""
    return _LOCALE_DIR / LOCALES[language] / "LC_MESSAGES" / "messages.po"


def placeholders(message: str) -> set[str]:
    """The names in braces of a message."""
    return set(_PLACEHOLDER.findall(message))


def _read(path: Path) -> dict[str, tuple[str, ...]]:
    """The messages of a catalogue with their translations, one for each grammatical number.

    Compiled files could fall behind their source; this takes milliseconds, and nothing of Babel.
    """
    messages: dict[str, tuple[str, ...]] = {}
    for entry in path.read_text(encoding="utf-8").split("\n\n"):
        texts: dict[str, str] = {}
        keyword = ""
        for line in entry.splitlines():
            if found := _ENTRY.fullmatch(line):
                keyword, texts[found[1]] = found[1], _unquoted(found[2])
            elif line.startswith('"'):
                texts[keyword] += _unquoted(line)
        forms = tuple(text for name, text in texts.items() if name.startswith("msgstr") and text)
        if forms:
            messages[texts["msgid"]] = forms
            if plural := texts.get("msgid_plural"):
                messages.setdefault(plural, forms[-1:])
    return messages


def _pattern_of(message: str) -> re.Pattern[str]:
    parts, end, seen = [], 0, set[str]()
    for found in _PLACEHOLDER.finditer(message):
        parts.append(_literal(message[end : found.start()]))
        parts.append(f"(?P={found[1]})" if found[1] in seen else f"(?P<{found[1]}>.+?)")
        seen.add(found[1])
        end = found.end()
    return re.compile("".join([*parts, _literal(message[end:])]), re.DOTALL)


def _literal(text: str) -> str:
    return re.escape(text.replace("{{", "{").replace("}}", "}"))


def _unquoted(text: str) -> str:
    return _ESCAPED.sub(lambda found: {"n": "\n", "t": "\t"}.get(found[1], found[1]), text[1:-1])
