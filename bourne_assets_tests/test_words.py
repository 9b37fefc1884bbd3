"""The answers in words: every branch in English and Portuguese, with each language's marks."""

import re
from datetime import date
from typing import Any, get_args

import pytest

from bourne_assets.insights.phrases import ENGLISH, PORTUGUESE, Phrases
from bourne_assets.insights.words import Language, in_words, origin
from bourne_assets_tests.test_answers import Figures, film, films_of_2017, result_of

LANGUAGES: tuple[Language, ...] = get_args(Language)
_MINUS = "\N{MINUS SIGN}"


def _changed(**figures: dict[int, Any]) -> list[Figures]:
    """The films of 2017 with some figures replaced: `budget={2503: None}`."""
    known = films_of_2017()
    for told in known:
        for name, values in figures.items():
            if told["tmdb_id"] in values:
                told[name] = values[told["tmdb_id"]]
    return known


def _constant(name: str, value: Any) -> list[Figures]:
    return [{**told, name: value} for told in films_of_2017()]


def _ranked(*success: int) -> list[Figures]:
    """Films of popularity 1, 2, 3 ... and of this success."""
    return [
        film(
            number,
            release_date=date(2000 + number, 1, 1),
            budget=10_000_000,
            revenue=20_000_000 + value * 100_000,
            popularity=float(number),
        )
        for number, value in enumerate(success, start=1)
    ]


#: Films that lead, together, through every branch of the words.
SCENARIOS: dict[str, list[Figures]] = {
    "figures of 2017": films_of_2017(),
    "nothing known": [film(1), film(2), film(3)],
    "one film": films_of_2017()[:1],
    "one film of which nothing is known": [film(1)],
    "two films": films_of_2017()[:2],
    "no revenue but one": _changed(revenue=dict.fromkeys((2501, 2502, 49040, 324668))),
    "top revenue without a budget": _changed(budget={2503: None}),
    "no budget at all": _constant("budget", None),
    "no popularity at all": _constant("popularity", None),
    "no date at all": _constant("release_date", None),
    "one without a date": _changed(release_date={2503: None}),
    "revenue never changes": _constant("revenue", 300_000_000),
    "same film leads both": _changed(budget={2503: 200_000_000}),
    "equal budgets": _changed(budget={2503: 130_000_000}),
    "ties everywhere": _changed(
        budget={2502: 130_000_000},
        revenue={324668: 442_824_138},
        popularity={2501: 90.33681, 2502: 45.381501},
    ),
    "losses": _changed(revenue={49040: 50_000_000, 2503: 10_000_000}),
    "proven and rising": _ranked(1, 2, 3, 4, 5, 6),
    "proven and falling": _ranked(6, 5, 4, 3, 2, 1),
    "moderate": _ranked(2, 5, 1, 4, 3, 6),
    "weak": _ranked(2, 5, 1, 6, 3, 4),
}


def _sentences(films: list[Figures], language: Language, question: int) -> tuple[str, ...]:
    """The answer to a question, counted from 1."""
    return in_words(result_of(*films), language)[question - 1].sentences


# The figures of 2017


def test_the_answers_of_2017_in_english() -> None:
    spoken = in_words(result_of(*films_of_2017()))
    assert [said.sentences for said in spoken] == [
        ("$327,483,286.20, over 5 films.",),
        ("$91,000,000.00, over 5 films.",),
        (
            "Yes:",
            "The Bourne Identity (2002) to The Bourne Supremacy (2004): +$74.5 million (+34.8 %)",
            "The Bourne Supremacy (2004) to The Bourne Ultimatum (2007): +$154.3 million (+53.5 %)",
            "The Bourne Ultimatum (2007) to The Bourne Legacy (2012): "
            f"{_MINUS}$166.3 million ({_MINUS}37.5 %)",
            "The Bourne Legacy (2012) to Jason Bourne (2016): +$138.9 million (+50.2 %)",
        ),
        (
            "Smaller: The Bourne Ultimatum (2007) earned the most ($442.8 million) on a budget of "
            "$70.0 million, $60.0 million less than The Bourne Legacy (2012) with the top budget "
            f"of $130.0 million ({_MINUS}46.2 %).",
        ),
        (
            "Popularity and revenue: strong negative tendency, but 5 films do not prove it "
            f"(r = {_MINUS}0.74, p = 0.18; rho = {_MINUS}0.80, p = 0.13).",
            "Popularity and profit: strong negative tendency, but 5 films do not prove it "
            f"(r = {_MINUS}0.85, p = 0.10; rho = {_MINUS}0.90, p = 0.08).",
            "Popularity and return (profit / budget): strong negative tendency, but 5 films do "
            f"not prove it (r = {_MINUS}0.80, p = 0.03; rho = {_MINUS}0.90, p = 0.08).",
            "Most popular: The Bourne Legacy (2012), popularity 90.34, profit $146.6 million.",
            "Least popular: The Bourne Ultimatum (2007), popularity 45.38, profit $372.8 million.",
        ),
        (
            "Year and popularity: no correlation to speak of "
            "(r = 0.04, p = 0.94; rho = 0.10, p = 0.95).",
        ),
    ]


