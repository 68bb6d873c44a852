"""Parts of a cube: what two cubes have in common, so that they can be laid side by side; some of the sources."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from spillover.analysis.cube import ScoreCube, TargetBlock


def take_sources(cube: ScoreCube, sources: Sequence[str]) -> ScoreCube:
    """Cut a cube down to some of its sources, in the order of the cube.

    Complexity: O(seeds · sources · examples) a target.

    >>> from spillover.analysis.cube import example_cube
    >>> take_sources(example_cube(), ["Counting"]).accuracy.tolist()
    [[[0.25, 0.75]]]
    """
    kept = tuple(name for name in cube.sources if name in sources)
    seeds, rows = _places(cube.seeds, cube.seeds), _places(cube.sources, kept)
    blocks = tuple(_cut_block(block, block.examples, seeds, rows) for block in cube.blocks)
    return replace(cube, sources=kept, blocks=blocks)


def align_cubes(first: ScoreCube, second: ScoreCube) -> tuple[ScoreCube, ScoreCube] | None:
    """Cut two cubes down to the sources, targets, seeds and examples that both have, in the order of the first.

    Returns:
        None where they have no source, target, seed or example in common.

    Complexity: O(seeds · sources · examples) a target.

    >>> from spillover.analysis.cube import example_cube
    >>> align_cubes(example_cube(), example_cube())[1].sources
    ('Jigsaw', 'Counting')
    """
    sources = tuple(name for name in first.sources if name in second.sources)
    targets = tuple(name for name in first.targets if name in second.targets)
    seeds = tuple(seed for seed in first.seeds if seed in second.seeds)
    pairs = [
        (first.blocks[first.targets.index(target)], second.blocks[second.targets.index(target)]) for target in targets
    ]
    shared = [tuple(sorted(set(left.examples) & set(right.examples), key=left.examples.index)) for left, right in pairs]
    if not (sources and targets and seeds and all(shared)):
        return None
    cut = [
        replace(
            cube,
            sources=sources,
            targets=targets,
            seeds=seeds,
            blocks=tuple(
                _cut_block(pair[side], examples, _places(cube.seeds, seeds), _places(cube.sources, sources))
                for pair, examples in zip(pairs, shared, strict=True)
            ),
        )
        for side, cube in enumerate((first, second))
    ]
    return cut[0], cut[1]


def _places(names: tuple[str | int, ...], wanted: tuple[str | int, ...]) -> list[int]:
    return [names.index(name) for name in wanted]


def _cut_block(block: TargetBlock, examples: tuple[str, ...], seeds: list[int], sources: list[int]) -> TargetBlock:
    position = {example: index for index, example in enumerate(block.examples)}
    kept = [position[example] for example in examples]
    base_seeds = seeds if len(block.base) > 1 else [0]
    base_log, log = block.base_log_probabilities, block.log_probabilities
    return replace(
        block,
        examples=examples,
        answers=block.answers[kept],
        option_counts=block.option_counts[kept],
        base=block.base[np.ix_(base_seeds, kept)],
        scores=block.scores[np.ix_(seeds, sources, kept)],
        base_given=block.base_given[np.ix_(base_seeds, kept)],
        given=block.given[np.ix_(seeds, sources, kept)],
        base_log_probabilities=None if base_log is None else base_log[np.ix_(base_seeds, kept)],
        log_probabilities=None if log is None else log[np.ix_(seeds, sources, kept)],
    )
