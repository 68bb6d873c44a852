"""Parts of a cube: what two cubes have in common, laid side by side; some of the sources, or of the examples."""

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


def take_examples(block: TargetBlock, places: np.ndarray) -> TargetBlock:
    """Cut a target down to some of its examples.

    Args:
        block: the target.
        places: of the examples, in the order wanted.

    Complexity: O(seeds · sources · examples).

    >>> from spillover.analysis.cube import example_cube
    >>> take_examples(example_cube().blocks[0], np.array([3, 0])).examples
    ('Jigsaw_3', 'Jigsaw_0')
    """
    base_log, log = block.base_log_probabilities, block.log_probabilities
    return replace(
        block,
        examples=tuple(block.examples[place] for place in places.tolist()),
        answers=block.answers[places],
        option_counts=block.option_counts[places],
        base=block.base[:, places],
        scores=block.scores[..., places],
        base_given=block.base_given[:, places],
        given=block.given[..., places],
        base_log_probabilities=None if base_log is None else base_log[:, places],
        log_probabilities=None if log is None else log[:, :, places],
    )


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
    shared = [_in_both(left.examples, right.examples) for left, right in pairs]
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


def _in_both(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    there = set(second)
    return tuple(name for name in first if name in there)


def _cut_block(block: TargetBlock, examples: tuple[str, ...], seeds: list[int], sources: list[int]) -> TargetBlock:
    position = {example: index for index, example in enumerate(block.examples)}
    cut = take_examples(block, np.array([position[example] for example in examples]))
    base_seeds, runs = seeds if len(block.base) > 1 else [0], np.ix_(seeds, sources)
    base_log, log = cut.base_log_probabilities, cut.log_probabilities
    return replace(
        cut,
        base=cut.base[base_seeds],
        scores=cut.scores[runs],
        base_given=cut.base_given[base_seeds],
        given=cut.given[runs],
        base_log_probabilities=None if base_log is None else base_log[base_seeds],
        log_probabilities=None if log is None else log[runs],
    )