def test_the_answers_of_2017_in_portuguese() -> None:
    spoken = in_words(result_of(*films_of_2017()), "pt")
    assert [said.sentences for said in spoken] == [
        ("US$ 327.483.286,20, em 5 filmes.",),
        ("US$ 91.000.000,00, em 5 filmes.",),
        (
            "Sim:",
            "de The Bourne Identity (2002) para The Bourne Supremacy (2004): "
            "+US$ 74,5 milhões (+34,8 %)",
            "de The Bourne Supremacy (2004) para The Bourne Ultimatum (2007): "
            "+US$ 154,3 milhões (+53,5 %)",
            "de The Bourne Ultimatum (2007) para The Bourne Legacy (2012): "
            f"{_MINUS}US$ 166,3 milhões ({_MINUS}37,5 %)",
            "de The Bourne Legacy (2012) para Jason Bourne (2016): +US$ 138,9 milhões (+50,2 %)",
        ),
        (
            "Menor: The Bourne Ultimatum (2007) teve o maior faturamento (US$ 442,8 milhões) com "
            "orçamento de US$ 70,0 milhões, US$ 60,0 milhões a menos que The Bourne Legacy "
            f"(2012), o de maior orçamento, US$ 130,0 milhões ({_MINUS}46,2 %).",
        ),
        (
            "Popularidade e faturamento: tendência negativa forte, mas 5 filmes não a comprovam "
            f"(r = {_MINUS}0,74, p = 0,18; rho = {_MINUS}0,80, p = 0,13).",
            "Popularidade e lucro: tendência negativa forte, mas 5 filmes não a comprovam "
            f"(r = {_MINUS}0,85, p = 0,10; rho = {_MINUS}0,90, p = 0,08).",
            "Popularidade e retorno (lucro / orçamento): tendência negativa forte, mas 5 filmes "
            f"não a comprovam (r = {_MINUS}0,80, p = 0,03; rho = {_MINUS}0,90, p = 0,08).",
            "Maior popularidade: The Bourne Legacy (2012), popularidade 90,34, "
            "lucro US$ 146,6 milhões.",
            "Menor popularidade: The Bourne Ultimatum (2007), popularidade 45,38, "
            "lucro US$ 372,8 milhões.",
        ),
        (
            "Ano e popularidade: sem correlação digna de nota "
            "(r = 0,04, p = 0,94; rho = 0,10, p = 0,95).",
        ),
    ]


def test_the_portuguese_questions_are_those_that_were_asked() -> None:
    assert [said.question for said in in_words(result_of(*films_of_2017()), "pt")] == [
        "Qual a média de faturamento dos filmes da saga?",
        "Qual a média de orçamento dos filmes da saga?",
        "Houve variação do faturamento no ano de lançamento entre um filme e outro?",
        "O filme que obteve o maior faturamento teve um maior ou menor orçamento em relação ao "
        "que teve maior orçamento? Qual foi a diferença em percentual?",
        "Existe correlação entre a popularidade e o sucesso de um filme? Qual filme teve maior e "
        "menor popularidade? Qual foi o lucro de ambos?",
        "Existe correlação entre o ano de lançamento de um filme e a sua popularidade?",
    ]


# Every branch


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", SCENARIOS)
def test_every_answer_is_whole_sentences_with_the_marks_of_the_language(
    name: str, language: Language
) -> None:
    spoken = in_words(result_of(*SCENARIOS[name]), language)
    assert len(spoken) == 6
    for said in spoken:
        assert said.question.endswith("?")
        assert said.sentences
        for sentence in said.sentences:
            assert not re.search(r"[{}]|None|nan|inf\b", sentence)
            assert not re.search(r"(?<!\w)-\d", sentence), "a hyphen is no minus sign"
            assert "  " not in sentence
            wrong = r"\d,\d{1,2}\b" if language == "en" else r"\d\.\d{1,2}\b"
            assert not re.search(wrong, sentence), "the decimal mark of the other language"


