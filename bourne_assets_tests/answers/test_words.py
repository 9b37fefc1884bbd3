"""The answers in words: every branch in English and Portuguese, with each language's marks."""

import re
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from bourne_assets.answers.questions import QUESTIONS, Answers, as_json, origin, to_text
from bourne_assets.translations import LANGUAGES, Language
from bourne_assets_tests.answers.builders import (
    SCENARIOS,
    Figures,
    changed,
    film,
    films_of_2017,
    ranked,
    result_of,
)

_MINUS = "\N{MINUS SIGN}"


def _sentences(films: list[Figures], language: Language, question: int) -> tuple[str, ...]:
    """The answer to a question, counted from 1."""
    return _told(result_of(*films), language)[question - 1]


def _told(result: Answers, language: Language = "en") -> list[tuple[str, ...]]:
    """All answers, with blanks that break: how they wrap is not what is tested."""
    return [
        tuple(sentence.replace("\N{NO-BREAK SPACE}", " ") for sentence in answer_text.sentences)
        for answer_text in to_text(result, language)
    ]


# The figures of 2017


def test_the_answers_of_2017_in_english() -> None:
    assert _told(result_of(*films_of_2017())) == [
        ("The mean revenue is $327,483,286.20, over 5 films.",),
        ("The mean budget is $91,000,000.00, over 5 films.",),
        (
            f"Yes: 3 rises and 1 fall, the largest {_MINUS}$166.3 million ({_MINUS}37.5%) from The "
            "Bourne Ultimatum (2007) to The Bourne Legacy (2012).",
            "The Bourne Identity (2002) to The Bourne Supremacy (2004): +$74.5 million (+34.8%)",
            "The Bourne Supremacy (2004) to The Bourne Ultimatum (2007): +$154.3 million (+53.5%)",
            "The Bourne Ultimatum (2007) to The Bourne Legacy (2012): "
            f"{_MINUS}$166.3 million ({_MINUS}37.5%)",
            "The Bourne Legacy (2012) to Jason Bourne (2016): +$138.9 million (+50.2%)",
        ),
        (
            "Smaller: The Bourne Ultimatum (2007) earned the most ($442.8 million) on a budget of "
            "$70.0 million, $60.0 million less than The Bourne Legacy (2012) with the top budget "
            f"of $130.0 million ({_MINUS}46.2%).",
        ),
        (
            "Inconclusive, as 5 films are too few for significance; the most popular film is The "
            "Bourne Legacy (2012), profit $146.6 million, and the least popular The Bourne "
            "Ultimatum (2007), profit $372.8 million.",
            "Popularity and revenue: strong negative tendency, but 5 films are too few for "
            f"significance (r = {_MINUS}0.74, p = 0.18; rho = {_MINUS}0.80, p = 0.13; p < 0.0125 "
            "is needed, and at best 0.017 possible).",
            "Popularity and profit: strong negative tendency, but 5 films are too few for "
            f"significance (r = {_MINUS}0.85, p = 0.10; rho = {_MINUS}0.90, p = 0.083; p < 0.0125 "
            "is needed, and at best 0.017 possible).",
            "Its r is stronger than that of popularity and return (profit / budget), and its p "
            "larger: p is the share of all orders of the films that correlate as strongly, and "
            "depends on how the figures are spread, not on r alone.",
            "Popularity and return (profit / budget): strong negative tendency, but 5 films are "
            f"too few for significance (r = {_MINUS}0.80, p = 0.033; rho = {_MINUS}0.90, "
            "p = 0.083; p < 0.0125 is needed, and at best 0.017 possible).",
            "Most popular: The Bourne Legacy (2012), popularity 90.34, profit $146.6 million.",
            "Least popular: The Bourne Ultimatum (2007), popularity 45.38, profit $372.8 million.",
        ),
        (
            "Year and popularity: no correlation to speak of in 5 films "
            "(r = 0.04, p = 0.94; rho = 0.10, p = 0.95).",
        ),
    ]


