"""What a study's folder has lost beside its scores, adapters and the logs of trainings, and how it is had again.

An adapter may also have been removed on purpose, to save disk: a study that is asked nothing more needs none.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from spillover.analysis.warned import Warned
from spillover.study.plan import Evaluate
from spillover.study.store import Store

SHOWN = 3
"""Of what is lost, so many are told at most, and how many more there are."""


def warn_of_lost_adapters(store: Store, lost: Sequence[Evaluate]) -> Iterator[Warned]:
    """Warn of adapters that are damaged or gone.

    Args:
        store: the study's.
        lost: evaluations, which are done, of these adapters.
    """
    for job in lost[:SHOWN]:
        state = _state(store.adapter(job.adapter_key, job.step or 0))
        text = (
            f"{_title(job)}: its adapter is {state}, so its weights are compared with none. Its scores hold. Put back "
            f"a copy, or {_have_again(store, job)}"
        )
        yield Warned(kind="damaged_adapter", tasks=(job.source,), text=text)
    yield from _warn_of_more("damaged_adapter", "adapters are", lost[SHOWN:])


def warn_of_lost_logs(store: Store, lost: Sequence[Evaluate]) -> Iterator[Warned]:
    """Warn of logs of trainings that are damaged or gone.

    Args:
        store: the study's.
        lost: evaluations, which are done, of the adapters that were trained.
    """
    for job in lost[:SHOWN]:
        log = store.folder / "logs" / f"{job.needs[0]}.parquet"
        text = (
            f"{_title(job)}: the log of its training is {_state(log)}, so its curve is left out, and its steps and "
            f"learning rate are not compared. Its scores hold. Put back a copy, or {_have_again(store, job, log)}"
        )
        yield Warned(kind="damaged_log", tasks=(job.source,), text=text)
    yield from _warn_of_more("damaged_log", "logs of trainings are", lost[SHOWN:])


def _warn_of_more(kind: str, what: str, lost: Sequence[Evaluate]) -> Iterator[Warned]:
    if lost:
        tasks = tuple(dict.fromkeys(job.source for job in lost))
        yield Warned(kind=kind, tasks=tasks, text=f"{len(lost)} more {what} damaged or gone")


def _have_again(store: Store, job: Evaluate, *more: Path) -> str:
    """Advice: a training is repeated only where its adapter is gone and something is to be asked of it."""
    files = [store.adapter(job.adapter_key, job.step or 0), *store.score_files(job), *more]
    there = " ".join(str(file.relative_to(store.folder)) for file in files if os.path.lexists(file))
    return f"have it made and asked again: in the study's folder, rm -r {there}; then spillover run"


def _state(file: Path) -> str:
    return "damaged" if os.path.lexists(file) else "gone"


def _title(job: Evaluate) -> str:
    return f"{job.source}{f' ({job.control})' if job.control else ''}, seed {job.seed}"
