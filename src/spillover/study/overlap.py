"""Is anything that a study asks about already in what it trains on? Near-duplicate images, source by target."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from spillover.study.opening import open_study
from spillover.study.study import Study
from spillover.tasks.fingerprints import fingerprint_examples, match_fingerprints


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """Examples of a target with an image that is nearly one of a source's training images."""

    source: str
    target: str
    examples: int
    """So many of the target's evaluation examples."""
    of: int
    """Of so many that are asked."""
    pairs: tuple[tuple[str, str], ...]
    """(training example, evaluation example)."""


def find_overlap(study: Study, on_task: Callable[[str], None] = lambda _: None) -> list[Overlap]:
    """Look for near-duplicate images between every source's training set and every target's evaluation set.

    What transfers to such a target may be remembered rather than seen. Nothing is trained.

    Args:
        study: as loaded from its file.
        on_task: called with each task's name before its images are read.

    Returns:
        Only the pairs that overlap, those with the largest share first.

    Raises:
        StudyError: the study has faults.
        TaskError: an image cannot be read.
    """
    opened = open_study(study)
    asked = {}
    for data in opened.targets:
        on_task(data.task.name)
        asked[data.task.name] = fingerprint_examples(data.read("validation", study.evaluation.limit))
    found: list[Overlap] = []
    for data in opened.sources:
        on_task(data.task.name)
        trained = fingerprint_examples(data.read("train", study.training.examples))
        for target, prints in asked.items():
            if pairs := match_fingerprints(trained, prints):
                found.append(
                    Overlap(
                        source=data.task.name,
                        target=target,
                        examples=len(pairs),
                        of=len(prints.examples),
                        pairs=tuple(pairs),
                    )
                )
    return sorted(found, key=lambda overlap: -overlap.examples / overlap.of)
