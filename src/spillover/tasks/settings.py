"""What can be set about tasks: where a study's examples come from."""

from __future__ import annotations

from pathlib import PurePath
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from spillover.tasks.task import Granularity, Level, Metric


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)


class PerceptionTasks(_Settings):
    """The embedded procedural suite: analogues of BLINK's 13 tasks."""

    kind: Literal["perception"] = "perception"
    """Which kind of task."""
    names: Literal["all"] | tuple[str, ...] = "all"
    """Which of the tasks."""
    examples: int = Field(default=200, ge=1)
    """Validation examples a task; training examples are set by `training.examples`."""
    size: int | None = Field(default=None, ge=16, le=2048)
    """Width and height of an image at most, pixels: None takes what the tiny model sees each task at (32 or 48);
    448 suits a real one."""
    difficulty: float = Field(default=1.0, ge=0, le=1)
    """0 is plain, 1 as hard as the suite gets."""
    seed: int = Field(default=0, ge=0)
    """Another seed draws other examples."""


class BlinkTasks(_Settings):
    """BLINK's tasks, from the Hugging Face hub or from a local folder of its Parquet files."""

    kind: Literal["blink"] = "blink"
    """Which kind of task."""
    names: Literal["all"] | tuple[str, ...] = "all"
    """Which of the tasks; `all` are the 13 of the paper. IQ_Test, for which no training data exist, is had by name."""
    path: str = "BLINK-Benchmark/BLINK"
    """The dataset's name on the hub, or a folder with `Jigsaw/val-00000-of-00001.parquet` and so on."""
    revision: str | None = None
    """The commit on the hub. It is looked up and pinned when the study is first planned."""
    split: Literal["val", "test"] = "val"
    """`test` has no public answers, and is refused."""
    train: str | None = None
    """A folder of training files, `Jigsaw.parquet` and so on, as `spillover tasks prepare` writes them; without it the
    tasks can only be targets."""


class Columns(_Settings):
    """What the columns are called in data that is not in BLINK's form; what is not said keeps BLINK's name."""

    idx: str = "idx"
    """A name for each example, unique."""
    prompt: str = "prompt"
    """The full text with its option lines; used as it is."""
    question: str = "question"
    """The question alone, where there is no prompt; options are written below it."""
    choices: str | tuple[str, ...] = "choices"
    """A column that holds a list, or the columns that hold one choice each."""
    answer: str = "answer"
    """A letter, a choice's text or its place (from 0), where they agree; a text, number or list of right answers for
    open questions."""
    images: tuple[str, ...] = ()
    """Columns that hold an image or a list of images, in order; by default image_1, image_2, …, image, images."""
    messages: str = "messages"
    """A whole conversation; its last answer is what is trained on."""

    @model_validator(mode="before")
    @classmethod
    def _one_image(cls, given: Any) -> Any:
        """`image` says the same as `images`, and a single column needs no list."""
        if not isinstance(given, dict):
            return given
        named = {"images" if key == "image" and "images" not in given else key: names for key, names in given.items()}
        if isinstance(named.get("images"), str):
            named["images"] = (named["images"],)
        return named


class _OwnTask(_Settings):
    """What can be said of a task of one's own."""

    name: str = Field(min_length=1)
    """How tables and the rest of the study call it."""
    abbreviation: str = ""
    """For tables and figures; by default the name's capitals."""
    metric: Metric | None = None
    """How open questions are scored: exact (the default), contains, anls, number or mra."""
    columns: Columns = Columns()
    """What the columns are called, where not as in BLINK."""
    level: Level | None = None
    """Perceptual level, to group tasks by."""
    granularity: Granularity | None = None
    """The size of what has to be looked at, to group tasks by."""
    human: float | None = Field(default=None, ge=0, le=1)
    """Human score, a possible ceiling."""


class FileTask(_OwnTask):
    """One task in files of your own: questions in BLINK's columns or others, or conversations as trainers take them."""

    kind: Literal["files"] = "files"
    """Which kind of task."""
    train: str | None = None
    """A .jsonl, .json, .csv or .parquet file to train on; without it the task can only be a target."""
    validation: str | None = None
    """A file to evaluate on; without it the task can only be a source."""