def test_the_answers_of_2017_in_portuguese() -> None:
    assert _told(result_of(*films_of_2017()), "pt") == [
        ("A média de faturamento é US$ 327.483.286,20, em 5 filmes.",),
        ("A média de orçamento é US$ 91.000.000,00, em 5 filmes.",),
        (
            f"Sim: 3 altas e 1 queda; a maior variação foi de {_MINUS}US$ 166,3 milhões "
            f"({_MINUS}37,5%) de The Bourne Ultimatum (2007) para The Bourne Legacy (2012).",
            "de The Bourne Identity (2002) para The Bourne Supremacy (2004): "
            "+US$ 74,5 milhões (+34,8%)",
            "de The Bourne Supremacy (2004) para The Bourne Ultimatum (2007): "
            "+US$ 154,3 milhões (+53,5%)",
            "de The Bourne Ultimatum (2007) para The Bourne Legacy (2012): "
            f"{_MINUS}US$ 166,3 milhões ({_MINUS}37,5%)",
            "de The Bourne Legacy (2012) para Jason Bourne (2016): +US$ 138,9 milhões (+50,2%)",
        ),
        (
            "Menor: The Bourne Ultimatum (2007) teve o maior faturamento (US$ 442,8 milhões) com "
            "orçamento de US$ 70,0 milhões, US$ 60,0 milhões a menos que The Bourne Legacy "
            f"(2012), o de maior orçamento, US$ 130,0 milhões ({_MINUS}46,2%).",
        ),
        (
            "Inconclusiva, pois 5 filmes são poucos para haver significância; o filme de maior "
            "popularidade é The Bourne Legacy (2012), lucro US$ 146,6 milhões, e o de menor, The "
            "Bourne Ultimatum (2007), lucro US$ 372,8 milhões.",
            "Popularidade e faturamento: tendência negativa forte, mas 5 filmes são poucos para "
            f"haver significância (r = {_MINUS}0,74, p = 0,18; rho = {_MINUS}0,80, p = 0,13; é "
            "preciso p < 0,0125, e o mínimo possível é 0,017).",
            "Popularidade e lucro: tendência negativa forte, mas 5 filmes são poucos para "
            f"haver significância (r = {_MINUS}0,85, p = 0,10; rho = {_MINUS}0,90, p = 0,083; é "
            "preciso p < 0,0125, e o mínimo possível é 0,017).",
            "Seu r é mais forte que o de popularidade e retorno (lucro / orçamento), e seu p, "
            "maior: p é a parcela de todas as ordenações dos filmes com correlação ao menos tão "
            "forte, e depende de como os valores se distribuem, não só de r.",
            "Popularidade e retorno (lucro / orçamento): tendência negativa forte, mas 5 filmes "
            f"são poucos para haver significância (r = {_MINUS}0,80, p = 0,033; rho = "
            f"{_MINUS}0,90, p = 0,083; é preciso p < 0,0125, e o mínimo possível é 0,017).",
            "Maior popularidade: The Bourne Legacy (2012), popularidade 90,34, "
            "lucro US$ 146,6 milhões.",
            "Menor popularidade: The Bourne Ultimatum (2007), popularidade 45,38, "
            "lucro US$ 372,8 milhões.",
        ),
        (
            "Ano e popularidade: sem correlação digna de nota em 5 filmes "
            "(r = 0,04, p = 0,94; rho = 0,10, p = 0,95).",
        ),
    ]


