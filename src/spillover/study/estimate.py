"""How long a study will take: from jobs of it that are done, else from arithmetic.

The arithmetic counts operations: 2 a parameter and token to read, 6 to train (Kaplan et al., 2020, arXiv 2001.08361),
over what a device does in practice. It is a guess within a factor of two or three; the first finished jobs replace it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import inf
from pathlib import Path
from statistics import mean

from spillover.core.errors import SpilloverError
from spillover.models.settings import TINY, ModelSettings
from spillover.models.size import count_parameters
from spillover.study.devices import devices_of
from spillover.study.plan import Evaluate, Finetune, Job, Question
from spillover.study.preparing import Prepared
from spillover.study.study import LocalExecutorSettings, Study
from spillover.tasks.files import read_examples
from spillover.tasks.settings import FileTask, PerceptionTasks, Recipe, VSIBenchTasks
from spillover.tasks.task import Example
from spillover.tasks.vsibench import KINDS

OPERATIONS_PER_S = {"cpu": 2e10, "cuda": 2e14}
"""Of one core, measured on the tiny model; of one large GPU in bfloat16, about a third of its peak."""
START_S = 10.0
"""Until the first job begins: libraries and the model are loaded. A large model takes longer."""
OVERHEAD_S = {"cpu": 2e-3, "cuda": 5e-4}
"""An example, whatever the model: decoding, tokenising, launching."""
TOKENS = {"small": 80, "usual": 1200}
"""An example: three tiny images and a question; one to four photographs and a question."""
LOOKED_AT = 8
"""Examples of a task in files, at most, whose length stands for all."""
CHARACTERS = 4
"""Of a text, to one token."""
FRAME_PIXELS = 640 * 480
"""Of VSI-Bench's videos."""
TOKEN_PIXELS = 28 * 28
"""Of an image, to one token of Qwen2.5-VL."""
TINY_TOKEN_PIXELS = 16 * 16
"""To one of the embedded model."""
NEEDS_GPU = 1e9
"""Parameters from which a study is meant for a GPU, so that its cost is told for one even where there is none."""
ADAPTER_VALUES = 9e5
"""Of an adapter on every linear layer, at rank 1, of a model of 10⁹ parameters; they grow as its power of 2/3."""
VALUE_BYTES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What the pending jobs of a study take."""

    seconds: float
    """All processes together."""
    trained: int
    """Examples that are trained on, each as often as it is."""
    asked: int
    """Questions that are asked."""
    disk_bytes: float
    """Of the adapters, which are nearly all of a study's folder; the cache of image features has its own limit."""
    processes: int
    devices: int
    """So many are kept busy."""
    device: str
    """`cpu` or `cuda`; the latter is only supposed where this machine has none and a model is meant for one."""
    supposed: bool


def estimate_cost(prepared: Prepared) -> Cost:
    """Estimate what the pending jobs take on this machine, or on one large GPU where the study is not for this one."""
    study = prepared.asked.study
    devices = devices_of(study)
    unsaid = isinstance(study.executor, LocalExecutorSettings) and study.executor.devices == "auto"
    supposed = devices[0] == "cpu" and unsaid and any(map(_is_large, study.models))
    if supposed:
        devices = ("cuda",)
    seconds = _seconds(prepared, devices[0].split(":")[0])
    finetunes = [job for job in prepared.jobs if isinstance(job, Finetune)]
    models = {model.name: model for model in study.models}
    examples = _examples(prepared)
    return Cost(
        seconds=START_S + sum(seconds) / min(len(devices), len(seconds)) if seconds else 0.0,
        trained=sum(study.training_of(job.source).examples for job in finetunes) * study.training.epochs,
        asked=sum(
            examples[question.target]
            for job in prepared.jobs
            if isinstance(job, Evaluate)
            for question in job.questions
        ),
        disk_bytes=sum(len(job.steps) * _adapter_bytes(models[job.model], study) for job in finetunes),
        processes=len(devices),
        devices=len(set(devices)),
        device=devices[0].split(":")[0],
        supposed=supposed,
    )


def _is_large(model: ModelSettings) -> bool:
    return model.quantisation != "none" or count_parameters(model) >= NEEDS_GPU


def _adapter_bytes(model: ModelSettings, study: Study) -> float:
    values = study.training.lora.rank * ADAPTER_VALUES * (count_parameters(model) / 1e9) ** (2 / 3)
    return values * VALUE_BYTES


def _seconds(prepared: Prepared, device: str) -> list[float]:
    """What each pending job takes: as jobs of its kind and model took, or by arithmetic."""
    known = {kind: mean(took) for kind in {_kind(job) for job in prepared.jobs} if (took := _took(prepared, kind))}
    counted = _Counted(prepared, device)
    return [known[_kind(job)] if _kind(job) in known else counted.seconds(job) for job in prepared.jobs]


