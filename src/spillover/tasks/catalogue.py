"""BLINK's tasks as the field knows them: names, levels, granularity, chance, human and specialist scores.

Source: Fu et al., BLINK, ECCV 2024 (arXiv 2404.12390), tables 1, 3 and 5; the level and granularity of a task are those
of Sachdeva et al., CVPR 2026 (arXiv 2511.18787).
"""

from __future__ import annotations

from dataclasses import dataclass

from spillover.core.errors import TaskError, nearest
from spillover.tasks.task import Granularity, Level, Task


@dataclass(frozen=True, slots=True)
class BlinkEntry:
    """A task of BLINK with the size of its validation split."""

    task: Task
    validation_examples: int


def _blink(
    names: str,
    level: Level,
    granularity: Granularity,
    shape: tuple[int, int, int],
    scores: tuple[float, float | None],
) -> BlinkEntry:
    name, abbreviation = names.split()
    images, options, examples = shape
    human, specialist = scores
    task = Task(
        name=name,
        abbreviation=abbreviation,
        level=level,
        granularity=granularity,
        images=images,
        options=options,
        chance=1 / options,
        human=human,
        specialist=specialist,
    )
    return BlinkEntry(task, examples)


BLINK: tuple[BlinkEntry, ...] = (
    _blink("Art_Style AS", "mid", "image", (3, 2, 117), (0.953, None)),
    _blink("Counting CN", "high", "image", (1, 4, 120), (0.938, None)),
    _blink("Forensic_Detection FD", "high", "image", (4, 4, 132), (1.0, 0.689)),
    _blink("Functional_Correspondence FC", "high", "pixel", (2, 4, 130), (0.808, None)),
    _blink("Jigsaw JG", "mid", "crop", (3, 2, 150), (0.990, None)),
    _blink("Multi-view_Reasoning MR", "mid", "image", (2, 2, 133), (0.925, 0.902)),
    _blink("Object_Localization OL", "high", "crop", (1, 2, 122), (0.980, None)),
    _blink("Relative_Depth RD", "low", "pixel", (1, 2, 124), (0.992, 0.976)),
    _blink("Relative_Reflectance RR", "low", "pixel", (1, 3, 134), (0.951, 0.776)),
    _blink("Semantic_Correspondence SC", "high", "pixel", (2, 4, 139), (0.961, 0.712)),
    _blink("Spatial_Relation SR", "mid", "image", (1, 2, 143), (0.983, None)),
    _blink("Visual_Correspondence VC", "low", "pixel", (2, 4, 172), (0.994, 0.965)),
    _blink("Visual_Similarity VS", "high", "image", (3, 2, 135), (0.967, None)),
)
"""The 13 tasks of the paper, in alphabetical order."""

IQ_TEST = Task(
    name="IQ_Test", abbreviation="IQ", level="high", granularity="image", images=1, options=4, chance=0.25, human=0.8
)
"""BLINK's fourteenth task: no training source exists, so it can only be a target."""


def find_task(name: str) -> Task:
    """Find a task of BLINK by name or abbreviation.

    Raises:
        TaskError: there is none of that name; the nearest is offered.

    >>> find_task("Jigsaw").abbreviation
    'JG'
    """
    known = {entry.task.name: entry.task for entry in BLINK} | {IQ_TEST.name: IQ_TEST}
    known |= {task.abbreviation: task for task in known.values()}
    if name not in known:
        raise TaskError(f"unknown task {name!r}; {nearest(name, [t.name for t in known.values()])}")
    return known[name]
