"""The numbers behind each figure as rows of a table, for CSV."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from math import nan
from typing import Any

from spillover.analysis.additivity import PredictedCell
from spillover.analysis.cliques import Clique
from spillover.analysis.differences import Difference
from spillover.analysis.dose_curve import DoseCurve
from spillover.analysis.groups import Grouping
from spillover.analysis.paired import Estimate
from spillover.analysis.training import TrainingCurve
from spillover.report.figures.graph import TransferGraph
from spillover.report.figures.lines import Lines
from spillover.report.figures.matrix import Layer
from spillover.report.figures.profiles import Profiles
from spillover.report.figures.variance import ShareBar
from spillover.report.figures.verdicts import ArmEffect
from spillover.report.figures.weights import WeightPairs

Rows = list[dict[str, Any]]
"""Every row has the same names; a number that is not known is NaN."""


def layer_rows(layer: Layer) -> Rows:
    """List the cells of a matrix, a row each.

    Complexity: O(cells).
    """
    known = {name: getattr(layer, name) for name in ("low", "high", "p", "q")}
    return [
        {
            "source": source,
            "target": target,
            "value": float(layer.values[row, column]),
            **{name: float(values[row, column]) for name, values in known.items() if values is not None},
        }
        for row, source in enumerate(layer.sources)
        for column, target in enumerate(layer.targets)
    ]


def graph_rows(graph: TransferGraph) -> Rows:
    """List the transfers that a graph holds, the strongest first."""
    return [asdict(edge) for edge in graph.edges]


def profile_rows(profiles: Profiles) -> Rows:
    """List what each task gives and takes, with intervals and noise floors."""
    return [
        {
            "task": point.name,
            "sign": sign,
            **{f"gives_{name}": value for name, value in asdict(point.gives).items()},
            **{f"takes_{name}": value for name, value in asdict(point.takes).items()},
        }
        for sign, points in (("positive", profiles.positive), ("negative", profiles.negative))
        for point in points
    ]


def variance_rows(bars: Sequence[ShareBar]) -> Rows:
    """List the parts of every bar."""
    return [
        {"of": bar.title, "part": share.part, "share": share.share, "low": share.low, "high": share.high}
        for bar in bars
        for share in bar.shares
    ]


def line_rows(lines: Lines) -> Rows:
    """List the points of every line."""
    return [
        {lines.axis.replace(" ", "_"): tick, "of": line.name, "value": value, "low": low, "high": high}
        for line in lines.lines
        for tick, value, low, high in zip(lines.ticks, line.values, line.low, line.high, strict=True)
    ]


def group_rows(groupings: Sequence[Grouping]) -> Rows:
    """List the mean PGF from every group to every group, and what the first gives and takes on average."""
    return [
        {
            "attribute": grouping.attribute,
            "source_group": source,
            "target_group": target,
            "pgf": float(grouping.pgf[row, column]),
            "source_tasks": " ".join(grouping.members[source]),
            **_both("source_gives", grouping.transferability[source]),
            **_both("source_takes", grouping.malleability[source]),
        }
        for grouping in groupings
        for row, source in enumerate(grouping.groups)
        for column, target in enumerate(grouping.groups)
    ]


def _both(name: str, amounts: tuple[float, float]) -> dict[str, float]:
    return dict(zip((f"{name}_positive", f"{name}_negative"), amounts, strict=True))


def clique_rows(positive: Sequence[Clique], negative: Sequence[Clique]) -> Rows:
    """List the cliques, those of mutual help before those of mutual harm."""
    return [
        {
            "sign": sign,
            "size": len(clique.tasks),
            "tasks": " ".join(clique.tasks),
            "weakest": clique.weakest,
            "maximal_in": " ".join(clique.maximal_in),
            "membership": nan if clique.membership is None else clique.membership,
        }
        for sign, cliques in (("positive", positive), ("negative", negative))
        for clique in cliques
    ]


def difference_rows(differences: Sequence[Difference]) -> Rows:
    """List what changed from one model to the next, a row each transfer that both have."""
    return [
        {
            "first": each.first,
            "second": each.second,
            "source": source,
            "target": target,
            "change": float(each.matrix.values[row, column]),
            **{name: float(getattr(each, name)[row, column]) for name in ("low", "high", "q")},
        }
        for each in differences
        for row, source in enumerate(each.matrix.sources)
        for column, target in enumerate(each.matrix.targets)
    ]


def weight_rows(weights: WeightPairs) -> Rows:
    """List the ordered pairs of tasks."""
    return [asdict(pair) for pair in weights.pairs]


def training_rows(curves: Sequence[TrainingCurve]) -> Rows:
    """List every finetune's curves, a row a point."""
    return [
        {
            "source": curve.source,
            "control": curve.control or "",
            "seed": curve.seed,
            "step": step,
            "loss": loss,
            "learning_rate": rate,
            "gradient_norm": norm,
        }
        for curve in curves
        for step, loss, rate, norm in zip(
            curve.steps, curve.loss, curve.learning_rate, curve.gradient_norm, strict=True
        )
    ]


def verdict_rows(effects: Sequence[ArmEffect]) -> Rows:
    """List a verified mixture and its rivals, with the paired differences that the verdict rests on."""
    none = Estimate(pgf=nan, low=nan, high=nan)
    return [
        {
            "on": effect.on,
            "trained_on": effect.arm,
            "sources": ", ".join(effect.sources),
            **asdict(effect.effect),
            **{f"chosen_minus_this_{name}": value for name, value in asdict(effect.difference or none).items()},
            "chosen_is": effect.outcome,
        }
        for effect in effects
    ]


def dose_rows(curve: DoseCurve) -> Rows:
    """List the doses of the best single source, with what linearity predicts; the whole one last."""
    none = Estimate(pgf=nan, low=nan, high=nan)
    doses = [(each.source, each.dose, each.effect, each.linear, each.miss, each.outcome) for each in curve.points]
    doses.append((curve.source, 1.0, curve.whole, none, none, ""))
    return [
        {
            "source": source,
            "dose": dose,
            **asdict(effect),
            **{f"linear_{name}": value for name, value in asdict(linear).items()},
            **{f"miss_{name}": value for name, value in asdict(miss).items()},
            "outcome": outcome,
        }
        for source, dose, effect, linear, miss, outcome in doses
    ]


def prediction_rows(cells: Sequence[PredictedCell]) -> Rows:
    """List what mixtures were predicted to do, and what they did."""
    return [
        {
            "mixture": cell.source,
            "target": cell.target,
            **{f"predicted_{name}": value for name, value in asdict(cell.predicted).items()},
            **{f"observed_{name}": value for name, value in asdict(cell.observed).items()},
        }
        for cell in cells
    ]
