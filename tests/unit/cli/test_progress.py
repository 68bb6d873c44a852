from io import StringIO
from types import SimpleNamespace

from rich.console import Console

from spillover.cli.progress import StudyProgress
from spillover.core.errors import SpilloverError
from spillover.study.executors.executor import JobFinished, JobMoved, JobProgressed, JobStarted

JOB = SimpleNamespace(key="a", label="finetune tiny on Counting, seed 0")
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


def test_a_lost_worker_is_told_where_lines_are_kept():
    lost, done = shown(force_terminal=False).splitlines()
    assert lost.startswith(f"to be begun again by another worker: {JOB.label}: its worker (process 4711 on node-7)")
    assert done == f"[1/1] done in 2 s: {JOB.label}"


def test_a_lost_worker_is_told_in_yellow_above_the_bars_of_a_terminal():
    said = shown(force_terminal=True, color_system="standard")
    assert "\x1b[33mto be begun again by another worker" in said
