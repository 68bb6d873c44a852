"""Do similar weight updates transfer alike? Cosines between LoRA updates, and their rank correlation with PGF.

Sachdeva et al., CVPR 2026 (arXiv 2511.18787), section on weights. The update of a layer is ΔW = B·A with r small, so
the inner product of two updates is a trace of r × r matrices: `<B₁A₁, B₂A₂> = tr((A₂A₁ᵀ)(B₁ᵀB₂))`. ΔW is never formed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from spillover.analysis.shapes import Cells, Transfers
from spillover.core.errors import AnalysisError

Factors = tuple[Float[np.ndarray, "rank inputs"], Float[np.ndarray, "outputs rank"]]
"""A and B of one layer; any scaling (alpha / rank) multiplied into one of them."""
Adapter = Mapping[str, Factors]
"""Layer name → factors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightCorrelation:
    """Spearman's rank correlation between weight similarity and PGF over ordered pairs of different tasks."""

    rho: float
    """NaN where one of them does not vary."""
    p: float
    """Two-sided, by permuting whole tasks (Mantel, Cancer Research 27, 1967): pairs of one task are dependent."""
    pairs: int


def multiply_updates(first: Adapter, second: Adapter) -> float:
    """Compute the inner product of two updates over all layers; a layer that one of them lacks adds 0.

    Raises:
        AnalysisError: a layer has other shapes in the two adapters.

    Complexity: O(layers · rank² · (inputs + outputs)).

    >>> one = {"layer": (np.array([[1.0, 2.0]]), np.array([[3.0]]))}
    >>> multiply_updates(one, one)
    45.0
    """
    total = 0.0
    for layer in first.keys() & second.keys():
        (a1, b1), (a2, b2) = first[layer], second[layer]
        if a1.shape[1] != a2.shape[1] or b1.shape[0] != b2.shape[0]:
            raise AnalysisError(
                f"layer {layer} has shapes {b1.shape[0]}×{a1.shape[1]} and {b2.shape[0]}×{a2.shape[1]}",
                hint="compare adapters of one base model",
            )
        a1, b1, a2, b2 = (np.asarray(factor, dtype=np.float64) for factor in (a1, b1, a2, b2))
        total += float(np.einsum("ij,ji->", a2 @ a1.T, b1.T @ b2))
    return total


def compare_updates(adapters: Mapping[str, Sequence[Adapter]]) -> Float[np.ndarray, "task task"]:
    """Compute mean cosines between the updates of tasks, over their pairs of seeds.

    Args:
        adapters: task → its adapters, one a seed.

    Returns:
        A symmetric matrix in the order of `adapters`. The diagonal is the mean cosine between *different* seeds of a
        task (how much of the similarity is the task at all), 1 where it has one seed only.

    Raises:
        AnalysisError: a task has no adapter, an update is zero, or shapes differ.

    Complexity: O((tasks · seeds)² · layers · rank² · (inputs + outputs)).

    >>> a, b = np.array([[1.0, 0.0]]), np.array([[1.0]])
    >>> compare_updates({"x": [{"l": (a, b)}], "y": [{"l": (-a, b)}]}).tolist()
    [[1.0, -1.0], [-1.0, 1.0]]
    """
    names = list(adapters)
    flat = [adapter for name in names for adapter in adapters[name]]
    owner = np.array([index for index, name in enumerate(names) for _ in adapters[name]])
    if missing := [name for name in names if not adapters[name]]:
        raise AnalysisError(f"no adapter of {', '.join(missing)}", hint="give at least one adapter a task")
    products = np.array([[multiply_updates(one, other) for other in flat] for one in flat])
    norms = np.sqrt(np.diag(products))
    if (norms == 0).any():
        zero = sorted({names[index] for index in owner[norms == 0].tolist()})
        raise AnalysisError(f"the update of {', '.join(zero)} is zero", hint="it was not trained: leave it out")
    cosines = products / np.outer(norms, norms)
    different = ~np.eye(len(flat), dtype=bool)
    result = np.ones((len(names), len(names)))
    for row in range(len(names)):
        for column in range(len(names)):
            pairs = np.outer(owner == row, owner == column) & different
            if pairs.any():
                result[row, column] = cosines[pairs].mean()
    return result


def correlate_weights(
    similarity: Float[np.ndarray, "task task"],
    pgf: Transfers,
    cells: Cells,
    *,
    permutations: int,
    rng: np.random.Generator,
) -> WeightCorrelation:
    """Rank-correlate weight similarity with PGF over ordered pairs of different tasks.

    Args:
        similarity: from `compare_updates`, in the order of the tasks of `pgf`.
        pgf: means over seeds, task × task.
        cells: pairs that take part.
        permutations: of whole tasks, for p.
        rng: source of the permutations.

    Complexity: O(permutations · tasks² · log tasks).

    >>> pgf = np.arange(9.0).reshape(3, 3)
    >>> found = correlate_weights(pgf, pgf, np.ones((3, 3), dtype=bool), permutations=5, rng=np.random.default_rng(0))
    >>> found.rho, found.pairs
    (1.0, 6)
    """
    from scipy import stats  # noqa: PLC0415 (slow to import, and few analyses compare weights)

    chosen = cells & ~np.eye(len(pgf), dtype=bool)
    ranks = stats.rankdata(pgf[chosen])
    if len(ranks) < 3 or np.ptp(ranks) == 0 or np.ptp(similarity[chosen]) == 0:
        return WeightCorrelation(rho=float("nan"), p=float("nan"), pairs=len(ranks))

    def correlate(order: np.ndarray) -> float:
        return float(np.corrcoef(ranks, stats.rankdata(similarity[np.ix_(order, order)][chosen]))[0, 1])

    rho = correlate(np.arange(len(pgf)))
    drawn = np.array([correlate(rng.permutation(len(pgf))) for _ in range(permutations)])
    p = (1 + int((np.abs(drawn) >= abs(rho) - 1e-12).sum())) / (1 + permutations)
    return WeightCorrelation(rho=rho, p=p, pairs=len(ranks))
