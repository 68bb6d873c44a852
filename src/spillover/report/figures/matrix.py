"""The matrices that a heatmap can show, and the orders that its tasks can stand in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from spillover.analysis import ModelFindings, TransferMatrix
from spillover.analysis.contrasts import MatrixContrast
from spillover.analysis.shapes import Transfers
from spillover.core.numbers import counted
from spillover.report.colours import saturation

Unit = Literal["PGF", "accuracy"]
CONTROLS = {
    "shuffled": "other examples' answers: format and letters, no perception",
    "own": "the base's own answers: nothing but the format",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One matrix with what is known of its cells; arrays of shape source × target, NaN where not known."""

    name: str
    """`raw`, `calibrated`, `prior`, `specific`, `points`, `control …`, `against …` or `format`."""
    title: str
    note: str
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    values: Transfers
    low: Transfers | None = None
    high: Transfers | None = None
    p: Transfers | None = None
    q: Transfers | None = None
    """p adjusted for all transfers to other tasks (Benjamini-Hochberg)."""
    unit: Unit = "PGF"
    limit: float
    """The magnitude at which colours are saturated."""
    model: str = ""
    """Whose it is: model, protocol, seeds."""
    base: Mapping[str, float | None] = field(default_factory=dict[str, float | None])
    """Share of right answers before finetuning, by target."""


def layers_of(model: ModelFindings) -> list[Layer]:
    """List the matrices of a model, raw PGF first.

    All that are PGFs share one scale of colours, so that they can be compared by eye.

    Complexity: O(cells).
    """
    plain = [model.matrix.values] if model.calibrated is None else [model.matrix.values, model.calibrated.matrix.values]
    limit = saturation(np.concatenate([values.ravel() for values in plain]))
    layers = [*_own(model, limit), *_calibrated(model, limit), *_structure(model, limit), *_contrasts(model, limit)]
    return [describe_layer(layer, model) for layer in layers]


def describe_layer(layer: Layer, model: ModelFindings) -> Layer:
    """Say whose a matrix is, and what its base scores.

    Complexity: O(targets).
    """
    calibrated = layer.name.endswith("calibrated")
    seeds = len(model.transfers.seeds)
    return replace(
        layer,
        model=f"{model.model}, {model.protocol}, {counted(seeds, 'seed')}",
        base={name: known.calibrated if calibrated else known.accuracy for name, known in model.base.items()},
    )


def over_seeds(model: ModelFindings) -> str:
    """Say what values are the mean of, if of anything."""
    seeds = len(model.transfers.seeds)
    return "one seed" if seeds == 1 else f"mean over {seeds} seeds"


def _own(model: ModelFindings, limit: float) -> Iterator[Layer]:
    inference = model.cells.inference
    yield _layer(
        model.matrix,
        "raw",
        "PGF",
        f"the share of the gap to perfection that finetuning closes; {over_seeds(model)}",
        limit,
        (inference.low, inference.high, inference.p, model.cells.q),
    )


def _calibrated(model: ModelFindings, limit: float) -> Iterator[Layer]:
    found = model.calibrated
    if found is None:
        return
    inference = found.inference
    yield _layer(
        found.matrix,
        "calibrated",
        "PGF, answer prior taken out",
        "each option's mean log-probability over the target's examples, all right letters counting equally, is "
        "subtracted before answering",
        limit,
        (inference.low, inference.high, inference.p, found.q),
    )
    if found.prior_part is not None:
        note = "raw − calibrated: what is owed to the answer prior, not to perception"
        yield _difference(found.prior_part, "prior", "difference of the two", note, limit)


def _structure(model: ModelFindings, limit: float) -> Iterator[Layer]:
    if min(model.specific.values.shape) > 1:
        note = (
            "what is left of a PGF once the general effects of its source and of its target are taken out: it takes "
            "the cells of both, so none has an interval or a test of its own"
        )
        yield _layer(model.specific, "specific", "specific to the pair", note, limit)
    if np.isfinite(model.points.values).any():
        inference = model.cells.inference
        yield _layer(
            model.points,
            "points",
            "accuracy points",
            "share of right answers after finetuning minus before, in percentage points",
            saturation(model.points.values.ravel()),
            (inference.change_low, inference.change_high, inference.p, model.cells.q),
        )