def _took(prepared: Prepared, kind: str) -> list[float]:
    """How long the finished jobs of a kind took, and would on as many training examples as there are now."""
    try:
        before = prepared.store.stored_plan()
    except SpilloverError:  # most often it is not begun yet
        return []
    durations = prepared.store.durations_s(before)
    now, then = prepared.plan.study.training, before.study.training
    trained = now.examples * now.epochs / max(then.examples * then.epochs, 1)
    like = [took for label, took in durations.items() if f"{label} ".startswith(f"{kind} ")]
    return [took * trained for took in like] if kind.startswith("finetune ") else like


def _kind(job: Job) -> str:
    """How the labels of jobs begin that take about as long."""
    return f"{job.label.split()[0]} {job.model}"


class _Counted:
    """Counts what jobs do; each model and target is looked at once."""

    def __init__(self, prepared: Prepared, device: str) -> None:
        study = prepared.asked.study
        self._training_of = study.training_of
        self._device = device
        self._longest = study.evaluation.maximum_new_tokens
        self._models = {model.name: model for model in study.models}
        self._examples = _examples(prepared)
        self._tokens = cache(lambda model, task: _tokens(study, self._models[model], task))
        self._parameters = cache(lambda model: count_parameters(self._models[model]))

    def seconds(self, job: Job) -> float:
        """What a job takes."""
        match job:
            case Finetune():
                training = self._training_of(job.source)
                passes = training.examples * training.epochs
                operations = 6 * passes * self._tokens(job.model, job.source)
            case Evaluate():
                asked = [(self._examples[each.target], self._asked_tokens(job.model, each)) for each in job.questions]
                passes = sum(examples for examples, _ in asked)
                operations = 2 * sum(examples * tokens for examples, tokens in asked)
        return (
            passes * OVERHEAD_S[self._device]
            + operations * self._parameters(job.model) / OPERATIONS_PER_S[self._device]
        )

    def _asked_tokens(self, model: str, question: Question) -> float:
        """Tokens of a question and of the longest reply to it."""
        return self._tokens(model, question.target) + (self._longest if question.protocol == "generate" else 0)


def _tokens(study: Study, model: ModelSettings, task: str) -> float:
    """Tokens of an example; of a mixture as many as its parts have on average."""
    recipe = next((each.mixture for each in study.mixtures if each.name == task), None)
    if isinstance(recipe, Recipe):
        return mean(_tokens(study, model, part) for part in recipe.parts)
    videos = _videos(study, task)
    if videos is not None:
        side = (videos.frame_side or 640) / 640
        pixels = min(max(FRAME_PIXELS * min(side, 1) ** 2, model.minimum_pixels or 0), model.maximum_pixels or inf)
        return videos.frames * pixels / TOKEN_PIXELS
    if examples := _look_at(study, task):
        return mean(_tokens_of(example, model) for example in examples)
    drawn = [each for each in study.tasks if not isinstance(each, FileTask)]
    small = all(isinstance(each, PerceptionTasks) and (each.size or 0) < 128 for each in drawn)
    return TOKENS["small" if small else "usual"]


def _look_at(study: Study, task: str) -> list[Example]:
    """The first examples of a task in files: small images cost a hundredth of photographs."""
    own = (each for each in study.tasks if isinstance(each, FileTask) and task in (each.name, each.abbreviation))
    for settings in own:
        if file := settings.validation or settings.train:
            return read_examples(Path(file).expanduser(), LOOKED_AT, settings.columns)
    return []


def _tokens_of(example: Example, model: ModelSettings) -> float:
    """As many as a model of Qwen2.5-VL's kind makes of it."""
    sizes = (image.load().size for image in example.images)
    least, most = model.minimum_pixels or 0, model.maximum_pixels or inf
    pixels = sum(min(max(width * height, least), most) for width, height in sizes)
    texts = (example.prompt, *(turn.text for turn in example.before))
    per_token = TINY_TOKEN_PIXELS if model.path == TINY else TOKEN_PIXELS
    return pixels / per_token + sum(map(len, texts)) / CHARACTERS


def _videos(study: Study, task: str) -> VSIBenchTasks | None:
    found = [each for each in study.tasks if isinstance(each, VSIBenchTasks)]
    return found[0] if found and task in KINDS else None


def _examples(prepared: Prepared) -> dict[str, int]:
    """Examples of each target; a trial asks fewer."""
    limit = prepared.asked.study.evaluation.limit
    return {name: min(count, limit or count) for name, count in prepared.examples.items()}
