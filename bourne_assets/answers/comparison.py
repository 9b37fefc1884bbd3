"""Which answers differ between two days: the conclusion, not the last digit.

Not here: what an answer concludes (`conclusions`), and words but those of a comparison.
"""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from bourne_assets.answers.conclusions import ConcludedFilm, Conclusion
from bourne_assets.answers.questions import QUESTIONS, Answers, Question, to_text
from bourne_assets.answers.questions import as_json as answers_as_json
from bourne_assets.answers.words.language import Localizer, localizer
from bourne_assets.answers.words.sentences import AnswerText
from bourne_assets.translations import Language

Outcome = Literal["same", "changed", "reversed", "unknown"]


@dataclass(frozen=True)
class AnswerChange:
    """How one answer changed between two days.

    Attributes:
        answer: Its name in the answers object.
        outcome: `same`; `changed` where numbers moved and the conclusion stands; `reversed` where
            the conclusion is another; `unknown` where one of the days does not state it.
        former: The conclusion of the first day; None where it cannot be drawn.
        latter: The conclusion of the second day.
    """

    answer: str
    outcome: Outcome
    former: Conclusion | None
    latter: Conclusion | None


@dataclass(frozen=True)
class AnswerChangeText:
    """A change in words.

    Attributes:
        question: The question in full.
        outcome: As that of the `AnswerChange`.
        verdict: The outcome of the answer.
        former: The answer of the first day, in one sentence.
        latter: That of the second day.
    """

    question: str
    outcome: Outcome
    verdict: str
    former: str
    latter: str


def as_json(former: Answers, latter: Answers) -> dict[str, Any]:
    """The answers of two days and the outcome of each, as the command prints them."""
    return {
        "former": answers_as_json(former),
        "latter": answers_as_json(latter),
        "turns": [
            {
                "answer": change.answer,
                "outcome": change.outcome,
                "former": _plain(change.former),
                "latter": _plain(change.latter),
            }
            for change in compare(former, latter)
        ],
    }


def _plain(conclusion: Conclusion | None) -> dict[str, Any] | None:
    """A conclusion with the names of its films."""
    if conclusion is None:
        return None
    return {
        part: value.name if isinstance(value, ConcludedFilm) else value
        for part, value in conclusion.items()
    }


def compare(former: Answers, latter: Answers) -> list[AnswerChange]:
    """The answers of two days, compared."""
    changes = []
    for question in QUESTIONS:
        one, other = (getattr(result.answers, question.name) for result in (former, latter))
        before, after = question.conclusion(one), question.conclusion(other)
        equal = _relevant(question, asdict(one)) == _relevant(question, asdict(other))
        outcome = _outcome(before, after, equal=equal)
        changes.append(AnswerChange(question.name, outcome, before, after))
    return changes


def changes_to_text(
    former: Answers, latter: Answers, language: Language = "en"
) -> list[AnswerChangeText]:
    """The comparison as sentences."""
    t = localizer(language)
    texts = zip(
        compare(former, latter), to_text(former, language), to_text(latter, language), strict=True
    )
    return [_text(t, change, one, other) for change, one, other in texts]


def _text(
    t: Localizer, change: AnswerChange, one: AnswerText, other: AnswerText
) -> AnswerChangeText:
    verdict = {
        "same": t.gettext("The same on both days"),
        "changed": t.gettext("Other numbers, the same conclusion"),
        "reversed": t.gettext("Another conclusion"),
        "unknown": t.gettext("Not comparable: one of the days does not state the figures"),
    }[change.outcome]
    return AnswerChangeText(
        one.question, change.outcome, verdict, one.sentences[0], other.sentences[0]
    )


def _outcome(before: Conclusion | None, after: Conclusion | None, *, equal: bool) -> Outcome:
    """Parts of a conclusion that one of the days does not state are not compared."""
    if before is None or after is None:
        return "unknown"
    names = {*before, *after}
    shared = [n for n in names if before.get(n) is not None and after.get(n) is not None]
    if not shared:
        return "unknown"
    if any(before[name] != after[name] for name in shared):
        return "reversed"
    return "same" if equal else "changed"


def _relevant(question: Question[Any], answer: Any) -> Any:
    """An answer without what it is not about: films carry a popularity in all of them."""
    if "popularity" in question.columns:
        return answer
    if isinstance(answer, dict):
        return {
            part: _relevant(question, value)
            for part, value in answer.items()
            if part != "popularity"
        }
    return [_relevant(question, part) for part in answer] if isinstance(answer, tuple) else answer
