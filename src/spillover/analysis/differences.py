"""What changed between two models, or two studies of one: cell by cell, in rank order, in sign.

Both are taken to be independent samples: that is so for their seeds. Where both answered the same examples, differences
are surer than the intervals say, never less sure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy import special

from spillover.analysis.discoveries import adjust_p
from spillover.analysis.findings import Findings, ModelFindings
from spillover.analysis.matrix import TransferMatrix
from spillover.analysis.plain import plain
from spillover.analysis.shapes import Cells, PerTarget, Transfers
from spillover.analysis.spread import percentile
from spillover.analysis.unseen import derive_reach, reach_at_least
from spillover.analysis.weights import WeightCorrelation, correlate_weights
from spillover.core.keys import seeded_generator

PERMUTATIONS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """A transfer that helps in one and harms in the other."""

    source: str
    target: str
    first: float
    second: float
    q: float
    """Of the difference; NaN where it was not tested."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The second's PGFs minus the first's, over the sources and targets that both have."""

    first: str
    second: str
    matrix: TransferMatrix
    low: Transfers
    """Ends of normal intervals, from both bootstrap standard errors; NaN without replicates. Those that hold 0 are no
    shorter than the rule of three (see `unseen`)."""
    high: Transfers
    q: Transfers
    """Two-sided normal p of no difference after Benjamini-Hochberg over transfers to other tasks; NaN elsewhere."""
    cells: Cells
    """Transfers to other tasks that both have defined: what the figures below are over."""
    mean: float
    """NaN where there is no such cell."""
    mean_low: float
    """NaN where the two have not all cells in common, or no replicates."""
    mean_high: float
    rank: WeightCorrelation
    """Spearman's of the two matrices, p by permuting whole tasks; over the tasks that are both source and target."""
    flips: tuple[Flip, ...]
    """The largest difference first."""
    compared: int
    """Cells in which neither is exactly 0, so that a sign can flip."""


def differences_of(findings: Findings) -> list[Difference]:
    """Compare each model with the next one of its protocol, in order of size where their names tell it.

    Complexity: O(models · permutations · tasks² · log tasks).

    >>> from spillover.analysis import analyze
    >>> from spillover.analysis.cube import example_cube
    >>> [each.matrix.title for each in differences_of(analyze({"7B": example_cube(), "3B": example_cube()}))]
    ['7B − 3B']
    """
    confidence = findings.settings.confidence
    found: list[Difference] = []
    for comparison in findings.comparisons:
        models = {model.model: model for model in findings.models if model.protocol == comparison.protocol}
        pairs = zip(comparison.models, comparison.models[1:], strict=False)
        found += [difference_of(models[first], models[second], confidence) for first, second in pairs]
    return found


def difference_of(first: ModelFindings, second: ModelFindings, confidence: float) -> Difference:
    """Compare two models' transfers.

    Args:
        first: what is subtracted.
        second: what it is subtracted from.
        confidence: of the intervals.

    Complexity: O(cells), and O(permutations · tasks² · log tasks) for the rank correlation.

    >>> from spillover.analysis import analyze
    >>> from spillover.analysis.cube import example_cube
    >>> one = analyze(example_cube()).models[0]
    >>> difference_of(one, one, 0.95).mean
    0.0
    """
    sources = tuple(name for name in first.matrix.sources if name in second.matrix.sources)
    targets = tuple(name for name in first.matrix.targets if name in second.matrix.targets)
    places = [_places(model, sources, targets) for model in (first, second)]
    values = [model.matrix.values[place] for model, place in zip((first, second), places, strict=True)]
    cells = np.logical_and(*(m.summary.frame.reference[p] for m, p in zip((first, second), places, strict=True)))
    error = np.hypot(*(_errors(model)[place] for model, place in zip((first, second), places, strict=True)))
    change = values[1] - values[0]
    with np.errstate(divide="ignore", invalid="ignore"):
        p = 2 * special.ndtr(-np.abs(change) / error)
    q = adjust_p(np.where(error > 0, p, np.nan), cells)
    margin = float(special.ndtri((1 + confidence) / 2)) * error
    reach = np.hypot(*(_unseen(model)[place[1][0]] for model, place in zip((first, second), places, strict=True)))
    low, high = reach_at_least((change - margin, change + margin), change, reach)
    mean = float(change[cells].mean()) if cells.any() else float("nan")
    ends = _mean_interval(first, second, cells, mean)
    flipped = cells & (values[0] * values[1] < 0)
    order = sorted(np.argwhere(flipped).tolist(), key=lambda place: -abs(change[tuple(place)]))
    return Difference(
        first=first.title,
        second=second.title,
        matrix=TransferMatrix(
            title=f"{second.title} − {first.title}",
            sources=sources,
            targets=targets,
            abbreviations=first.matrix.abbreviations,
            values=change,
        ),
        low=low,
        high=high,
        q=q,
        cells=cells,
        mean=mean,
        mean_low=ends[0],
        mean_high=ends[1],
        rank=_correlate(values, cells, sources, targets),
        flips=tuple(
            Flip(
                source=sources[row],
                target=targets[column],
                first=float(values[0][row, column]),
                second=float(values[1][row, column]),
                q=float(q[row, column]),
            )
            for row, column in order
        ),
        compared=int((cells & (values[0] != 0) & (values[1] != 0)).sum()),
    )


