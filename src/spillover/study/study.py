"""A study as it is written: the YAML, checked, with every fault at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PrivateAttr,
    Tag,
    field_validator,
)

from spillover.analysis.settings import AnalysisSettings, VerificationSettings
from spillover.models.settings import AdapterSource, EvaluationSettings, ModelSettings, TrainingSettings
from spillover.tasks.settings import MixtureSource, PerceptionTasks, Recipe, TaskSettings


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)


def _listed(value: Any) -> Any:
    """One thing is a list of one; `all` and `auto` are words of their own."""
    return value if isinstance(value, list | tuple) or value in (None, "all", "auto") else [value]


def _kind(value: Any) -> Any:
    return {"kind": value} if isinstance(value, str) else value


def _model(value: Any) -> Any:
    return {"path": value} if isinstance(value, str) else value


def _plain_name(name: str) -> str:
    """A study's name is its folder's by default, so it must not lead anywhere else."""
    if name.startswith(".") or any(character in "/\\" or not character.isprintable() for character in name):
        raise ValueError(f"{name!r} cannot name a folder: use letters, digits, spaces, - and _")
    return name


def _once(values: tuple[Any, ...]) -> tuple[Any, ...]:
    for value in dict.fromkeys(values):
        if values.count(value) > 1:
            raise ValueError(f"{value!r} stands twice")
    return values


def _listed_name(value: Any) -> Any:
    return _listed(value) if isinstance(value, str) else value


def _listed_source(value: Any) -> Any:
    return _listed(value) if isinstance(value, str | dict) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_listed_name), Field(min_length=1)]
"""Of tasks, or of devices."""


def _source_kind(value: Any) -> str:
    """Which kind of source is meant, by its key, so that faults are told of this kind alone."""
    match value:
        case AdapterSource() | {"adapters": _}:
            return "AdapterSource"
        case MixtureSource() | dict():
            return "MixtureSource"
        case _:
            return "str"


Source = Annotated[
    Annotated[str, Tag("str")]
    | Annotated[MixtureSource, Tag("MixtureSource")]
    | Annotated[AdapterSource, Tag("AdapterSource")],
    Discriminator(_source_kind),
]
"""The name of a task, a mixture of tasks, or adapters that were trained elsewhere."""
Sources = Annotated[tuple[Source, ...], BeforeValidator(_listed_source), Field(min_length=1)]


class Control(_Settings):
    """Sources that teach the dress of a task without its perception."""

    kind: Literal["shuffled", "own"]
    """`shuffled`: the source's own answers, permuted among its examples. `own`: the answers that the base gives itself;
    refused for a source to which it gives one answer nearly always."""
    sources: Literal["all"] | Names = "all"
    """Of which sources."""


class _Executor(_Settings):
    """Where jobs run."""

    keep_every_s: float = Field(default=300.0, ge=0)
    """Seconds after which a finetune that goes on is kept as it stands, so that a killed run goes on from there."""
    feature_cache_gb: float = Field(default=20.0, ge=0)
    """Disk for image features, 10⁹ bytes, shared by all studies of a machine; 0 keeps them in main memory. They lie
    in SPILLOVER_CACHE, by default ~/.cache/spillover, and may be removed at any time."""


class LocalExecutorSettings(_Executor):
    """Processes on this machine."""

    kind: Literal["local"] = "local"
    """Which executor."""
    devices: Literal["auto"] | Names = "auto"
    """`auto` takes every GPU, or else the CPU; or a list such as [cuda:0, cuda:1] or [cpu]."""
    processes: int | None = Field(default=None, ge=1)
    """How many, dealt out to the devices in turn; by default one a device, and on the CPU one, of a single thread, a
    core."""
    tensorboard: bool = False
    """Also write the curves of every finetune, while it runs, for `tensorboard --logdir FOLDER/tensorboard`; it needs
    the extra `tensorboard`. They stand in `logs/*.parquet` in any case."""


class RayExecutorSettings(_Executor):
    """Actors on a Ray cluster; it needs the extra `ray`, here and on every node."""

    kind: Literal["ray"] = "ray"
    """Which executor."""
    address: str | None = None
    """`auto` joins the cluster that this machine belongs to; none starts one on this machine alone."""
    workers: int | None = Field(default=None, ge=1)
    """How many; by default as many as the cluster has room for when the run begins."""
    gpus_per_worker: float = Field(default=1.0, ge=0)
    """A part of a GPU, so that several share one, or a whole number of them; 0 computes on CPU cores."""
    cpus_per_worker: float = Field(default=1.0, gt=0)
    """CPU cores that Ray reserves for each."""

    @field_validator("gpus_per_worker")
    @classmethod
    def _whole_above_one(cls, value: float) -> float:
        if value > 1 and not value.is_integer():
            raise ValueError("above 1 it must be a whole number")
        return value

    @property
    def device(self) -> str:
        """What each worker computes on, as it sees it."""
        return "cuda:0" if self.gpus_per_worker else "cpu"


def _executor(value: Any) -> Any:
    value = _kind(value)
    return {"kind": "local", **value} if isinstance(value, dict) else value


class Provenance(_Settings):
    """What a study met when it was planned: written by spillover, compared when the study is continued."""

    versions: dict[str, str] = Field(default_factory=dict)
    """Packages; a change is warned of."""
    models: dict[str, str] = Field(default_factory=dict)
    """Content or revision of each model."""
    tasks: dict[str, str] = Field(default_factory=dict)
    """Hash of each task's evaluation examples."""
    training: dict[str, str] = Field(default_factory=dict)
    """Hash of each source's training examples. Where they change, though the study says of them what it said, no
    finished finetune is done anew: `run` refuses."""
    rehearsal: bool = False
    """Whether weights are random and everything is cut, so that no figure means anything."""
    repeated: dict[str, dict[str, int]] = Field(default_factory=dict)
    """Of each mixture: examples of a part that are repetitions, since the part has too few."""


