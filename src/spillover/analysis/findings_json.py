"""The JSON form of findings: the names that others rely on, each of which `docs/findings.md` explains."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from spillover.analysis.cells_json import (
    describe_calibrated_cells,
    describe_cells,
    describe_control,
    describe_matrix_contrast,
)
from spillover.analysis.findings import (
    CalibratedFindings,
    Checkpoint,
    CliqueFindings,
    Comparison,
    Findings,
    ModelFindings,
    WeightFindings,
)
from spillover.analysis.leaders import Leader
from spillover.analysis.mixtures import MixtureFindings
from spillover.analysis.plain import plain
from spillover.analysis.summary import NamedProfile
from spillover.analysis.summary_json import describe_summary
from spillover.analysis.verdict import Verdict

Json = dict[str, Any]
FINDINGS_SCHEMA = 1
"""Raised whenever a name changes its meaning; new names may come without."""


def describe_findings(findings: Findings) -> Json:
    """Describe findings as plain JSON values.

    Complexity: O(cells).

    >>> from spillover.analysis.cube import example_cube
    >>> from spillover.analysis import analyze
    >>> describe_findings(analyze(example_cube()))["schema"]
    1
    """
    return {
        "schema": FINDINGS_SCHEMA,
        "models": [describe_model(model) for model in findings.models],
        "comparisons": [describe_comparison(comparison, findings) for comparison in findings.comparisons],
        "sentences": list(findings.sentences),
        "provenance": plain(findings.provenance),
    }


def describe_model(model: ModelFindings) -> Json:
    """Describe one model's findings.

    Complexity: O(cells).

    >>> from spillover.analysis.cube import example_cube
    >>> from spillover.analysis import analyze
    >>> describe_model(analyze(example_cube()).models[0])["tasks"]
    ['Jigsaw', 'Counting']
    """
    transfers = model.transfers
    personas, unlabelled = model.personas, model.without_unknown_labels
    return {
        "model": model.model,
        "protocol": model.protocol,
        "tasks": list(transfers.tasks),
        "sources": list(transfers.sources),
        "targets": list(transfers.targets),
        "controls": [control.kind for control in model.controls],
        "seeds": list(transfers.seeds),
        "abbreviations": model.matrix.abbreviations,
        "pgf": model.matrix.to_rows(),
        "points": model.points.to_rows(),
        "specific": model.specific.to_rows(),
        "undefined": [asdict(cell) for cell in transfers.undefined],
        **describe_summary(model.summary),
        "without_flagged": describe_summary(model.without_flagged),
        "without_unknown_labels": None if unlabelled is None else describe_summary(unlabelled),
        "cliques": {
            "positive": describe_cliques(model.positive_cliques),
            "negative": describe_cliques(model.negative_cliques),
            "largest": {
                "positive": {name: asdict(size) for name, size in model.positive_cliques.largest.items()},
                "negative": {name: asdict(size) for name, size in model.negative_cliques.largest.items()},
            },
            "truncated": model.positive_cliques.truncated or model.negative_cliques.truncated,
        },
        "personas": {
            **{
                name: plain(asdict(getattr(personas, name)))
                for name in ("raw", "calibrated", "specific", "without_flagged")
            },
            "columns_tested": personas.columns_tested,
        },
        "leaders": {
            "donor": _describe_leader(model.strongest_donor),
            "harmed": _describe_leader(model.most_harmed),
        },
        "groups": [plain(asdict(group)) for group in model.groups],
        "base": {target: plain(asdict(record)) for target, record in model.base.items()},
        "calibrated": describe_calibrated(model.calibrated),
        "control_contrasts": [describe_control(control) for control in model.controls],
        "protocol_contrasts": [
            {"other": contrast.other, **describe_matrix_contrast(contrast.difference)} for contrast in model.protocols
        ],
        "weights": describe_weights(model.weights),
        "mixtures": _describe_mixtures(model.mixtures),
        "verdicts": [_describe_verdict(verdict) for verdict in model.verdicts],
        "additivity": None if model.additivity is None else plain(asdict(model.additivity)),
        "progress": [describe_checkpoint(checkpoint) for checkpoint in model.progress],
        "cells": describe_cells(model),
        "warnings": [plain(asdict(warned)) for warned in model.warnings],
    }


def _describe_verdict(verdict: Verdict) -> Json:
    described = {**asdict(verdict), "settings": verdict.settings.model_dump(mode="json")}
    return {name: plain(value) for name, value in described.items()}


def _describe_mixtures(mixtures: MixtureFindings | None) -> list[Json]:
    if mixtures is None:
        return []
    cells = [plain(asdict(cell)) for cell in mixtures.cells()]
    return [
        {
            "mixture": name,
            "parts": recipe.parts,
            "measure": recipe.measure,
            "cells": [
                {key: cell[key] for key in cell if key != "mixture"} for cell in cells if cell["mixture"] == name
            ],
        }
        for name, recipe in mixtures.recipes.items()
    ]


def _describe_leader(leader: Leader | None) -> Json | None:
    return None if leader is None else {**asdict(leader), "beyond_noise": leader.beyond_noise}


def describe_cliques(found: CliqueFindings) -> list[Json]:
    """Describe the cliques of one sign, largest first.

    Complexity: O(cliques).
    """
    return [plain(asdict(clique)) for clique in found.cliques]


def describe_calibrated(calibrated: CalibratedFindings | None) -> Json | None:
    """Describe the letter-calibrated figures; None where log-probabilities are not known.

    Complexity: O(cells).

    >>> describe_calibrated(None) is None
    True
    """
    if calibrated is None:
        return None
    prior = calibrated.prior_part
    return {
        "pgf": calibrated.matrix.to_rows(),
        "undefined": [asdict(cell) for cell in calibrated.transfers.undefined],
        **describe_summary(calibrated.summary),
        "prior_part": None if prior is None else describe_matrix_contrast(prior),
        "cells": describe_calibrated_cells(calibrated),
    }


def describe_weights(weights: WeightFindings | None) -> Json | None:
    """Describe the cosines between updates and their rank correlation with PGF; None where adapters are not at hand.

    Complexity: O(sources²).

    >>> describe_weights(None) is None
    True
    """
    if weights is None:
        return None
    return plain(
        {
            "sources": weights.similarity.sources,
            "cosine": weights.similarity.cosine,
            "correlation": asdict(weights.correlation),
        }
    )


def describe_checkpoint(checkpoint: Checkpoint) -> Json:
    """Describe the matrix at part of the training.

    Complexity: O(cells).
    """
    return {
        "fraction": checkpoint.fraction,
        "pgf": checkpoint.matrix.to_rows(),
        "own_task": plain(checkpoint.own_task),
        **describe_summary(checkpoint.summary),
    }


def describe_comparison(comparison: Comparison, findings: Findings) -> Json:
    """Describe several models side by side.

    Complexity: O(models).
    """
    rows: list[Json] = []
    for model, billions in zip(comparison.pick(findings.models), comparison.billions, strict=True):
        summary = model.summary
        rows.append(
            {
                "model": model.model,
                "protocol": model.protocol,
                "billions": billions if billions is None or math.isfinite(billions) else None,
                "mean_off_diagonal": plain(summary.mean),
                "transferability": _describe_averages(summary.transferability),
                "malleability": _describe_averages(summary.malleability),
                "largest_cliques": {
                    "positive": model.positive_cliques.largest["mean"].size,
                    "negative": model.negative_cliques.largest["mean"].size,
                },
            }
        )
    return {
        "protocol": comparison.protocol,
        "models": rows,
        "same_tasks": comparison.same_tasks,
        "consistent_personas": {name: plain(asdict(kind)) for name, kind in comparison.consistent.items()},
    }


def _describe_averages(profile: NamedProfile) -> Json:
    return plain({"positive": profile.average_positive, "negative": profile.average_negative})