def test_the_languages_have_the_same_branches_and_placeholders() -> None:
    for name, english in vars(ENGLISH).items():
        portuguese = getattr(PORTUGUESE, name)
        pairs = (
            [(english[key], portuguese[key]) for key in english]
            if isinstance(english, dict)
            else list(zip(english, portuguese, strict=True))
            if isinstance(english, tuple)
            else [(english, portuguese)]
        )
        if isinstance(english, dict):
            assert english.keys() == portuguese.keys()
        for one, other in pairs:
            assert set(re.findall(r"{\w+}", one)) == set(re.findall(r"{\w+}", other))


@pytest.mark.parametrize("question", [1, 2, 3, 4])
def test_what_is_unknown_is_said_to_be_unknown(question: int) -> None:
    films = SCENARIOS["nothing known"]
    assert _sentences(films, "en", question)[0].startswith("Unknown")
    assert _sentences(films, "pt", question)[0].startswith("Desconhecido")


def test_what_cannot_be_correlated_is_said_with_the_number_of_films() -> None:
    films = SCENARIOS["two films"]
    assert _sentences(films, "en", 6) == (
        "Year and popularity: not computable from the 2 films that have both figures.",
    )
    assert _sentences(films, "pt", 6) == (
        "Ano e popularidade: não calculável com os 2 filmes que têm os dois valores.",
    )


def test_films_that_are_left_out_are_named() -> None:
    films = _changed(revenue=dict.fromkeys((2502, 49040)))
    named = "Left out, as the figure is unknown: The Bourne Supremacy, The Bourne Legacy."
    for question in (1, 3, 4):
        assert _sentences(films, "en", question)[-1] == named
    assert _sentences(films, "pt", 1)[-1] == (
        "Fora da conta, por valor desconhecido: The Bourne Supremacy, The Bourne Legacy."
    )
    assert not any("Left out" in sentence for sentence in _sentences(films, "en", 2))


def test_revenue_that_never_changes_is_said_to_be_the_same() -> None:
    films = SCENARIOS["revenue never changes"]
    assert _sentences(films, "en", 3)[0] == "No, it stayed the same:"
    assert _sentences(films, "pt", 3)[0] == "Não, permaneceu igual:"
    assert _sentences(films, "en", 3)[1].endswith("+$0.0 million (+0.0 %)")


def test_one_film_that_leads_both_is_said_to_be_the_same() -> None:
    films = SCENARIOS["same film leads both"]
    assert _sentences(films, "en", 4) == (
        "It is the same film: The Bourne Ultimatum (2007) earned the most ($442.8 million) and "
        "has the top budget ($200.0 million).",
    )
    assert _sentences(films, "pt", 4) == (
        "É o mesmo filme: The Bourne Ultimatum (2007) teve o maior faturamento "
        "(US$ 442,8 milhões) e o maior orçamento (US$ 200,0 milhões).",
    )


def test_equal_budgets_are_said_to_be_equal_and_the_tie_is_told() -> None:
    films = _changed(budget={2502: 130_000_000}, revenue={324668: 1, 49040: 500_000_000})
    assert _sentences(films, "en", 4) == (
        "Equal: The Bourne Legacy (2012) earned the most ($500.0 million) on a budget of "
        "$130.0 million, which is the top budget, as that of The Bourne Supremacy (2004).",
        "The Bourne Supremacy shares this place with The Bourne Legacy.",
    )
    assert _sentences(films, "pt", 4)[1] == (
        "The Bourne Supremacy divide esta posição com The Bourne Legacy."
    )