def describe_difference(difference: Difference) -> dict[str, Any]:
    """Describe a difference as plain JSON values.

    Complexity: O(cells).
    """
    return {
        "first": difference.first,
        "second": difference.second,
        "sources": list(difference.matrix.sources),
        "targets": list(difference.matrix.targets),
        "pgf": difference.matrix.to_rows(),
        "low": plain(difference.low),
        "high": plain(difference.high),
        "q": plain(difference.q),
        "cells_counted": int(difference.cells.sum()),
        "mean_off_diagonal": plain(difference.mean),
        "interval": plain([difference.mean_low, difference.mean_high]),
        "rank_correlation": plain(asdict(difference.rank)),
        "sign_flips": [plain(asdict(flip)) for flip in difference.flips],
    }


def _places(model: ModelFindings, sources: Sequence[str], targets: Sequence[str]) -> tuple[np.ndarray, ...]:
    return np.ix_(
        [model.matrix.sources.index(name) for name in sources], [model.matrix.targets.index(name) for name in targets]
    )


def _errors(model: ModelFindings) -> Transfers:
    spread = model.summary.spread
    return np.full(model.matrix.values.shape, np.nan) if spread is None else spread.standard_error


def _unseen(model: ModelFindings) -> PerTarget:
    spread = model.summary.spread
    return np.full(len(model.matrix.targets), np.nan) if spread is None else spread.unseen


def _mean_interval(first: ModelFindings, second: ModelFindings, cells: Cells, mean: float) -> tuple[float, float]:
    """Of the difference of the means; NaN where cells differ.

    The replicates of two models may come from the same draws, so one's are taken in reverse order: then they are
    independent, as the models are taken to be.
    """
    one, other = first.summary.spread, second.summary.spread
    alike = all(int(model.summary.frame.reference.sum()) == int(cells.sum()) for model in (first, second))
    if not alike or one is None or other is None:
        return float("nan"), float("nan")
    count = min(len(one.replicates.mean), len(other.replicates.mean))
    drawn = other.replicates.mean[:count] - one.replicates.mean[:count][::-1]
    low, high = percentile(drawn, (one.tail, 100 - one.tail))
    reach = [derive_reach(_unseen(model), model.summary.frame).mean for model in (first, second)]
    low, high = reach_at_least((low, high), np.array(mean), np.hypot(*reach))
    return float(low), float(high)


def _correlate(
    values: Sequence[Transfers], cells: Cells, sources: Sequence[str], targets: Sequence[str]
) -> WeightCorrelation:
    both = [name for name in sources if name in targets]
    square = np.ix_([sources.index(name) for name in both], [targets.index(name) for name in both])
    return correlate_weights(
        values[0][square],
        values[1][square],
        cells[square],
        permutations=PERMUTATIONS,
        rng=seeded_generator("rank correlation", 0),
    )
