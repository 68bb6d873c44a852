"""Tables of transfers between a few tasks, and what is asked of them."""

import numpy as np

from spillover.core.published import PGFRow, PGFTable
from spillover.mixture.recommend import recommend
from spillover.mixture.settings import MixtureSettings

TASKS = ("Jigsaw", "Counting", "Art_Style")
HELPFUL = [[0.4, 0.0, -0.2], [0.3, 0.3, 0.1], [-0.2, 0.1, 0.2]]


def table(values, seeds=4, noise=0.0):
    """Shape source × target, the same in every seed but for noise."""
    rng = np.random.default_rng(0)
    rows = tuple(
        PGFRow(seed=seed, source=source, target=target, pgf=float(values[row][column] + rng.normal(0, noise)))
        for seed in range(seeds)
        for row, source in enumerate(TASKS)
        for column, target in enumerate(TASKS)
    )
    return PGFTable(model="m", rows=rows, examples={}, origin="a test")


def settled(**changes):
    return MixtureSettings.model_validate({"targets": ["Jigsaw"]} | changes)


def recommended(values, noise=0.0, **changes):
    """The mixture for one table."""
    (mixture,) = recommend(table(values, noise=noise), settled(**changes))
    return mixture


def shares(mixture):
    return {each.source: each.share for each in mixture.taken}
