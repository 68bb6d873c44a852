"""The JSON form of findings: the names that the command line, the report and other programs rely on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from spillover.analysis.findings import (
    FINDINGS_SCHEMA,
    CalibratedFindings,
    ControlFindings,
    Findings,
    ModelFindings,
)
from spillover.analysis.summary import ProfileSummary, Summary
from spillover.analysis.variance import VarianceShares

Json = dict[str, Any]


def describe_findings(findings: Findings) -> Json:
    """Describe findings as plain JSON values.

    Complexity: O(cells).
    """
    return {
        "schema": FINDINGS_SCHEMA,
        "models": [describe_model(model) for model in findings.models],
        "sentences": list(findings.sentences),
        "provenance": plain(findings.provenance),
    }


def describe_model(model: ModelFindings) -> Json:
    """Describe one model's findings."""
    transfers, summary = model.transfers, model.summary
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
        **describe_summary(summary),
        "base": {target: asdict(record) for target, record in model.base.items()},
        "calibrated": describe_calibrated(model.calibrated),
        "control_contrasts": [describe_control(control) for control in model.controls],
        "warnings": [plain(asdict(warning)) for warning in model.warnings],
    }


def describe_summary(summary: Summary) -> Json:
    """Describe the figures of one matrix."""
    return {
        "mean_off_diagonal": summary.mean,
        "mean_points": summary.mean_points,
        "cells_counted": summary.cells,
        "positive_cells": summary.positive_cells,
        "negative_cells": summary.negative_cells,
        "transferability": describe_profile(summary.transferability),
        "malleability": describe_profile(summary.malleability),
        "with_diagonal": {
            "transferability": describe_profile(summary.transferability_with_diagonal),
            "malleability": describe_profile(summary.malleability_with_diagonal),
        },
        "variance": describe_variance(summary.variance),
        "variance_in_points": describe_variance(summary.variance_in_points),
    }


def describe_profile(profile: ProfileSummary) -> Json:
    """Describe a transferability or malleability."""
    return {
        "positive": profile.positive,
        "negative": profile.negative,
        "average": {"positive": profile.average_positive, "negative": profile.average_negative},
    }


def describe_variance(variance: VarianceShares | None) -> Json | None:
    """Describe variance shares; None where they cannot be formed."""
    if variance is None:
        return None
    return plain(
        {
            "target": variance.target,
            "source_given_target": variance.source_given_target,
            "interaction": variance.interaction,
            "seed_noise": variance.seed_noise,
            "corrected": {
                "target": variance.corrected_target,
                "source": variance.corrected_source,
                "interaction": variance.corrected_interaction,
            },
        }
    )


def describe_calibrated(calibrated: CalibratedFindings | None) -> Json | None:
    """Describe the letter-calibrated figures; None where log-probabilities are not known."""
    if calibrated is None:
        return None
    return {"pgf": calibrated.matrix.to_rows(), **describe_summary(calibrated.summary)}


def describe_control(control: ControlFindings) -> Json:
    """Describe the contrast between sources and their controls."""
    return {
        "kind": control.kind,
        "sources": list(control.sources),
        "targets": list(control.contrast.targets),
        "control_pgf": control.control.to_rows(),
        "contrast": control.contrast.to_rows(),
        "contrast_points": control.contrast_points.to_rows(),
    }


def plain(value: Any) -> Any:
    """Turn numpy numbers and arrays, tuples and NaN into what JSON knows; NaN and infinities become None.

    >>> import numpy as np
    >>> plain({"a": (np.float64("nan"), np.int64(2))})
    {'a': [None, 2]}
    """
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(entry) for entry in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