def test_the_portuguese_questions_are_those_that_were_asked() -> None:
    assert [answer_text.question for answer_text in to_text(result_of(*films_of_2017()), "pt")] == [
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
    spoken = to_text(result_of(*SCENARIOS[name]), language)
    assert len(spoken) == len(QUESTIONS)
    for answer_text in spoken:
        assert answer_text.question.endswith("?")
        assert answer_text.sentences
        assert answer_text.caveat.endswith(".")
        figures = [f"{figure.text} {figure.label}" for figure in answer_text.figures]
        for sentence in (*answer_text.sentences, answer_text.caveat, *figures):
            assert not re.search(r"[{}]|None|nan|inf\b", sentence)
            assert not re.search(r"(?<!\w)-\d", sentence), "a hyphen is not a minus sign"
            assert "  " not in sentence
            wrong = r"\d,\d{1,2}\b" if language == "en" else r"\d\.\d{1,2}\b"
            assert not re.search(wrong, sentence), "the decimal mark of the other language"


@pytest.mark.parametrize("question", [1, 2, 3, 4])
def test_what_is_unknown_is_called_unknown(question: int) -> None:
    films = SCENARIOS["nothing known"]
    assert _sentences(films, "en", question)[0].startswith("Unknown")
    assert _sentences(films, "pt", question)[0].startswith("Desconhecido")


def test_what_cannot_be_correlated_is_reported_with_the_number_of_films() -> None:
    films = SCENARIOS["two films"]
    assert _sentences(films, "en", 6) == (
        "Year and popularity: not computable from the 2 films that have both figures.",
    )
    assert _sentences(films, "pt", 6) == (
        "Ano e popularidade: não calculável com os 2 filmes que têm os dois valores.",
    )
    assert _sentences(SCENARIOS["nothing known"], "en", 6)[0] == (
        "Year and popularity: not computable, as no film has both figures."
    )
    assert _sentences(SCENARIOS["one film"], "pt", 6)[0] == (
        "Ano e popularidade: não calculável com o 1 filme que tem os dois valores."
    )


def test_films_that_are_left_out_are_named() -> None:
    films = changed(revenue=dict.fromkeys((2502, 49040)))
    named = "Left out because the figure is unknown: The Bourne Supremacy and The Bourne Legacy."
    for question in (1, 3, 4):
        assert _sentences(films, "en", question)[-1] == named
    assert _sentences(films, "pt", 1)[-1] == (
        "Fora da conta, por valor desconhecido: The Bourne Supremacy e The Bourne Legacy."
    )
    assert not any("Left out" in sentence for sentence in _sentences(films, "en", 2))


def test_revenue_that_never_changes_is_called_the_same() -> None:
    films = SCENARIOS["revenue never changes"]
    assert _sentences(films, "en", 3) == ("No: it was the same for every film.",)
    assert _sentences(films, "pt", 3) == ("Não: foi o mesmo em todos os filmes.",)


def test_one_change_is_named_once() -> None:
    change = (
        "+$74.5 million (+34.8%) from The Bourne Identity (2002) to The Bourne Supremacy (2004)"
    )
    assert _sentences(SCENARIOS["two films"], "en", 3) == (f"Yes: {change}.",)


def test_of_many_changes_the_largest_are_named_and_the_number_of_all() -> None:
    films = [
        film(n, release_date=date(1900 + n, 1, 1), revenue=1_000_000 * (n % 7) ** 3 + 500_000)
        for n in range(1, 101)
    ]
    result = result_of(*films)
    text = to_text(result, "en")[2]
    assert len(text.figures) == 6
    assert len(text.sentences) == 32
    assert text.sentences[-1] == "These are the 30 largest of 99 changes."
    stored: Any = as_json(result)
    for figure in text.figures:
        number = int(figure.path.split(".")[3])
        assert stored["answers"]["revenue_variation"]["steps"][number]["change_pct"] == figure.value


def test_one_film_that_leads_both_is_called_the_same() -> None:
    films = SCENARIOS["same film leads both"]
    assert _sentences(films, "en", 4) == (
        "It is the same film: The Bourne Ultimatum (2007) earned the most ($442.8 million) and "
        "has the top budget ($200.0 million).",
    )
    assert _sentences(films, "pt", 4) == (
        "É o mesmo filme: The Bourne Ultimatum (2007) teve o maior faturamento "
        "(US$ 442,8 milhões) e o maior orçamento (US$ 200,0 milhões).",
    )


def test_equal_budgets_are_called_equal_and_the_tie_is_named() -> None:
    films = changed(budget={2502: 130_000_000}, revenue={324668: 1_000_000, 49040: 500_000_000})
    assert _sentences(films, "en", 4) == (
        "Equal: The Bourne Legacy (2012) earned the most ($500.0 million) on a budget of "
        "$130.0 million, which is the top budget, as is that of The Bourne Supremacy (2004).",
        "The Bourne Supremacy shares this place with The Bourne Legacy.",
    )
    assert _sentences(films, "pt", 4)[1] == (
        "The Bourne Supremacy divide esta posição com The Bourne Legacy."
    )


def test_ties_of_popularity_follow_their_film() -> None:
    sentences = _sentences(SCENARIOS["ties everywhere"], "en", 5)
    assert sentences[-4:] == (
        "Most popular: The Bourne Identity (2002), popularity 90.34, profit $154.0 million.",
        "The Bourne Identity shares this place with The Bourne Legacy.",
        "Least popular: The Bourne Supremacy (2004), popularity 45.38, profit $158.5 million.",
        "The Bourne Supremacy shares this place with The Bourne Ultimatum.",
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_top_revenue_film_without_a_budget_is_named_as_the_reason(language: Language) -> None:
    printed = " ".join(_sentences(SCENARIOS["top revenue without a budget"], language, 4))
    assert "The Bourne Ultimatum" in printed
    assert "too few" not in printed
    assert "poucos" not in printed


def test_an_unknown_profit_is_called_unknown() -> None:
    films = changed(budget=dict.fromkeys((2503, 49040)))
    assert _sentences(films, "en", 5)[-2].endswith("popularity 45.38, profit unknown.")
    assert _sentences(films, "pt", 5)[-2].endswith("popularidade 45,38, lucro desconhecido.")


def test_a_loss_has_its_sign_before_the_currency() -> None:
    films = SCENARIOS["losses"]
    assert _sentences(films, "en", 5)[-2].endswith(f"profit {_MINUS}$80.0 million.")
    assert _sentences(films, "pt", 5)[-2].endswith(f"lucro {_MINUS}US$ 80,0 milhões.")


@pytest.mark.parametrize(
    ("name", "english", "portuguese"),
    [
        ("significant and rising", "strong positive correlation", "correlação positiva forte"),
        ("significant and falling", "strong negative correlation", "correlação negativa forte"),
        ("moderate", "moderate positive tendency", "tendência positiva moderada"),
        ("weak", "weak positive tendency", "tendência positiva fraca"),
    ],
)
def test_a_correlation_is_described_with_strength_and_direction(
    name: str, english: str, portuguese: str
) -> None:
    assert f"Popularity and revenue: {english}" in _sentences(SCENARIOS[name], "en", 5)[1]
    assert f"Popularidade e faturamento: {portuguese}" in _sentences(SCENARIOS[name], "pt", 5)[1]


def test_no_film_of_known_popularity_has_no_extremes_to_name() -> None:
    printed = _sentences(SCENARIOS["no popularity at all"], "en", 5)
    assert len(printed) == 5
    assert printed[0] == "A correlation cannot be computed."
    assert printed[4].startswith("Left out because the figure is unknown: The Bourne Identity")


def test_a_film_without_a_date_is_named_without_a_year() -> None:
    printed = _sentences(SCENARIOS["no date at all"], "en", 4)[0]
    assert printed.startswith("Smaller: The Bourne Ultimatum earned the most")


def test_one_film_is_counted_in_the_singular() -> None:
    films = SCENARIOS["one film"]
    assert _sentences(films, "en", 1) == ("The mean revenue is $214,034,224.00, over 1 film.",)
    assert _sentences(films, "pt", 1) == (
        "A média de faturamento é US$ 214.034.224,00, em 1 filme.",
    )


@pytest.mark.parametrize("title", ["{title}", "{0}", "100%s", "a\\b", 'say "hi"', "日本 🎬"])
def test_a_title_is_shown_as_it_is(title: str) -> None:
    known = films_of_2017()
    known[2]["title"] = title
    for language in LANGUAGES:
        assert f"{title} (2007)" in _sentences(known, language, 4)[0]


# Where the figures are from


def test_the_origin_names_source_day_and_number_of_films() -> None:
    live = result_of(*films_of_2017())
    assert origin(live) == "5 films; figures of TMDB on November 23, 2026 (UTC)."
    assert origin(live, "pt") == "5 filmes; valores do TMDB em 23 de novembro de 2026 (UTC)."
    assert origin(result_of(film(1))).startswith("1 film; ")


def test_the_origin_of_the_snapshot_says_that_the_figures_are_not_of_today() -> None:
    bundled = replace(result_of(*films_of_2017()), source="bundled-snapshot")
    assert origin(bundled) == (
        "5 films; figures of the bundled TMDB snapshot of November 2026, not of today."
    )
    assert origin(bundled, "pt") == (
        "5 filmes; valores do snapshot do TMDB incluído, de novembro de 2026, não de hoje."
    )


# What the answers do not say


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("figures of 2017", "needs p < 0.0125; 5 films cannot get below 0.017, whatever"),
        ("significant and rising", "each needs p < 0.0125 by r and by rho."),
        ("two films", "A correlation needs at least 3 films."),
    ],
)
def test_the_caveat_says_what_so_many_films_can_prove(name: str, note: str) -> None:
    spoken = to_text(result_of(*SCENARIOS[name]))
    for number in (5, 6):
        assert note in spoken[number - 1].caveat
    assert "Popularity is that of November 23, 2026" in spoken[5].caveat


