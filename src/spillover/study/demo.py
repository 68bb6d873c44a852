"""The built-in study: the embedded model on the embedded tasks, sized for a laptop's coffee break."""

from __future__ import annotations

from pathlib import Path

from spillover.models.settings import ModelSettings, TrainingSettings
from spillover.study.study import Control, Study
from spillover.tasks.settings import PerceptionTasks

TASKS = ("Relative_Depth", "Counting", "Visual_Similarity")
"""The tasks that the embedded checkpoint was trained on most."""
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
        tasks=(PerceptionTasks(names=TASKS, examples=400),),
        controls=(Control(kind="shuffled", sources=(CONTROL_SOURCE,)),),
        seeds=tuple(range(seeds)),
        training=TrainingSettings(examples=1000, epochs=3, learning_rate=3e-3),
        output=str(folder),
    )
