"""How long a study will take: from jobs of it that are done, else from arithmetic.

The arithmetic counts operations: 2 a parameter and token to read, 6 to train (Kaplan et al., 2020, arXiv 2001.08361),
over what a device does in practice. It is a guess within a factor of two or three; the first finished jobs replace it.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from statistics import mean

from spillover.models.identity import locate_model
from spillover.models.settings import ModelSettings
from spillover.study.devices import devices_of
from spillover.study.plan import Evaluate, Finetune, Job
from spillover.study.run import Prepared
from spillover.study.study import Study
from spillover.tasks.settings import PerceptionTasks

OPERATIONS_PER_S = {"cpu": 2e10, "cuda": 2e14}
"""Of one core, measured on the tiny model; of one large GPU in bfloat16, about a third of its peak."""
START_S = 10.0
"""Until the first job begins: libraries and the model are loaded. A large model takes longer."""
OVERHEAD_S = {"cpu": 2e-3, "cuda": 5e-4}
"""An example, whatever the model: decoding, tokenising, launching."""
TOKENS = {"small": 80, "usual": 1200}
"""An example: three tiny images and a question; one to four photographs and a question."""
EXAMPLES_UNKNOWN = 150
"""Examples of a target whose number the study does not say; BLINK's have 117 to 172."""


def estimate_s(prepared: Prepared) -> float:
    """Estimate the seconds that the pending jobs take on this machine, all its processes together."""
    study = prepared.asked.study
    devices = devices_of(study)
    known = prepared.store.durations_s()
    seconds = [_job_s(job, prepared, known, devices[0].split(":")[0]) for job in prepared.jobs]
    return START_S + sum(seconds) / min(len(devices), len(seconds)) if seconds else 0.0


def _job_s(job: Job, prepared: Prepared, known: dict[str, float], device: str) -> float:
    prefix = f"{job.label.split()[0]} {job.model}"
    like = [duration for label, duration in known.items() if label.startswith(prefix)]
    if like:
        return mean(like)
    study = prepared.asked.study
    model = next(model for model in study.models if model.name == job.model)
    small = all(isinstance(task, PerceptionTasks) and (task.size or 0) < 128 for task in study.tasks)
    match job:
        case Finetune():
            passes, operations = study.training.examples * study.training.epochs, 6
        case Evaluate():
            passes, operations = _examples(study) * len(job.questions), 2
    reading = operations * parameters(model) * TOKENS["small" if small else "usual"] / OPERATIONS_PER_S[device]
    return passes * (OVERHEAD_S[device] + reading)


def _examples(study: Study) -> int:
    counts = [task.examples for task in study.tasks if isinstance(task, PerceptionTasks)]
    known = max(counts, default=EXAMPLES_UNKNOWN)
    return min(known, study.evaluation.limit or known)


def parameters(model: ModelSettings) -> float:
    """Count a local model's parameters from its files' headers; of a hub model, read them off its name.

    >>> parameters(ModelSettings(path="Qwen/Qwen2.5-VL-3B-Instruct"))
    3000000000.0
    """
    place = locate_model(model)
    if isinstance(place, Path):
        return float(sum(_stored_values(file) for file in place.glob("*.safetensors")))
    billions = re.search(r"(\d+(?:\.\d+)?)B\b", str(place), re.IGNORECASE)
    return float(billions[1]) * 1e9 if billions else 7e9


def _stored_values(file: Path) -> int:
    with file.open("rb") as stream:
        header = json.loads(stream.read(int.from_bytes(stream.read(8), "little")))
    total = 0
    for name, tensor in header.items():
        if name != "__metadata__":
            count = 1
            for side in tensor["shape"]:
                count *= side
            total += count
    return total


def readable_time(seconds: float) -> str:
    """Write a duration for people.

    >>> readable_time(4000)
    '1 h 7 min'
    """
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{round(seconds)} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
