"""What noise alone would make of a published table in which nothing transfers: behind its noise floors.

Intervals from a table draw base and finetuned counts as if they came from different questions, which is too wide but
assumes nothing (see `bootstrap`). For a floor that is too high: answers to the same questions go together. How far they
do, the table shows. Where nothing transfers, the finetuned models of a column are as different from each other as each
is from the base; where something does, they differ more, and the floor is too high rather than too low.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from spillover.analysis.pgf import ZERO
from spillover.analysis.shapes import Matrices
from spillover.analysis.tables import TableTransfers

DrawNull = Callable[[np.random.Generator, int], Matrices]
"""Draws so many matrices of mean PGFs in which there is only noise."""
FEWEST_SOURCES = 5
"""From fewer sources a target's spread says too little: then answers count as independent."""


def prepare_null(table: TableTransfers) -> DrawNull:
    """Prepare to draw mean PGFs of a study with this table's noise in which nothing transfers.

    With m examples and base accuracy a, let B = a(1 − a)/m, the variance of one accuracy over samples of examples; W
    the variance of accuracies between seeds within sources, V that between runs of all sources, of which only min(V, B)
    can be the sampling of examples. The base then has the noise min(V, B), in its whole column; a source's mean over K
    seeds min(V, B) − min(W, B), and W/K from its seeds. Without counts only the seeds' noise is known.

    Complexity: O(seeds · cells) to prepare, O(cells) for each matrix.

    >>> from spillover.analysis.tables import example_table, lay_out_table
    >>> prepare_null(lay_out_table(example_table()))(np.random.default_rng(0), 5).shape
    (5, 2, 2)
    """
    transfers, counts = table.transfers, table.counts
    cells = transfers.transfer_cells
    known = counts.known
    own, shared = np.zeros(len(known)), np.zeros(len(known))
    gap = np.ones(len(known))
    for column in range(len(known)):
        if not cells[:, column].any():
            continue
        runs = (transfers.points if known[column] else transfers.pgf)[:, cells[:, column], column]
        within, between = _spread_of_runs(runs)
        own[column] = within / len(runs)
        if known[column]:
            gap[column] = counts.base_errors[:, column].mean() / counts.examples[column]
            most = gap[column] * (1 - gap[column]) / counts.examples[column]
            shared[column] = min(between, most)
            own[column] += shared[column] - min(within, shared[column])

    def draw(generator: np.random.Generator, size: int) -> Matrices:
        base = np.sqrt(shared) * generator.normal(size=(size, 1, len(known)))
        finetuned = np.sqrt(own) * generator.normal(size=(size, *cells.shape))
        left = np.broadcast_to(gap - base, finetuned.shape)
        noise = np.full(finetuned.shape, np.nan)
        np.divide(finetuned - base, left, out=noise, where=(left > ZERO) & transfers.defined)
        return noise

    return draw


def _spread_of_runs(runs: np.ndarray) -> tuple[float, float]:
    """Variance between seeds within sources, and between runs of all sources, of values of shape seed × source."""
    seeds, sources = runs.shape
    within = float(runs.var(axis=0, ddof=1).mean()) if seeds > 1 else 0.0
    if sources < FEWEST_SOURCES:
        return within, np.inf
    return within, within + max(0.0, float(runs.mean(axis=0).var(ddof=1)) - within / seeds)
