"""Sentences and number formats of the two languages. What must not be put here: logic."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Phrases:
    """Templates of one language; the names in braces are filled in by `words`."""

    decimal_mark: str
    group_mark: str
    currency: str
    million: str
    questions: tuple[str, ...]
    mean: str
    mean_of_one: str
    unknown_budget: str
    varied: str
    not_varied: str
    step: str
    tops: Mapping[str, str]
    year_and_popularity: str
    popularity_and: Mapping[str, str]
    extremes: Mapping[str, str]
    correlations: Mapping[str, str]
    no_correlation: str
    strengths: Mapping[str, str]
    directions: Mapping[bool, str]
    missing: str
    tied: str
    unknown: str
    unknown_amount: str
    from_tmdb: str
    from_snapshot: str

    def number(self, value: float, digits: int, *, signed: bool = False) -> str:
        """A number with this language's marks."""
        rounded = round(value, digits) + 0.0  # no minus sign before a zero
        text = f"{rounded:{'+' if signed else ''},.{digits}f}"
        swapped = text.replace(",", "\0").replace(".", self.decimal_mark)
        return swapped.replace("\0", self.group_mark).replace("-", "\N{MINUS SIGN}")

    def money(self, value: float) -> str:
        """An amount in millions of USD, with one digit; a loss has its sign in front."""
        sign = "\N{MINUS SIGN}" if value < 0 else ""
        return f"{sign}{self.currency}{self.number(abs(value) / 1e6, 1)} {self.million}"

    def signed_money(self, value: float) -> str:
        """A change in millions of USD, with its sign."""
        return self.money(value) if value < 0 else f"+{self.money(value)}"

    def exact_money(self, value: float) -> str:
        """An amount in USD to the cent."""
        return f"{self.currency}{self.number(value, 2)}"


ENGLISH = Phrases(
    decimal_mark=".",
    group_mark=",",
    currency="$",
    million="million",
    questions=(
        "What is the mean revenue of the saga's films?",
        "What is the mean budget of the saga's films?",
        "Did revenue change from one film to the next?",
        "Did the film of top revenue have a larger or smaller budget than the film of top budget?",
        "Is popularity correlated with success? Which film is the most popular, which the least, "
        "and what profit did they make?",
        "Is the release year correlated with popularity?",
    ),
    mean="{value}, over {n} films.",
    mean_of_one="{value}, over 1 film.",
    unknown_budget="Unknown: {top_revenue} earned the most ({revenue}), and its budget is unknown.",
    varied="Yes:",
    not_varied="No, it stayed the same:",
    step="{former} to {latter}: {change} ({percent})",
    tops={
        "smaller": "Smaller: {top_revenue} earned the most ({revenue}) on a budget of {budget}, "
        "{difference} less than {top_budget} with the top budget of {top} ({percent}).",
        "equal": "Equal: {top_revenue} earned the most ({revenue}) on a budget of {budget}, which "
        "is the top budget, as that of {top_budget}.",
        "same_film": "It is the same film: {top_revenue} earned the most ({revenue}) and has the "
        "top budget ({top}).",
    },
    year_and_popularity="Year and popularity",
    popularity_and={
        "revenue": "Popularity and revenue",
        "profit": "Popularity and profit",
        "return": "Popularity and return (profit / budget)",
    },
    extremes={
        "most_popular": "Most popular: {title}, popularity {popularity}, profit {profit}.",
        "least_popular": "Least popular: {title}, popularity {popularity}, profit {profit}.",
    },
    correlations={
        "none": "{label}: no correlation to speak of (r = {r}, p = {p}; rho = {rho}, p = {p_rho}).",
        "proven": "{label}: {strength} {direction} correlation "
        "(r = {r}, p = {p}; rho = {rho}, p = {p_rho}).",
        "unproven": "{label}: {strength} {direction} tendency, but {n} films do not prove it "
        "(r = {r}, p = {p}; rho = {rho}, p = {p_rho}).",
    },
    no_correlation="{label}: not computable from the {n} films that have both figures.",
    strengths={"no": "no", "strong": "strong", "moderate": "moderate", "weak": "weak"},
    directions={True: "positive", False: "negative"},
    missing="Left out, as the figure is unknown: {titles}.",
    tied="{title} shares this place with {titles}.",
    unknown="Unknown: too few films have the figures.",
    unknown_amount="unknown",
    from_tmdb="{films} films; figures of TMDB on {day} (UTC).",
    from_snapshot="{films} films; figures of the bundled TMDB snapshot of {month}, not of today.",
)

