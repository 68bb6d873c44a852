"""What a study's folder tells of its models beside their scores: similar updates, unequal training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from spillover.analysis import Beside, WeightSimilarity, compare_updates
from spillover.analysis.warned import Warned
from spillover.study.plan import Finetune
from spillover.study.stored import StoredStudy, open_stored_study
from spillover.study.updates import SAME_FOR_ALL, StoredUpdate


def read_beside(study: StoredStudy | Path | str) -> dict[str, Beside]:
    """Read, by model, what `analyze` can use beside the scores.

    Args:
        study: a study's folder.

    Raises:
        StoreError: the folder holds no study, or an adapter in it is broken.
    """
    stored = study if isinstance(study, StoredStudy) else open_stored_study(study)
    models = dict.fromkeys(job.model for job in stored.plan.jobs)
    return {model: _beside(stored, model) for model in models}


def _beside(stored: StoredStudy, model: str) -> Beside:
    finetunes = [job for job in stored.plan.finetunes if job.model == model and stored.store.has_adapter(job)]
    updates = [(job, StoredUpdate(stored.store.adapter(job.adapter_key, job.steps[-1]))) for job in finetunes]
    by_source: dict[str, list[StoredUpdate]] = {}
    for job, update in updates:
        if job.control is None:
            by_source.setdefault(job.source, []).append(update)
    similarity = None
    if len(by_source) > 1 and stored.study.analysis.weight_similarity:
        similarity = WeightSimilarity(sources=tuple(by_source), cosine=compare_updates(by_source))
    return Beside(similarity=similarity, warnings=tuple(find_unequal_training(updates)))


def find_unequal_training(updates: Sequence[tuple[Finetune, StoredUpdate]]) -> Iterator[Warned]:
    """Warn of sources whose adapters say that they were made otherwise than the first: they cannot be compared."""
    for name in SAME_FOR_ALL:
        values = [(job.source, str(update.settings.get(name))) for job, update in updates]
        others = {source: value for source, value in values if value != values[0][1]}
        if others:
            listed = ", ".join(f"{value} for {source}" for source, value in others.items())
            text = f"sources were not trained alike: {name} is {values[0][1]} for {values[0][0]}, {listed}"
            yield Warned(kind="unequal_training", tasks=tuple(others), text=text)
