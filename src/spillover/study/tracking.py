"""Curves of a finetune for TensorBoard, step by step as it goes. They are also in `logs/*.parquet` once it is done."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from spillover.models.finetuning import TrainingStep
from spillover.study.plan import Finetune

ROOM = "tensorboard"
"""Of a study's folder."""


@contextmanager
def follow(job: Finetune, folder: Path, *, goes_on: bool) -> Generator[Callable[[TrainingStep], None]]:
    """Write the curves of a finetune while it runs.

    Args:
        job: what is trained.
        folder: the study's.
        goes_on: whether an unfinished finetune goes on, whose curves are kept; else those of before are replaced.

    Yields:
        What takes each step.
    """
    # an extra, loaded only where it is wished
    from tensorboard.compat.proto.event_pb2 import Event  # noqa: PLC0415 # pyright: ignore
    from tensorboard.compat.proto.summary_pb2 import Summary  # noqa: PLC0415 # pyright: ignore
    from tensorboard.summary.writer import event_file_writer as events  # noqa: PLC0415 # pyright: ignore[reportMissingImports]

    run = run_folder(job, folder)
    if not goes_on:
        shutil.rmtree(run, ignore_errors=True)
    writer = events.EventFileWriter(str(run), flush_secs=10)

    def take(step: TrainingStep) -> None:
        values = [Summary.Value(tag=name, simple_value=value) for name, value in asdict(step).items() if name != "step"]
        writer.add_event(Event(wall_time=time.time(), step=step.step, summary=Summary(value=values)))

    try:
        yield take
    finally:
        writer.close()


def run_folder(job: Finetune, folder: Path) -> Path:
    """Where the curves of a finetune are: under a name that people can read, and of no other finetune."""
    parts = [job.source, *([job.control] if job.control else []), f"seed{job.seed}", job.adapter_key[:8]]
    return folder / ROOM / _plain(job.model) / _plain("-".join(parts))


def _plain(name: str) -> str:
    return re.sub(r"[^\w-]", "_", name)
