"""Letter-prior calibration, free of charge: what is left of a transfer when the answer prior is taken out.

Any finetune can move a target by moving the prior over the option letters. Batch calibration (Zhou et al., ICLR 2024,
arXiv 2309.17249) subtracts each option's mean over the target's examples before the argmax; compare contextual
calibration (Zhao et al., 2021) and PriDe (Zheng et al., 2024). It assumes that the letters of the answers are about
uniform; where the balance is known, the mean is corrected by it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from spillover.analysis.cube import ScoreCube, TargetBlock
from spillover.analysis.shapes import Answers, OptionScores

LOWEST = float(np.log(np.finfo(np.float32).tiny))
"""Stands for a log-probability of −∞."""


def calibrate_options(log_probabilities: OptionScores, answers: Answers | None = None) -> OptionScores:
    """Subtract each option's mean log-probability over the examples.

    `calibrated[x, o] = log p[x, o] − mean_x log p[x, o]` (Zhou et al., arXiv 2309.17249). Where the right answers are
    known, the mean weighs examples so that every letter counts equally: else a model that is right on labels that are
    not uniform would be punished for it.

    Args:
        log_probabilities: NaN beyond an example's options.
        answers: index of the right option of each example.

    Complexity: O(examples · options).

    >>> skewed = np.log([[0.9, 0.1], [0.7, 0.3]])
    >>> calibrate_options(skewed).argmax(axis=-1).tolist()
    [0, 1]
    """
    floor = np.maximum(log_probabilities, LOWEST)  # −∞ would swallow the mean
    weights = np.ones(floor.shape[-2]) if answers is None else 1 / np.bincount(answers)[answers]
    present = ~np.isnan(floor) * weights[:, None]
    total = present.sum(axis=-2, keepdims=True)
    mean = (np.nan_to_num(floor) * present).sum(axis=-2, keepdims=True) / np.maximum(total, weights.min())
    return floor - mean


def calibrate_cube(cube: ScoreCube) -> ScoreCube | None:
    """Answer every question again by calibrated options, base and finetuned alike.

    Returns:
        The same cube with calibrated answers and scores; None where they cannot be had for every target: see
        `can_calibrate`.

    Complexity: O(seeds · sources · examples · options).

    >>> from spillover.analysis.cube import example_cube
    >>> calibrate_cube(example_cube()) is None
    True
    """
    blocks = [_calibrate_block(block) for block in cube.blocks]
    if any(block is None for block in blocks):
        return None
    return replace(cube, blocks=tuple(block for block in blocks if block is not None))


def can_calibrate(cube: ScoreCube) -> bool:
    """Whether every target has the log-probabilities of its options, and right answers that are among them."""
    return all(
        block.base_log_probabilities is not None and block.log_probabilities is not None and _names_letters(block)
        for block in cube.blocks
    )


def _names_letters(block: TargetBlock) -> bool:
    """Whether every right answer is an option; somebody's table may say otherwise."""
    return bool((block.answers >= 0).all())


def _calibrate_block(block: TargetBlock) -> TargetBlock | None:
    if block.base_log_probabilities is None or block.log_probabilities is None or not _names_letters(block):
        return None
    base_given = _answer(block.base_log_probabilities, block.answers)
    given = _answer(block.log_probabilities, block.answers)
    return replace(
        block,
        base=(base_given == block.answers).astype(float),
        scores=(given == block.answers).astype(float),
        base_given=base_given,
        given=given,
    )


def _answer(log_probabilities: OptionScores, answers: Answers) -> Answers:
    calibrated = calibrate_options(log_probabilities, answers)
    return np.where(np.isnan(calibrated), -np.inf, calibrated).argmax(axis=-1)
