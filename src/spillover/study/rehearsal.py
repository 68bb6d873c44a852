"""A study's rehearsal: every step of it, from data to report, on random weights and a few examples, in minutes.

It shows before a large machine is rented that data, models, settings and disk go together. No figure of it means
anything.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Literal

from spillover.core.errors import Fault, StoreError, StudyError
from spillover.core.files import unwritable, write_atomically
from spillover.models.settings import AdapterSource, ModelSettings, TrainingSettings
from spillover.study.devices import devices_of, obstacles
from spillover.study.places import settle_paths
from spillover.study.study import Provenance, Source, Study

TRAINED = 8
"""Examples a source, at least; so many more as its checkpoints need steps."""
ASKED = 4
"""Examples a target."""
BATCH = 2
LONGEST_REPLY = 4
MOST_VALUES = {"cpu": 1.5e8, "cuda": 2e9}
"""Parameters of a stand-in at most, so that it answers in seconds."""
MOST_PIXELS = 112 * 112
"""Of an image on a CPU, at most, where the study limits what a model reads: whole ones take it minutes a target."""
MEMORY_SHARE = 0.1
"""Of the main memory, that stand-ins of all processes may take in float32."""
MARK = "rehearsal.txt"
MARKED = (
    "Written by spillover run --rehearse: a study on random weights and a few examples. None of its figures means\n"
    "anything. The folder may be removed; the next rehearsal replaces it.\n"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """A study's rehearsal, its stand-ins written."""

    study: Study
    folder: Path
    """Beside the study's own: `models/` and `study/`."""
    notes: tuple[str, ...]
    """What is otherwise than in the study."""

    def clear_models(self) -> None:
        """Remove the stand-ins, which reading does not need."""
        shutil.rmtree(self.folder / "models", ignore_errors=True)


def make_rehearsal(study: Study) -> Rehearsal:
    """Make a study's rehearsal, in a folder beside the study's own; one of before is replaced.

    Args:
        study: as loaded from its file.

    Raises:
        StoreError: the folder holds something else, or cannot be written.
        StudyError: its sources are all given adapters, which fit whole models alone.
        ModelError: a model's configuration, tokenizer or processor is missing.
        HubError: they are on a hub that cannot be reached.
    """
    study = settle_paths(study, Path.cwd())
    output = Path(study.output)
    folder = output.with_name(f"{output.name}-rehearsal")
    sources, left_out = _sources_of(study)
    _clear(folder)
    write_atomically(folder / MARK, MARKED)
    models, cuts = _stand_ins(study, folder / "models")
    controls = tuple(control for control in study.controls if control.kind != "own")
    notes = [*cuts, *left_out]
    if controls != study.controls:
        notes.append("controls of kind own are left out: what answers at random has no answers of its own")
    rehearsed = study.model_copy(
        update={
            "name": f"rehearsal of {study.name}"[:100],
            "models": models,
            "sources": sources,
            "controls": controls,
            "seeds": study.seeds[:1],
            "training": _shortened(study),
            "evaluation": study.evaluation.model_copy(
                update={"limit": ASKED, "maximum_new_tokens": min(LONGEST_REPLY, study.evaluation.maximum_new_tokens)}
            ),
            "executor": study.executor.model_copy(update={"feature_cache_gb": 0.0}),
            "output": str(folder / "study"),
            "provenance": Provenance(rehearsal=True),
        }
    )
    return Rehearsal(study=rehearsed, folder=folder, notes=tuple(notes))


def _sources_of(study: Study) -> tuple[Literal["all"] | tuple[Source, ...], Sequence[str]]:
    if isinstance(study.sources, str) or not study.adapters:
        return study.sources, []
    kept = tuple(source for source in study.sources if not isinstance(source, AdapterSource))
    if not kept:
        message = "all sources are given adapters, which fit whole models alone: there is nothing to rehearse"
        raise StudyError([Fault(where=study.place("sources"), message=message)])
    return kept, ["given adapters are left out: they fit whole models alone"]


def _clear(folder: Path) -> None:
    """Remove a rehearsal of before: a folder that says that it is one, and no link to one."""
    if not os.path.lexists(folder):
        return
    if folder.is_symlink() or not (folder / MARK).is_file():
        raise StoreError("something is there that is no rehearsal", where=str(folder), hint="move it away")
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise unwritable(folder, error) from error


def _stand_ins(study: Study, folder: Path) -> tuple[tuple[ModelSettings, ...], list[str]]:
    from spillover.models.stand_in import write_stand_in  # noqa: PLC0415 (torch is loaded only for a rehearsal)

    devices = devices_of(study)
    kind = devices[0].split(":")[0]
    most = min(MOST_VALUES[kind], _memory_bytes() * MEMORY_SHARE / 4 / len(devices))
    cannot = bool(obstacles(study))
    models: list[ModelSettings] = []
    notes: list[str] = []
    for number, model in enumerate(study.models):
        place = folder / str(number)
        cut = write_stand_in(model, place, most)
        notes.append(f"{model.name}: random weights{f', {cut}' if cut else ''}")
        changes: dict[str, object] = {"path": str(place), "revision": None}
        if kind == "cpu":
            changes |= {"precision": "float32", **_fewer_pixels(model)}
            notes += [f"{model.name}: images of at most {MOST_PIXELS:,} pixels"] if _fewer_pixels(model) else []
        if cannot:
            changes |= {"quantisation": "none", "device_map": "single"}
            notes += [f"{model.name}: without {what}, which this machine cannot do" for what in _asked_for(model)]
        models.append(model.model_copy(update=changes))
    return tuple(models), notes


def _fewer_pixels(model: ModelSettings) -> dict[str, int]:
    """Scale images down where the study does so too: not every processor can."""
    limits = {"minimum_pixels": model.minimum_pixels, "maximum_pixels": model.maximum_pixels}
    is_less = model.maximum_pixels is not None and model.maximum_pixels > MOST_PIXELS
    return {name: min(limit, MOST_PIXELS) for name, limit in limits.items() if limit is not None and is_less}


def _asked_for(model: ModelSettings) -> list[str]:
    asked = {"quantisation: 4bit": model.quantisation == "4bit", "device_map: spread": model.device_map == "spread"}
    return [what for what, is_asked in asked.items() if is_asked]


def _memory_bytes() -> float:
    if not hasattr(os, "sysconf"):  # Windows
        return inf
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _shortened(study: Study) -> TrainingSettings:
    """As few steps as every checkpoint needs one of its own, of the smallest dose too."""
    training = study.training

    def cut(examples: int) -> TrainingSettings:
        return training.model_copy(update={"examples": examples, "epochs": 1, "batch": BATCH})

    def steps(examples: int) -> set[int]:
        shortest = study.model_copy(update={"training": cut(examples)}).shortest_training
        return {shortest.step_at(each) for each in training.checkpoints}

    examples = min(TRAINED, training.examples)
    while len(steps(examples)) < len(training.checkpoints):
        if examples >= training.examples:
            return training
        examples += BATCH
    return cut(examples)
