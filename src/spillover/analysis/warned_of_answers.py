"""Warnings of how targets were answered and labelled: collapse, chance, replies that nobody can read, wrong labels."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

import numpy as np
from scipy import special

from spillover.analysis.answers import ONE_LETTER, find_shared_count
from spillover.analysis.cube import ScoreCube, TargetBlock
from spillover.analysis.settings import AnalysisSettings
from spillover.analysis.warned import Evidence, Warned
from spillover.tasks.labels import RELABELLED, label_revision

UNREAD_WORTH_SAYING = 0.01
UNREAD_SHARE = 0.1
"""A base with at least this share of replies that nobody can read is measured by its format."""
UNREAD_CHANGE = 0.05
"""A source that changes the share of unread replies by at least this much: 5 accuracy points, more than the standard
error of an accuracy over 130 examples, may be nothing but format."""
UNEVEN_LABELS = 1.5
"""A letter that is the answer this many times as often as under a uniform balance."""


def warn_of_answers(evidence: Evidence, settings: AnalysisSettings) -> Iterator[Warned]:
    """Warn of answers and labels that may pass for transfer.

    Complexity: O(seeds · cells).
    """
    checks = (
        _warn_of_collapse,
        _warn_of_shared_counts,
        _warn_of_below_chance,
        _warn_of_parse_failures,
        _warn_of_label_revision,
        _warn_of_label_balance,
    )
    for check in checks:
        yield from check(evidence, settings)


def _warn_of_collapse(evidence: Evidence, _: AnalysisSettings) -> Iterator[Warned]:
    """A collapse that finetuning brought is a learnt format; one that the base had before it was taught by nothing."""
    for column, answers in enumerate(evidence.answers):
        target, runs = evidence.frame.targets[column], answers.collapsed.size
        new = answers.collapsed & ~answers.kept
        said: list[str] = []
        if answers.base_collapsed or answers.kept.any():
            kept = int(answers.kept.sum())
            still = "no finetuned model still does"
            if kept:
                verb = "does" if kept == 1 else "do"
                still = f"{_of_runs(kept, runs)} still {verb}, right exactly as often as that is the answer"
            others = "; what the others gain may be no more than other letters" if kept < runs else ""
            said.append(f"the base itself answers {answers.base_letter} nearly always, and {still}{others}")
        if new.any():
            letters = answers.shares[new].argmax(axis=-1)
            named = ", ".join(answers.letters[code] for code in np.unique(letters).tolist())
            answer, are = ("answers", "is") if new.sum() == 1 else ("answer", "are")
            said.append(
                f"{_of_runs(int(new.sum()), runs)} {answer} {named} nearly always, as the base does not, and {are} "
                "right exactly as often as that is the answer: a learnt format, not a learnt task"
            )
        if said:
            yield Warned(kind="collapse", tasks=(target,), text=f"{target}: {'; '.join(said)}")


def _of_runs(count: int, runs: int) -> str:
    return "the finetuned model" if runs == 1 else f"{count} of {runs} finetuned models"


def _warn_of_shared_counts(evidence: Evidence, settings: AnalysisSettings) -> Iterator[Warned]:
    """A count that many share hints at a collapse, unless the replies show that there is none."""
    for column, correct in enumerate(evidence.correct):
        if correct is None or _answers_many_letters(evidence, column):
            continue
        shared = find_shared_count(correct, evidence.frame.transfer, column, settings.collapse_share)
        if shared is None:
            continue
        target = evidence.frame.targets[column]
        text = (
            f"{target}: {shared.runs} of {shared.of} finetuned models are right exactly {shared.correct:g} "
            f"{_of_examples(evidence, target)}times; answers may have collapsed onto one letter"
        )
        yield Warned(kind="shared_count", tasks=(target,), text=text)


def _answers_many_letters(evidence: Evidence, column: int) -> bool:
    """Whether replies show that no finetuned model gives one letter nearly always, whatever the unread ones were."""
    if not evidence.answers or not evidence.answers[column].letters:
        return False
    answers = evidence.answers[column]
    return bool((answers.shares.max(axis=-1) + answers.unparsed < ONE_LETTER).all())


def _of_examples(evidence: Evidence, target: str) -> str:
    examples = evidence.base[target].examples
    return "" if examples is None else f"of {examples} "


def _warn_of_below_chance(evidence: Evidence, _: AnalysisSettings) -> Iterator[Warned]:
    for target, record in evidence.base.items():
        if record.accuracy is None or record.chance is None or record.examples is None:
            continue
        correct = round(record.accuracy * record.examples)
        p = float(special.bdtr(correct, record.examples, record.chance))
        if p < 0.05:
            text = (
                f"{target}: the base scores {record.accuracy:.3f}, below chance ({record.chance:.3f}; one-sided exact "
                f"binomial p = {p:.3g}, unadjusted): finetuning on anything may look like help"
            )
            yield Warned(kind="below_chance", tasks=(target,), text=text)


def _warn_of_parse_failures(evidence: Evidence, _: AnalysisSettings) -> Iterator[Warned]:
    for column, answers in enumerate(evidence.answers):
        target = evidence.frame.targets[column]
        base = evidence.base[target].unparsed or 0.0
        finetuned = answers.unparsed.mean(axis=0)
        if max(base, float(answers.unparsed.max(initial=0.0))) <= UNREAD_WORTH_SAYING:
            continue
        row = int(np.abs(finetuned - base).argmax())
        text = (
            f"{target}: no answer could be read from {base:.1%} of the base's replies and {finetuned[row]:.1%} of the "
            f"replies after finetuning on {evidence.frame.sources[row]}, the largest change; they count as wrong"
        )
        if base >= UNREAD_SHARE or abs(finetuned[row] - base) >= UNREAD_CHANGE:
            text += ": what looks like transfer may be a change of format, not of skill"
            yield Warned(kind="unread_replies", tasks=(target,), text=text)
        else:
            yield Warned(kind="parse_failures", tasks=(target,), text=text)


def _warn_of_label_revision(evidence: Evidence, settings: AnalysisSettings) -> Iterator[Warned]:
    if RELABELLED not in evidence.frame.targets or RELABELLED in settings.trusted_labels:
        return
    revision = None
    if evidence.cube is not None:
        block = evidence.cube.blocks[evidence.frame.targets.index(RELABELLED)]
        if all(re.fullmatch(rf"(train|validation)_{RELABELLED}_\d+_\d+", example) for example in block.examples):
            return  # drawn by our own suite, not BLINK's
        revision = _label_revision(block)
    if revision == "corrected":
        return
    if revision == "old":
        text = (
            f"{RELABELLED}: the labels are those before BLINK's correction of 2025-09-03, when about 90 % of them were "
            "wrong: scores on it mean nothing"
        )
    else:
        text = (
            f"{RELABELLED}: label revision unknown; about 90 % of BLINK's answers to it were wrong until 2025-09-03 "
            "(name it in trusted_labels if yours are the corrected ones)"
        )
    yield Warned(kind="label_revision", tasks=(RELABELLED,), text=text)


def _label_revision(block: TargetBlock) -> Literal["old", "corrected"] | None:
    codes = block.answers.tolist()
    if min(codes) < 0:
        return None
    return label_revision({example: block.letters[code] for example, code in zip(block.examples, codes, strict=True)})


def _warn_of_label_balance(evidence: Evidence, _: AnalysisSettings) -> Iterator[Warned]:
    for target, record in evidence.base.items():
        if record.calibrated is None or not record.labels:
            continue
        letter = max(record.labels, key=lambda name: record.labels[name])
        if record.labels[letter] * len(record.labels) >= UNEVEN_LABELS:
            text = (
                f"{target}: {letter} is the answer of {record.labels[letter]:.0%} of the examples; calibration weighs "
                "examples so that letters count equally, and leans on few of them"
            )
            yield Warned(kind="label_balance", tasks=(target,), text=text)


def warn_of_own_control(base: ScoreCube, control: ScoreCube) -> Iterator[Warned]:
    """Warn of controls trained on the base's own answers where the base answers one letter: they teach the collapse.

    Complexity: O(examples · letters).

    >>> from spillover.analysis.cube import example_cube
    >>> list(warn_of_own_control(example_cube(), example_cube()))
    []
    """
    if control.control != "own":
        return
    for source in control.sources:
        if source not in base.targets:
            continue
        block = base.blocks[base.targets.index(source)]
        shares = [float((block.base_given == code).mean()) for code in range(len(block.letters))]
        if shares and max(shares) >= ONE_LETTER:
            text = (
                f"{source}: the base answers {block.letters[int(np.argmax(shares))]} to {max(shares):.0%} of it, so a "
                "control trained on the base's own answers teaches that collapse: leave this control out"
            )
            yield Warned(kind="own_control", tasks=(source,), text=text)
