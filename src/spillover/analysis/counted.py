"""Uncertainty of cells from a published table alone: seeds, and the binomial error of recovered counts.

The examples are gone, so how a finetuned model's right answers overlap with the base's is unknown. Both counts are
taken as independent binomials; answers to the same questions in truth go together, so these intervals are too wide
rather than too narrow. Seeds share their examples: only the seeds' own spread shrinks with more of them.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from spillover.analysis.crossed import stack_columns
from spillover.analysis.crossed_layout import CrossedLayout, Quadratic
from spillover.analysis.fieller import CellInference, infer_cells, reach_unseen
from spillover.analysis.pgf import ZERO
from spillover.analysis.tables import TableTransfers

COUNTED = "the binomial error of recovered counts"
GIVEN = "the binomial error of the counts: the examples behind them are not known"
BOUNDED = "at most the binomial error of so many examples: scores are no counts, and the examples are not known"
LOST = "counts could not be recovered"
AMBIGUOUS = "several counts fit the PGFs"
UNKNOWN = "the number of examples is not known"


def infer_table(table: TableTransfers, confidence: float) -> CellInference:
    """Compute interval and test of every cell of a published table, shape source × target.

    Where a target's counts are recovered or given, Fieller's interval with binomial example error, which bounds that of
    scores between 0 and 1, and the spread of seeds. Else a t interval of the seeds alone, and no test (p is NaN): every
    seed was asked the same examples, so their agreement says nothing about others. One seed without counts has neither,
    nor have seeds that agree exactly: how far other examples may move them cannot be told without their number. No
    interval goes beyond 1, the largest PGF.

    Complexity: O(seeds · cells).

    >>> from spillover.analysis.tables import example_table, lay_out_table
    >>> infer_table(lay_out_table(example_table()), 0.95).estimate.round(3).tolist()
    [[0.351, 0.041], [-0.054, 0.297]]
    """
    columns: list[CellInference] = []
    for column in range(len(table.transfers.targets)):
        if table.counts.known[column]:
            layout = _counted_layout(table, column)
            columns.append(reach_unseen(infer_cells(layout, confidence, 1.0), layout, confidence, 1.0))
        else:
            columns.append(_infer_seeds(table.transfers.pgf[:, :, column], confidence))
    return stack_columns(columns)


def name_basis(table: TableTransfers, column: int) -> str:
    """Say what the intervals of one target rest on.

    Complexity: O(seeds).

    >>> from spillover.analysis.tables import example_table, lay_out_table
    >>> name_basis(lay_out_table(example_table()), 1)
    'seeds only: counts could not be recovered'
    """
    counts, several = table.counts, len(table.transfers.seeds) > 1
    if counts.known[column]:
        error = COUNTED if not counts.given else GIVEN if counts.whole[column] else BOUNDED
        return f"seeds, and {error}" if several else f"{error}; one seed"
    reason = UNKNOWN if counts.given else AMBIGUOUS if counts.possible[column] else LOST
    return f"seeds only: {reason}" if several else f"nothing: one seed, and {reason}"


def _counted_layout(table: TableTransfers, column: int) -> CrossedLayout:
    counts = table.counts
    examples, seeds = int(counts.examples[column]), len(table.transfers.seeds)
    change = counts.gained[:, :, column] / examples
    gap = np.broadcast_to(counts.base_errors[:, column, None] / examples, change.shape)
    base_errors, errors = gap.mean(axis=0), (gap - change).mean(axis=0)
    base_noise, own_noise = base_errors * (1 - base_errors), np.clip(errors * (1 - errors), 0, None)
    # mean e(θ) is (1 − θ)·base errors − own errors; MS_I is K times the variance that one example contributes
    items = Quadratic(seeds * (base_noise + own_noise), seeds * base_noise, seeds * base_noise)
    return CrossedLayout(
        change=change.mean(axis=0),
        gap=np.where(table.transfers.defined[:, column], base_errors, 0.0),
        items=items,
        seeds=_seed_square(change, gap, examples),
        residual=_nothing(change.shape[1]),
        examples=examples,
        seed_count=seeds,
    )


def _infer_seeds(pgf: np.ndarray, confidence: float) -> CellInference:
    """A t interval of the seeds' mean, shape of `pgf` seed × source."""
    seeds, sources = pgf.shape
    unknown = np.full(sources, np.nan)
    estimate = pgf.mean(axis=0) if seeds > 1 else unknown
    error = pgf.std(axis=0, ddof=1) / np.sqrt(seeds) if seeds > 1 else unknown
    half = np.where(error > ZERO, special.stdtrit(seeds - 1, 0.5 + confidence / 2) * error, np.nan)
    pieces = np.empty(sources, dtype=object)
    pieces[:] = [()] * sources
    return CellInference(
        estimate=estimate,
        low=estimate - half,
        high=np.minimum(estimate + half, 1.0),
        pieces=pieces,
        unseen=np.zeros(sources, dtype=bool),
        p=unknown,
        standard_error=error,
        change_low=unknown,
        change_high=unknown,
    )


def _seed_square(change: np.ndarray, gap: np.ndarray, examples: int) -> Quadratic:
    """Mean square of seeds: examples × the variance over seeds."""
    if len(change) == 1:
        return _nothing(change.shape[1])

    def product(left: np.ndarray, right: np.ndarray) -> np.ndarray:
        deviations = (left - left.mean(axis=0)) * (right - right.mean(axis=0))
        return examples * deviations.sum(axis=0) / (len(left) - 1)

    return Quadratic(product(change, change), product(change, gap), product(gap, gap))


def _nothing(sources: int) -> Quadratic:
    return Quadratic(np.zeros(sources), np.zeros(sources), np.zeros(sources))
