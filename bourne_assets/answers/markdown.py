"""The six answers as Markdown, for the page of `insight_metrics` in Dagster.

Not here: words (`words`) and pictures (`pictures`).
"""

import re

from bourne_assets.answers.questions import Answers, origin, to_text
from bourne_assets.answers.words.language import Language
from bourne_assets.text import drawable
from bourne_assets.tmdb import NOTICE

#: What Markdown would take for a table's edge, a link, a picture, HTML or emphasis.
_MARKUP = re.compile(r"[\\`*_\[\]<>|~]")


def as_markdown(result: Answers, language: Language = "en") -> str:
    """A table of questions and answers, with the origin of the figures and TMDB's notice."""
    lines = ["| question | answer |", "| --- | --- |"]
    for text in to_text(result, language):
        # A row for each sentence: Dagster's UI drops <br>, and a table knows no other break.
        sentences = (*text.sentences, text.caveat)
        questions = [text.question, *[""] * (len(sentences) - 1)]
        for question, sentence in zip(questions, sentences, strict=True):
            lines.append(f"| {_cell(question)} | {_cell(sentence)} |")
    return "\n".join([*lines, "", _cell(origin(result, language)), "", NOTICE])


def _cell(text: str) -> str:
    """A text that breaks neither the table nor the page: titles come from outside."""
    return _MARKUP.sub(r"\\\g<0>", " ".join(drawable(text).split())).replace("&", "&amp;")
