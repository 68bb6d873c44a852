"""The Perfection Gap Factor: how much of the gap between a model and perfection a finetune closes.

Everything later in this room reads a `TransferArray`, whether it came from examples or from a published table.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spillover.analysis.cube import ScoreCube, example_cube
from spillover.analysis.facts import Facts
from spillover.analysis.settings import AnalysisSettings
from spillover.analysis.shapes import BaseAccuracies, Cells, PerTarget, SeedTransfers, Transfers
from spillover.core.errors import AnalysisError

ZERO = 1e-12
"""Smaller absolute PGFs are rounding noise of floats and count as exactly 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Undefined:
    """A cell without a PGF, and why."""

    source: str
    target: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferArray:
    """PGF of every seed, source and target of one model under one protocol."""

    model: str
    protocol: str
    sources: tuple[str, ...]
    """Tasks that are both source and target first, in the same order as in `targets`."""
    targets: tuple[str, ...]
    seeds: tuple[int | str, ...]
    pgf: SeedTransfers
    """NaN in all seeds of an undefined cell."""
    points: SeedTransfers
    """Accuracy of the finetuned model minus that of the base; NaN where only PGFs are known."""
    undefined: tuple[Undefined, ...] = ()

    @property
    def tasks(self) -> tuple[str, ...]:
        """Names that are both source and target: the diagonal is `pgf[k, i, i]`."""
        return tuple(name for name in self.sources if name in self.targets)

    @property
    def mean(self) -> Transfers:
        """Mean over seeds, free of rounding noise; NaN where undefined."""
        return clear_rounding(self.pgf.mean(axis=0))

    @property
    def defined(self) -> Cells:
        """Cells that have a PGF."""
        return np.all(np.isfinite(self.pgf), axis=0)

    @property
    def transfer_cells(self) -> Cells:
        """Defined cells of transfer to *other* tasks: the diagonal left out."""
        return self.defined & ~self.own_cells

    @property
    def own_cells(self) -> Cells:
        """The diagonal: what finetuning on a task does to the task itself."""
        own = [source == target for source in self.sources for target in self.targets]
        return np.array(own, dtype=bool).reshape(len(self.sources), len(self.targets))

    def among_tasks(self) -> TransferArray:
        """Keep only the tasks that are both source and target: the square part.

        >>> cube = example_transfers()
        >>> cube.among_tasks().sources == cube.tasks
        True
        """
        count, kept = len(self.tasks), set(self.tasks)
        return TransferArray(
            model=self.model,
            protocol=self.protocol,
            sources=self.tasks,
            targets=self.tasks,
            seeds=self.seeds,
            pgf=self.pgf[:, :count, :count],
            points=self.points[:, :count, :count],
            undefined=tuple(cell for cell in self.undefined if {cell.source, cell.target} <= kept),
        )


def perfection_gap_factor(
    finetuned: SeedTransfers, base: BaseAccuracies, ceiling: PerTarget, *, epsilon: float = 0.0
) -> SeedTransfers:
    """Compute PGF = (finetuned − base) / (ceiling − base + epsilon).

    Sachdeva et al., CVPR 2026 (arXiv 2511.18787), section on the Perfection Gap Factor.

    Args:
        finetuned: accuracy of the finetuned models, 0–1.
        base: accuracy of the base, 0–1, broadcast over seeds and sources.
        ceiling: accuracy at which nothing is left to gain, by target.
        epsilon: only to reproduce the paper's formula as it is written; then a base at the ceiling is no longer
            undefined.

    Returns:
        0 for no transfer, 1 for the whole gap closed, negative for harm; NaN where the base is at or above the ceiling.

    Complexity: O(cells).

    >>> finetuned, base = np.array([[[0.75, 0.9]]]), np.array([[[0.5, 1.0]]])
    >>> perfection_gap_factor(finetuned, base, np.ones(2)).tolist()
    [[[0.5, nan]]]
    """
    gap = np.broadcast_to(ceiling - base + epsilon, finetuned.shape)
    change = finetuned - base
    pgf = np.full(finetuned.shape, np.nan)
    np.divide(change, gap, out=pgf, where=gap > ZERO)
    return clear_rounding(pgf)


def clear_rounding(values: np.ndarray) -> np.ndarray:
    """Set what is only rounding noise of floats to exactly 0, and round the rest to 12 decimals.

    Complexity: O(values).

    >>> clear_rounding(np.array([-1e-16, 0.1 + 0.2])).tolist()
    [0.0, 0.3]
    """
    return np.round(values, 12) + 0.0  # + 0.0 turns −0.0 into 0.0


def transfers_of_cube(cube: ScoreCube, ceiling: PerTarget) -> TransferArray:
    """Compute the PGF of every cell of a cube.

    A cell whose base is at or above the ceiling, in any seed, is undefined: a mean over the other seeds would be chosen
    by the outcome.

    Complexity: O(scores).

    >>> transfers_of_cube(example_cube(), np.ones(2)).mean.round(3).tolist()
    [[0.5, 0.0], [-0.5, 0.667]]
    """
    base = cube.base_accuracy
    pgf = perfection_gap_factor(cube.accuracy, base, ceiling)
    hopeless = np.any(base >= ceiling - ZERO, axis=(0, 1))
    pgf[:, :, hopeless] = np.nan
    undefined = [
        Undefined(source=source, target=target, reason=_reason(float(base[:, 0, index].max()), float(ceiling[index])))
        for index, target in enumerate(cube.targets)
        if hopeless[index]
        for source in cube.sources
    ]
    return TransferArray(
        model=cube.model,
        protocol=cube.protocol,
        sources=cube.sources,
        targets=cube.targets,
        seeds=cube.seeds,
        pgf=pgf,
        points=clear_rounding(cube.accuracy - base),
        undefined=tuple(undefined),
    )


def _reason(base: float, ceiling: float) -> str:
    return f"the base scores {base:.3f}, at or above the ceiling of {ceiling:g}: there is no gap to close"


def resolve_ceilings(
    settings: AnalysisSettings, targets: tuple[str, ...], facts: Facts, best: dict[str, float]
) -> PerTarget:
    """Turn the settings' ceilings into one number a target.

    Args:
        settings: what the user chose.
        targets: the targets, in order.
        facts: where human and specialist scores are known.
        best: the best score seen in the data, by target.

    Raises:
        AnalysisError: a human, specialist or best score was asked for that nobody knows.

    Complexity: O(targets).

    >>> resolve_ceilings(AnalysisSettings(), ("Jigsaw",), {}, {}).tolist()
    [1.0]
    """
    unknown: list[str] = []
    values: list[float] = []
    for target in targets:
        wanted = settings.ceiling_of(target)
        task = facts.get(target)
        named = {"human": task and task.human, "specialist": task and task.specialist, "best": best.get(target)}
        value = named[wanted] if isinstance(wanted, str) else wanted
        if value is None:
            unknown.append(f"{target} ({wanted})")
        values.append(1.0 if value is None else value)
    if unknown:
        raise AnalysisError(
            f"no such ceiling is known for {', '.join(unknown)}",
            where="analysis.ceiling",
            hint="give a number for these targets, for example ceiling: {" + unknown[0].split(" ")[0] + ": 0.9}",
        )
    return np.array(values)


def example_transfers() -> TransferArray:
    """Build the transfers of `example_cube`, for doctests and first steps.

    Complexity: O(1).

    >>> example_transfers().tasks
    ('Jigsaw', 'Counting')
    """
    return transfers_of_cube(example_cube(), np.ones(2))
