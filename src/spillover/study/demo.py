"""The built-in study: the embedded model on the embedded tasks, sized for a laptop's coffee break."""

from __future__ import annotations

from pathlib import Path

from spillover.models.settings import ModelSettings, TrainingSettings
from spillover.study.study import Control, Study
from spillover.tasks.perception.families import FAMILIES
from spillover.tasks.settings import PerceptionTasks

CONTROL_SOURCE = "Visual_Similarity"
"""The source whose answers are shuffled: it shows what the format of training alone does."""


def demo_study(folder: Path, seeds: int = 1) -> Study:
    """Write down the demo's study.

    Args:
        folder: where it is kept.
        seeds: training seeds, 0 to seeds − 1.
    """
    names = tuple(family.task.name for family in FAMILIES)
    return Study(
        name="demo",
        models=(ModelSettings(),),
        tasks=(PerceptionTasks(names=names, examples=200),),
        controls=(Control(kind="shuffled", sources=(CONTROL_SOURCE,)),),
        seeds=tuple(range(seeds)),
        training=TrainingSettings(examples=512, epochs=2, learning_rate=3e-3),
        output=str(folder),
    )
