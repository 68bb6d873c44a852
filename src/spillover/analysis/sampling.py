"""Transfers as whoever must choose by them needs them: with joint replicates, and in halves for honest predictions.

Choosing the best of many noisy numbers and quoting the same numbers is optimistic. So a choice is made on half of the
evidence and predicted on the other half.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from spillover.analysis.accuracies import lay_out_accuracies
from spillover.analysis.alignment import build_cubes
from spillover.analysis.bootstrap import Replicates, replicate_cube, replicate_table
from spillover.analysis.calibration import calibrate_cube, can_calibrate
from spillover.analysis.cube import ScoreCube, TargetBlock
from spillover.analysis.facts import Facts, collect_facts
from spillover.analysis.mixtures import leave_out_mixtures
from spillover.analysis.model import best_scores
from spillover.analysis.pgf import TransferArray, resolve_ceilings, transfers_of_cube
from spillover.analysis.restrict import take_examples
from spillover.analysis.settings import AnalysisSettings, Measure, require_known_targets
from spillover.analysis.shapes import Matrices, Transfers
from spillover.analysis.tables import TableTransfers, lay_out_table
from spillover.core.errors import AnalysisError
from spillover.core.keys import seeded_generator
from spillover.core.published import AccuracyTable, PGFTable
from spillover.tasks.task import Task

Evidence = pa.Table | PGFTable | AccuracyTable | ScoreCube


@dataclass(frozen=True, slots=True, kw_only=True)
class Half:
    """One way to choose on half of the evidence and to look at the other half."""

    replicates: Matrices
    """Of the half to choose by."""
    mean: Transfers
    """PGFs of the half to choose by; NaN where its base leaves no gap."""
    held_out: Transfers
    """PGFs of the half to predict by."""
    share: float
    """Of all the evidence, what the half to choose by is: less than ½ where there are an odd number of seeds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferSample:
    """PGFs of one model with their joint sampling distribution."""

    model: str
    protocol: str
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    abbreviations: dict[str, str]
    mean: Transfers
    """Mean over seeds; NaN where undefined."""
    replicates: Matrices
    """Shape replicate × source × target; NaN where a replicate's base leaves no gap."""
    split: Callable[[np.random.Generator, int], Half] | None
    """Splits the evidence at random and draws so many replicates of the first half; None where there is nothing to
    split (a table of one seed)."""
    split_over: str
    """What is split: examples or seeds."""
    unsampled: tuple[str, ...] = ()
    """Targets whose right answers cannot be counted: no other examples are drawn of them, and replicates differ by
    seed alone; with one seed, not at all."""
    can_calibrate: bool = False
    """Whether the log-probabilities of all options are there, so that PGFs without the answer prior can be taken."""

    @property
    def noiseless(self) -> frozenset[str]:
        """Targets on which nothing tells the noise: their replicates are all the same."""
        return frozenset(self.unsampled if self.split is None else ())


def sample_transfers(
    data: Evidence,
    settings: AnalysisSettings,
    tasks: Iterable[Task] = (),
    *,
    measure: Measure = "raw",
    replicates: int = 1000,
) -> list[TransferSample]:
    """Draw joint bootstrap replicates of the PGFs of every model and protocol: examples shared within a target.

    Args:
        data: scores, a table, or a cube; mixtures, controls and earlier checkpoints are left out.
        settings: ceilings and the seed.
        tasks: what is known of the tasks.
        measure: raw, or calibrated where the log-probabilities of the options are there.
        replicates: how many.

    Returns:
        One for each model and protocol of which some source is a single task.

    Raises:
        AnalysisError: the data does not fill the matrix, or cannot be calibrated.

    Complexity: O(replicates · seeds · sources · examples) multiplications over all targets.

    >>> from spillover.analysis.cube import example_cube
    >>> (sample,) = sample_transfers(example_cube(), AnalysisSettings(), replicates=50)
    >>> sample.replicates.shape, sample.split_over
    ((50, 2, 2), 'examples')
    """
    known = tuple(tasks)
    if isinstance(data, PGFTable | AccuracyTable):
        if measure == "calibrated":
            raise AnalysisError("a table without examples cannot be calibrated", hint="use --measure raw")
        laid_out = lay_out_table(data) if isinstance(data, PGFTable) else lay_out_accuracies(data)
        return [_sample_table(laid_out, settings, known, replicates)]
    cubes = [data] if isinstance(data, ScoreCube) else list(build_cubes(data, [task.name for task in known]))
    best = best_scores(cubes)
    final = [leave_out_mixtures(cube) for cube in cubes if cube.control is None and cube.fraction == 1.0]
    return [_sample_cube(_measured(cube, measure), settings, known, best, replicates) for cube in final if cube.sources]


