"""From an answer in somebody's file to a row of the score table.

Where a raw reply is there, our documented parser reads it again (`tasks.scoring`), and the file's own score stands
beside; else the file's own is all there is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import lru_cache
from string import ascii_uppercase
from typing import Literal

from spillover.core.errors import ImportFileError
from spillover.core.keys import content_key
from spillover.core.scores import Score
from spillover.interop.found import Answer, Metric, Place
from spillover.interop.mapping import MappedRun
from spillover.interop.option_lines import right_letter
from spillover.tasks.scoring import ParsedReply, parse_reply

Scoring = Literal["parsed", "file"]
EVERY_LETTER = tuple(f"({letter})" for letter in ascii_uppercase)
KEPT_EXAMPLES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """One row of the score table, with what the file itself says beside it."""

    score: Score
    own: float | None
    """The file's own score, 0–1; None where it has none."""
    read_again: bool
    """Whether the score comes from our parser."""


@dataclass(slots=True, kw_only=True)
class TaskTally:
    """How the file's own scores and ours compare on one task of one run."""

    examples: int = 0
    correct: float = 0.0
    """Sum of the scores that the analysis uses."""
    read_again: int = 0
    """Replies that were parsed here."""
    own: int = 0
    """Examples that the file scores itself."""
    own_correct: float = 0.0
    differing: int = 0
    """Examples of those on which the file's score is another than ours."""
    ambiguous: int = 0
    none: int = 0
    """Replies in which our parser found no answer."""
    such: list[str] = field(default_factory=list[str])
    """A few of the differing ones, in words."""

    def count(self, scored: Scored) -> None:
        """Count one example, and whether the file's own score is another than ours."""
        score, own = scored.score, scored.own
        self.examples += 1
        self.correct += score.score
        self.read_again += scored.read_again
        self.ambiguous += score.parse == "ambiguous"
        self.none += score.parse == "none"
        if own is None:
            return
        self.own += 1
        self.own_correct += own
        if abs(own - score.score) > 1e-9:
            self.differing += 1
            if len(self.such) < KEPT_EXAMPLES:
                self.such.append(_describe_difference(score, own))

    def add(self, other: TaskTally) -> None:
        """Add what another run counted."""
        for name in ("examples", "correct", "read_again", "own", "own_correct", "differing", "ambiguous", "none"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.such = (self.such + other.such)[:KEPT_EXAMPLES]


def score_answer(answer: Answer, mapped: MappedRun, model: str, scoring: Scoring) -> Scored:
    """Score one answer.

    Args:
        answer: as the file has it, its task settled and its right answer known.
        mapped: the run that it belongs to.
        model: the base model's name.
        scoring: `parsed` reads replies again; `file` takes the file's own score.

    Raises:
        ImportFileError: there is nothing to score by, or a score is not in its metric's range.
    """
    right = answer.right or ""
    own = None if answer.own_score is None else as_fraction(answer.own_score, mapped.run.metric, answer.where)
    if own is None and answer.own_answer is not None and right in EVERY_LETTER:
        own = float(right_letter(answer.own_answer, answer.options, answer.choices) == right)
    said = _read_again(answer, right) if scoring == "parsed" else None
    if said is not None:
        given, parse, score = said.answer, said.parse, float(said.answer == right)
    elif own is not None:
        given, parse, score = *_file_reading(answer, own), own
    else:
        hint = (
            "use --scores parsed"
            if scoring == "file"
            else "the reply is to an open question, and the file has no score"
        )
        raise ImportFileError("there is no score for this example", where=answer.where, hint=hint)
    return Scored(
        score=Score(
            model=model,
            adapter_key=adapter_key(mapped.place),
            source=mapped.place.source,
            seed=mapped.place.seed,
            protocol="imported",
            target=answer.task,
            target_key=target_key(answer.task),
            example=answer.example,
            score=score,
            answer=right,
            answer_given=given,
            parse=parse,
            reply=answer.reply,
            options=answer.options or None,
            option_log_probabilities=_normalised(answer.log_probabilities),
        ),
        own=own,
        read_again=said is not None,
    )


@lru_cache(maxsize=1024)
def adapter_key(place: Place) -> str:
    """Tell the weights of imported runs apart: by what they are in the study."""
    return content_key({"imported": place.source, "seed": place.seed})


@lru_cache(maxsize=1024)
def target_key(task: str) -> str:
    """Name what was asked; that all runs were asked the same is for `questions` to see."""
    return content_key({"imported": task})


def as_fraction(value: float, metric: Metric, where: str) -> float:
    """Scale a number of a file to 0–1, higher is better.

    Raises:
        ImportFileError: nothing says whether it is a fraction or percent, or it is outside the metric's range.
    """
    if metric.maximum is None:
        raise ImportFileError(
            f"{metric.name}: it cannot be told whether these are fractions or percent: {metric.evidence}",
            where=where,
            hint="say it: --scale fraction, or --scale percent; then numbers outside of it are named, with their place",
        )
    if not 0 <= value <= metric.maximum:
        raise ImportFileError(
            f"{metric.name}: {value:g} is not between 0 and {metric.maximum:g}",
            where=where,
            hint="correct it; say --scale percent where 100 is the most, --metric where another number is meant",
        )
    fraction = value / metric.maximum
    return 1 - fraction if metric.direction == "lower" else fraction


def fill_in(answer: Answer, right: str | None) -> Answer:
    """Give an answer the right answer that another run knows.

    Raises:
        ImportFileError: nobody knows it.
    """
    if answer.right is not None:
        return answer
    if right is None:
        raise ImportFileError(
            f"the right answer to {answer.example[:80]!r} is not in the file",
            where=answer.where,
            hint="import it together with a file that holds right answers to the same examples",
        )
    return replace(answer, right=right)


def _describe_difference(score: Score, own: float) -> str:
    reply = " ".join((score.reply or "").split())
    shown = reply if len(reply) <= 90 else f"{reply[:45]} … {reply[-40:]}"
    said = score.answer_given or score.parse
    return f"{score.example}: {shown!r} is {said}, right is {score.answer}; the file's score is {own:g}"


def _read_again(answer: Answer, right: str) -> ParsedReply | None:
    if answer.reply is None or right not in EVERY_LETTER:
        return None
    return parse_reply(answer.reply, answer.options or EVERY_LETTER, answer.choices)


def _file_reading(answer: Answer, own: float) -> tuple[str | None, Literal["parsed", "none"]]:
    """What the file read from a reply; `none` where it says that it read nothing, or a letter that is no option."""
    read = answer.reply if answer.own_answer is None else answer.own_answer
    if read is None:
        return None, "parsed"
    given = right_letter(read, answer.options, answer.choices)
    if answer.own_answer is None:
        return given, "parsed"
    if own == 0 and (not given or (answer.options and given not in answer.options)):
        return None, "none"
    return given, "parsed"


def _normalised(values: tuple[float, ...] | None) -> tuple[float, ...] | None:
    if values is None:
        return None
    top = max(values)
    if top == -math.inf:
        return None
    total = top + math.log(sum(math.exp(value - top) for value in values))
    return tuple(value - total for value in values)
