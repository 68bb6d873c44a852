"""The JSON form of single cells and of differences between matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from spillover.analysis.answers import TargetAnswers
from spillover.analysis.contrasts import ControlContrast, MatrixContrast
from spillover.analysis.findings import CalibratedFindings, ModelFindings
from spillover.analysis.plain import plain

Json = dict[str, Any]
RULE_OF_THREE = "; the rule of three, for too few answers differ"


def describe_cells(model: ModelFindings) -> list[Json]:
    """Describe every defined cell; `low` or `high` is None where the interval is unbounded on that side.

    `low` to `high` excludes 0 exactly where p is below 1 − confidence. `pieces` is empty where the interval is all that
    the test accepts, else it lists all of that: with few seeds or a base near the ceiling it may fall apart. `basis`
    says where the rule of three sets an end of the interval.

    Complexity: O(cells).

    >>> from spillover.analysis.cube import example_cube
    >>> from spillover.analysis import analyze
    >>> describe_cells(analyze(example_cube()).models[0])[0]["mcnemar"]
    [1.0]
    """
    transfers, cells = model.transfers, model.cells
    inference, mean, points = cells.inference, transfers.mean, transfers.points.mean(axis=0)
    described: list[Json] = []
    for row, column in np.argwhere(transfers.defined).tolist():
        place = (row, column)
        ends = (float(inference.low[place]), float(inference.high[place]))
        described.append(
            plain(
                {
                    "source": transfers.sources[row],
                    "target": transfers.targets[column],
                    "pgf": float(mean[place]),
                    "low": ends[0],
                    "high": ends[1],
                    "p": float(inference.p[place]),
                    "q": float(cells.q[place]),
                    "q_dependent": float(cells.q_dependent[place]),
                    "unbounded": bool(np.isinf(ends).any()),
                    "pieces": [list(piece) for piece in inference.pieces[place]],
                    "basis": f"{cells.basis[column]}{RULE_OF_THREE if inference.unseen[place] else ''}",
                    "points": float(points[place]),
                    "accuracy": float(cells.accuracy[place]),
                    "by_seed": transfers.pgf[:, row, column].tolist(),
                    "edge": bool(cells.edges[place]),
                    **_describe_mcnemar(cells.mcnemar[column], row),
                    **_describe_answers(cells.answers[column] if cells.answers else None, row),
                }
            )
        )
    return described


def describe_calibrated_cells(calibrated: CalibratedFindings) -> list[Json]:
    """Describe every defined cell of what remains when the answer prior is taken out.

    Complexity: O(cells).
    """
    transfers, inference, mean = calibrated.transfers, calibrated.inference, calibrated.transfers.mean
    return [
        plain(
            {
                "source": transfers.sources[row],
                "target": transfers.targets[column],
                "pgf": float(mean[row, column]),
                "low": float(inference.low[row, column]),
                "high": float(inference.high[row, column]),
                "p": float(inference.p[row, column]),
                "q": float(calibrated.q[row, column]),
                "by_seed": transfers.pgf[:, row, column].tolist(),
            }
        )
        for row, column in np.argwhere(transfers.defined).tolist()
    ]


def _describe_mcnemar(p: np.ndarray | None, row: int) -> Json:
    """Exact p by seed: a cross-check, never pooled."""
    return {} if p is None else {"mcnemar": p[:, row].tolist()}


def _describe_answers(answers: TargetAnswers | None, row: int) -> Json:
    if answers is None:
        return {}
    shares = answers.shares[:, row].mean(axis=0).tolist()
    return {
        "balanced_accuracy": float(answers.balanced[:, row].mean()),
        "unparsed": float(answers.unparsed[:, row].mean()),
        "letters": dict(zip(answers.letters, shares, strict=True)),
        "collapsed": int(answers.collapsed[:, row].sum()),
    }


def describe_matrix_contrast(contrast: MatrixContrast) -> Json:
    """Describe a difference of two matrices with its intervals.

    Complexity: O(cells).
    """
    return {
        "sources": list(contrast.matrix.sources),
        "targets": list(contrast.matrix.targets),
        "pgf": contrast.matrix.to_rows(),
        "low": plain(contrast.low),
        "high": plain(contrast.high),
        "mean_off_diagonal": plain(contrast.mean),
        "interval": plain([contrast.mean_low, contrast.mean_high]),
    }


def describe_control(control: ControlContrast) -> Json:
    """Describe the contrast between sources and their controls.

    Complexity: O(cells).
    """
    return {
        "kind": control.kind,
        "control_pgf": control.control.to_rows(),
        "points": control.points.to_rows(),
        "p": plain(control.p),
        **describe_matrix_contrast(control.difference),
    }
