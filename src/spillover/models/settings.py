"""What can be set about models, training and evaluation. Free of torch, so that a study can be read without it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

Precision = Literal["auto", "float32", "bfloat16", "float16"]
Quantisation = Literal["auto", "none", "4bit"]
DeviceMap = Literal["auto", "single", "spread"]
Protocol = Literal["letters", "generate"]
Fraction = Annotated[float, Field(gt=0, le=1)]

TINY = "tiny"
"""The path that stands for the embedded checkpoint."""
TRAINING_VERSION = 3
"""Part of every adapter's key: raise it whenever training gives other weights for the same settings."""
EARLIER_TRAININGS = (2,)
"""Versions before, the newest first, that trained as well: a study keeps what they trained. One that was wrong is left
out, so that its adapters are trained anew."""


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)


class ModelSettings(_Settings):
    """Which model, and how it is loaded."""

    path: str = TINY
    """`tiny` for the embedded checkpoint, a folder, or a name on the Hugging Face hub."""
    name: str = ""
    """How tables call it; by default the last part of the path."""
    revision: str | None = None
    """The commit of a hub model. It is looked up and pinned when the study is first planned."""
    precision: Precision = "auto"
    """Of the frozen weights. `auto` is float32 on a CPU and bfloat16 on a GPU that does it well."""
    quantisation: Quantisation = "none"
    """`4bit` stores the language model's linear layers in 4 bits, about a quarter of the memory: for models that do not
    fit otherwise. It needs a CUDA device and the extra `quantised`. `auto` takes it where the weights would fill more
    than two thirds of a device, when the study is first planned."""
    device_map: DeviceMap = "single"
    """`single` puts a whole model on each device, so that several jobs run at once. `spread` lays its layers out over
    every visible GPU; the study then runs in one process. `auto` spreads what would fill more than two thirds of one
    device, when the study is first planned."""
    trust_remote_code: bool = False
    """Whether code that comes with a hub model may run. Leave it off."""
    minimum_pixels: int | None = Field(default=None, gt=0)
    """Images below are scaled up, where the processor can; None keeps the processor's own limit."""
    maximum_pixels: int | None = Field(default=None, gt=0)
    """Images above are scaled down, where the processor can; None keeps the processor's own limit."""

    @model_validator(mode="before")
    @classmethod
    def _name_after_path(cls, given: object) -> object:
        if isinstance(given, dict) and not given.get("name"):
            path = str(given.get("path", TINY))
            return {**given, "name": path.rstrip("/").rsplit("/", 1)[-1]}
        return given


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _without_repetition(values: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(values)) < len(values):
        raise ValueError("a protocol stands twice")
    return values


class LoRASettings(_Settings):
    """Low-rank adapters on the language model's linear layers (Hu et al., ICLR 2022, arXiv 2106.09685)."""

    rank: int = Field(default=8, ge=1)
    """Of the update of each layer."""
    alpha: int = Field(default=16, ge=1)
    """The update is scaled by alpha / rank."""
    dropout: float = Field(default=0.0, ge=0, lt=1)
    """Share of an adapter's inputs that training sets to 0."""


class AdapterSource(_Settings):
    """Sources that were trained elsewhere: PEFT's folders, which are only evaluated."""

    adapters: dict[
        Annotated[str, Field(min_length=1)], Annotated[tuple[str, ...], BeforeValidator(_listed), Field(min_length=1)]
    ] = Field(min_length=1)
    """Folders by source, usually the task that was trained on. A list is one folder a seed, in the order of `seeds`."""
    model: str = ""
    """Which of the study's models they are of, by its name; need not be said where there is one."""


class TrainingSettings(_Settings):
    """One finetune. The same for every source, so that sources can be compared."""

    examples: int = Field(default=1000, ge=1)
    """Training examples a source."""
    epochs: int = Field(default=3, ge=0)
    """Passes over them; 0 saves the untrained adapter, which changes nothing."""
    batch: int = Field(default=32, ge=1)
    """Examples an optimiser step, however they are cut to fit the memory."""
    learning_rate: float = Field(default=2e-4, gt=0)
    """At its peak; a cosine takes it towards 0."""
    warmup: float = Field(default=0.05, ge=0, lt=1)
    """Share of the steps in which the learning rate climbs to its peak; the first step's is above 0 too."""
    weight_decay: float = Field(default=0.0, ge=0)
    """AdamW's."""
    maximum_gradient_norm: float = Field(default=1.0, gt=0)
    """Gradients of a larger norm are scaled down to it."""
    gradient_checkpointing: bool = False
    """Compute activations twice rather than keep them: a third slower and far less memory, with the same result."""
    lora: LoRASettings = LoRASettings()
    """What is trained: low-rank adapters, the model's own weights staying as they are."""
    checkpoints: tuple[Fraction, ...] = (1.0,)
    """Fractions of the steps at which the adapter is saved and evaluated; the end always is. Decide before you begin:
    what was not kept at one that is added later is trained once more."""

    @model_validator(mode="after")
    def _checkpoints_end_at_one(self) -> TrainingSettings:
        fractions = tuple(sorted({*self.checkpoints, 1.0}))
        if fractions != self.checkpoints:
            object.__setattr__(self, "checkpoints", fractions)
        return self

    @property
    def steps(self) -> int:
        """Optimiser steps of the whole training."""
        return self.epochs * -(-self.examples // self.batch)

    def step_at(self, fraction: float) -> int:
        """The step after which a fraction of the training is done."""
        return round(fraction * self.steps)


class EvaluationSettings(_Settings):
    """How every model is asked."""

    protocols: Annotated[
        tuple[Protocol, ...], BeforeValidator(_listed), Field(min_length=1), AfterValidator(_without_repetition)
    ] = ("letters",)
    """`letters` reads the option letters' log-probabilities; `generate` lets the model write and parses its reply."""
    limit: int | None = Field(default=None, ge=1)
    """Examples a target at most; None takes all."""
    maximum_new_tokens: int = Field(default=16, ge=1)
    """Of a generated reply."""
