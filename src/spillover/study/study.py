"""A study as it is written: the YAML, checked, with every fault at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr

from spillover.analysis.settings import AnalysisSettings
from spillover.models.settings import EvaluationSettings, ModelSettings, TrainingSettings
from spillover.tasks.settings import PerceptionTasks, TaskSettings


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)


class Control(_Settings):
    """Sources that teach the dress of a task without its perception."""

    kind: Literal["shuffled", "own"]
    """`shuffled`: the source's own answers, permuted among its examples. `own`: the answers that the base gives itself;
    refused for a source to which it gives one answer nearly always."""
    sources: Literal["all"] | tuple[str, ...] = "all"
    """Of which sources."""


class LocalExecutor(_Settings):
    """Processes on this machine."""

    kind: Literal["local"] = "local"
    devices: Literal["auto"] | tuple[str, ...] = "auto"
    """`auto` takes every GPU, or else the CPU; or a list such as [cuda:0, cuda:1] or [cpu]."""
    processes: int | None = Field(default=None, ge=1)
    """How many, dealt out to the devices in turn; by default one a device, and on the CPU one, of a single thread, a
    core."""


def _listed(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


def _control(value: Any) -> Any:
    return {"kind": value} if isinstance(value, str) else value


class Provenance(_Settings):
    """What a study met when it was planned: written by spillover, compared when the study is continued."""

    versions: dict[str, str] = Field(default_factory=dict)
    """Packages; a change is warned of."""
    models: dict[str, str] = Field(default_factory=dict)
    """Content or revision of each model."""
    tasks: dict[str, str] = Field(default_factory=dict)
    """Hash of each task's evaluation examples."""


class Study(_Settings):
    """Models, sources and targets, and how they are trained and asked."""

    name: str = Field(min_length=1, max_length=100)
    models: Annotated[tuple[ModelSettings, ...], BeforeValidator(_listed), Field(min_length=1)] = (ModelSettings(),)
    tasks: Annotated[tuple[TaskSettings, ...], BeforeValidator(_listed), Field(min_length=1)] = (PerceptionTasks(),)
    sources: Literal["all"] | tuple[str, ...] = "all"
    """Tasks to finetune on, by name or abbreviation; `all` takes every task that has training examples."""
    targets: Literal["all"] | tuple[str, ...] = "all"
    """Tasks to evaluate on; `all` takes every task that has validation examples."""
    controls: tuple[Annotated[Control, BeforeValidator(_control)], ...] = ()
    seeds: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1)] = (0,)
    training: TrainingSettings = TrainingSettings()
    evaluation: EvaluationSettings = EvaluationSettings()
    analysis: AnalysisSettings = AnalysisSettings()
    executor: LocalExecutor = LocalExecutor()
    output: str = ""
    """The study's folder; by default its name."""
    provenance: Provenance | None = None
    _places: dict[str, str] = PrivateAttr(default_factory=dict[str, str])

    def place(self, path: str) -> str:
        """Say where in its file a setting stands: `study.yaml:7 sources[1]`, or the bare path if no file was read."""
        return self._places.get(path, path)

    def remember_places(self, places: Mapping[str, str]) -> None:
        """Keep where each setting stands, for errors."""
        self._places.update(places)
