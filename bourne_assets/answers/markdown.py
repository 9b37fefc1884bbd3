"""The six answers as Markdown, for the page of `insight_metrics` in Dagster.

Not here: words (`words`) and pictures (`pictures`).
"""

from bourne_assets.answers.questions import Answers, origin, remarks, to_text
from bourne_assets.markup import in_markdown
from bourne_assets.tmdb import NOTICE
from bourne_assets.translations import Language


def as_markdown(result: Answers, language: Language = "en") -> str:
    """A table of questions and answers, remarks, the origin of the figures and TMDB's notice."""
    lines = ["| question | answer |", "| --- | --- |"]
    for text in to_text(result, language):
        # A row for each sentence: Dagster's UI drops <br>, and a table knows no other break.
        sentences = (*text.sentences, text.caveat)
        questions = [text.question, *[""] * (len(sentences) - 1)]
        for question, sentence in zip(questions, sentences, strict=True):
            lines.append(f"| {in_markdown(question)} | {in_markdown(sentence)} |")
    notes = [f"- {in_markdown(remark)}" for remark in remarks(result, language)]
    return "\n".join([*lines, "", *notes, "", in_markdown(origin(result, language)), "", NOTICE])
