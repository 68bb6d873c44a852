"""What a source's perception adds to its format: the source minus its control.

A `shuffled` control has its source's examples with the answers permuted (same format, same letter balance, no
perception); `own` has the base's own answers. Neither is neutral: `shuffled` also unteaches its own task.
"""

from __future__ import annotations

import numpy as np

from spillover.analysis.cube import ScoreCube
from spillover.analysis.findings import ControlFindings
from spillover.analysis.matrix import TransferMatrix
from spillover.analysis.pgf import clear_rounding, perfection_gap_factor
from spillover.analysis.shapes import PerTarget, SeedTransfers


def contrast_control(
    cube: ScoreCube, control: ScoreCube, ceiling: PerTarget, abbreviations: dict[str, str]
) -> ControlFindings | None:
    """Compare sources with their controls, paired by seed and example.

    `acc(source) − acc(control)`, and that difference over the common gap `U − acc(base)`: never the PGF of one model
    over another.

    Returns:
        None where source and control share no source, target or seed.

    Complexity: O(seeds · cells).
    """
    sources = tuple(name for name in control.sources if name in cube.sources)
    targets = tuple(name for name in cube.targets if name in control.targets)
    seeds = tuple(seed for seed in cube.seeds if seed in control.seeds)
    if not (sources and targets and seeds):
        return None
    source_accuracy, source_base = _pick(cube, sources, targets, seeds)
    control_accuracy, _ = _pick(control, sources, targets, seeds)
    wanted = np.array([ceiling[cube.targets.index(target)] for target in targets])
    difference = source_accuracy - control_accuracy

    def matrix(title: str, values: SeedTransfers) -> TransferMatrix:
        mean = clear_rounding(values.mean(axis=0))
        return TransferMatrix(title=title, sources=sources, targets=targets, abbreviations=abbreviations, values=mean)

    kind = control.control or "control"
    return ControlFindings(
        kind=kind,
        sources=sources,
        control=matrix(f"PGF of {kind}", perfection_gap_factor(control_accuracy, source_base, wanted)),
        contrast=matrix(f"PGF over {kind}", perfection_gap_factor(source_base + difference, source_base, wanted)),
        contrast_points=matrix(f"accuracy over {kind}", difference),
    )


def _pick(
    cube: ScoreCube, sources: tuple[str, ...], targets: tuple[str, ...], seeds: tuple[int, ...]
) -> tuple[SeedTransfers, SeedTransfers]:
    """Accuracies of some sources, targets and seeds, and the base's."""
    rows = [cube.sources.index(name) for name in sources]
    columns = [cube.targets.index(name) for name in targets]
    layers = [cube.seeds.index(seed) for seed in seeds]
    base = cube.base_accuracy
    base = base if len(base) == 1 else base[layers]
    return cube.accuracy[np.ix_(layers, rows, columns)], base[:, :, columns]
