"""In words: how much is transferred on average, who gives most, who is harmed most, which transfers stand a test."""

from __future__ import annotations

from collections.abc import Iterator

from spillover.analysis.findings import ModelFindings
from spillover.analysis.frame import Frame
from spillover.analysis.leaders import Leader
from spillover.analysis.settings import AnalysisSettings
from spillover.analysis.wording import among_in_words, interval_in_words
from spillover.core.numbers import fixed, number, percent


def say_transfers(model: ModelFindings, settings: AnalysisSettings) -> Iterator[str]:
    """Say what finetuning on one task does to the others, on average and at its extremes.

    Complexity: O(cells).

    >>> from spillover.analysis import analyze
    >>> from spillover.analysis.cube import example_cube
    >>> settings = AnalysisSettings(replicates=0)
    >>> model = analyze(example_cube(), settings).models[0]
    >>> next(say_transfers(model, settings))
    'finetuning on one task loses 0.2500 PGF on another on average.'
    """
    sayings = (_say_mean, _say_cells, _say_donor, _say_harmed, _say_without_flagged)
    for say in sayings:
        yield from say(model, settings)


def _say_mean(model: ModelFindings, settings: AnalysisSettings) -> Iterator[str]:
    summary, spread = model.summary, model.summary.spread
    if summary.mean is None:
        yield "no transfer to another task has a PGF (the base leaves no gap to close, or there is only one task)."
        return
    size = fixed(summary.mean, 4)
    change = "changes nothing" if float(size) == 0 else f"{'gains' if summary.mean > 0 else 'loses'} {size} PGF"
    among = among_in_words(summary.frame)
    text = f"finetuning on one task {change} on another on average{among}"
    if spread is not None:
        low, high = float(spread.low.mean), float(spread.high.mean)
        open_sign = ", so the sign is open" if low <= 0 <= high else ""
        text += f" ({interval_in_words(low, high, settings)}{open_sign}{_too_narrow(model, spread.unsampled)})"
    elif settings.replicates:
        text += " (no interval: there is one seed, and right answers cannot be counted)"
    yield f"{text}."


def _too_narrow(model: ModelFindings, unsampled: tuple[str, ...]) -> str:
    """Say of how many of the targets of a mean no other examples were drawn."""
    frame = model.summary.frame
    targets = [name for name in frame.targets if _takes_part(frame, name)]
    without = sum(name in unsampled for name in targets)
    if not without:
        return ""
    return f"; too narrow: right answers of {without} of {len(targets)} targets cannot be counted"


def _say_donor(model: ModelFindings, settings: AnalysisSettings) -> Iterator[str]:
    if leader := model.strongest_donor:
        text = f"the strongest donor is {leader.task} (positive transferability {number(leader.value)})"
        yield text + _hedge_leader(leader, "sources", settings) + "."


def _say_harmed(model: ModelFindings, settings: AnalysisSettings) -> Iterator[str]:
    if leader := model.most_harmed:
        flagged = ", flagged: see the warnings" if leader.task in model.without_flagged.frame.excluded else ""
        text = f"the most harmed target is {leader.task} (negative malleability {number(leader.value)}{flagged})"
        yield text + _hedge_leader(leader, "targets", settings) + "."


def _hedge_leader(leader: Leader, of: str, settings: AnalysisSettings) -> str:
    """Somebody always leads: say what leads under noise alone, and how often it is the same one."""
    text = ""
    if leader.noise_limit is None or leader.leads is None:
        text += ", which cannot be held against noise"
    else:
        verdicts = {True: "more than noise", False: "no more than noise", None: "more than the known part of noise"}
        text += f", {verdicts[leader.beyond_noise]} gives the first of {leader.of} {of}"
        text += f" (up to {number(leader.noise_limit)} in {settings.confidence:.0%} of cases)"
        if leader.limit_is_whole:
            text += f"; first in {percent(leader.leads)} of replicates"
    if leader.without_flagged != leader.task:
        text += f"; without the flagged targets it is {leader.without_flagged or 'none'}"
    return text


def _say_cells(model: ModelFindings, settings: AnalysisSettings) -> Iterator[str]:
    """Say first what stands a test, then how many are undecided, and only then the signs, which noise gives as well."""
    frame, summary = model.summary.frame, model.summary
    if summary.mean is None:
        return
    among = among_in_words(frame)
    signs = f"by sign alone {summary.positive_cells} of {summary.cells}{among} are positive, {summary.negative_cells} "
    signs += "negative"
    found = model.discoveries
    if not found.tested:
        yield f"no single transfer could be tested; {signs}."
        return
    rate = f"at a false discovery rate of {settings.false_discovery_rate:.0%}"
    of_all = " of all sources and targets" if among else ""
    if found.undecided == found.tested:
        yield f"no single transfer of the {found.tested} tested{of_all} can be told from none {rate}; {signs}."
        return
    text = f"{found.helps + found.harms} of the {found.tested} single transfers tested{of_all} can be told from none "
    text += f"{rate}: {found.helps} positive, {found.harms} negative; {found.undecided} undecided"
    columns = model.discovered.sum(axis=0)
    if columns.max() >= 2:
        text += f"; {int(columns.max())} of them share the target {frame.targets[int(columns.argmax())]} and its base"
    yield f"{text}; {signs}."


def _say_without_flagged(model: ModelFindings, _: AnalysisSettings) -> Iterator[str]:
    summary, fewer = model.summary, model.without_flagged
    if summary.mean is not None and fewer.cells < summary.cells:
        flagged = [name for name in fewer.frame.excluded if _takes_part(summary.frame, name)]
        names = ", ".join(model.matrix.abbreviations.get(name, name) for name in flagged)
        if fewer.mean is None:
            yield f"every target is flagged ({names}): see the warnings."
        else:
            without, with_them = number(fewer.mean, 4), number(summary.mean, 4)
            if without != with_them:
                yield f"without the flagged targets ({names}) the mean transfer is {without}, not {with_them}."
    unlabelled = model.without_unknown_labels
    if unlabelled is not None and unlabelled.mean is not None and unlabelled.cells < summary.cells:
        names = ", ".join(unlabelled.frame.excluded)
        text = f"without {names} as source and target (label revision unknown)"
        yield f"{text} the mean transfer is {number(unlabelled.mean, 4)}."


def _takes_part(frame: Frame, target: str) -> bool:
    return bool(frame.reference[:, frame.targets.index(target)].any())
