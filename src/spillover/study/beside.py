"""What a study's folder tells of its models beside their scores: similar updates, how training went, shared images."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from spillover.analysis import Beside, WeightSimilarity, compare_updates
from spillover.analysis.training import TrainingCurve, thin_curve
from spillover.analysis.warned import Warned
from spillover.core.errors import StoreError
from spillover.study.catalogue import read_room
from spillover.study.labelled import read_log
from spillover.study.lost import warn_of_lost_adapters, warn_of_lost_logs
from spillover.study.overlap import warn_of_overlap
from spillover.study.plan import Evaluate, Finetune, Job
from spillover.study.stored import StoredStudy, open_stored_study
from spillover.study.study import Study
from spillover.study.updates import SAME_FOR_ALL, StoredUpdate


def read_beside(folder: Path | str) -> dict[str, Beside]:
    """Read, by model, what `analyze` can use beside the scores.

    Args:
        folder: a study's.

    Raises:
        StoreError: the folder holds no study, or what overlaps in it cannot be read.
    """
    return beside_of(open_stored_study(folder))


def beside_of(stored: StoredStudy) -> dict[str, Beside]:
    """Read the same of a study that is open; see `read_beside`."""
    models = dict.fromkeys(job.model for job in stored.plan.jobs)
    return {model: _beside(stored, model) for model in models}


def _beside(stored: StoredStudy, model: str) -> Beside:
    asked = [job for job in stored.plan.evaluations if job.model == model and job.step is not None]
    last = [job for job in asked if job.fraction == 1]
    found = [(job, _update(stored, job)) for job in last]
    updates = [(job, update) for job, update in found if update is not None]
    finetunes = [job for job in stored.plan.finetunes if job.model == model]
    logs = _read_logs(stored, finetunes)
    mixtures = {each.name for each in stored.study.mixtures}
    by_source: dict[str, list[StoredUpdate]] = {}
    for job, update in updates:
        if job.control is None and job.source not in mixtures:
            by_source.setdefault(job.source, []).append(update)
    similarity = None
    if len(by_source) > 1 and stored.study.analysis.weight_similarity:
        similarity = WeightSimilarity(sources=tuple(by_source), cosine=compare_updates(by_source))
    trained = [(job, {**update.settings, **_logged(stored, job, logs)}) for job, update in updates]
    overlaps = warn_of_overlap(stored.store.folder, stored.study)
    warnings = (
        *_warn_of_rehearsal(stored.study),
        *find_unequal_training(trained),
        *overlaps,
        *_warn_of_repetition(stored.study),
        *warn_of_lost_adapters(stored.store, [job for job, update in found if update is None]),
        *warn_of_lost_logs(stored.store, [job for job in last if job.needs and job.needs[0] not in logs]),
    )
    return Beside(similarity=similarity, training=tuple(_curves(finetunes, logs)), warnings=warnings)


def _update(stored: StoredStudy, job: Evaluate) -> StoredUpdate | None:
    """What an adapter did to the weights; None where it is damaged or gone."""
    step = job.step or 0
    if not stored.store.holds_adapter(job.adapter_key, step):
        return None
    try:
        return StoredUpdate(stored.store.adapter(job.adapter_key, step))
    except StoreError:  # an earlier version wrote it, without sums
        return None


def _warn_of_rehearsal(study: Study) -> Iterator[Warned]:
    if study.provenance is not None and study.provenance.rehearsal:
        text = "this is a rehearsal on random weights and a few examples: none of these figures means anything"
        yield Warned(kind="rehearsal", tasks=(), text=text)


def _warn_of_repetition(study: Study) -> Iterator[Warned]:
    for name, parts in (study.provenance.repeated if study.provenance else {}).items():
        listed = ", ".join(f"{count} of {part}" for part, count in parts.items())
        text = f"{name}: repeats training examples, since its parts have too few: {listed}"
        yield Warned(kind="repeated_examples", tasks=(name,), text=text)


def _logged(stored: StoredStudy, job: Evaluate, logs: Mapping[str, pa.Table]) -> dict[str, Any]:
    """How long and at what learning rate an adapter was trained, by its log; nothing where it has none.

    A smaller dose is meant to take fewer steps than the others, so its steps are not told.
    """
    log = logs.get(job.needs[0]) if job.needs else None
    if log is None:
        return {}
    rate = {"highest learning rate": max(log["learning_rate"].to_pylist(), default=0.0)}
    is_whole = stored.study.training_of(job.source) == stored.study.training
    return {"steps": len(log), **rate} if is_whole else rate


def _read_logs(stored: StoredStudy, finetunes: Iterable[Finetune]) -> dict[str, pa.Table]:
    """The log of each finetune, by its key, but for those that are damaged or gone.

    They are found by adapter: a study that keeps other checkpoints of the same training has another key for it.
    """
    kept = {each.asked[0]: each.file for each in read_room(stored.store.folder, "logs")}
    read = ((job.key, read_log(kept[job.adapter_key])) for job in finetunes if job.adapter_key in kept)
    return {key: log for key, log in read if log is not None}


def _curves(finetunes: Iterable[Finetune], logs: Mapping[str, pa.Table]) -> Iterator[TrainingCurve]:
    """The curves of finetunes, of those whose log is there."""
    for job in finetunes:
        if (log := logs.get(job.key)) is None:
            continue
        values = {name: thin_curve(log[name].to_pylist()) for name in ("loss", "learning_rate", "gradient_norm")}
        steps = tuple(round(step) for step in thin_curve(log["step"].to_pylist()))
        yield TrainingCurve(source=job.source, control=job.control, seed=job.seed, steps=steps, **values)


def find_unequal_training(trained: Sequence[tuple[Job, Mapping[str, Any]]]) -> Iterator[Warned]:
    """Warn of sources that were trained otherwise than the first: they cannot be compared.

    Args:
        trained: a job of every adapter, with what its adapter and its log say of its training.
    """
    for name in (*SAME_FOR_ALL, "steps", "highest learning rate"):
        values = [(job.source, str(settings[name])) for job, settings in trained if name in settings]
        if not values:
            continue
        others = {source: value for source, value in values if value != values[0][1]}
        if others:
            listed = ", ".join(f"{value} for {source}" for source, value in others.items())
            text = f"sources were not trained alike: {name} is {values[0][1]} for {values[0][0]}, {listed}"
            yield Warned(kind="unequal_training", tasks=tuple(others), text=text)
