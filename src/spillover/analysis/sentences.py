"""What the findings mean, in plain words, each backed by a figure in them and hedged where its interval says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from spillover.analysis.findings import CliqueFindings, Comparison, ModelFindings
from spillover.analysis.profiles import Profile
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
    text = f"finetuning on one task {change} on another on average"
    if spread is not None:
        low, high = float(spread.low.mean), float(spread.high.mean)
        text += f" ({_interval(low, high, settings)}{', so the sign is open' if low <= 0 <= high else ''}"
        if unknown := sum(basis.startswith("seeds only") for basis in model.cells.basis):
            text += f"; for {unknown} of {len(model.cells.basis)} targets it leaves out the sampling of examples"
        text += ")"
    signs = f"{summary.positive_cells} of {summary.cells} transfers are positive, {summary.negative_cells} negative"
    yield f"{text}; {signs}."


def _extreme(profile: Profile, names: tuple[str, ...], *, positive: bool) -> tuple[int, str, float]:
    values = profile.positive if positive else profile.negative
    index = int(np.nanargmax(values) if positive else np.nanargmin(values))
    return index, names[index], float(values[index])


def _say_donor(model: ModelFindings, _: AnalysisSettings) -> Iterator[str]:
    summary = model.summary
    if summary.mean is None:
        return
    index, name, value = _extreme(summary.derived.transferability, summary.frame.sources, positive=True)
    if value > 0:
        text = f"the strongest donor is {name}, with a positive transferability of {value:.3f}"
        yield text + _against_floor(model, "transferability", index, positive=True) + "."


def _say_harmed(model: ModelFindings, _: AnalysisSettings) -> Iterator[str]:
    summary = model.summary
    if summary.mean is None:
        return
    index, name, value = _extreme(summary.derived.malleability, summary.frame.targets, positive=False)
    if value < 0:
        text = f"the most harmed target is {name}, with a negative malleability of {value:.3f}"
        yield text + _against_floor(model, "malleability", index, positive=False) + "."


def _against_floor(model: ModelFindings, name: str, index: int, *, positive: bool) -> str:
    """Δ and Θ are not 0 under no transfer: say what noise alone would give."""
    spread = model.summary.spread
    if spread is None:
        return ""
    side = "positive" if positive else "negative"
    floor = float(getattr(getattr(spread.floor, name), side)[index])
    return f" (noise alone would give about {floor:.3f})"


def _say_cells(model: ModelFindings, settings: AnalysisSettings) -> Iterator[str]:
    q, frame = model.cells.q, model.summary.frame
    if np.isnan(q).all():
        return
    tested = int((frame.transfer & ~np.isnan(q)).sum())
    found = frame.transfer & (np.nan_to_num(q, nan=1.0) <= settings.false_discovery_rate)
    rate = f"at a false discovery rate of {settings.false_discovery_rate:.0%}"
    if not found.any():
        yield f"no single transfer of {tested} can be told from none {rate}."
        return
    helps = int((found & (model.transfers.mean > 0)).sum())
    columns = found.sum(axis=0)
    text = f"{int(found.sum())} of {tested} single transfers can be told from none {rate}"
    text += f": {helps} help, {int(found.sum()) - helps} harm"
    if columns.max() >= 2:
        text += f"; {int(columns.max())} of them share the target {frame.targets[int(columns.argmax())]} and its base"
    yield text + "."


def _say_generic(model: ModelFindings, _: AnalysisSettings) -> Iterator[str]:
    shares = model.summary.variance
    if shares is None or np.isnan(shares.target):
        return
    text = f"{shares.target:.0%} of the spread of PGFs belongs to the target whatever the source, "
    text += f"{shares.source_given_target:.0%} to the source whatever the target, "
    text += f"{shares.interaction:.0%} to the particular pair"
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
    personas = model.personas.calibrated
    kinds = {
        "donors": personas.donor,
        "pirates": personas.pirate,
        "sponges": personas.sponge,
        "sieves": personas.sieve,
    }
    held = [f"{kind} {', '.join(tasks)}" for kind, tasks in kinds.items() if tasks]
    tested = "" if model.personas.columns_tested else " (only sources can be tested from a table)"
    yield f"personas that stand a test{tested}: {'; '.join(held) if held else 'none'}."


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