@pytest.mark.parametrize(
    ("name", "lead"),
    [
        ("significant and rising", "Yes, for popularity and revenue, popularity and profit, and"),
        ("moderate", "Not significant in 6 films; "),
        ("figures of 2017", "Inconclusive, as 5 films are too few for significance; "),
        ("two films", "A correlation cannot be computed; "),
        ("none", "No correlation to speak of; "),
    ],
)
def test_question_five_is_answered_in_one_sentence_first(name: str, lead: str) -> None:
    scenarios = {**SCENARIOS, "none": ranked(3, 1, 3, 1, 3, 1, 3)}
    assert _sentences(scenarios[name], "en", 5)[0].startswith(lead)


# The numbers at a glance


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_figure_is_that_of_the_object(name: str) -> None:
    result = result_of(*SCENARIOS[name])
    for language in LANGUAGES:
        for answer_text in to_text(result, language):
            for figure in answer_text.figures:
                found: Any = as_json(result)
                for part in figure.path.split("."):
                    if found is not None:
                        found = found[int(part) if part.isdigit() else part]
                assert figure.value == found
                assert (figure.text in {"unknown", "desconhecido"}) == (found is None)


# A strong correlation beside one that is weaker and has a smaller p


def test_a_strong_correlation_with_a_larger_p_than_a_weaker_one_is_explained_beside_it() -> None:
    sentences = _sentences(films_of_2017(), "en", 5)
    (place,) = [at for at, text in enumerate(sentences) if text.startswith("Its r is stronger")]
    assert sentences[place - 1].startswith("Popularity and profit: strong negative tendency")
    assert not any("Its r is" in text for text in _sentences(SCENARIOS["moderate"], "en", 5))