def test_ties_of_popularity_follow_their_film() -> None:
    sentences = _sentences(SCENARIOS["ties everywhere"], "en", 5)[3:]
    assert sentences == (
        "Most popular: The Bourne Identity (2002), popularity 90.34, profit $154.0 million.",
        "The Bourne Identity shares this place with The Bourne Legacy.",
        "Least popular: The Bourne Supremacy (2004), popularity 45.38, profit $158.5 million.",
        "The Bourne Supremacy shares this place with The Bourne Ultimatum.",
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_top_revenue_film_without_a_budget_is_named_as_the_reason(language: Language) -> None:
    told = " ".join(_sentences(SCENARIOS["top revenue without a budget"], language, 4))
    assert "The Bourne Ultimatum" in told
    assert "too few" not in told
    assert "poucos" not in told


def test_an_unknown_profit_is_said_to_be_unknown() -> None:
    films = _changed(budget=dict.fromkeys((2503, 49040)))
    assert _sentences(films, "en", 5)[-1].endswith("popularity 45.38, profit unknown.")
    assert _sentences(films, "pt", 5)[-1].endswith("popularidade 45,38, lucro desconhecido.")


def test_a_loss_has_its_sign_before_the_currency() -> None:
    films = SCENARIOS["losses"]
    assert _sentences(films, "en", 5)[-2].endswith(f"profit {_MINUS}$80.0 million.")
    assert _sentences(films, "pt", 5)[-2].endswith(f"lucro {_MINUS}US$ 80,0 milhões.")


@pytest.mark.parametrize(
    ("name", "english", "portuguese"),
    [
        ("proven and rising", "strong positive correlation", "correlação positiva forte"),
        ("proven and falling", "strong negative correlation", "correlação negativa forte"),
        ("moderate", "moderate positive tendency", "tendência positiva moderada"),
        ("weak", "weak positive tendency", "tendência positiva fraca"),
    ],
)
def test_a_correlation_is_told_with_strength_and_direction(
    name: str, english: str, portuguese: str
) -> None:
    assert f"Popularity and revenue: {english}" in _sentences(SCENARIOS[name], "en", 5)[0]
    assert f"Popularidade e faturamento: {portuguese}" in _sentences(SCENARIOS[name], "pt", 5)[0]


def test_no_film_of_known_popularity_has_no_extremes_to_name() -> None:
    told = _sentences(SCENARIOS["no popularity at all"], "en", 5)
    assert len(told) == 4
    assert told[3].startswith("Left out, as the figure is unknown: The Bourne Identity")


def test_a_film_without_a_date_is_named_without_a_year() -> None:
    told = _sentences(SCENARIOS["no date at all"], "en", 4)[0]
    assert told.startswith("Smaller: The Bourne Ultimatum earned the most")


def test_one_film_is_told_in_the_singular() -> None:
    films = SCENARIOS["one film"]
    assert _sentences(films, "en", 1) == ("$214,034,224.00, over 1 film.",)
    assert _sentences(films, "pt", 1) == ("US$ 214.034.224,00, em 1 filme.",)


@pytest.mark.parametrize("title", ["{title}", "{0}", "100%s", "a\\b", 'say "hi"', "日本 🎬"])
def test_a_title_is_told_as_it_is(title: str) -> None:
    known = films_of_2017()
    known[2]["title"] = title
    for language in LANGUAGES:
        assert f"{title} (2007)" in _sentences(known, language, 4)[0]


# Where the figures are from


def test_the_origin_names_source_day_and_number_of_films() -> None:
    live = result_of(*films_of_2017())
    assert origin(live) == "5 films; figures of TMDB on 2026-11-23 (UTC)."
    assert origin(live, "pt") == "5 filmes; valores do TMDB em 2026-11-23 (UTC)."


def test_the_origin_of_the_snapshot_says_that_the_figures_are_not_of_today() -> None:
    bundled = {**result_of(*films_of_2017()), "source": "bundled-snapshot"}
    assert origin(bundled) == (
        "5 films; figures of the bundled TMDB snapshot of 2026-11, not of today."
    )
    assert origin(bundled, "pt") == (
        "5 filmes; valores do snapshot TMDB incluído, de 2026-11, não de hoje."
    )


# Numbers


@pytest.mark.parametrize(
    ("value", "english", "portuguese"),
    [
        (0, "0.0", "0,0"),
        (1234567.89, "1,234,567.9", "1.234.567,9"),
        (-1234.5, f"{_MINUS}1,234.5", f"{_MINUS}1.234,5"),
        (999.96, "1,000.0", "1.000,0"),
        (-0.001, "0.0", "0,0"),
    ],
)
def test_numbers_have_the_marks_of_their_language(
    value: float, english: str, portuguese: str
) -> None:
    assert ENGLISH.number(value, 1) == english
    assert PORTUGUESE.number(value, 1) == portuguese


@pytest.mark.parametrize(
    ("phrases", "text"),
    [(ENGLISH, f"{_MINUS}$1.5 million"), (PORTUGUESE, f"{_MINUS}US$ 1,5 milhões")],
)
def test_a_negative_amount_has_its_sign_before_the_currency(phrases: Phrases, text: str) -> None:
    assert phrases.signed_money(-1_500_000) == text
    assert phrases.money(-1_500_000) == text


def test_a_change_has_its_sign_in_any_case() -> None:
    assert ENGLISH.signed_money(1_500_000) == "+$1.5 million"
    assert PORTUGUESE.number(0.5, 1, signed=True) == "+0,5"
