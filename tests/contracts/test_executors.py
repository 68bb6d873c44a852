"""The laws of every executor. Jobs here are arithmetic, so that only the executor is on trial."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from spillover.core.errors import SpilloverError
from spillover.study.executors.executor import (
    JobFailed,
    JobFinished,
    JobKept,
    JobMoved,
    JobProgressed,
    JobStarted,
    JobStopped,
)
from spillover.study.executors.local import LocalExecutor


@dataclass(frozen=True)
class Sum:
    key: str
    needs: tuple[str, ...] = ()
    deed: str = "add"


def start_worker(device):
    def work(job, numbers, report):
        report(1, 2)
        report.keep(job.key.encode())
        match job.deed:
            case "complain":
                raise SpilloverError("a user can mend this")
            case "stumble":
                raise ZeroDivisionError("ours")
            case "die":
                os.kill(os.getpid(), signal.SIGKILL)
            case "sleep":
                time.sleep(60)
            case "go on":
                while not report.stopping:
                    time.sleep(0.01)
                report.keep(b"so far")
                raise JobStopped
        return sum(numbers), os.getpid(), device

    return work


def two_processes(_):
    return LocalExecutor(("cpu", "cpu"))


def one_process(_):
    return LocalExecutor(("cpu",))


def ray_cluster(request):
    from spillover.study.executors.ray import RayExecutor

    return RayExecutor(address=request.getfixturevalue("cluster").address)


@pytest.fixture(params=[two_processes, one_process, pytest.param(ray_cluster, marks=pytest.mark.ray)])
def executor(request):
    return request.param(request)


def run(executor, jobs):
    results = {}

    def input_of(job):
        return [1, *(results[need][0] for need in job.needs if need in results)]

    events = []
    for event in executor.run(jobs, start_worker, input_of):
        events.append(event)
        if isinstance(event, JobFinished):
            results[event.job.key] = event.result
    return events, results


def failures(events):
    return {event.job.key: event for event in events if isinstance(event, JobFailed)}


def test_every_job_runs_once_after_what_it_needs(executor):
    jobs = [Sum("c", ("a", "b")), Sum("a"), Sum("b", ("a",)), Sum("d", ("elsewhere",))]
    events, results = run(executor, jobs)
    assert {key: result[0] for key, result in results.items()} == {"a": 1, "b": 2, "c": 4, "d": 1}
    begun = {event.job.key: (event.process, event.host) for event in events if isinstance(event, JobStarted)}
    assert begun == {key: (result[1], socket.gethostname()) for key, result in results.items()}
    assert any(isinstance(event, JobProgressed) and (event.done, event.total) == (1, 2) for event in events)
    assert sorted(event.state for event in events if isinstance(event, JobKept)) == [b"a", b"b", b"c", b"d"]


@pytest.mark.parametrize(
    ("deed", "message", "ours"),
    [("complain", "a user can mend this", False), ("stumble", "ZeroDivisionError", True), ("die", "SIGKILL", False)],
)
def test_a_failure_ends_its_dependents_and_nothing_else(executor, deed, message, ours):
    jobs = [
        Sum("bad", deed=deed),
        Sum("child", ("bad",)),
        Sum("grandchild", ("child",)),
        Sum("good"),
        Sum("late", ("good",)),
    ]
    events, results = run(executor, jobs)
    assert set(results) == {"good", "late"}
    failed = failures(events)
    assert set(failed) == {"bad", "child", "grandchild"}
    assert message in str(failed["bad"].error)
    tries = 3 if deed == "die" else 1
    assert [event.job.key for event in events if isinstance(event, JobMoved)] == ["bad"] * (tries - 1)
    assert (failed["bad"].details is not None) == ours


def test_a_job_whose_worker_is_killed_goes_on_in_another_from_what_it_has_kept(executor):
    kept, events = {}, []
    for event in executor.run([Sum("a")], start_going_on, lambda job: kept.get(job.key)):
        events.append(event)
        if isinstance(event, JobKept):
            kept[event.job.key] = event.state
            kill(events[0].process)
    assert [type(event) for event in events] == [JobStarted, JobKept, JobMoved, JobStarted, JobFinished]
    first, _, moved, second, finished = events
    assert "SIGKILL" in moved.error.message
    assert first.process != second.process
    assert finished.result == b"half"


def start_going_on(_):
    """Make a worker that is done only with what another has kept."""

    def work(_, begun, report):
        if begun is None:
            report.keep(b"half")
            time.sleep(60)
        return begun

    return work


def test_an_input_that_cannot_be_made_fails_its_job_alone(executor):
    def input_of(job):
        if job.key == "bad":
            raise SpilloverError("gone")
        return [1]

    events = list(executor.run([Sum("bad"), Sum("good")], start_worker, input_of))
    assert set(failures(events)) == {"bad"}
    assert [event.job.key for event in events if isinstance(event, JobFinished)] == ["good"]


def test_leaving_the_iteration_stops_all_work(executor):
    events = executor.run([Sum("long", deed="sleep"), Sum("other", deed="sleep")], start_worker, lambda _: [1])
    next(events)
    started = time.monotonic()
    events.close()
    assert time.monotonic() - started < 30


def test_asked_to_stop_it_begins_nothing_and_keeps_what_runs(executor):
    jobs = [Sum("done"), Sum("long", ("done",), deed="go on"), Sum("never", ("long",))]
    events = []
    for event in executor.run(jobs, start_worker, lambda _: [1], lambda: JobKept(jobs[1], b"long") in events):
        events.append(event)
    assert [event.job.key for event in events if isinstance(event, JobFinished)] == ["done"]
    assert [event.job.key for event in events if isinstance(event, JobStarted)] == ["done", "long"]
    assert events[-1] == JobKept(jobs[1], b"so far")


def test_asked_to_stop_at_once_it_begins_nothing(executor):
    assert list(executor.run([Sum("a")], start_worker, lambda _: [1], lambda: True)) == []


def test_no_jobs_are_no_work(executor):
    assert list(executor.run([], start_worker, lambda _: None)) == []


def test_a_worker_that_dies_while_idle_costs_no_job(executor):
    """Whatever kills it, its seat is taken by another process, and the job that it would have got is done there."""
    jobs = [Sum("first"), Sum("second", ("first",)), Sum("third", ("second",))]
    results = {}
    for event in executor.run(jobs, start_worker, lambda _: [1]):
        if isinstance(event, JobFinished):
            results[event.job.key] = event.result
            kill(event.result[1])  # the worker is idle now: its next job is handed out after this event
        assert not isinstance(event, JobFailed), event.error
    assert set(results) == {"first", "second", "third"}


def kill(process):
    os.kill(process, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and Path(f"/proc/{process}/stat").exists():
        if Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
            return
        time.sleep(0.01)


def test_a_worker_that_is_killed_in_the_middle_of_a_message_costs_no_job():
    """As where it hands over a large state: the driver has read its beginning."""
    processes = []
    for event in LocalExecutor(("cpu",)).run([Sum("a")], start_keeping_much, lambda _: None):
        if isinstance(event, JobStarted):
            processes.append(event.process)
            time.sleep(0.5)  # until the pipe is full
            if len(processes) == 1:
                kill(event.process)
    assert isinstance(event, JobFinished)
    assert len(processes) == 2


def start_keeping_much(_):
    """Make a worker whose state is more than a pipe takes at once."""
    return lambda _, __, report: report.keep(bytes(50_000_000))


@pytest.mark.parametrize(("processes", "advice"), [(1, "free some"), (2, "set executor.processes lower")])
def test_a_job_that_is_given_up_comes_with_advice_that_can_be_followed(processes, advice):
    jobs = [Sum("bad", deed="die"), Sum("good")]
    events, _ = run(LocalExecutor(("cpu",) * processes), jobs)
    assert failures(events)["bad"].error.message == "its process was killed by SIGKILL; it was tried 3 times"
    assert advice in failures(events)["bad"].error.hint


def test_a_worker_leaves_sigterm_to_the_driver():
    """A scheduler may send it to every process of a job."""
    jobs = [Sum("long", deed="go on")]
    events = []

    def stop():
        return any(isinstance(event, JobKept) for event in events)

    for event in LocalExecutor(("cpu",)).run(jobs, start_worker, lambda _: [1], stop):
        events.append(event)
        for child in multiprocessing.active_children():
            os.kill(child.pid, signal.SIGTERM)
    assert events[-1] == JobKept(jobs[0], b"so far")


def test_ctrl_c_while_a_worker_starts_is_held_back_not_lost(monkeypatch):
    """The driver hears it as soon as the worker has started."""
    start = BaseProcess.start

    def start_and_interrupt(process):
        os.kill(os.getpid(), signal.SIGINT)
        start(process)

    monkeypatch.setattr(BaseProcess, "start", start_and_interrupt)
    with pytest.raises(KeyboardInterrupt):
        list(LocalExecutor(("cpu",)).run([Sum("a")], start_worker, lambda _: [1]))


def test_workers_of_a_driver_that_was_killed_end_without_a_word():
    """They may be in the middle of telling how far they are, and nobody hears it any more."""
    code = """
import os, signal
from tests.contracts.test_executors import Sum, start_telling
from spillover.study.executors.executor import JobProgressed
from spillover.study.executors.local import LocalExecutor
if __name__ == "__main__":
    for event in LocalExecutor(("cpu", "cpu")).run([Sum("a"), Sum("b")], start_telling, lambda _: None):
        if isinstance(event, JobProgressed):
            os.kill(os.getpid(), signal.SIGKILL)
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert (ended.returncode, ended.stderr) == (-signal.SIGKILL, "")


def start_telling(_):
    """Make a worker that tells again and again how far it is."""

    def work(_, __, report):
        while True:
            report(1, 2)

    return work
