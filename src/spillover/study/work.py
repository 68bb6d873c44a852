"""Does one job: the place where tasks and models meet.

Imported only inside worker processes; everything that is expensive is made once a process and kept.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from spillover.core.files import cache_folder
from spillover.core.scores import Score, table_from_scores
from spillover.models.adapters import applied_adapter, touches_vision
from spillover.models.base import Base, load_base, quieten
from spillover.models.budget import memory_advice
from spillover.models.encoding import Encoded, encode_prompts
from spillover.models.features import FeatureCache, FeatureDisk
from spillover.models.finetuning import Keeping, TrainingStep, finetune
from spillover.models.generation import generate_replies
from spillover.models.letters import score_options
from spillover.models.recent import Recent
from spillover.study.controls import shuffle_answers, take_answers
from spillover.study.devices import draws_curves
from spillover.study.executors.executor import JobStopped, Report, Worker
from spillover.study.labelled import LOG_SCHEMA
from spillover.study.plan import Evaluate, Finetune, Job, JobInput, Question
from spillover.study.store import Outcome
from spillover.study.study import Study
from spillover.study.tracking import follow
from spillover.tasks.data import Split, find_task_data, open_tasks
from spillover.tasks.mixed import open_mixtures
from spillover.tasks.scoring import score_reply
from spillover.tasks.task import Example, Metric


def start_worker(study: Study, device: str) -> Worker:
    """Make the callable that does a study's jobs in this process."""
    quieten(single_thread=device == "cpu")
    return _Desk(study, device).do


