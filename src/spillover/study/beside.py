"""What a study's folder tells of its models beside their scores: similar updates, how training went, shared images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from spillover.analysis import Beside, WeightSimilarity, compare_updates
from spillover.analysis.training import TrainingCurve, thin_curve
from spillover.analysis.warned import Warned
from spillover.core.errors import StoreError
from spillover.core.files import read_file
from spillover.core.parquet import read_parquet
from spillover.study.overlap import warn_of_overlap
from spillover.study.plan import Evaluate, Job
from spillover.study.stored import StoredStudy, open_stored_study
from spillover.study.study import Study
from spillover.study.updates import SAME_FOR_ALL, StoredUpdate


def read_beside(study: StoredStudy | Path | str) -> dict[str, Beside]:
    """Read, by model, what `analyze` can use beside the scores.

    Args:
        study: a study's folder.

    Raises:
        StoreError: the folder holds no study, or an adapter or log in it is broken.
    """
    stored = study if isinstance(study, StoredStudy) else open_stored_study(study)
    models = dict.fromkeys(job.model for job in stored.plan.jobs)
    return {model: _beside(stored, model) for model in models}


def _beside(stored: StoredStudy, model: str) -> Beside:
    there = [
        (job, folder, stored.store.holds_adapter(job.adapter_key, job.step or 0))
        for job, folder in _adapters(stored, model)
    ]
    updates = [(job, StoredUpdate(folder)) for job, folder, sound in there if sound]
    mixtures = {each.name for each in stored.study.mixtures}
    by_source: dict[str, list[StoredUpdate]] = {}
    for job, update in updates:
        if job.control is None and job.source not in mixtures:
            by_source.setdefault(job.source, []).append(update)
    similarity = None
    if len(by_source) > 1 and stored.study.analysis.weight_similarity:
        similarity = WeightSimilarity(sources=tuple(by_source), cosine=compare_updates(by_source))
    trained = [(job, {**update.settings, **_logged(stored, job)}) for job, update in updates]
    overlaps = warn_of_overlap(stored.store.folder, stored.study)
    warnings = (
        *_warn_of_rehearsal(stored.study),
        *find_unequal_training(trained),
        *overlaps,
        *_warn_of_repetition(stored.study),
        *(_warn_of_damage(job, folder) for job, folder, sound in there if not sound),
    )
    return Beside(similarity=similarity, training=tuple(_curves(stored, model)), warnings=warnings)


def _adapters(stored: StoredStudy, model: str) -> Iterator[tuple[Evaluate, Path]]:
    """The adapters of a model at the end of their training, each with its folder; those that are not there left out."""
    for job in stored.plan.evaluations:
        if job.model != model or job.step is None or job.fraction < 1:
            continue
        folder = stored.store.adapter(job.adapter_key, job.step)
        if folder.exists():
            yield job, folder


def _warn_of_damage(job: Evaluate, folder: Path) -> Warned:
    text = (
        f"{job.source}, seed {job.seed}: its adapter is damaged, so its weights are compared with none; "
        f"remove {folder}, and spillover run makes it again"
    )
    return Warned(kind="damaged_adapter", tasks=(job.source,), text=text)


def _warn_of_rehearsal(study: Study) -> Iterator[Warned]:
    if study.provenance is not None and study.provenance.rehearsal:
        text = "this is a rehearsal on random weights and a few examples: none of these figures means anything"
        yield Warned(kind="rehearsal", tasks=(), text=text)


def _warn_of_repetition(study: Study) -> Iterator[Warned]:
    for name, parts in (study.provenance.repeated if study.provenance else {}).items():
        listed = ", ".join(f"{count} of {part}" for part, count in parts.items())
        text = f"{name}: repeats training examples, since its parts have too few: {listed}"
        yield Warned(kind="repeated_examples", tasks=(name,), text=text)


def _logged(stored: StoredStudy, job: Evaluate) -> dict[str, Any]:
    """How long and at what learning rate an adapter was trained, by its log; nothing where it has none.

    A smaller dose is meant to take fewer steps than the others, so its steps are not told.
    """
    log = _log(stored, job.needs[0]) if job.needs else None
    if log is None:
        return {}
    rate = {"highest learning rate": max(log["learning_rate"].to_pylist(), default=0.0)}
    is_whole = stored.study.training_of(job.source) == stored.study.training
    return {"steps": len(log), **rate} if is_whole else rate


def _curves(stored: StoredStudy, model: str) -> Iterator[TrainingCurve]:
    """The curves of a model's finetunes, of those whose log is there."""
    for job in stored.plan.finetunes:
        log = _log(stored, job.key) if job.model == model else None
        if log is None:
            continue
        values = {name: thin_curve(log[name].to_pylist()) for name in ("loss", "learning_rate", "gradient_norm")}
        steps = tuple(round(step) for step in thin_curve(log["step"].to_pylist()))
        yield TrainingCurve(source=job.source, control=job.control, seed=job.seed, steps=steps, **values)


def _log(stored: StoredStudy, key: str) -> pa.Table | None:
    file = stored.store.folder / "logs" / f"{key}.parquet"
    if not file.is_file():
        return None
    try:
        return read_parquet(read_file(file))
    except (OSError, pa.ArrowException, ValueError) as error:
        raise StoreError(f"cannot read the training's log: {error}", where=str(file)) from error


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
