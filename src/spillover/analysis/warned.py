"""Warnings that a careful reviewer would raise, and the targets that they flag."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy import special

from spillover.analysis.answers import ONE_LETTER, TargetAnswers, find_shared_count
from spillover.analysis.cube import ScoreCube
from spillover.analysis.frame import Frame
from spillover.analysis.pgf import TransferArray
from spillover.analysis.records import BaseRecord
from spillover.analysis.settings import AnalysisSettings
from spillover.analysis.shapes import PerTarget

FLAGGING = frozenset({"collapse", "shared_count", "below_chance", "label_revision", "unread_replies"})
"""Kinds of warnings whose targets are left out of the second version of every summary."""
COARSE_STEP = 0.05
"""A target on which one answer is worth at least this much PGF is nearly saturated."""
UNREAD_WORTH_SAYING = 0.01
UNREAD_SHARE = 0.1
"""A base with at least this share of replies that nobody can read is measured by its format."""
UNREAD_CHANGE = 0.05
"""A source that changes the share of unread replies by at least this much: 5 accuracy points, more than the standard
error of an accuracy over 130 examples, may be nothing but format."""
DOMINANT_SHARE = 0.4
UNEVEN_LABELS = 1.5
"""A letter that is the answer this many times as often as under a uniform balance."""
MOST_ALTERNATIVES = 4
MISLABELLED = "Relative_Reflectance"
"""About 90 % of its answers were wrong until BLINK's own correction of 2025-09-03."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned:
    """Something that a careful reviewer would raise."""

    kind: str
    tasks: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What warnings are drawn from."""

    transfers: TransferArray
    frame: Frame
    base: dict[str, BaseRecord]
    gap: PerTarget
    """Answers between base and ceiling, by target; NaN where counts are not known."""
    squares_by_target: PerTarget
    correct: tuple[np.ndarray | None, ...]
    """Number correct by target, shape seed × source; None where not known."""
    cube: ScoreCube | None
    answers: tuple[TargetAnswers, ...]
    """Empty from a published table."""


def warn(evidence: Evidence, settings: AnalysisSettings) -> tuple[Warned, ...]:
    """Raise every warning that the evidence calls for.

    Complexity: O(seeds · cells).

    >>> from spillover.analysis.cube import example_cube
    >>> from spillover.analysis.analyze import analyze
    >>> [warned.kind for warned in analyze(example_cube()).models[0].warnings]
    ['few_seeds', 'saturated', 'saturated']
    """
    checks: tuple[Callable[[Evidence, AnalysisSettings], Iterator[Warned]], ...] = (
        *(_warn_undefined, _warn_collapse, _warn_shared_counts, _warn_below_chance, _warn_parse_failures),
        *(_warn_few_seeds, _warn_saturated, _warn_dominant, _warn_label_revision, _warn_label_balance),
        _warn_unrecovered,
    )
    return tuple(warned for check in checks for warned in check(evidence, settings))


def find_flagged(warnings: tuple[Warned, ...], settings: AnalysisSettings) -> tuple[str, ...]:
    """Name the targets that the second version of every summary leaves out.

    Complexity: O(warnings).

    >>> find_flagged((Warned(kind="collapse", tasks=("Jigsaw",), text=""),), AnalysisSettings())
    ('Jigsaw',)
    """
    flagged = [task for warned in warnings if warned.kind in FLAGGING for task in warned.tasks]
    return tuple(dict.fromkeys([*flagged, *settings.excluded_targets]))


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


def _warn_undefined(evidence: Evidence, _: AnalysisSettings) -> Iterator[Warned]:
    by_target: dict[str, list[str]] = {}
    for cell in evidence.transfers.undefined:
        by_target.setdefault(cell.target, []).append(cell.reason)
    for target, reasons in by_target.items():
        text = f"{target}: {len(reasons)} cells have no PGF and are left out of every aggregate: {reasons[0]}"
        yield Warned(kind="undefined", tasks=(target,), text=text)


def _warn_collapse(evidence: Evidence, _: AnalysisSettings) -> Iterator[Warned]:
    for column, answers in enumerate(evidence.answers):
        target, count = evidence.frame.targets[column], int(answers.collapsed.sum())
        if not count:
            continue
        letters = answers.shares[answers.collapsed].argmax(axis=-1)
        named = ", ".join(answers.letters[code] for code in np.unique(letters).tolist())
        text = (
            f"{target}: {count} of {answers.collapsed.size} finetuned models answer {named} nearly always and are "
            f"right exactly as often as that is the answer: a learnt format, not a learnt task"
        )
        yield Warned(kind="collapse", tasks=(target,), text=text)


def _warn_shared_counts(evidence: Evidence, settings: AnalysisSettings) -> Iterator[Warned]:
    for column, correct in enumerate(evidence.correct):
        if correct is None:
            continue
        shared = find_shared_count(correct, evidence.frame.transfer, column, settings.collapse_share)
        if shared is None:
            continue
        target = evidence.frame.targets[column]
        text = (
            f"{target}: {shared.runs} of {shared.of} finetuned models are right exactly {shared.correct} times; "
            "answers may have collapsed onto one letter"
        )
        yield Warned(kind="shared_count", tasks=(target,), text=text)


def _warn_below_chance(evidence: Evidence, _: AnalysisSettings) -> Iterator[Warned]:
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


def _warn_parse_failures(evidence: Evidence, _: AnalysisSettings) -> Iterator[Warned]:
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


def _warn_few_seeds(evidence: Evidence, _: AnalysisSettings) -> Iterator[Warned]:
    seeds = len(evidence.transfers.seeds)
    if seeds == 1:
        text = "one training seed: intervals cover other examples, not other trainings; seed noise cannot be told"
        yield Warned(kind="few_seeds", tasks=(), text=text)
    elif seeds < 6:
        text = (
            f"{seeds} training seeds: no test over seeds alone could fall below p = {2.0 ** (1 - seeds):g} "
            "(two-sided Wilcoxon), so none is made; cells are tested over examples and seeds together"
        )
        yield Warned(kind="few_seeds", tasks=(), text=text)


def _warn_saturated(evidence: Evidence, _: AnalysisSettings) -> Iterator[Warned]:
    for target, gap in zip(evidence.frame.targets, evidence.gap.tolist(), strict=True):
        if 0 < gap <= 1 / COARSE_STEP:
            text = (
                f"{target}: only {gap:g} answers lie between the base and the ceiling, so one answer is worth "
                f"{1 / gap:.3f} PGF; read accuracy points beside it"
            )
            yield Warned(kind="saturated", tasks=(target,), text=text)


def _warn_dominant(evidence: Evidence, _: AnalysisSettings) -> Iterator[Warned]:
    shares = evidence.squares_by_target
    if evidence.frame.reference.any(axis=0).sum() < 4:  # among few targets one always leads
        return
    for target, share in zip(evidence.frame.targets, shares.tolist(), strict=True):
        if share >= DOMINANT_SHARE:
            text = f"{target} alone holds {share:.0%} of the sum of squares: averages of PGF hang on it"
            yield Warned(kind="dominant_target", tasks=(target,), text=text)


def _warn_label_revision(evidence: Evidence, settings: AnalysisSettings) -> Iterator[Warned]:
    if MISLABELLED not in evidence.frame.targets or MISLABELLED in settings.trusted_labels:
        return
    if evidence.cube is not None:
        examples = evidence.cube.blocks[evidence.frame.targets.index(MISLABELLED)].examples
        if all(re.fullmatch(rf"(train|validation)_{MISLABELLED}_\d+_\d+", example) for example in examples):
            return  # drawn by our own suite, not BLINK's
    text = (
        f"{MISLABELLED}: label revision unknown; about 90 % of BLINK's answers to it were wrong until 2025-09-03 "
        "(name it in trusted_labels if yours are the corrected ones)"
    )
    yield Warned(kind="label_revision", tasks=(MISLABELLED,), text=text)


def _warn_label_balance(evidence: Evidence, _: AnalysisSettings) -> Iterator[Warned]:
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


def _warn_unrecovered(evidence: Evidence, _: AnalysisSettings) -> Iterator[Warned]:
    if evidence.cube is not None:
        return
    unknown = [
        target for target, correct in zip(evidence.frame.targets, evidence.correct, strict=True) if correct is None
    ]
    possible = {target: evidence.base[target].possible_errors for target in unknown}
    ambiguous = tuple(target for target in unknown if possible[target])
    lost = tuple(target for target in unknown if not possible[target])
    what_is_left = (
        "intervals of these targets cover seeds only, and nothing is tested there: every seed was asked the same "
        "examples"
    )
    if lost:
        cause = "the number of examples is unknown or not one and the same, or decimals are too few"
        text = f"counts are not known ({cause}): {what_is_left}"
        yield Warned(kind="counts_not_recovered", tasks=lost, text=text)
    if ambiguous:
        listing = "; ".join(f"{target}: {_alternatives(possible[target])}" for target in ambiguous)
        text = (
            "too few different PGFs are there to tell how many examples the base got wrong, so no accuracy is given "
            f"({listing}): {what_is_left}"
        )
        yield Warned(kind="counts_ambiguous", tasks=ambiguous, text=text)


def _alternatives(counts: tuple[int, ...]) -> str:
    if len(counts) > MOST_ALTERNATIVES:
        return f"{counts[0]}, {counts[1]} or another up to {counts[-1]}"
    return f"{', '.join(map(str, counts[:-1]))} or {counts[-1]}"