class _Desk:
    """What a worker keeps between jobs: one base, and what its prompts were encoded to."""

    def __init__(self, study: Study, device: str) -> None:
        self._study = study
        self._device = device
        tasks = open_tasks(study.tasks)
        self._tasks = [*tasks, *open_mixtures(study.mixtures, tasks)]
        self._base: Base | None = None
        self._examples = Recent[tuple[str, Split], list[Example]](KEPT_EXAMPLE_BYTES)
        self._encoded = _no_prompts()
        self._given: dict[str, list[str | None]] = {}

    def do(self, job: Job, given: JobInput, report: Report) -> Outcome:
        """Do a job."""
        started = time.perf_counter()
        with memory_advice(job.model):
            base = self._base_called(job.model)
            match job:
                case Finetune():
                    outcome = self._finetune(base, job, given, report)
                case Evaluate():
                    outcome = self._evaluate(base, job, given, report)
        return replace(outcome, duration_s=time.perf_counter() - started)

    def _base_called(self, name: str) -> Base:
        if self._base is None or self._base.name != name:
            self._base = None  # two models at once may not fit
            self._encoded.clear()
            self._given.clear()
            settings = next(model for model in self._study.models if model.name == name)
            disk = FeatureDisk(
                folder=cache_folder() / "features", limit_bytes=int(self._study.executor.feature_cache_gb * 1e9)
            )
            self._base = load_base(settings, self._device, disk=disk)
        return self._base

    def _finetune(self, base: Base, job: Finetune, begun: JobInput, report: Report) -> Outcome:
        settings = self._study.training_of(job.source)
        encoded = self._prepare(base, job.source, "train", self._study.training.examples, report).encoded
        match job.control:
            case "shuffled":
                encoded = shuffle_answers(encoded, job.source)
            case "own":
                encoded = self._own_answers(base, job.source, report)
            case _:
                pass
        keeping = Keeping(
            begun=begun if isinstance(begun, bytes) else None,
            every_s=self._study.executor.keep_every_s,
            keep=lambda state: _keep(state, report),
            at_once=lambda: report.stopping,
        )
        with self._followed(job, goes_on=keeping.begun is not None) as follow:

            def tell(step: TrainingStep) -> None:
                follow(step)
                report(step.step, settings.steps)

            trained = finetune(base, encoded, settings, job.seed, on_step=tell, keeping=keeping)
        log = {name: [getattr(step, name) for step in trained.log] for name in LOG_COLUMNS}
        return Outcome(job=job, duration_s=0.0, adapters=trained.adapters, log=pa.table(log, schema=LOG_SCHEMA))

    def _followed(self, job: Finetune, *, goes_on: bool) -> AbstractContextManager[Callable[[TrainingStep], None]]:
        if draws_curves(self._study):
            return follow(job, Path(self._study.output), goes_on=goes_on)
        return nullcontext(lambda _: None)

    def _own_answers(self, base: Base, source: str, report: Report) -> list[Encoded]:
        """Let the base, before any training, answer what the source trains on."""
        prepared = self._prepare(base, source, "train", self._study.training.examples, report)
        if source not in self._given:  # every seed of a control is taught the same
            if all(example.options for example in prepared.examples):
                self._given[source] = [answer.given for answer in self._by_letters(base, prepared)]
            else:
                replies = generate_replies(base, prepared.encoded, self._study.evaluation.maximum_new_tokens)
                self._given[source] = [reply.text for reply in replies]
        return take_answers(prepared.encoded, self._given[source], source)

    def _evaluate(self, base: Base, job: Evaluate, adapter: JobInput, report: Report) -> Outcome:
        if not isinstance(adapter, Mapping):
            return self._ask_all(base, job, report)
        with applied_adapter(base, adapter):
            if not touches_vision(base, adapter):
                return self._ask_all(base, job, report)
            kept, self._encoded = self._encoded, _no_prompts()  # what the base saw is not what this adapter sees
            try:
                return self._ask_all(replace(base, features=FeatureCache()), job, report)
            finally:
                self._encoded = kept

    def _ask_all(self, base: Base, job: Evaluate, report: Report) -> Outcome:
        limit = self._study.evaluation.limit
        asked = sum(len(self._read(question.target, "validation", limit)) for question in job.questions)
        counter = _Counter(report, asked)
        scores: list[Score] = []
        for question in job.questions:
            scores += self._ask(base, job, question, counter)
        return Outcome(job=job, duration_s=0.0, scores=table_from_scores(scores))

    def _ask(self, base: Base, job: Evaluate, question: Question, counter: _Counter) -> list[Score]:
        limit = self._study.evaluation.limit
        prepared = self._prepare(base, question.target, "validation", limit, counter.report)
        metric = find_task_data(self._tasks, question.target).task.metric
        match question.protocol:
            case "letters":
                answers = self._by_letters(base, prepared, counter.count)
            case "generate":
                answers = self._by_generation(base, prepared, metric, counter.count)
        return [
            Score(
                model=job.model,
                adapter_key=job.adapter_key,
                source=job.source,
                control=job.control,
                seed=job.seed,
                fraction=job.fraction,
                protocol=question.protocol,
                target=question.target,
                target_key=question.target_key,
                example=example.id,
                score=answer.score,
                answer=example.answer,
                answer_given=answer.given,
                parse=answer.parse,
                reply=answer.reply,
                options=example.options or None,
                option_log_probabilities=answer.log_probabilities,
            )
            for example, answer in zip(prepared.examples, answers, strict=True)
        ]

    def _by_letters(self, base: Base, prepared: _Prepared, count: Callable[[int], None] | None = None) -> list[_Answer]:
        scored = score_options(base, prepared.encoded, on_progress=count)
        answers: list[_Answer] = []
        for example, values in zip(prepared.examples, scored, strict=True):
            given = example.options[values.index(max(values))]
            answers.append(_Answer(score=float(given == example.answer), given=given, log_probabilities=values))
        return answers

    def _by_generation(
        self, base: Base, prepared: _Prepared, metric: Metric, count: Callable[[int], None]
    ) -> list[_Answer]:
        longest = self._study.evaluation.maximum_new_tokens
        replies = generate_replies(base, prepared.encoded, longest, on_progress=count)
        scored = [
            score_reply(reply.text, example, metric) for reply, example in zip(replies, prepared.examples, strict=True)
        ]
        return [
            _Answer(
                score=each.score,
                given=each.said.answer,
                parse="cut" if reply.is_cut and each.said.answer is None else each.said.parse,
                reply=reply.text,
            )
            for each, reply in zip(scored, replies, strict=True)
        ]

    def _prepare(self, base: Base, name: str, split: Split, count: int | None, report: Report) -> _Prepared:
        prepared = self._encoded.get((name, split))
        if prepared is None:
            examples = self._read(name, split, count)
            prompts = [example.as_prompt() for example in examples]
            encoded = encode_prompts(base, prompts, on_progress=lambda _: _leave_if_stopping(report))
            prepared = _Prepared(examples, encoded)
            self._encoded.keep((name, split), prepared, sum(each.size_bytes for each in encoded))
        return prepared

    def _read(self, name: str, split: Split, count: int | None) -> list[Example]:
        examples = self._examples.get((name, split))
        if examples is None:
            examples = find_task_data(self._tasks, name).read(split, count)
            held = sum(len(each.prompt) + sum(image.held_bytes for image in each.images) for each in examples)
            self._examples.keep((name, split), examples, held)
        return examples


KEPT_EXAMPLE_BYTES = 1 << 29
"""Of examples with their encoded images a worker keeps between jobs."""
KEPT_PROMPT_BYTES = 1 << 30
"""Of encoded prompts and their images a worker keeps between jobs; their features have a limit of their own."""


def _keep(state: bytes, report: Report) -> None:
    report.keep(state)
    _leave_if_stopping(report)


def _leave_if_stopping(report: Report) -> None:
    if report.stopping:
        raise JobStopped


def _no_prompts() -> Recent[tuple[str, Split], _Prepared]:
    return Recent(KEPT_PROMPT_BYTES)


@dataclass(slots=True)
class _Counter:
    """Counts the examples of a job that are answered, and reports them."""

    report: Report
    total: int
    done: int = 0

    def count(self, more: int) -> None:
        """Add the examples that a batch has settled."""
        self.done += more
        self.report(self.done, self.total)
        _leave_if_stopping(self.report)  # what was answered is asked again: minutes, where a finetune is hours


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A task's examples, and what they were encoded to."""

    examples: list[Example]
    encoded: list[Encoded]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """What a model answered."""

    score: float
    given: str | None
    parse: str = "parsed"
    reply: str | None = None
    log_probabilities: tuple[float, ...] | None = None


LOG_COLUMNS = tuple(LOG_SCHEMA.names)