PORTUGUESE = Phrases(
    decimal_mark=",",
    group_mark=".",
    currency="US$ ",
    million="milhões",
    questions=(
        "Qual a média de faturamento dos filmes da saga?",
        "Qual a média de orçamento dos filmes da saga?",
        "Houve variação do faturamento no ano de lançamento entre um filme e outro?",
        "O filme que obteve o maior faturamento teve um maior ou menor orçamento em relação ao "
        "que teve maior orçamento? Qual foi a diferença em percentual?",
        "Existe correlação entre a popularidade e o sucesso de um filme? Qual filme teve maior e "
        "menor popularidade? Qual foi o lucro de ambos?",
        "Existe correlação entre o ano de lançamento de um filme e a sua popularidade?",
    ),
    mean="{value}, em {n} filmes.",
    mean_of_one="{value}, em 1 filme.",
    unknown_budget="Desconhecido: {top_revenue} teve o maior faturamento ({revenue}), e o seu "
    "orçamento é desconhecido.",
    varied="Sim:",
    not_varied="Não, permaneceu igual:",
    step="de {former} para {latter}: {change} ({percent})",
    tops={
        "smaller": "Menor: {top_revenue} teve o maior faturamento ({revenue}) com orçamento de "
        "{budget}, {difference} a menos que {top_budget}, o de maior orçamento, {top} ({percent}).",
        "equal": "Igual: {top_revenue} teve o maior faturamento ({revenue}) com orçamento de "
        "{budget}, que é o maior orçamento, como o de {top_budget}.",
        "same_film": "É o mesmo filme: {top_revenue} teve o maior faturamento ({revenue}) e o "
        "maior orçamento ({top}).",
    },
    year_and_popularity="Ano e popularidade",
    popularity_and={
        "revenue": "Popularidade e faturamento",
        "profit": "Popularidade e lucro",
        "return": "Popularidade e retorno (lucro / orçamento)",
    },
    extremes={
        "most_popular": "Maior popularidade: {title}, popularidade {popularity}, lucro {profit}.",
        "least_popular": "Menor popularidade: {title}, popularidade {popularity}, lucro {profit}.",
    },
    correlations={
        "none": "{label}: sem correlação digna de nota "
        "(r = {r}, p = {p}; rho = {rho}, p = {p_rho}).",
        "proven": "{label}: correlação {direction} {strength} "
        "(r = {r}, p = {p}; rho = {rho}, p = {p_rho}).",
        "unproven": "{label}: tendência {direction} {strength}, mas {n} filmes não a comprovam "
        "(r = {r}, p = {p}; rho = {rho}, p = {p_rho}).",
    },
    no_correlation="{label}: não calculável com os {n} filmes que têm os dois valores.",
    strengths={"no": "sem", "strong": "forte", "moderate": "moderada", "weak": "fraca"},
    directions={True: "positiva", False: "negativa"},
    missing="Fora da conta, por valor desconhecido: {titles}.",
    tied="{title} divide esta posição com {titles}.",
    unknown="Desconhecido: poucos filmes têm os valores.",
    unknown_amount="desconhecido",
    from_tmdb="{films} filmes; valores do TMDB em {day} (UTC).",
    from_snapshot="{films} filmes; valores do snapshot TMDB incluído, de {month}, não de hoje.",
)
