"""Do similar weight updates transfer alike? Cosines between LoRA updates, and their rank correlation with PGF.

Sachdeva et al., CVPR 2026 (arXiv 2511.18787), section on weights. The update of a layer is ΔW = B·A with r small, so
the inner product of two updates is a trace of r × r matrices: `<B₁A₁, B₂A₂> = tr((A₂A₁ᵀ)(B₁ᵀB₂))`. ΔW is never formed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from spillover.analysis.pgf import TransferArray, clear_rounding
from spillover.analysis.shapes import Cells, LoraDown, LoraUp, Similarities, Transfers
from spillover.core.errors import AnalysisError
from spillover.core.numbers import number, probability

Factors = tuple[LoraDown, LoraUp]
"""A and B of one layer; any scaling (alpha / rank) multiplied into one of them."""
Adapter = Mapping[str, Factors]
"""Layer name → factors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightSimilarity:
    """How alike the updates of a model's sources are."""

    sources: tuple[str, ...]
    cosine: Similarities
    """From `compare_updates`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightCorrelation:
    """Spearman's rank correlation between weight similarity and PGF over ordered pairs of different tasks."""

    rho: float
    """NaN where one of them does not vary."""
    p: float
    """Two-sided, by permuting whole tasks (Mantel, Cancer Research 27, 1967): pairs of one task are dependent."""
    pairs: int

    @property
    def in_words(self) -> str:
        """What was found.

        >>> WeightCorrelation(rho=-0.12, p=0.4, pairs=156).in_words
        'rank correlation −0.12 over 156 pairs of tasks, p = 0.400 by permuting tasks'
        """
        if np.isnan(self.rho):
            return "no rank correlation can be formed"
        test = f"{probability(self.p, 'p')} by permuting tasks"
        return f"rank correlation {number(self.rho, 2)} over {self.pairs} pairs of tasks, {test}"


def compare_updates(adapters: Mapping[str, Sequence[Adapter]]) -> Similarities:
    """Compute mean cosines between the updates of tasks, over their pairs of seeds.

    Every layer is read once of every adapter, so that adapters may be files that are read as they are asked.

    Args:
        adapters: task → its adapters, one a seed.

    Returns:
        A symmetric matrix in the order of `adapters`. The diagonal is the mean cosine between *different* seeds of a
        task (how much of the similarity is the task at all), 1 where it has one seed only. An update that is zero, of
        an adapter that was not trained, has no direction: NaN.

    Raises:
        AnalysisError: a task has no adapter, or shapes differ.

    Complexity: O((tasks · seeds · rank)² · layers · (inputs + outputs)), as matrix products.

    >>> a, b = np.array([[1.0, 0.0]]), np.array([[1.0]])
    >>> compare_updates({"x": [{"l": (a, b)}], "y": [{"l": (-a, b)}]}).tolist()
    [[1.0, -1.0], [-1.0, 1.0]]
    """
    names = list(adapters)
    flat = [adapter for name in names for adapter in adapters[name]]
    owner = np.array([index for index, name in enumerate(names) for _ in adapters[name]])
    if missing := [name for name in names if not adapters[name]]:
        raise AnalysisError(f"no adapter of {', '.join(missing)}", hint="give at least one adapter a task")
    products = np.zeros((len(flat), len(flat)))
    for layer in dict.fromkeys(layer for adapter in flat for layer in adapter):
        members = [index for index, adapter in enumerate(flat) if layer in adapter]
        products[np.ix_(members, members)] += _multiply_layer(layer, [flat[index][layer] for index in members])
    norms = np.sqrt(np.diag(products))
    norms[norms == 0] = np.nan
    cosines = products / np.outer(norms, norms)
    np.fill_diagonal(cosines, 0.0)  # an adapter beside itself says nothing of its task
    starts, seeds = np.searchsorted(owner, np.arange(len(names))), np.bincount(owner)
    totals = np.add.reduceat(np.add.reduceat(cosines, starts, axis=0), starts, axis=1)
    pairs = np.outer(seeds, seeds) - np.diag(seeds)
    result = np.divide(totals, pairs, out=np.eye(len(names)), where=pairs > 0)
    untrained = np.isnan(norms) & (np.bincount(owner)[owner] == 1)
    result[owner[untrained], owner[untrained]] = np.nan
    return (result + result.T) / 2  # sums in another order differ in their last digits


