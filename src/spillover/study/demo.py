"""The built-in study: the embedded model on the embedded tasks, sized for a laptop's coffee break."""

from __future__ import annotations

from pathlib import Path

from spillover.models.settings import ModelSettings, TrainingSettings
from spillover.study.study import Control, Study
from spillover.tasks.settings import PerceptionTasks

DIFFICULTY = 0.5
"""Of the scenes: hard enough that the embedded model has something to gain in most tasks, plain enough that it sees."""
CONTROL_SOURCE = "Relative_Depth"
"""The source whose answers are shuffled: it shows what the format of training alone does."""


def demo_study(folder: Path, seeds: int = 1) -> Study:
    """Write down the demo's study.

    Args:
        folder: where it is kept.
        seeds: training seeds, 0 to seeds − 1.
    """
    return Study(
        name="demo",
        models=(ModelSettings(),),
        tasks=(PerceptionTasks(examples=120, difficulty=DIFFICULTY),),
        controls=(Control(kind="shuffled", sources=(CONTROL_SOURCE,)),),
        seeds=tuple(range(seeds)),
        training=TrainingSettings(examples=400, epochs=3, learning_rate=3e-3),
        output=str(folder),
    )