def _measured(cube: ScoreCube, measure: Measure) -> ScoreCube:
    if measure == "raw":
        return cube
    calibrated = calibrate_cube(cube)
    if calibrated is None:
        raise AnalysisError(
            f"{cube.model}, {cube.protocol}: the log-probabilities of the options are not known",
            hint="use --measure raw, or the letters protocol",
        )
    return calibrated


def _sample_cube(
    cube: ScoreCube, settings: AnalysisSettings, tasks: tuple[Task, ...], best: dict[str, float], count: int
) -> TransferSample:
    require_known_targets(settings, cube.targets)
    facts = collect_facts(dict.fromkeys((*cube.sources, *cube.targets)), tasks)
    ceiling = resolve_ceilings(settings, cube.targets, facts, best)

    def split(rng: np.random.Generator, size: int) -> Half:
        first, second = _halve_cube(cube, rng)
        pieces = replicate_cube(first, ceiling, size, rng)
        means = [transfers_of_cube(half, ceiling).mean for half in (first, second)]
        share = sum(len(block.examples) for block in first.blocks) / sum(len(block.examples) for block in cube.blocks)
        return Half(replicates=_over_seeds(pieces), mean=means[0], held_out=means[1], share=share)

    pieces = replicate_cube(cube, ceiling, count, _generator(settings))
    sample = _sample(transfers_of_cube(cube, ceiling), facts, _over_seeds(pieces), split, "examples")
    return replace(sample, can_calibrate=can_calibrate(cube))


def _halve_cube(cube: ScoreCube, rng: np.random.Generator) -> tuple[ScoreCube, ScoreCube]:
    """Split every target's examples at random; of an odd number the second half gets one more."""
    halves: tuple[list[TargetBlock], list[TargetBlock]] = ([], [])
    for block in cube.blocks:
        order = rng.permutation(len(block.examples))
        middle = max(len(order) // 2, 1)
        for blocks, picks in zip(halves, (order[:middle], order[middle:]), strict=True):
            blocks.append(take_examples(block, np.sort(picks) if picks.size else order))
    return replace(cube, blocks=tuple(halves[0])), replace(cube, blocks=tuple(halves[1]))


def _sample_table(
    table: TableTransfers, settings: AnalysisSettings, tasks: tuple[Task, ...], count: int
) -> TransferSample:
    transfers = table.transfers
    facts = collect_facts(dict.fromkeys((*transfers.sources, *transfers.targets)), tasks)
    seeds = len(transfers.seeds)

    def split(rng: np.random.Generator, size: int) -> Half:
        order = rng.permutation(seeds)
        first, second = (_of_seeds(table, np.sort(picks)) for picks in (order[: seeds // 2], order[seeds // 2 :]))
        pieces = replicate_table(first, size, rng)
        return Half(
            replicates=_over_seeds(pieces),
            mean=first.transfers.mean,
            held_out=second.transfers.mean,
            share=(seeds // 2) / seeds,
        )

    pieces = replicate_table(table, count, _generator(settings))
    sample = _sample(transfers, facts, _over_seeds(pieces), split if seeds > 1 else None, "seeds")
    known = table.counts.known.tolist()
    return replace(sample, unsampled=tuple(name for name, one in zip(transfers.targets, known, strict=True) if not one))


def _of_seeds(table: TableTransfers, seeds: np.ndarray) -> TableTransfers:
    transfers, counts = table.transfers, table.counts
    return TableTransfers(
        transfers=replace(
            transfers,
            seeds=tuple(transfers.seeds[seed] for seed in seeds.tolist()),
            pgf=transfers.pgf[seeds],
            points=transfers.points[seeds],
        ),
        counts=replace(counts, base_errors=counts.base_errors[seeds], gained=counts.gained[seeds]),
    )


def _over_seeds(pieces: Iterator[Replicates]) -> Matrices:
    return np.concatenate([piece.pgf.mean(axis=1) for piece in pieces])


def _generator(settings: AnalysisSettings) -> np.random.Generator:
    return seeded_generator("mixture", settings.seed)


def _sample(
    transfers: TransferArray,
    facts: Facts,
    replicates: Matrices,
    split: Callable[[np.random.Generator, int], Half] | None,
    split_over: str,
) -> TransferSample:
    names = dict.fromkeys((*transfers.sources, *transfers.targets))
    return TransferSample(
        model=transfers.model,
        protocol=transfers.protocol,
        sources=transfers.sources,
        targets=transfers.targets,
        abbreviations={name: facts[name].abbreviation for name in names},
        mean=transfers.mean,
        replicates=replicates,
        split=split,
        split_over=split_over,
    )