class HubTask(_OwnTask):
    """One task in a dataset of the Hugging Face hub, or in a local folder of the same form."""

    kind: Literal["hub"] = "hub"
    """Which kind of task."""
    dataset: str = Field(min_length=1)
    """Its name on the hub, such as `org/name`, or a folder."""
    config: str | None = None
    """Which of its configurations."""
    revision: str | None = None
    """The commit. It is looked up and pinned when the study is first planned."""
    train: str | None = None
    """The split to train on; without it the task can only be a target."""
    validation: str | None = None
    """The split to evaluate on; without it the task can only be a source."""


class VSIBenchTasks(_Settings):
    """VSI-Bench's kinds of question, about frames of videos. They can only be targets."""

    kind: Literal["vsibench"] = "vsibench"
    """Which kind of task."""
    names: Literal["all"] | tuple[str, ...] = "all"
    """Which kinds, such as object_counting."""
    path: str = "nyu-visionx/VSI-Bench"
    """The dataset's name on the hub, or a folder with test.jsonl or test-00000-of-00001.parquet."""
    revision: str | None = None
    """The commit on the hub. It is looked up and pinned when the study is first planned."""
    videos: str | None = None
    """A folder with `scannet/scene0011_00.mp4` and so on; by default `path`."""
    frames: int = Field(default=32, ge=1, le=512)
    """Taken from each video, evenly spaced from the first to the last."""
    frame_side: int | None = Field(default=None, ge=32)
    """Larger frames are scaled down to so many pixels; None keeps them."""


TaskSettings = Annotated[PerceptionTasks | BlinkTasks | FileTask | HubTask | VSIBenchTasks, Field(discriminator="kind")]


class Recipe(_Settings):
    """How much of which task a mixture takes."""

    parts: dict[str, Annotated[int, Field(ge=1)]] = Field(min_length=1)
    """Training examples by task. Where a study trains on another number in all, they are meant in proportion."""
    seed: int = Field(default=0, ge=0)
    """Of the order in which the examples stand."""
    predicted: dict[str, tuple[float, float, float]] = Field(default_factory=dict)
    """By task: `Σ share · PGF`, the sum of its parts' effects, and the ends of its interval. No key depends on it."""
    promised: dict[str, tuple[float, float, float]] = Field(default_factory=dict)
    """By target that it was chosen for: the same less what choosing flatters (the winner's curse). Empty where that
    cannot be told, and in recipes that were written before there were promises. No key depends on it."""
    measure: Literal["raw", "calibrated"] = "raw"
    """What was predicted: PGF as it is, or with the answer prior taken out."""
    measured_with: int | None = Field(default=None, ge=1)
    """Training examples a source in the runs that the predictions come from; None where not known. No key depends on
    it."""
    dose: float = Field(default=1.0, gt=0, le=1)
    """Share of the study's `training.examples` that it is trained on, with as many epochs, so in fewer steps."""

    def count_of(self, budget: int) -> int:
        """Count the training examples that it takes where a study trains its sources on so many, at least one.

        >>> Recipe(parts={"Jigsaw": 1}, dose=0.25).count_of(1000)
        250
        """
        return max(round(self.dose * budget), 1)


class MixtureSource(_Settings):
    """A mixture of tasks as one source."""

    mixture: str | Recipe
    """A file that `spillover mix --out` wrote, or what it says: the file is read once, when the study is loaded."""
    name: str = ""
    """How tables call it; by default the file's name without its ending."""

    @model_validator(mode="before")
    @classmethod
    def _name_after_file(cls, given: Any) -> Any:
        if isinstance(given, dict) and not given.get("name") and isinstance(given.get("mixture"), str):
            return {**given, "name": PurePath(given["mixture"]).stem}
        return given

    @model_validator(mode="after")
    def _is_named(self) -> MixtureSource:
        if not self.name:
            raise ValueError("a mixture that is not in a file needs a name:")
        return self
