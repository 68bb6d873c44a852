"""From a study to its jobs, each with a key that says what its result depends on.

The same key means the same result. That is caching, resuming, extending and sharing in one idea.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from spillover.core.errors import Fault, StudyError
from spillover.core.keys import content_key
from spillover.core.scores import BASE_SOURCE
from spillover.models.identity import model_identity
from spillover.models.settings import EARLIER_TRAININGS, TRAINING_VERSION, Protocol
from spillover.study.study import Study
from spillover.tasks.scoring import PARSER_VERSION
from spillover.tasks.task import Task

if TYPE_CHECKING:  # a plan that stands in a folder is read without what opens tasks
    from spillover.study.given import GivenAdapter
    from spillover.study.opening import StudyTasks
    from spillover.tasks.data import TaskData

KEY_VERSION = 1
"""Part of every key: raise it whenever scoring gives something else for the same settings."""
SAME_WEIGHTS = {"checkpoints", "gradient_checkpointing"}
"""Of how a source is trained: what leaves its weights as they are, so that no key depends on it."""


Asked = tuple[str, int | None]
"""(adapter key, step): who was asked. A score belongs to this and a target key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finetune:
    """Train one adapter."""

    model: str
    source: str
    control: str | None
    seed: int
    adapter_key: str
    steps: tuple[int, ...]
    """Optimiser steps at which the adapter is kept."""
    needs: tuple[str, ...] = ()
    """Keys of jobs that must be done before."""

    @property
    def key(self) -> str:
        """Hash of what the result depends on."""
        return content_key(self.describe())

    @property
    def label(self) -> str:
        """What the job is called in progress and errors."""
        control = f" ({self.control})" if self.control else ""
        return f"finetune {self.model} on {self.source}{control}, seed {self.seed}"

    def describe(self) -> dict[str, Any]:
        """The plain values that make up the key."""
        return {"job": "finetune", "adapter_key": self.adapter_key, "steps": list(self.steps)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One target, asked by one protocol."""

    target: str
    protocol: Protocol
    target_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluate:
    """Ask one adapter, or the base, everything that it has not answered yet."""

    model: str
    source: str
    control: str | None
    seed: int | None
    adapter_key: str
    step: int | None
    """Optimiser step of the adapter; None for the base, 0 for an adapter that was trained elsewhere."""
    fraction: float
    questions: tuple[Question, ...]
    needs: tuple[str, ...] = ()
    """Keys of jobs that must be done before."""
    given: str | None = None
    """The folder of an adapter that was trained elsewhere, from which it is copied into the study's."""
    content: str | None = None
    """Hash of that adapter's files, which are to be the same when they are copied."""

    @property
    def key(self) -> str:
        """Hash of what the result depends on."""
        return content_key(self.describe())

    @property
    def label(self) -> str:
        """What the job is called in progress and errors."""
        if self.step is None:
            return f"evaluate {self.model}"
        control = f" ({self.control})" if self.control else ""
        share = f" at {self.fraction:.0%}" if self.fraction < 1 else ""
        return f"evaluate {self.model} on {self.source}{control}{share}, seed {self.seed}"

    def describe(self) -> dict[str, Any]:
        """The plain values that make up the key."""
        keys = sorted(question.target_key for question in self.questions)
        return {"job": "evaluate", "adapter_key": self.adapter_key, "step": self.step, "target_keys": keys}

    @property
    def asked(self) -> Asked:
        """Who is asked."""
        return self.adapter_key, self.step


Job = Finetune | Evaluate
JobInput = Mapping[str, bytes] | bytes | None
"""An adapter's files for an `Evaluate`, None for the base's; or what an unfinished `Finetune` goes on from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Every job of a study, those before that others need."""

    study: Study
    tasks: tuple[Task, ...]
    """What is asked or trained on, in the order of the matrix: what is both first."""
    jobs: tuple[Job, ...]
    earlier: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """By an adapter's key: its keys under `EARLIER_TRAININGS`. Of a plan that was read from a folder none."""

    @property
    def finetunes(self) -> tuple[Finetune, ...]:
        """The adapters to be trained."""
        return tuple(job for job in self.jobs if isinstance(job, Finetune))

    @property
    def evaluations(self) -> tuple[Evaluate, ...]:
        """The models to be asked."""
        return tuple(job for job in self.jobs if isinstance(job, Evaluate))

    def only(self, source: str | None) -> Plan:
        """Keep the base and one source; None keeps everything."""
        kept = tuple(job for job in self.jobs if source is None or job.source in (source, BASE_SOURCE))
        return replace(self, jobs=kept)


def plan_study(study: Study, tasks: StudyTasks) -> Plan:
    """Lay out a study's jobs.

    Args:
        study: resolved, so that nothing in it is `auto` any more.
        tasks: the study's own, opened.

    Raises:
        TaskError: a task's data cannot be read.
        ModelError: a model cannot be found.
        StudyError: two things of different names are the same, so that their results could not be told apart.
    """
    questions = tuple(_questions(study, tasks.targets))
    runs: list[tuple[str | None, TaskData]] = [(None, data) for data in tasks.sources]
    runs += tasks.controls
    data_keys = {data.task.name: data.identity("train", study.training.examples) for data in tasks.sources}
    jobs: list[Job] = []
    earlier: dict[str, tuple[str, ...]] = {}
    for settings in study.models:
        model = _Model(settings.name, model_identity(settings))
        jobs.append(_evaluate_base(model, questions))
        for seed in study.seeds:
            for control, data in runs:
                name = data.task.name
                identity = _identity(study, model, name, control, seed) | {"data": data_keys[name]}
                finetune = _finetune(study, model, name, control, seed, content_key(identity))
                before = (content_key(identity | {"training_version": version}) for version in EARLIER_TRAININGS)
                earlier[finetune.adapter_key] = tuple(before)
                jobs += [finetune, *_evaluate_adapter(study, finetune, questions)]
        jobs += [_evaluate_given(model, each, questions) for each in tasks.given if each.model == model.name]
    _refuse_collisions(study, jobs, questions)
    every = (*(data.task for data in tasks.every), *(each.task for each in tasks.given))
    return Plan(study=study, tasks=tuple(dict.fromkeys(every)), jobs=tuple(jobs), earlier=earlier)


def _refuse_collisions(study: Study, jobs: list[Job], questions: tuple[Question, ...]) -> None:
    asked = [(question.target_key, f"{question.target} ({question.protocol})") for question in questions]
    bases = {job.adapter_key: job for job in reversed(jobs) if job.source == BASE_SOURCE}
    distinct = {job.model for job in bases.values()}  # a model under two names is told once, not once a finetune
    labelled = [("models", job.adapter_key, job.label) for job in jobs if job.source == BASE_SOURCE]
    trained = [job for job in jobs if job.model in distinct and (isinstance(job, Finetune) or job.given)]
    labelled += [("sources", job.adapter_key, job.label) for job in trained]
    labelled += [("targets", key, f"evaluate on {name}") for key, name in asked]
    first: dict[str, str] = {}
    faults: list[Fault] = []
    for place, key, label in labelled:
        if key in first:
            message = f"“{label}” is the same as “{first[key]}”: same model, data and settings under two names"
            faults.append(Fault(where=study.place(place), message=message))
        first.setdefault(key, label)
    if faults:
        raise StudyError(faults)


class _Model(NamedTuple):
    """A model whose files were hashed, which is done once a plan: real ones are many gigabytes."""

    name: str
    identity: Any


def _questions(study: Study, targets: Iterable[TaskData]) -> Iterable[Question]:
    evaluation = study.evaluation
    for data in targets:
        identity = data.identity("validation", evaluation.limit)
        is_open = data.task.metric != "accuracy"
        for protocol in evaluation.protocols:
            if is_open and protocol == "letters":
                continue  # there are no letters to choose from
            asked = {"version": KEY_VERSION, "data": identity, "protocol": protocol}
            if is_open:
                asked["metric"] = data.task.metric
            if protocol == "generate":
                asked["maximum_new_tokens"] = evaluation.maximum_new_tokens
                asked["parser"] = PARSER_VERSION
            yield Question(target=data.task.name, protocol=protocol, target_key=content_key(asked))


def _evaluate_base(model: _Model, questions: tuple[Question, ...]) -> Evaluate:
    return Evaluate(
        model=model.name,
        source=BASE_SOURCE,
        control=None,
        seed=None,
        adapter_key=content_key({"version": KEY_VERSION, "model": model.identity}),
        step=None,
        fraction=1.0,
        questions=questions,
    )


def _identity(study: Study, model: _Model, source: str, control: str | None, seed: int) -> dict[str, Any]:
    """Everything that changes an adapter's weights, but for the data."""
    training = study.training_of(source)
    identity: dict[str, Any] = {
        "version": KEY_VERSION,
        "training_version": TRAINING_VERSION,
        "model": model.identity,
        "control": control,
        "training": training.model_dump(exclude=SAME_WEIGHTS, mode="json"),
        "seed": seed,
    }
    if control == "own":  # open questions are answered by writing, up to so many tokens
        identity["maximum_new_tokens"] = study.evaluation.maximum_new_tokens
    return identity


def _finetune(study: Study, model: _Model, source: str, control: str | None, seed: int, key: str) -> Finetune:
    training = study.training_of(source)
    return Finetune(
        model=model.name,
        source=source,
        control=control,
        seed=seed,
        adapter_key=key,
        steps=tuple(sorted({training.step_at(fraction) for fraction in training.checkpoints})),
    )


def _evaluate_given(model: _Model, adapter: GivenAdapter, questions: tuple[Question, ...]) -> Evaluate:
    identity = {"version": KEY_VERSION, "model": model.identity, "adapter": adapter.content}
    return Evaluate(
        model=model.name,
        source=adapter.task.name,
        control=None,
        seed=adapter.seed,
        adapter_key=content_key(identity),
        step=0,
        fraction=1.0,
        questions=questions,
        given=str(adapter.folder),
        content=adapter.content,
    )


def _evaluate_adapter(study: Study, finetune: Finetune, questions: tuple[Question, ...]) -> Iterable[Evaluate]:
    training = study.training_of(finetune.source)
    for fraction in training.checkpoints:
        yield Evaluate(
            model=finetune.model,
            source=finetune.source,
            control=finetune.control,
            seed=finetune.seed,
            adapter_key=finetune.adapter_key,
            step=training.step_at(fraction),
            fraction=fraction,
            questions=questions,
            needs=(finetune.key,),
        )