class Study(_Settings):
    """Models, sources and targets, and how they are trained and asked."""

    name: Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_plain_name)]
    """What the study is called. Another name is another study."""
    models: Annotated[
        tuple[Annotated[ModelSettings, BeforeValidator(_model)], ...], BeforeValidator(_listed), Field(min_length=1)
    ] = (ModelSettings(),)
    """What is finetuned and asked. Several models make several matrices."""
    tasks: Annotated[
        tuple[Annotated[TaskSettings, BeforeValidator(_kind)], ...], BeforeValidator(_listed), Field(min_length=1)
    ] = (PerceptionTasks(),)
    """Where examples come from: to train on, to evaluate on, or both."""
    sources: Literal["all"] | Sources = "all"
    """Tasks to finetune on, by name or abbreviation; mixtures of them, `{mixture: FILE}`; adapters that were trained
    elsewhere, `{adapters: {NAME: FOLDER}}`. `all` takes every task that has training examples, in a list too."""
    targets: Literal["all"] | Names = "all"
    """Tasks to evaluate on; `all` takes every task that has validation examples, in a list too."""
    controls: Annotated[tuple[Annotated[Control, BeforeValidator(_kind)], ...], BeforeValidator(_listed)] = ()
    """Sources that are trained once more without what their images teach, for comparison."""
    seeds: Annotated[
        tuple[Annotated[int, Field(ge=0)], ...], BeforeValidator(_listed), Field(min_length=1), AfterValidator(_once)
    ] = (0,)
    """Each source is trained once a seed, which draws the adapter's first weights and the order of the examples."""
    training: TrainingSettings = TrainingSettings()
    """How each source is trained."""
    evaluation: EvaluationSettings = EvaluationSettings()
    """How every model is asked."""
    analysis: AnalysisSettings = AnalysisSettings()
    """How scores become findings; changing it repeats no job."""
    verification: Annotated[tuple[VerificationSettings, ...], BeforeValidator(_listed)] = ()
    """Which sources are a mixture that was chosen, and what it must beat; `spillover mix --study` writes it."""
    executor: Annotated[
        Annotated[LocalExecutorSettings | RayExecutorSettings, Field(discriminator="kind")], BeforeValidator(_executor)
    ] = LocalExecutorSettings()
    """Where jobs run."""
    output: str = ""
    """The study's folder; by default its name."""
    provenance: Provenance | None = None
    """Written by spillover into the folder's own study.yaml."""
    _places: dict[str, str] = PrivateAttr(default_factory=dict[str, str])

    @property
    def adapters(self) -> tuple[tuple[int, AdapterSource], ...]:
        """Adapters that were trained elsewhere, each with its place among the sources."""
        return tuple((place, source) for place, source in enumerate(self.sources) if isinstance(source, AdapterSource))

    @property
    def mixtures(self) -> tuple[MixtureSource, ...]:
        """The mixtures among the sources."""
        return tuple(source for source in self.sources if isinstance(source, MixtureSource))

    def training_of(self, source: str) -> TrainingSettings:
        """How a source is trained: as all are, but for a mixture whose dose is smaller on fewer examples."""
        recipe = next((each.mixture for each in self.mixtures if each.name == source), None)
        if not isinstance(recipe, Recipe) or recipe.dose == 1:
            return self.training
        return self.training.model_copy(update={"examples": recipe.count_of(self.training.examples)})

    @property
    def shortest_training(self) -> TrainingSettings:
        """The training of the source with the smallest dose."""
        trainings = [self.training, *(self.training_of(each.name) for each in self.mixtures)]
        return min(trainings, key=lambda training: training.examples)

    def place(self, path: str) -> str:
        """Say where in its file a setting stands: `study.yaml:7 sources[1]`, or the bare path if no file was read.

        What stands for a list of one is found without its [0], and what is not written where its parent stands.
        """
        known = path
        while known:
            for written in (known, known.replace("[0]", "", 1)):
                if written in self._places:
                    return self._places[written]
            known = known[: max(known.rfind("."), known.rfind("["), 0)]
        return path

    def remember_places(self, places: Mapping[str, str]) -> None:
        """Keep where each setting stands, for errors."""
        self._places.update(places)
