import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from rich.console import Console
from tests.conftest import small_study
from tests.unit.study.made_up import outcome

from spillover.cli import status as status_module
from spillover.cli.main import run_command
from spillover.core.errors import SpilloverError
from spillover.study import job_log as job_log_module
from spillover.study.executors.executor import JobFailed, JobFinished, JobKept, JobProgressed, JobStarted
from spillover.study.executors.queue import JobQueue
from spillover.study.job_log import JobLog, job_log, last_heard
from spillover.study.preparing import prepare


@pytest.fixture
def prepared(tmp_path):
    prepared = prepare(small_study(tmp_path / "small"))
    prepared.store.begin(prepared.plan)
    return prepared


def test_a_persons_lines_tell_a_jobs_whole_story(prepared, monkeypatch):
    monkeypatch.setattr(job_log_module, "PROGRESS_EVERY_S", 0)
    job, folder = prepared.jobs[1], prepared.store.folder
    with JobLog(folder) as log:
        for event in (
            JobStarted(job, 3, 4711, "node-7"),
            JobProgressed(job, 2, 4),
            JobKept(job, b"x"),
            JobFinished(job, outcome(job)),
        ):
            log.tell(event)
    first, *lines = job_log(folder, job.key).read_text().splitlines()
    assert first == job.label
    assert lines[0].endswith(f"; driver: process {os.getpid()} on {socket.gethostname()}")
    for line, word in zip(
        lines,
        ["begun by worker 3, process 4711 on node-7; driver: process", "2 of 4", "kept", "done in 1 s"],
        strict=True,
    ):
        assert word in line


def test_progress_is_not_told_at_every_step(prepared):
    job, folder = prepared.jobs[1], prepared.store.folder
    with JobLog(folder) as log:
        log.tell(JobStarted(job, 0, 4711, "node-7"))
        for done in range(1000):
            log.tell(JobProgressed(job, done, 1000))
    assert len(job_log(folder, job.key).read_text().splitlines()) == 3


def test_what_runs_is_told_from_what_has_failed_and_what_was_left(prepared):
    runs, fails, left, new = prepared.jobs[:4]
    folder = prepared.store.folder
    log = JobLog(folder)
    with JobLog(folder) as ended:
        ended.tell(JobStarted(left, 0, 4711, "node-7"))
    log.tell(JobStarted(runs, 0, 4711, "node-7"))
    log.tell(JobFailed(fails, SpilloverError("too large", hint="buy more"), "Traceback:\n  line"))
    os.utime(job_log(folder, runs.key), (0, time.time() - 60))
    heard = last_heard(folder, [runs, fails, left, new])
    assert set(heard) == {runs.key, fails.key}
    assert not heard[runs.key].failed
    assert heard[runs.key].seconds_ago == pytest.approx(60, abs=30)
    assert (heard[fails.key].failed, heard[fails.key].said) == (True, "too large")


