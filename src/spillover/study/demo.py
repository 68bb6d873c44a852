"""The built-in study: the embedded model on the embedded tasks, sized for a laptop's coffee break."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from spillover.models.settings import ModelSettings, TrainingSettings
from spillover.study.study import Control, Study
from spillover.tasks.settings import PerceptionTasks

DIFFICULTY = 0.5
"""Of the scenes: hard enough that the embedded model has something to gain in most tasks, plain enough that it sees."""
CONTROL_SOURCE = "Relative_Depth"
"""The source whose answers are shuffled: it shows what the format of training alone does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoSize:
    """How much a demo trains and asks."""

    seeds: int
    examples: int
    """Training examples a source, each seen three times."""
    questions: int
    """Validation examples a target."""


QUICK = DemoSize(seeds=1, examples=600, questions=160)
"""Three minutes on 2 cores."""
FULL = DemoSize(seeds=4, examples=2000, questions=1000)
"""Long enough for most tasks to gain beyond doubt, and for some transfers to show in every seed."""


def demo_study(folder: Path, size: DemoSize = QUICK) -> Study:
    """Write down the demo's study.

    Args:
        folder: where it is kept.
        size: how much is trained and asked.
    """
    return Study(
        name="demo",
        models=(ModelSettings(),),
        tasks=(PerceptionTasks(examples=size.questions, difficulty=DIFFICULTY),),
        controls=(Control(kind="shuffled", sources=(CONTROL_SOURCE,)),),
        seeds=tuple(range(size.seeds)),
        training=TrainingSettings(examples=size.examples, epochs=3, learning_rate=3e-3),
        output=str(folder),
    )
