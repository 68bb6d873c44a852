"""What was answered, beside how much of it was right: letters, unreadable replies, collapse onto one letter.

A model that answers "(A)" to everything is right exactly as often as "(A)" is the answer. In the published tables many
finetunes are right exactly as often as one letter occurs: the format was learnt, not the task.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from spillover.analysis.cube import OTHER, UNPARSED, ScoreCube, TargetBlock
from spillover.analysis.shapes import Cells

ONE_LETTER = 0.9
"""A model that gives one letter at least this often, and is right just as often as that letter is, has collapsed."""
FEWEST_SHARED = 5
"""So many runs with one count are needed: three of four agree too easily by chance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetAnswers:
    """How the finetuned models answered one target; arrays of shape seed × source."""

    letters: tuple[str, ...]
    shares: np.ndarray
    """Shape seed × source × letter: how often each option was answered."""
    unparsed: np.ndarray
    """Share of replies from which no answer could be read."""
    balanced: np.ndarray
    """Accuracy averaged over the right answers' letters; NaN for open questions."""
    collapsed: np.ndarray
    """Whether a run gives one letter nearly always and is right as often as that letter is the answer."""
    kept: np.ndarray
    """Whether a collapsed run gives the letter that the base gives nearly always before it: nothing new was learnt."""
    base_letter: str | None
    """That letter; None where the base does not, or not the same one in all seeds."""
    base_collapsed: bool
    """Whether the base is right just as often as that letter is, too."""
    correct: np.ndarray | None
    """Number correct; None where scores are not right or wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedCount:
    """One number of right answers that many runs on a target share."""

    correct: int
    runs: int
    of: int


def describe_answers(cube: ScoreCube) -> tuple[TargetAnswers, ...]:
    """Describe how every finetuned model answered every target.

    Complexity: O(seeds · sources · examples · letters).

    >>> from spillover.analysis.cube import example_cube
    >>> describe_answers(example_cube())[0].shares.tolist()
    [[[0.75, 0.25], [0.25, 0.75]]]
    """
    return tuple(_describe_block(block) for block in cube.blocks)


def _describe_block(block: TargetBlock) -> TargetAnswers:
    shares = _share(block.given, len(block.letters)) if block.letters else np.zeros((*block.given.shape[:2], 0))
    collapsed = _find_collapse(block, block.scores, shares)
    base_letter, base_collapsed = _find_base_letter(block)
    kept = collapsed & (shares.argmax(axis=-1) == base_letter) if block.letters else collapsed
    return TargetAnswers(
        letters=block.letters,
        shares=shares,
        unparsed=(block.given == UNPARSED).mean(axis=-1),
        balanced=balance_accuracy(block.scores, block.answers),
        collapsed=collapsed,
        kept=kept,
        base_letter=None if base_letter < 0 else block.letters[base_letter],
        base_collapsed=base_collapsed,
        correct=block.scores.sum(axis=-1).round().astype(int) if block.exact else None,
    )


def balance_accuracy(scores: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """Average accuracy over the letters of the right answers, each letter counted equally.

    Complexity: O(scores · letters).

    >>> float(balance_accuracy(np.array([1.0, 1.0, 0.0]), np.array([0, 0, 1])))
    0.5
    """
    letters = [code for code in np.unique(answers) if code >= 0]
    if not letters:
        return np.full(scores.shape[:-1], np.nan)
    return np.mean([scores[..., answers == code].mean(axis=-1) for code in letters], axis=0)


def share_letters(block: TargetBlock, given: np.ndarray) -> dict[str, float]:
    """How often each option was answered, as shares of all replies; `other` for answers outside the options.

    Complexity: O(replies · letters).

    >>> from spillover.analysis.cube import example_cube
    >>> block = example_cube().blocks[0]
    >>> share_letters(block, block.base_given)
    {'(A)': 0.5, '(B)': 0.5}
    """
    shares = {letter: float((given == code).mean()) for code, letter in enumerate(block.letters)}
    other = float((given == OTHER).mean())
    return shares | ({"other": other} if other and block.letters else {})


def _share(given: np.ndarray, letters: int) -> np.ndarray:
    return np.stack([(given == code).mean(axis=-1) for code in range(letters)], axis=-1)


def _find_collapse(block: TargetBlock, scores: np.ndarray, shares: np.ndarray) -> np.ndarray:
    if not (block.letters and block.exact):
        return np.zeros(scores.shape[:-1], dtype=bool)
    frequency = np.array([(block.answers == code).sum() for code in range(len(block.letters))])
    favourite = shares.argmax(axis=-1)
    as_often = scores.sum(axis=-1) == frequency[favourite]
    return as_often & (shares.max(axis=-1) >= ONE_LETTER)


def _find_base_letter(block: TargetBlock) -> tuple[int, bool]:
    """The letter that the base gives nearly always, −1 where there is none, and whether it is right just as often."""
    if not block.letters:
        return -1, False
    shares = _share(block.base_given, len(block.letters))
    letters = np.unique(shares.argmax(axis=-1))
    if len(letters) > 1 or shares.max(axis=-1).min() < ONE_LETTER:
        return -1, False
    return int(letters[0]), bool(_find_collapse(block, block.base, shares).all())


def find_shared_count(correct: np.ndarray, cells: Cells, column: int, share: float) -> SharedCount | None:
    """Find one number correct that at least a share of a target's runs have in common.

    Args:
        correct: number correct, shape seed × source.
        cells: cells that take part, source × target.
        column: the target.
        share: from `AnalysisSettings.collapse_share`.

    Complexity: O(seeds · sources).

    >>> shared = find_shared_count(np.array([[59, 59, 59, 61], [59, 59, 60, 62]]), np.ones((4, 1), bool), 0, 0.25)
    >>> shared.correct, shared.runs, shared.of
    (59, 5, 8)
    """
    runs = correct[:, cells[:, column]].ravel().tolist()
    if not runs:
        return None
    value, times = Counter(runs).most_common(1)[0]
    if times < FEWEST_SHARED or times < share * len(runs):
        return None
    return SharedCount(correct=value, runs=times, of=len(runs))
