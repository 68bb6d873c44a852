import re
from datetime import datetime
from io import StringIO
from types import SimpleNamespace

from rich.console import Console

from spillover.cli import progress as progress_module
from spillover.cli.progress import StudyProgress
from spillover.core.errors import SpilloverError
from spillover.study.executors.executor import JobFinished, JobMoved, JobProgressed, JobStarted

JOB = SimpleNamespace(key="a", label="evaluate tiny on Counting, seed 0")
MOVED = (
    JobStarted(JOB, 0, 4711, "node-7"),
    JobProgressed(JOB, 3, 8),
    JobMoved(JOB, SpilloverError("its worker (process 4711 on node-7) has vanished")),
    JobStarted(JOB, 1, 4712, "node-8"),
    JobProgressed(JOB, 1, 8),
    JobFinished(JOB, SimpleNamespace(duration_s=2.0)),
)


def shown(**console):
    stream = StringIO()
    with StudyProgress(Console(file=stream, width=200, **console), 1) as progress:
        for event in MOVED:
            progress.show(event)
    return stream.getvalue()


def test_without_a_terminal_dated_lines_tell_what_begins_how_it_stands_what_is_lost_and_what_is_done(monkeypatch):
    monkeypatch.setattr(progress_module, "TOLD_EVERY_S", 0)
    lines = [line.split(" ", 2) for line in shown(force_terminal=False).splitlines()]
    assert all(datetime.fromisoformat(f"{date} {time}") for date, time, _ in lines)
    assert [line for *_, line in lines] == [
        f"begun: {JOB.label}",
        f"example 3 of 8: {JOB.label}",
        f"to be begun again by another worker: {JOB.label}: its worker (process 4711 on node-7) has vanished",
        f"begun: {JOB.label}",
        f"example 1 of 8: {JOB.label}",
        f"[1/1] done in 2 s: {JOB.label}",
    ]


def test_how_it_stands_is_not_told_at_every_step():
    assert "of 8" not in shown(force_terminal=False)


def test_a_lost_worker_is_told_in_yellow_above_the_bars_of_a_terminal():
    said = shown(force_terminal=True, color_system="standard")
    assert re.search(r"\x1b\[33m\S+ \S+ to be begun again by another worker", said)
