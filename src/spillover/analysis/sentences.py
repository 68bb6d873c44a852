"""What the findings mean, in plain words, each backed by a figure in them and hedged where its interval says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from spillover.analysis.findings import CliqueFindings, Comparison, ModelFindings
from spillover.analysis.frame import Frame
from spillover.analysis.leaders import Leader
from spillover.analysis.personas import Personas
from spillover.analysis.settings import AnalysisSettings
from spillover.analysis.verdict_words import say_additivity, say_verdict

Saying = Callable[[ModelFindings, AnalysisSettings], Iterator[str]]


def say_findings(
    models: Sequence[ModelFindings], comparisons: Sequence[Comparison], settings: AnalysisSettings
) -> tuple[str, ...]:
    """Say what was found, model by model, then across models.

    Complexity: O(models · tasks).

    >>> say_findings([], [], AnalysisSettings())
    ()
    """
    sayings: tuple[Saying, ...] = (
        *(_say_mean, _say_donor, _say_harmed, _say_cells, _say_generic, _say_without_flagged),
        *(_say_calibrated, _say_controls, _say_protocols, _say_cliques, _say_personas, _say_weights),
        *(_say_progress, _say_mixtures),
    )
    sentences = [
        f"{model.title}: {sentence}" for model in models for say in sayings for sentence in say(model, settings)
    ]
    by_key = {(model.model, model.protocol): model for model in models}
    for comparison in comparisons:
        sentences.extend(_say_scale(comparison, [by_key[name, comparison.protocol] for name in comparison.models]))
    return tuple(sentences)


def _say_mixtures(model: ModelFindings, _: AnalysisSettings) -> Iterator[str]:
    for verdict in model.verdicts:
        yield from say_verdict(verdict)
    if model.additivity is not None:
        yield from say_additivity(model.additivity)


def _interval(low: float, high: float, settings: AnalysisSettings) -> str:
    return f"{settings.confidence:.0%} interval {low:.3f} to {high:.3f}"


def _say_mean(model: ModelFindings, settings: AnalysisSettings) -> Iterator[str]:
    summary, spread = model.summary, model.summary.spread
    if summary.mean is None:
        yield "no transfer to another task has a PGF (the base leaves no gap to close, or there is only one task)."
        return
    size = f"{abs(summary.mean):.4f}"
    change = "changes nothing" if float(size) == 0 else f"{'gains' if summary.mean > 0 else 'loses'} {size} PGF"
    among = _among(summary.frame)
    text = f"finetuning on one task {change} on another on average{among}"
    if spread is not None:
        low, high = float(spread.low.mean), float(spread.high.mean)
        text += f" ({_interval(low, high, settings)}{', so the sign is open' if low <= 0 <= high else ''}"
        text += f"{_examples_left_out(model)})"
    these = f"of {'these ' if among else ''}{summary.cells} transfers"
    signs = f"{summary.positive_cells} {these} are positive, {summary.negative_cells} negative"
    yield f"{text}; {signs}."


def _among(frame: Frame) -> str:
    """Say what a figure is about where it leaves out sources that are no targets, or the reverse."""
    if np.array_equal(frame.transfer, frame.reference):
        return ""
    return f" among the {frame.common} tasks that are both source and target"


def _say_donor(model: ModelFindings, settings: AnalysisSettings) -> Iterator[str]:
    if leader := model.strongest_donor:
        text = f"the strongest donor is {leader.task}, with a positive transferability of {leader.value:.3f}"
        yield text + _hedge_leader(model, leader, "sources", settings) + "."


def _say_harmed(model: ModelFindings, settings: AnalysisSettings) -> Iterator[str]:
    if leader := model.most_harmed:
        flagged = " (flagged: see the warnings)" if leader.task in model.without_flagged.frame.excluded else ""
        text = f"the most harmed target is {leader.task}{flagged}, with a negative malleability of {leader.value:.3f}"
        yield text + _hedge_leader(model, leader, "targets", settings) + "."


def _hedge_leader(model: ModelFindings, leader: Leader, of: str, settings: AnalysisSettings) -> str:
    """Somebody always leads: say what leads under noise alone, and how often it is the same one."""
    text = ""
    if leader.noise_limit is None or leader.leads is None:
        text += " (without replicates that cannot be told from noise)"
    else:
        reached = f"reaches {leader.noise_limit:.3f} in {1 - settings.confidence:.0%} of studies without any transfer"
        text += ", more than noise" if leader.beyond_noise else ", which may be noise"
        text += f": the first of {leader.of} {of} {reached}; it comes first in {leader.leads:.0%} of the replicates"
        text += _examples_left_out(model)
    if leader.without_flagged != leader.task:
        text += f"; without the flagged targets it is {leader.without_flagged or 'none'}"
    return text


def _examples_left_out(model: ModelFindings) -> str:
    unknown = sum(basis.startswith("seeds only") for basis in model.cells.basis)
    if not unknown:
        return ""
    return f"; for {unknown} of {len(model.cells.basis)} targets this leaves out the sampling of examples"


def _say_cells(model: ModelFindings, settings: AnalysisSettings) -> Iterator[str]:
    q, frame = model.cells.q, model.summary.frame
    if np.isnan(q).all():
        return
    tested = int((frame.transfer & ~np.isnan(q)).sum())
    found = frame.transfer & (np.nan_to_num(q, nan=1.0) <= settings.false_discovery_rate)
    rate = f"at a false discovery rate of {settings.false_discovery_rate:.0%}"
    of_all = " of all sources and targets" if _among(frame) else ""
    if not found.any():
        yield f"no single transfer of the {tested} tested{of_all} can be told from none {rate}."
        return
    helps = int((found & (model.transfers.mean > 0)).sum())
    columns = found.sum(axis=0)
    text = f"{int(found.sum())} of the {tested} single transfers tested{of_all} can be told from none {rate}"
    text += f": {helps} help, {int(found.sum()) - helps} harm"
    if columns.max() >= 2:
        text += f"; {int(columns.max())} of them share the target {frame.targets[int(columns.argmax())]} and its base"
    yield text + "."


def _say_generic(model: ModelFindings, settings: AnalysisSettings) -> Iterator[str]:
    shares = model.summary.variance
    if shares is None:
        return
    if np.isnan(shares.target):
        yield "all transfers are alike, so there is no spread to divide among targets, sources and pairs."
        return
    spread = f"the spread of PGFs{_among(model.summary.frame)}"
    text = f"{shares.target:.0%} of {spread} belongs to the target whatever the source"
    if model.summary.spread is not None and (interval := model.summary.spread.shares) is not None:
        level = f"{settings.confidence:.0%} interval"
        text += f" ({level} {interval.low.target:.0%} to {interval.high.target:.0%})"
    text += f", {shares.source_given_target:.0%} to the source whatever the target, "
    text += f"{shares.interaction:.0%} to the particular pair"
    if np.isnan(shares.seed_noise):
        text += ", the noise of seeds with it, for there is one seed"
    else:
        text += f", {shares.seed_noise:.0%} to the noise of seeds"
    if not model.cells.answers:
        text += "; the target's share includes the sampling error of its base"
    yield text + "."


def _say_without_flagged(model: ModelFindings, _: AnalysisSettings) -> Iterator[str]:
    all_targets, fewer = model.summary.mean, model.without_flagged.mean
    flagged = model.without_flagged.frame.excluded
    if all_targets is None or not flagged:
        return
    names = ", ".join(model.matrix.abbreviations.get(name, name) for name in flagged)
    if fewer is None:
        yield f"every target is flagged ({names}): see the warnings."
    else:
        yield f"without the flagged targets ({names}) the mean transfer is {fewer:.4f} instead of {all_targets:.4f}."
    unlabelled = model.without_unknown_labels
    if unlabelled is not None and unlabelled.mean is not None:
        names = ", ".join(unlabelled.frame.excluded)
        yield f"without {names}, whose label revision is unknown, the mean transfer is {unlabelled.mean:.4f}."


def _say_calibrated(model: ModelFindings, settings: AnalysisSettings) -> Iterator[str]:
    calibrated = model.calibrated
    if calibrated is None or calibrated.prior_part is None or calibrated.summary.mean is None:
        return
    part = calibrated.prior_part
    text = f"with the letter prior taken out the mean transfer is {calibrated.summary.mean:.4f}"
    if np.isfinite(part.mean):
        text += f"; {part.mean:.4f} is owed to the prior"
    if np.isfinite(part.mean_low):
        text += f" ({_interval(part.mean_low, part.mean_high, settings)})"
    yield text + "."


def _say_controls(model: ModelFindings, settings: AnalysisSettings) -> Iterator[str]:
    for control in model.controls:
        difference = control.difference
        if np.isnan(difference.mean):
            continue
        text = f"against the {control.kind} control the sources add {difference.mean:.4f} PGF on other tasks"
        if np.isfinite(difference.mean_low):
            open_sign = ", so perception may add nothing" if difference.mean_low <= 0 <= difference.mean_high else ""
            text += f" ({_interval(difference.mean_low, difference.mean_high, settings)}{open_sign})"
        yield text + "."


def _say_protocols(model: ModelFindings, _: AnalysisSettings) -> Iterator[str]:
    for contrast in model.protocols:
        if np.isfinite(contrast.difference.mean):
            mean = contrast.difference.mean
            yield f"the mean transfer differs by {mean:+.4f} PGF from that under {contrast.other}: owed to format."


def _say_cliques(model: ModelFindings, _: AnalysisSettings) -> Iterator[str]:
    for word, found in (("positive", model.positive_cliques), ("negative", model.negative_cliques)):
        yield from _say_clique(model, word, found)


def _say_clique(model: ModelFindings, word: str, found: CliqueFindings) -> Iterator[str]:
    largest = found.largest["mean"]
    if largest.size < 2:
        return
    best = next(clique for clique in found.cliques if len(clique.tasks) == largest.size and "mean" in clique.maximal_in)
    names = ", ".join(model.matrix.abbreviations.get(task, task) for task in best.tasks)
    text = f"the largest {word} clique has {largest.size} tasks ({names})"
    if largest.p is not None:
        verdict = "no larger than" if largest.p > 0.05 else "larger than"
        text += f", {verdict} the targets' own columns make by chance (permutation p = {largest.p:.3f})"
    yield text + "."


def _say_personas(model: ModelFindings, _: AnalysisSettings) -> Iterator[str]:
    personas, fewer = model.personas.calibrated, model.personas.without_flagged
    tested = "" if model.personas.columns_tested else " (only sources can be tested from a table)"
    text = f"personas that stand a test{_among(model.summary.frame)}{tested}: {_list_personas(personas)}"
    if personas != fewer:
        text += f" (without the flagged targets: {_list_personas(fewer)})"
    yield text + "."


def _list_personas(personas: Personas) -> str:
    kinds = {
        "donors": personas.donor,
        "pirates": personas.pirate,
        "sponges": personas.sponge,
        "sieves": personas.sieve,
    }
    held = [f"{kind} {', '.join(tasks)}" for kind, tasks in kinds.items() if tasks]
    return "; ".join(held) or "none"


def _say_weights(model: ModelFindings, _: AnalysisSettings) -> Iterator[str]:
    if model.weights is None or np.isnan(model.weights.correlation.rho):
        return
    found = model.weights.correlation
    verdict = f"permutation p = {found.p:.3f}, {'so no relation is shown' if found.p > 0.05 else 'over whole tasks'}"
    yield (
        f"similarity of weight updates and PGF have a rank correlation of {found.rho:.2f} over {found.pairs} pairs of "
        f"tasks ({verdict})."
    )


def _say_progress(model: ModelFindings, _: AnalysisSettings) -> Iterator[str]:
    steps = [(step.fraction, step.summary.mean) for step in model.progress if step.summary.mean is not None]
    if len(steps) > 1:
        yield (
            "mean transfer by training progress: "
            + ", ".join(f"{mean:.4f} at {part:.0%}" for part, mean in steps)
            + "."
        )


def _say_scale(comparison: Comparison, models: list[ModelFindings]) -> Iterator[str]:
    values = [model.summary.transferability.average_positive for model in models]
    listing = ", ".join(f"{model.model} {value:.3f}" for model, value in zip(models, values, strict=True))
    if not comparison.same_tasks:
        yield f"average positive transferability (over different tasks, so not comparable): {listing}."
        return
    sized = all(size is not None for size in comparison.billions)
    trend = _name_trend(values) if sized else "by model"
    yield f"average positive transferability {trend}: {listing}{_overlap(models)}."
    tested = comparison.consistent["calibrated"]
    consistent = [*tested.donor, *tested.pirate, *tested.sponge, *tested.sieve]
    yield f"tested personas that hold for all {len(models)} models: {', '.join(consistent) or 'none'}."


def _name_trend(values: list[float]) -> str:
    steps = np.diff(values)
    return "rises with size" if (steps > 0).all() else "falls with size" if (steps < 0).all() else "has no one trend"


def _overlap(models: list[ModelFindings]) -> str:
    """Hedge a trend whose first and last interval overlap."""
    ends: list[list[float]] = []
    for model in (models[0], models[-1]):
        spread = model.summary.spread
        if spread is None:
            return ""
        ends.append(spread.average_intervals(model.summary.frame)["transferability"]["positive"])
    apart = ends[0][1] < ends[1][0] or ends[1][1] < ends[0][0]
    return "" if apart else ", but the intervals of the first and the last overlap"
