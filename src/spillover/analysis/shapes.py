"""The arrays that this room passes around, by what their axes mean.

Scores and accuracies are fractions, 0–1. NaN in an array of PGFs means *undefined* (see `Undefined` for the reason);
nowhere else is NaN allowed. `base` is 1 where one base answer serves every seed, and the number of seeds where the base
was measured for each.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING or "jaxtyping" in sys.modules:  # whoever checks shapes has loaded it
    from jaxtyping import Bool, Float, Int
else:  # loading it takes as long as analysing a published table does

    class Float:
        """Any array: shapes are written for readers and checkers."""

        def __class_getitem__(cls, _: Any) -> type[np.ndarray]:
            return np.ndarray

    Bool = Int = Float

SeedTransfers = Float[np.ndarray, "seed source target"]
SeedMatrices = Float[np.ndarray, "*batch seed source target"]
Transfers = Float[np.ndarray, "source target"]
Matrices = Float[np.ndarray, "*batch source target"]
Cells = Bool[np.ndarray, "source target"]
ManyCells = Bool[np.ndarray, "*batch source target"]
PerTask = Float[np.ndarray, "*batch task"]
PerTarget = Float[np.ndarray, " target"]
Scalars = Float[np.ndarray, "*batch"]
SeedScores = Float[np.ndarray, "seed source example"]
BaseAccuracies = Float[np.ndarray, "base 1 target"]
BaseScores = Float[np.ndarray, "base example"]
OptionScores = Float[np.ndarray, "*batch example option"]
BaseOptions = Float[np.ndarray, "base example option"]
SeedOptions = Float[np.ndarray, "seed source example option"]
Answers = Int[np.ndarray, "*batch example"]
BaseAnswers = Int[np.ndarray, "base example"]
SeedAnswers = Int[np.ndarray, "seed source example"]
LoraDown = Float[np.ndarray, "rank inputs"]
LoraUp = Float[np.ndarray, "outputs rank"]
Similarities = Float[np.ndarray, "task task"]
