"""The six answers as Markdown, for the page of `insight_metrics` in Dagster.

What must not be put here: words (`words`) and pictures (`pictures`).
"""

import re
from typing import Any

from bourne_assets.answers.words.language import Language
from bourne_assets.answers.words.words import in_words, origin
from bourne_assets.text import drawable
from bourne_assets.tmdb import NOTICE

#: What Markdown would take for a table's edge, a link, a picture, HTML or emphasis.
_MARKUP = re.compile(r"[\\`*_\[\]<>|~]")


def as_markdown(result: dict[str, Any], language: Language = "en") -> str:
    """A table of questions and answers, with the origin of the figures and TMDB's notice."""
    lines = ["| question | answer |", "| --- | --- |"]
    for spoken in in_words(result, language):
        # A row for each sentence: Dagster's UI drops <br>, and a table knows no other break.
        sentences = (*spoken.sentences, spoken.caveat)
        questions = [spoken.question, *[""] * (len(sentences) - 1)]
        for question, sentence in zip(questions, sentences, strict=True):
            lines.append(f"| {_cell(question)} | {_cell(sentence)} |")
    return "\n".join([*lines, "", _cell(origin(result, language)), "", NOTICE])


def main_numbers(result: dict[str, Any]) -> dict[str, float | None]:
    """The numbers worth a curve over time; null where an answer has none."""
    answers = result["answers"]
    popularity = answers["popularity_vs_success"]
    correlations = {
        "r_popularity_revenue": popularity["revenue"],
        "r_popularity_profit": popularity["profit"],
        "r_popularity_return": popularity["return"],
        "r_year_popularity": answers["year_vs_popularity"],
    }
    return {
        "films": result["films"],
        "mean_revenue_usd": answers["mean_revenue"]["value"],
        "mean_budget_usd": answers["mean_budget"]["value"],
        "top_budget_difference_pct": answers["top_revenue_vs_top_budget"]["difference_pct"],
        **{
            name: answer["pearson"]["r"] if answer["pearson"] else None
            for name, answer in correlations.items()
        },
    }


def _cell(text: str) -> str:
    """A text that breaks neither the table nor the page: titles come from outside."""
    return _MARKUP.sub(r"\\\g<0>", " ".join(drawable(text).split())).replace("&", "&amp;")
