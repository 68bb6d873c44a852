"""The analysis of one model under one protocol: its sources, and beside them controls, checkpoints, other protocols."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np

from spillover.analysis.accuracies import lay_out_accuracies
from spillover.analysis.additivity import check_additivity
from spillover.analysis.assembly import assemble
from spillover.analysis.beside import Beside
from spillover.analysis.bootstrap import replicate_cube
from spillover.analysis.context import Context
from spillover.analysis.contrasts import contrast_control, contrast_scorings
from spillover.analysis.crossed import infer_cube
from spillover.analysis.cube import ScoreCube
from spillover.analysis.discoveries import adjust_p
from spillover.analysis.facts import Facts
from spillover.analysis.findings import (
    CalibratedFindings,
    Checkpoint,
    ModelFindings,
    ProtocolContrast,
    WeightFindings,
)
from spillover.analysis.frame import frame_transfers
from spillover.analysis.material import gather_cube, gather_table
from spillover.analysis.mixtures import describe_mixtures, leave_out_mixtures
from spillover.analysis.pgf import resolve_ceilings, transfers_of_cube
from spillover.analysis.settings import AnalysisSettings, require_known_targets
from spillover.analysis.spread import summarise_replicates
from spillover.analysis.summary import summarise
from spillover.analysis.tables import lay_out_table
from spillover.analysis.unseen import limit_pgf
from spillover.analysis.verdict import Verdict, judge_mixture
from spillover.analysis.warned import Warned
from spillover.analysis.warned_of_answers import warn_of_own_control
from spillover.analysis.weights import relate_weights
from spillover.core.errors import AnalysisError
from spillover.core.published import AccuracyTable, PGFTable


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelStudy:
    """Everything that was scored of one model under one protocol."""

    cube: ScoreCube
    """The sources at the end of their training, mixtures among them."""
    controls: tuple[ScoreCube, ...] = ()
    checkpoints: tuple[ScoreCube, ...] = ()
    """The sources earlier in their training."""
    other_protocol: ScoreCube | None = None
    """The same sources under the protocol to compare with: letters, where this one is another."""
    beside: Beside = field(default_factory=Beside)


def analyze_scores(
    study: ModelStudy, settings: AnalysisSettings, facts: Facts, best: dict[str, float]
) -> ModelFindings:
    """Analyse one model from its examples.

    Args:
        study: its scores.
        settings: what the user chose.
        facts: what is known of the tasks.
        best: the best score seen in all the data, by target.

    Raises:
        AnalysisError: the settings ask for what the data does not have.

    Complexity: everything below it.

    >>> from spillover.analysis.cube import example_cube
    >>> from spillover.analysis.facts import collect_facts
    >>> study = ModelStudy(cube=example_cube())
    >>> analyze_scores(study, AnalysisSettings(), collect_facts(study.cube.targets), {}).summary.mean
    -0.25
    """
    cube = study.cube
    require_known_targets(settings, cube.targets)
    settings, fewer = _size(settings, (len(cube.seeds), len(cube.sources), len(cube.targets)))
    ceiling = resolve_ceilings(settings, cube.targets, facts, best)
    context = Context(settings=settings, facts=facts, ceilings=dict(zip(cube.targets, ceiling.tolist(), strict=True)))
    everything = gather_cube(cube, context)
    tasks = leave_out_mixtures(cube)
    material = everything if tasks is cube else gather_cube(tasks, context)
    findings = assemble(material, context, everything)
    contrasts = [contrast_control(tasks, control, context) for control in study.controls]
    own = [warned for control in study.controls for warned in warn_of_own_control(cube, control)]
    return replace(
        findings,
        warnings=(*fewer, *findings.warnings, *own, *study.beside.warnings),
        calibrated=_calibrate(tasks, material.calibrated, context),
        controls=tuple(contrast for contrast in contrasts if contrast is not None),
        protocols=_contrast_protocols(study, context),
        weights=_relate_weights(study, findings, context),
        progress=_follow_progress(study, context),
        training=study.beside.training,
        mixtures=describe_mixtures(cube, everything.calibrated, context),
        verdicts=_judge_mixtures(cube, everything.calibrated, context),
        additivity=check_additivity(cube, everything.calibrated, context),
    )


def analyze_table(table: PGFTable | AccuracyTable, settings: AnalysisSettings, facts: Facts) -> ModelFindings:
    """Analyse one model from a published table of PGFs, or from accuracies without the examples behind them.

    Raises:
        AnalysisError: the table does not fill the matrix, or another ceiling than 1 is asked for.

    Complexity: everything below it.

    >>> from spillover.analysis.facts import collect_facts
    >>> from spillover.analysis.tables import example_table
    >>> analyze_table(example_table(), AnalysisSettings(), collect_facts("ab")).summary.cells
    2
    """
    laid_out = lay_out_table(table) if isinstance(table, PGFTable) else lay_out_accuracies(table)
    targets = laid_out.transfers.targets
    require_known_targets(settings, targets)
    settings, fewer = _size(settings, laid_out.transfers.pgf.shape)
    if any(settings.ceiling_of(target) != 1 for target in targets):
        raise AnalysisError(
            "a table without examples is analysed with a ceiling of 1: another ceiling cannot be applied",
            where=table.origin,
            hint="leave ceiling at 1, or give scores of examples",
        )
    context = Context(settings=settings, facts=facts, ceilings=dict.fromkeys(targets, 1.0))
    findings = assemble(gather_table(laid_out, context), context)
    return replace(findings, warnings=(*fewer, *findings.warnings))


def _size(settings: AnalysisSettings, shape: tuple[int, ...]) -> tuple[AnalysisSettings, tuple[Warned, ...]]:
    """Take as many replicates as a matrix of seeds × sources × targets allows, and warn where they are fewer."""
    sized = settings.sized(math.prod(shape))
    if sized.replicates == settings.replicates:
        return settings, ()
    seeds, sources, targets = shape
    text = (
        f"{sources} sources × {targets} targets × {seeds} seeds are many, so {sized.replicates} bootstrap replicates "
        f"were drawn and not {settings.replicates}: ends of intervals of derived quantities are less exact "
        "(replicated_values under analysis: allows more)"
    )
    return sized, (Warned(kind="fewer_replicates", tasks=(), text=text),)


def _judge_mixtures(cube: ScoreCube, calibrated: ScoreCube | None, context: Context) -> tuple[Verdict, ...]:
    judged = [
        judge_mixture(measured, asked, context)
        for asked in cube.verifications
        if (measured := cube if asked.measure == "raw" else calibrated) is not None
    ]
    return tuple(verdict for verdict in judged if verdict is not None)


def _calibrate(cube: ScoreCube, calibrated: ScoreCube | None, context: Context) -> CalibratedFindings | None:
    if calibrated is None:
        return None
    ceiling = context.ceiling(cube.targets)
    transfers = transfers_of_cube(calibrated, ceiling)
    frame = frame_transfers(transfers)
    spread = None
    if frame.reference.any():
        pieces = replicate_cube(calibrated, ceiling, context.settings.replicates, context.generator("bootstrap"))
        gap = ceiling - calibrated.base_accuracy.mean(axis=0)[0]
        confidence = context.settings.confidence
        unseen = limit_pgf(calibrated.examples, gap, confidence)
        spread = summarise_replicates(pieces, transfers, frame, confidence, unseen=unseen)
    inference = infer_cube(calibrated, ceiling, context.settings.confidence)
    return CalibratedFindings(
        transfers=transfers,
        matrix=context.show("calibrated PGF", transfers, transfers.mean),
        inference=inference,
        q=adjust_p(inference.p, frame.transfer),
        summary=summarise(transfers, frame, spread),
        prior_part=contrast_scorings(cube, calibrated, "PGF owed to the answer prior", context),
    )


def _contrast_protocols(study: ModelStudy, context: Context) -> tuple[ProtocolContrast, ...]:
    other = study.other_protocol
    if other is None:
        return ()
    title = f"PGF({study.cube.protocol}) − PGF({other.protocol})"
    difference = contrast_scorings(leave_out_mixtures(study.cube), other, title, context)
    return () if difference is None else (ProtocolContrast(other=other.protocol, difference=difference),)


def _relate_weights(study: ModelStudy, findings: ModelFindings, context: Context) -> WeightFindings | None:
    similarity = study.beside.similarity
    if similarity is None:
        return None
    permutations, rng = context.settings.permutations, context.generator("weights")
    correlation = relate_weights(similarity, findings.transfers, permutations=permutations, rng=rng)
    return WeightFindings(similarity=similarity, correlation=correlation)


def _follow_progress(study: ModelStudy, context: Context) -> tuple[Checkpoint, ...]:
    if not study.checkpoints:
        return ()
    cubes = sorted(map(leave_out_mixtures, (*study.checkpoints, study.cube)), key=lambda cube: cube.fraction)
    return tuple(_describe_checkpoint(cube, context) for cube in cubes if cube.sources)


def _describe_checkpoint(cube: ScoreCube, context: Context) -> Checkpoint:
    known = [target for target in cube.targets if target in context.ceilings]
    if len(known) < len(cube.targets):
        unknown = ", ".join(target for target in cube.targets if target not in context.ceilings)
        raise AnalysisError(
            f"the checkpoint at {cube.fraction:.0%} was scored on targets that the end of training was not: {unknown}",
            hint="score every checkpoint on the same targets",
        )
    transfers = transfers_of_cube(cube, context.ceiling(cube.targets))
    own = transfers.mean[transfers.own_cells & transfers.defined]
    return Checkpoint(
        fraction=cube.fraction,
        matrix=context.show(f"PGF at {cube.fraction:.0%} of training", transfers, transfers.mean),
        own_task=float(own.mean()) if own.size else float("nan"),
        summary=summarise(transfers, frame_transfers(transfers)),
    )


def best_scores(cubes: list[ScoreCube]) -> dict[str, float]:
    """Find the best score that any of the cubes, or their base, reaches on each target.

    Complexity: O(scores).

    >>> from spillover.analysis.cube import example_cube
    >>> best_scores([example_cube()])
    {'Jigsaw': 0.75, 'Counting': 0.75}
    """
    best: dict[str, float] = {}
    for cube in cubes:
        top = np.maximum(cube.accuracy.mean(axis=0).max(axis=0), cube.base_accuracy.mean(axis=0)[0])
        for target, value in zip(cube.targets, top.tolist(), strict=True):
            best[target] = max(best.get(target, 0.0), value)
    return best