def _contrasts(model: ModelFindings, limit: float) -> Iterator[Layer]:
    for control in model.controls:
        note = f"finetuned on the same examples with {CONTROLS.get(control.kind, 'other answers')}"
        yield _layer(control.control, f"control {control.kind}", f"control: {control.kind} answers", note, limit)
        note = "what right answers add to a finetune that has the format and the letters alone"
        title = f"PGF − {control.kind} control"
        yield _difference(control.difference, f"against {control.kind}", title, note, limit, control.p)
    for contrast in model.protocols:
        title = f"PGF − PGF by {contrast.other}"
        yield _difference(contrast.difference, "format", title, "what is owed to how the model is asked", limit)


def _layer(
    matrix: TransferMatrix, name: str, title: str, note: str, limit: float, known: tuple[Transfers, ...] = ()
) -> Layer:
    low, high, p, q = known or (None, None, None, None)
    return Layer(
        name=name,
        title=title,
        note=note,
        sources=matrix.sources,
        targets=matrix.targets,
        values=matrix.values,
        low=low,
        high=high,
        p=p,
        q=q,
        unit="accuracy" if name == "points" else "PGF",
        limit=limit,
    )


def _difference(
    contrast: MatrixContrast, name: str, title: str, note: str, limit: float, p: Transfers | None = None
) -> Layer:
    nothing = np.full(contrast.matrix.values.shape, np.nan)
    known = (contrast.low, contrast.high, nothing if p is None else p, nothing)
    return _layer(contrast.matrix, name, title, note, limit, known)


def orders_of(model: ModelFindings) -> dict[str, list[str]]:
    """Order the tasks of a model: as studied, by name, by level (where known), by clustering.

    Returns:
        Order → names of all sources and targets. In every order tasks that are both keep the diagonal together.

    Complexity: O(tasks³) for the clustering.
    """
    names = list(dict.fromkeys((*model.matrix.sources, *model.matrix.targets)))
    levels = levels_of(model)
    orders = {"as studied": names, "by name": sorted(names, key=str.casefold)}
    if levels:
        known = list(dict.fromkeys(levels.values()))
        orders["by level"] = sorted(names, key=lambda name: known.index(levels[name]) if name in levels else len(known))
    return orders | {"by similarity": cluster_tasks(model.matrix)}


def levels_of(model: ModelFindings) -> dict[str, str]:
    """Find the perceptual level of every task that has one, the lowest level first."""
    grouping = next((group for group in model.groups if group.attribute == "level"), None)
    if grouping is None:
        return {}
    return {task: level for level in grouping.groups for task in grouping.members[level]}


def cluster_tasks(matrix: TransferMatrix) -> list[str]:
    """Order tasks so that those which give and take alike stand together.

    Average linkage on the Euclidean distance between their rows and columns, leaves in optimal order
    (Bar-Joseph, Gifford and Jaakkola, Bioinformatics 17, 2001). Undefined cells, and a task's transfer to itself, count
    as 0; a PGF beyond ±1 counts as ±1, so that one saturated target does not decide alone.

    Complexity: O(tasks³).

    >>> values = np.array([[0.0, -0.9, 0.8], [-0.9, 0.0, -0.8], [0.8, -0.9, 0.0]])
    >>> cluster_tasks(TransferMatrix(title="", sources=tuple("abc"), targets=tuple("abc"), abbreviations={},
    ...                              values=values))
    ['b', 'c', 'a']
    """
    names = list(dict.fromkeys((*matrix.sources, *matrix.targets)))
    if len(names) < 3:
        return names
    from scipy.cluster.hierarchy import leaves_list, linkage, optimal_leaf_ordering  # noqa: PLC0415 (slow to import)
    from scipy.spatial.distance import pdist  # noqa: PLC0415

    whole = np.zeros((len(names), len(names)))
    rows, columns = ([names.index(name) for name in side] for side in (matrix.sources, matrix.targets))
    whole[np.ix_(rows, columns)] = np.clip(np.nan_to_num(matrix.values), -1.0, 1.0)
    np.fill_diagonal(whole, 0.0)
    distances = pdist(np.hstack([whole, whole.T]))
    tree = optimal_leaf_ordering(linkage(distances, "average"), distances)
    return [names[place] for place in leaves_list(tree).tolist()]
