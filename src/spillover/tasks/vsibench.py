"""VSI-Bench (Yang et al., CVPR 2025, arXiv 2412.14171): questions about rooms that a video walks through.

Ten kinds of question, each a target of its own: choices by accuracy, numbers by mean relative accuracy. The overall
score is the mean of eight, the three difficulties of direction averaged first. Nothing is trained on it: models that
were finetuned on images are asked whether it carries over to video.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean
from typing import Any

import pyarrow as pa

from spillover.core.errors import TaskError, nearest
from spillover.tasks.files import listed_choices
from spillover.tasks.hub import read_hub_rows
from spillover.tasks.own import describe_task
from spillover.tasks.perception.suite import Split
from spillover.tasks.recorded import RecordedTask
from spillover.tasks.rows import PlacedRow, Row, read_rows
from spillover.tasks.settings import VSIBenchTasks
from spillover.tasks.task import Example, Metric, Task, lay_out_prompt, option_letters
from spillover.tasks.video import VideoFrame, check_video

KINDS: dict[str, tuple[str, Metric]] = {
    "object_counting": ("VOC", "mra"),
    "object_abs_distance": ("VAD", "mra"),
    "object_size_estimation": ("VOS", "mra"),
    "room_size_estimation": ("VRS", "mra"),
    "object_rel_distance": ("VRD", "accuracy"),
    "object_rel_direction_easy": ("VDE", "accuracy"),
    "object_rel_direction_medium": ("VDM", "accuracy"),
    "object_rel_direction_hard": ("VDH", "accuracy"),
    "route_planning": ("VRP", "accuracy"),
    "obj_appearance_order": ("VAO", "accuracy"),
}
"""Every question_type, with an abbreviation (V for video) and how it is scored."""
DIRECTIONS = tuple(name for name in KINDS if name.startswith("object_rel_direction_"))

AS_PUBLISHED = "give the rows as the dataset publishes them"
OPENING = "These are frames of a video."
ASK_LETTER = "Answer with the letter of the right option."
ASK_NUMBER = "Answer with one number, without a unit."

FILES = ("test.jsonl", "test-*.parquet", "test.parquet")
_LETTERED = re.compile(r"^\(?[A-Z][.)]\s*")


def open_vsibench(settings: VSIBenchTasks) -> list[RecordedTask]:
    """Open VSI-Bench's kinds of question.

    Raises:
        TaskError: a name is unknown, the questions are not there, or videos are missing.
    """
    names = list(KINDS) if settings.names == "all" else list(settings.names)
    for name in names:
        if name not in KINDS:
            raise TaskError(f"unknown kind of question {name!r}; {nearest(name, KINDS)}")
    videos = Path(settings.videos or settings.path).expanduser()
    if not videos.is_dir():
        raise TaskError(
            f"there is no folder of videos {str(videos)!r}",
            hint="give videos: a folder with scannet/, scannetpp/ and arkitscenes/, from the dataset's archives",
        )
    by_kind: dict[str, list[Example]] = {}
    for place, row in _rows(settings):
        if row.get("question_type") in names:
            by_kind.setdefault(row["question_type"], []).append(_example(row, videos, settings, place))
    empty = [name for name in names if name not in by_kind]
    if empty:
        raise TaskError(
            f"there is no question of the kind {empty[0]!r}",
            where=settings.path,
            hint=f"name kinds that there are: {', '.join(by_kind) or 'none'}",
        )
    return [
        _VideoTask(task=_describe(name, by_kind[name]), train=None, validation=_Read(by_kind[name])) for name in names
    ]


class _VideoTask(RecordedTask):
    def check(self, split: Split, count: int | None) -> None:
        """Open every video once; decoding all frames of all questions would take as long as asking them."""
        frames = [example.images[0] for example in self.read(split, count)]
        for path in sorted({frame.path for frame in frames if isinstance(frame, VideoFrame)}):
            check_video(path)


@dataclass(frozen=True, slots=True, eq=False)
class _Read:
    examples: list[Example]

    def __call__(self, count: int | None) -> list[Example]:
        return self.examples[:count]


def _rows(settings: VSIBenchTasks) -> Iterator[PlacedRow]:
    folder = Path(settings.path).expanduser()
    if not folder.is_dir():
        yield from read_hub_rows(settings.path, None, "test", settings.revision)
        return
    files = next((found for pattern in FILES if (found := sorted(folder.glob(pattern)))), None)
    if files is None:
        raise TaskError(
            "this is not VSI-Bench: there is no test.jsonl and no test-*.parquet",
            where=str(folder),
            hint="hf download --repo-type dataset nyu-visionx/VSI-Bench --local-dir DIR, and unpack its archives",
        )
    for file in files:
        yield from read_rows(file)


def _example(row: Row, videos: Path, settings: VSIBenchTasks, place: str) -> Example:
    missing = [key for key in ("id", "dataset", "scene_name", "question", "ground_truth") if row.get(key) is None]
    if missing:
        raise TaskError(f"the question has no {missing[0]}", where=place, hint=AS_PUBLISHED)
    _, metric = KINDS[row["question_type"]]
    choices = tuple(_LETTERED.sub("", option) for option in listed_choices(row.get("options"), place))
    answer = str(row["ground_truth"]).strip()
    if (metric == "accuracy") != bool(choices):
        raise TaskError(
            f"a question of the kind {row['question_type']} with {len(choices)} options", where=place, hint=AS_PUBLISHED
        )
    if choices:
        answer = f"({answer.strip('().')})"
        if answer not in option_letters(len(choices)):
            raise TaskError(
                f"the answer {row['ground_truth']!r} is not among the options", where=place, hint=AS_PUBLISHED
            )
    asked = lay_out_prompt(f"{OPENING}\n{row['question']}", choices)
    return Example(
        id=str(row["id"]),
        images=_frames(row, videos, settings, place),
        prompt=f"{asked}\n{ASK_LETTER if choices else ASK_NUMBER}",
        choices=choices,
        answer=answer,
    )


def _frames(row: Row, videos: Path, settings: VSIBenchTasks, place: str) -> tuple[VideoFrame, ...]:
    names = (str(row["dataset"]), f"{row['scene_name']}.mp4")
    video = videos.joinpath(*names)
    if any(Path(name).name != name for name in names) or not video.is_file():
        raise TaskError(
            f"there is no video {'/'.join(names)}",
            where=place,
            hint=f"videos are read from {videos}; unpack {names[0]}.zip there",
        )
    return tuple(VideoFrame(video, number, settings.frames, settings.frame_side) for number in range(settings.frames))


def _describe(name: str, examples: list[Example]) -> Task:
    abbreviation, metric = KINDS[name]
    described = describe_task(name, examples, metric if metric == "mra" else None)
    return replace(described, abbreviation=abbreviation, level="high", granularity="image")


def overall_score(by_kind: Mapping[str, float]) -> float | None:
    """The overall score: the mean of eight, the three directions averaged first; None where a kind is missing.

    >>> overall_score({name: 0.5 for name in KINDS})
    0.5
    """
    if any(name not in by_kind for name in KINDS):
        return None
    plain = [by_kind[name] for name in KINDS if name not in DIRECTIONS]
    return mean([*plain, mean(by_kind[name] for name in DIRECTIONS)])


@dataclass(frozen=True, slots=True, kw_only=True)
class OverallScore:
    """VSI-Bench's result of one model."""

    model: str
    source: str
    control: str | None
    seed: int | None
    fraction: float
    by_kind: dict[str, float]
    unread: float
    """Share of replies that could not be read, which score 0."""
    overall: float | None
    """None where a kind of question was not asked."""


def overall_scores(scores: pa.Table) -> list[OverallScore]:
    """Compute VSI-Bench's result of every model, base and finetuned, that wrote its answers.

    Args:
        scores: a study's, in `SCORE_SCHEMA`. Only the generate protocol counts: numbers have no letters.
    """
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in scores.to_pylist():
        if row["protocol"] == "generate" and row["target"] in KINDS:
            key = (row["model"], row["source"], row["control"], row["seed"], row["fraction"])
            groups.setdefault(key, []).append(row)
    return [_overall(key, rows) for key, rows in groups.items()]


def _overall(key: tuple[Any, ...], rows: Iterable[dict[str, Any]]) -> OverallScore:
    model, source, control, seed, fraction = key
    kept = list(rows)
    by_kind: dict[str, float] = {}
    for name in KINDS:
        values = [row["score"] for row in kept if row["target"] == name]
        if values:
            by_kind[name] = mean(values)
    return OverallScore(
        model=model,
        source=source,
        control=control,
        seed=seed,
        fraction=fraction,
        by_kind=by_kind,
        unread=mean(row["parse"] != "parsed" for row in kept),
        overall=overall_score(by_kind),
    )
