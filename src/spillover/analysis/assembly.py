"""From material to the findings of one model, step by step."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from spillover.analysis.clique_size import compare_largest
from spillover.analysis.cliques import Clique, CliqueSearch, SignGraphs, find_cliques, mark_pairs, sign_graphs
from spillover.analysis.context import Context
from spillover.analysis.discoveries import adjust_p
from spillover.analysis.findings import CellFindings, CliqueFindings, ModelFindings
from spillover.analysis.frame import Frame, frame_transfers
from spillover.analysis.graph import keep_edges
from spillover.analysis.groups import group_transfers
from spillover.analysis.leaders import find_leader
from spillover.analysis.material import Material
from spillover.analysis.matrix import TransferMatrix
from spillover.analysis.personas import AllPersonas, assign_calibrated, assign_raw, assign_specific
from spillover.analysis.shapes import Cells
from spillover.analysis.spread import CliquePairs, Spread, summarise_replicates
from spillover.analysis.summary import Summary, summarise
from spillover.analysis.variance import specific_transfers
from spillover.analysis.warn import warn
from spillover.analysis.warned import Evidence, find_flagged


def assemble(material: Material, context: Context, everything: Material | None = None) -> ModelFindings:
    """Derive all findings of one model that need no second set of scores.

    Args:
        material: of the sources that are single tasks.
        context: what the user chose.
        everything: of all sources, mixtures too, which warnings are drawn from; None where there are no others.

    Complexity: O(replicates · seeds · cells), and the bounded searches for cliques.

    >>> from spillover.analysis.cube import example_cube
    >>> from spillover.analysis.material import gather_cube
    >>> from spillover.analysis.context import example_context
    >>> assemble(gather_cube(example_cube(), example_context()), example_context()).summary.mean
    -0.25
    """
    settings, transfers = context.settings, material.transfers
    frame = frame_transfers(transfers)
    cells = _describe_cells(material, frame, context)
    kept = cells.edges if settings.significant_edges else None
    graphs = [
        sign_graphs(transfers, positive=positive, threshold=settings.edge_threshold, kept=kept)
        for positive in (True, False)
    ]
    searches = [find_cliques(graph, settings.max_cliques) for graph in graphs]
    spread = _spread(material, frame, context, _members(graphs, searches, transfers.pgf.shape[1:]))
    summary = summarise(transfers, frame, spread)
    warnings = warn(_evidence(everything or material, summary), settings)
    unsure = [task for warned in warnings if warned.kind == "label_revision" for task in warned.tasks]
    specific = _specific(material, frame, context)
    cliques = _clique_findings(graphs, searches, spread, context)
    fewer = frame_transfers(transfers, find_flagged(warnings, settings))
    without_flagged = summarise(transfers, fewer)
    return ModelFindings(
        settings=settings,
        transfers=transfers,
        matrix=context.show("PGF", transfers, transfers.mean),
        points=context.show("accuracy points", transfers, transfers.points.mean(axis=0)),
        specific=specific,
        summary=summary,
        without_flagged=without_flagged,
        without_unknown_labels=summarise(transfers, frame_transfers(transfers, unsure, unsure)) if unsure else None,
        cells=cells,
        positive_cliques=cliques[0],
        negative_cliques=cliques[1],
        personas=_personas(material, (frame, fewer), specific, context),
        strongest_donor=find_leader(summary, without_flagged, "donor"),
        most_harmed=find_leader(summary, without_flagged, "harmed"),
        groups=group_transfers(transfers.mean, summary, context.facts, settings.attributes),
        base=material.base,
        calibrated=None,
        controls=(),
        protocols=(),
        weights=None,
        progress=(),
        warnings=warnings,
    )


def _describe_cells(material: Material, frame: Frame, context: Context) -> CellFindings:
    inference = material.inference
    q = adjust_p(inference.p, frame.transfer)
    return CellFindings(
        inference=inference,
        q=q,
        q_dependent=adjust_p(inference.p, frame.transfer, dependent=True),
        basis=material.basis,
        accuracy=material.accuracy,
        mcnemar=material.mcnemar,
        answers=material.answers,
        edges=keep_edges(material.transfers.mean, q, frame, context.settings),
    )


def _spread(material: Material, frame: Frame, context: Context, members: list[CliquePairs]) -> Spread | None:
    if not frame.reference.any():
        return None
    rng = context.generator("bootstrap")
    confidence, pieces = context.settings.confidence, material.draw(rng)
    spread = summarise_replicates(pieces, material.transfers, frame, confidence, members, material.unseen)
    unsampled = material.unsampled & frame.transfer.any(axis=0)
    if spread is not None and unsampled.any():
        names = tuple(target for target, without in zip(frame.targets, unsampled.tolist(), strict=True) if without)
        one_seed = len(material.transfers.seeds) == 1
        return spread.withhold(names, frozen=material.unsampled & one_seed)
    if spread is None or spread.shares is None or material.cube is not None:
        return spread
    # from a table, binomial draws overstate what example sampling puts in: it is said, not subtracted
    shares = replace(spread.shares, without_examples=None, low_without_examples=None, high_without_examples=None)
    return replace(spread, shares=shares)


def _members(graphs: list[SignGraphs], searches: list[CliqueSearch], shape: tuple[int, ...]) -> list[CliquePairs]:
    return [
        CliquePairs(pairs=np.flatnonzero(mark_pairs(_places(clique, graph), shape)), positive=graph.positive)
        for graph, search in zip(graphs, searches, strict=True)
        for clique in search.cliques
    ]


def _places(clique: Clique, graph: SignGraphs) -> list[int]:
    return [graph.tasks.index(task) for task in clique.tasks]


def _clique_findings(
    graphs: list[SignGraphs], searches: list[CliqueSearch], spread: Spread | None, context: Context
) -> list[CliqueFindings]:
    membership = iter(spread.membership if spread else ())
    return [
        CliqueFindings(
            cliques=tuple(replace(clique, membership=next(membership, None)) for clique in search.cliques),
            largest=compare_largest(graph, search, context.settings.permutations, context.generator("cliques")),
            truncated=search.truncated,
        )
        for graph, search in zip(graphs, searches, strict=True)
    ]


def _personas(
    material: Material, frames: tuple[Frame, Frame], specific: TransferMatrix, context: Context
) -> AllPersonas:
    """Assign personas in the frame of all targets, the calibrated ones also in the frame without flagged targets."""
    rate = context.settings.false_discovery_rate
    frame, fewer = frames
    calibrated, without_flagged = (
        assign_calibrated(material.transfers, each, rate, material.cube) for each in (frame, fewer)
    )
    return AllPersonas(
        raw=assign_raw(material.transfers, frame, rate),
        calibrated=calibrated,
        without_flagged=without_flagged,
        specific=assign_specific(specific.values, frame, rate),
        columns_tested=material.cube is not None,
    )


def _specific(material: Material, frame: Frame, context: Context) -> TransferMatrix:
    cells: Cells = frame.reference
    values = np.full(cells.shape, np.nan)
    if cells.any():
        values = specific_transfers(material.transfers.mean, cells)
    return context.show("specific PGF", material.transfers, values)


def _evidence(material: Material, summary: Summary) -> Evidence:
    return Evidence(
        transfers=material.transfers,
        frame=frame_transfers(material.transfers),
        base=material.base,
        gap=material.gap,
        squares_by_target=summary.squares_by_target,
        correct=material.correct,
        cube=material.cube,
        answers=material.answers,
    )