def _multiply_layer(layer: str, factors: Sequence[Factors]) -> np.ndarray:
    """All inner products of one layer's updates: `<B₁A₁, B₂A₂> = Σ (A₁A₂ᵀ) ∘ (B₁ᵀB₂)`, all pairs in two products."""
    shapes = {(b.shape[0], a.shape[1]) for a, b in factors}
    if len(shapes) > 1:
        listed = " and ".join(f"{rows}×{columns}" for rows, columns in sorted(shapes))
        raise AnalysisError(f"layer {layer} has shapes {listed}", hint="compare adapters of one base model")
    first = np.concatenate([np.asarray(a, dtype=np.float64) for a, _ in factors])
    second = np.concatenate([np.asarray(b, dtype=np.float64).T for _, b in factors])
    starts = np.cumsum([0, *(len(a) for a, _ in factors[:-1])])
    entries = (first @ first.T) * (second @ second.T)
    return np.add.reduceat(np.add.reduceat(entries, starts, axis=0), starts, axis=1)


def correlate_weights(
    similarity: Similarities,
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

    pgf, similarity = clear_rounding(pgf), clear_rounding(similarity)  # else noise of floats would break ties
    others = ~np.eye(len(pgf), dtype=bool)
    ranked = cells & others & np.isfinite(pgf)
    whole = stats.rankdata(pgf[ranked])
    has_holes = not np.isfinite(similarity[others]).all()

    def correlate(order: np.ndarray) -> float:
        """Over the pairs that have both, since a hole moves with its tasks; NaN where there is nothing to rank."""
        moved = similarity[np.ix_(order, order)]
        both = ranked & np.isfinite(moved)
        ranks, values = stats.rankdata(pgf[both]) if has_holes else whole, moved[both]
        if len(values) < 3 or np.ptp(ranks) == 0 or np.ptp(values) == 0:
            return float("nan")
        return float(np.corrcoef(ranks, stats.rankdata(values))[0, 1])

    rho, pairs = correlate(np.arange(len(pgf))), int((ranked & np.isfinite(similarity)).sum())
    if np.isnan(rho):
        return WeightCorrelation(rho=rho, p=rho, pairs=pairs)
    drawn = np.array([correlate(rng.permutation(len(pgf))) for _ in range(permutations)])
    smaller = int((np.abs(drawn) < abs(rho) - 1e-12).sum())  # what cannot be ranked counts as no smaller
    return WeightCorrelation(rho=rho, p=(1 + permutations - smaller) / (1 + permutations), pairs=pairs)


def relate_weights(
    similarity: WeightSimilarity,
    transfers: TransferArray,
    *,
    permutations: int,
    rng: np.random.Generator,
) -> WeightCorrelation:
    """Rank-correlate the similarity of two sources with the PGF from one to the other, over the tasks that are both.

    Complexity: O(permutations · tasks² · log tasks).

    >>> from spillover.analysis.pgf import example_transfers
    >>> similarity = WeightSimilarity(sources=("Jigsaw", "Counting"), cosine=np.eye(2))
    >>> relate_weights(similarity, example_transfers(), permutations=9, rng=np.random.default_rng(0)).pairs
    2
    """
    tasks = [task for task in transfers.tasks if task in similarity.sources]
    places = [similarity.sources.index(task) for task in tasks]
    rows, columns = ([names.index(task) for task in tasks] for names in (transfers.sources, transfers.targets))
    return correlate_weights(
        similarity.cosine[np.ix_(places, places)],
        transfers.mean[np.ix_(rows, columns)],
        transfers.defined[np.ix_(rows, columns)],
        permutations=permutations,
        rng=rng,
    )
