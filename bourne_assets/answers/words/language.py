"""Two languages from one catalogue: sentences by gettext, numbers, money and dates by Babel.

Not here: the sentences themselves, which are where they are used, and their translations
(`translations`).
"""

from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import Any, Literal

from babel import Locale
from babel.lists import format_list
from babel.numbers import format_currency, format_decimal, format_percent

from bourne_assets.answers.words.babel_dates import format_date, format_skeleton
from bourne_assets.translations import LOCALES, Catalogue, Language, catalogue

_MINUS = "\N{MINUS SIGN}"
_MILLION = 1_000_000


class Localizer:
    """Writes in one language. `localizer` gives the one of a language.

    Attributes:
        language: `en` or `pt`.
        tag: The language for browsers: `en-US` or `pt-BR`.
    """

    def __init__(self, language: Language) -> None:
        self.language = language
        self._locale = Locale.parse(LOCALES[language])
        self.tag = LOCALES[language].replace("_", "-")
        self._catalogue: Catalogue = catalogue(language)

    def gettext(self, message: str, **values: Any) -> str:
        """A sentence in this language; the names in braces are filled in."""
        return self._catalogue.gettext(message).format(**values)

    def ngettext(self, one: str, many: str, n: int, **values: Any) -> str:
        """A sentence about a number of things, which fills in `{n}`."""
        return self._catalogue.ngettext(one, many, n).format(n=self.number(n, 0), **values)

    def number(self, value: float | None, digits: int, *, signed: bool = False) -> str:
        """A number with this language's marks."""
        if value is None:
            return self.gettext("unknown")
        pattern = f"#,##0{'.' if digits else ''}{'0' * digits}"
        return self._signed(
            format_decimal(_rounded(value, digits), format=pattern, locale=self._locale),
            signed and _rounded(value, digits) >= 0,
        )

    def percent(self, value: float | None) -> str:
        """A change in per cent with its sign and one digit, from a number such as 34.79."""
        if value is None:
            return self.gettext("unknown")
        shown = _rounded(value, 1)
        return self._signed(
            format_percent(shown / 100, format="#,##0.0%", locale=self._locale), shown >= 0
        )

    def exact_money(self, value: float) -> str:
        """An amount in USD to the cent."""
        return self._minus(format_currency(value, "USD", locale=self._locale))

    def money(self, value: float | None) -> str:
        """An amount in millions of USD, with one digit; below a million, in whole dollars.

        A loss has its sign in front.
        """
        if value is None:
            return self.gettext("unknown")
        sign = _MINUS if value < 0 else ""
        pattern = str(self._locale.currency_formats["standard"].pattern)
        if abs(value) < _MILLION:
            dollars = format_currency(
                round(abs(value)),
                "USD",
                format=pattern.replace("0.00", "0"),
                locale=self._locale,
                currency_digits=False,
            )
            return f"{sign}{dollars}"
        millions = _rounded(abs(value) / _MILLION, 1)
        amount = format_currency(
            millions,
            "USD",
            format=pattern.replace("0.00", "0.0"),
            locale=self._locale,
            currency_digits=False,
        )
        # Portuguese counts one and a half millions as one.
        text = self._catalogue.ngettext("{amount} million", "{amount} million", int(millions))
        return f"{sign}{text.format(amount=amount)}"

    def millions(self, value: float | None, *, signed: bool = False) -> str:
        """An amount as a number of millions: one decimal; below a million, three digits."""
        if value is None:
            return self.gettext("unknown")
        millions = value / _MILLION
        if abs(millions) >= 1 or value == 0:
            return self.number(millions, 1, signed=signed)
        text = format_decimal(millions, format="@##", locale=self._locale)
        return self._signed(text, signed and millions > 0)

    def signed_money(self, value: float) -> str:
        """A change in millions of USD, with its sign."""
        return self.money(value) if value < 0 else f"+{self.money(value)}"

    def p_value(self, value: float) -> str:
        """A p-value with its comparison sign: `p = 0.18`, `p = 0.033`, `p < 0.001`."""
        smallest, two_digits = 0.001, 0.1
        if value < smallest:
            return f"p < {self.number(smallest, 3)}"
        return f"p = {self.number(value, 2 if value >= two_digits else 3)}"

    def day(self, day: date) -> str:
        """A day in words."""
        return self._dated(day, "long")

    def short_day(self, day: date) -> str:
        """A day for tables."""
        return self._dated(day, "medium")

    def month(self, day: date) -> str:
        """The month of a day, in words."""
        return format_skeleton("yMMMM", day, locale=self._locale)

    def series(self, things: Sequence[str]) -> str:
        """A, B and C."""
        return format_list(list(things), locale=self._locale)

    def chart_locale(self) -> dict[str, Any]:
        """The marks of numbers as Vega (d3-format) wants them."""
        symbols = self._locale.number_symbols["latn"]
        return {
            "decimal": symbols["decimal"],
            "thousands": symbols["group"],
            "grouping": [3],
            "currency": ["$", ""] if self.language == "en" else ["US$ ", ""],
            "minus": _MINUS,
        }

    def _dated(self, day: date, length: Literal["long", "medium"]) -> str:
        text = format_date(day, format=length, locale=self._locale)
        # CLDR has no ordinal for the first of a month, and Brazilians write one.
        return text.replace("1 ", "1º ", 1) if self.language == "pt" and day.day == 1 else text

    def _signed(self, text: str, plus: bool) -> str:  # noqa: FBT001 - a private helper
        return f"+{text}" if plus else self._minus(text)

    @staticmethod
    def _minus(text: str) -> str:
        return text.replace("-", _MINUS)


@cache
def localizer(language: Language) -> Localizer:
    """The localizer of a language; the catalogue is read once."""
    return Localizer(language)


def _rounded(value: float, digits: int) -> float:
    """Rounded, and without a minus sign before a zero."""
    return round(value, digits) + 0.0