def test_status_says_what_runs_and_what_has_failed(prepared, capsys):
    runs, fails = prepared.jobs[:2]
    log = JobLog(prepared.store.folder)
    log.tell(JobStarted(runs, 0, 4711, "node-7"))
    log.tell(JobFailed(fails, SpilloverError("too large")))
    folder = str(prepared.store.folder)
    assert run_command(["status", folder]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert f"running: {runs.label}: begun by worker 0" in said
    assert f"failed: {fails.label}: too large" in said
    assert f"to do: {prepared.jobs[2].label}" in said
    assert run_command(["status", folder, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert [each["job"] for each in facts["running"]] == [runs.label]
    assert [each["job"] for each in facts["failed"]] == [fails.label]


def test_status_says_of_a_done_job_whose_file_is_damaged_that_it_will_be_done_again(prepared, capsys):
    job, store = prepared.jobs[0], prepared.store
    with JobLog(store.folder) as log:
        log.tell(JobStarted(job, 0, 4711, "node-7"))
        store.record(outcome(job), {})
        log.tell(JobFinished(job, outcome(job)))
    assert run_command(["status", str(store.folder)]) == 0
    assert f": {job.label}\n" not in capsys.readouterr().out
    for file in store.folder.glob(f"*/{job.key}.parquet"):
        file.write_bytes(b"")
    assert run_command(["status", str(store.folder)]) == 0
    said = capsys.readouterr().out
    assert f"to do again: {job.label}: it was done " in said
    assert "its result is damaged or gone" in said
    assert f"running: {job.label}" not in said
    assert run_command(["status", str(store.folder), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert [each["job"] for each in facts["damaged"]] == [job.label]
    assert facts["running"] == facts["lost"] == facts["failed"] == []


def test_a_job_that_is_recorded_while_status_looks_is_not_taken_for_damaged(prepared, monkeypatch, capsys):
    job, store = prepared.jobs[0], prepared.store

    def finish_and_read(*given):
        store.record(outcome(job), {})
        with JobLog(store.folder) as log:
            log.tell(JobStarted(job, 0, 4711, "node-7"))
            log.tell(JobFinished(job, outcome(job)))
        return last_heard(*given)

    monkeypatch.setattr(status_module, "last_heard", finish_and_read)
    assert run_command(["status", str(store.folder)]) == 0
    said = capsys.readouterr().out
    assert f"to do: {job.label}\n" not in said
    assert "to do again" not in said
    assert "done in" not in said


def test_status_says_that_a_job_is_to_do_whose_need_has_failed_and_runs_again(prepared, capsys):
    evaluation = next(job for job in prepared.jobs if job.needs)
    need = next(job for job in prepared.jobs if job.key in evaluation.needs)
    folder = prepared.store.folder
    queue = JobQueue([evaluation])
    log = JobLog(folder)
    for event in queue.fail(need, SpilloverError("too large")):
        log.tell(event)
    assert run_command(["status", str(folder)]) == 0
    assert f"failed: {evaluation.label}: a job that it needs has failed" in capsys.readouterr().out
    log.tell(JobStarted(need, 0, 4711, "node-7"))
    assert run_command(["status", str(folder)]) == 0
    said = capsys.readouterr().out
    assert f"running: {need.label}" in said
    assert f"to do: {evaluation.label}" in said
    assert "failed" not in said


@pytest.fixture
def ended():
    """A process that is no more."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def begin(prepared, monkeypatch, process, host):
    """Let a driver begin the first job, and say no more."""
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(os, "getpid", lambda: process)
        elsewhere.setattr(socket, "gethostname", lambda: host)
        JobLog(prepared.store.folder).tell(JobStarted(prepared.jobs[0], 0, 4711, "node-7"))


def test_a_driver_that_was_killed_on_this_machine_is_told_from_one_that_runs(prepared, monkeypatch, capsys, ended):
    begin(prepared, monkeypatch, ended, socket.gethostname())
    label, folder = prepared.jobs[0].label, str(prepared.store.folder)
    assert run_command(["status", folder]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert f"not running: {label}: begun by worker 0" in said
    assert f"its driver, process {ended} on {socket.gethostname()}, has ended" in said
    assert run_command(["status", folder, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["running"] == []
    assert [(each["job"], each["driver"]["has_ended"]) for each in facts["lost"]] == [(label, True)]


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the system does not tell when a process began")
def test_a_process_that_has_a_dead_drivers_number_is_not_taken_for_it(prepared, monkeypatch):
    begin(prepared, monkeypatch, os.getpid(), socket.gethostname())
    job, folder = prepared.jobs[0], prepared.store.folder
    assert not last_heard(folder, [job])[job.key].has_ended
    file = job_log(folder, job.key)
    begun = file.read_text()
    file.write_text(re.sub(r"(?m)^20\d\d-", "2001-", begun))  # before this process began
    assert last_heard(folder, [job])[job.key].has_ended
    file.write_text(f"{begun.rstrip()}, since 4711 ticks after boot\n")  # as earlier versions wrote it
    assert (heard := last_heard(folder, [job])[job.key]).process == os.getpid()
    assert (heard.host, heard.has_ended) == (socket.gethostname(), False)


def test_a_driver_on_another_machine_counts_as_running_until_it_was_silent_for_long(prepared, monkeypatch, ended):
    begin(prepared, monkeypatch, ended, "elsewhere")
    job, folder = prepared.jobs[0], prepared.store.folder
    assert not last_heard(folder, [job])[job.key].is_lost
    os.utime(job_log(folder, job.key), (0, time.time() - 3600))
    heard = last_heard(folder, [job])[job.key]
    assert (heard.is_lost, heard.has_ended) == (True, False)


def test_watching_ends_when_nothing_will_change(prepared, monkeypatch, capsys, ended):
    monkeypatch.setattr(status_module, "WATCH_EVERY_S", 0.05)
    monkeypatch.setattr(status_module, "WATCHED_IDLE_S", 0.2)
    begin(prepared, monkeypatch, ended, socket.gethostname())
    JobLog(prepared.store.folder).tell(JobFailed(prepared.jobs[1], SpilloverError("too large")))
    assert run_command(["status", str(prepared.store.folder), "--watch"]) == 0
    assert "nothing is running" in capsys.readouterr().out


@pytest.mark.parametrize("terminal", [True, False])
def test_watching_goes_on_while_something_runs(prepared, monkeypatch, capsys, terminal):
    monkeypatch.setattr(Console, "is_terminal", terminal)
    monkeypatch.setattr(status_module, "WATCH_EVERY_S", 0.05)
    monkeypatch.setattr(status_module, "WATCHED_IDLE_S", 0.2)
    begin(prepared, monkeypatch, os.getpid(), socket.gethostname())
    finish = threading.Timer(1.0, lambda: [prepared.store.record(outcome(job), {}) for job in prepared.jobs])
    finish.start()
    assert run_command(["status", str(prepared.store.folder), "--watch"]) == 0
    finish.join()
    said = capsys.readouterr().out
    if terminal:
        assert "done" in said.split()
    else:
        first, second, *_, last, then = lines = said.splitlines()
        assert (first, second) == (
            "small: 0 of 2 finetunes done, 0 of 3 evaluations",
            f"running: {prepared.jobs[0].label}",
        )
        assert last == "small: 2 of 2 finetunes done, 3 of 3 evaluations"
        assert then == f"done: spillover run {prepared.store.folder} analyses it"
        assert len(set(lines)) == len(lines), "a line is there to tell a change"


def test_of_many_jobs_the_first_are_shown_and_json_has_all(tmp_path, capsys):
    prepared = prepare(small_study(tmp_path / "small", seeds=list(range(10))))
    prepared.store.begin(prepared.plan)
    assert run_command(["status", str(prepared.store.folder)]) == 0
    title, *lines, then = capsys.readouterr().out.splitlines()
    assert title == "small: 0 of 20 finetunes done, 0 of 21 evaluations"
    assert then == f"nothing is running: spillover run {prepared.store.folder} goes on"
    assert len(lines) == 6
    assert lines[-1] == "  to do: 36 more"
    assert run_command(["status", str(prepared.store.folder), "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["pending"]) == 41


def test_watching_ends_when_another_process_has_done_the_last_job(prepared, capsys, monkeypatch):
    monkeypatch.setattr(status_module, "WATCH_EVERY_S", 0.05)

    def finish():
        for job in prepared.jobs:
            time.sleep(0.1)
            prepared.store.record(outcome(job), {})

    other = threading.Thread(target=finish)
    other.start()
    assert run_command(["status", str(prepared.store.folder), "--watch"]) == 0
    other.join()
    said = capsys.readouterr().out
    assert "2 of 2" in said
    assert "3 of 3" in said
    assert "done" in said


def test_watching_is_for_people(prepared, capsys):
    assert run_command(["status", str(prepared.store.folder), "--watch", "--json"]) == 2
    assert "--json is not" in capsys.readouterr().err


def test_what_a_log_says_does_not_steer_the_terminal(prepared, capsys):
    job, folder = prepared.jobs[0], prepared.store.folder
    JobLog(folder).tell(JobFailed(job, SpilloverError("\x1b[2J and \x9b2J")))
    for options in ([], ["--json"]):
        assert run_command(["status", str(folder), *options]) == 0
        said = capsys.readouterr().out
        assert "�[2J and �2J" in said
        assert "\x1b" not in said
