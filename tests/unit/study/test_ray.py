"""What is Ray's alone; the laws of every executor stand in tests/contracts/test_executors.py."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from operator import attrgetter

import pytest
import yaml
from tests.conftest import small_study

import spillover
from spillover.core.errors import SpilloverError
from spillover.study.executors.executor import JobFinished, JobKept, JobMoved, JobStarted

pytestmark = pytest.mark.ray


@dataclass(frozen=True)
class Deed:
    key: str
    model: str = "a"
    needs: tuple[str, ...] = ()


def go_on_or_wait(_):
    """Tell where it runs, and end only if it goes on from what another has kept."""
    import ray

    def work(_, begun, report):
        if begun is None:
            report.keep(ray.get_runtime_context().get_node_id().encode())
            time.sleep(300)
        return begun

    return work


def say_where(device):
    time.sleep(0.2)  # so that one worker does not do everything
    return lambda *_: (os.getpid(), device, os.environ.get("CUDA_VISIBLE_DEVICES"))


class CannotArrive:
    """Fails where it is unpickled, like a start_worker whose package a node lacks."""

    def __reduce__(self):
        return __import__, ("a_package_that_is_not_there",)


@pytest.fixture
def executor(cluster):
    from spillover.study.executors.ray import RayExecutor

    def make(**settings):
        return RayExecutor(address=cluster.address, **settings)

    return make


def test_a_job_whose_node_is_lost_goes_on_elsewhere_from_what_it_has_kept(cluster, executor):
    extra = cluster.add_node(num_cpus=1, resources={"extra": 1}, object_store_memory=100 << 20)
    kept, events = {}, []
    for event in executor(workers=3).run([Deed("a"), Deed("b"), Deed("c")], go_on_or_wait, lambda j: kept.get(j.key)):
        events.append(event)
        if isinstance(event, JobKept):
            kept[event.job.key] = event.state
            if len(kept) == 3:
                lost = next(key for key, node in kept.items() if node.decode() == extra.node_id)
                cluster.remove_node(extra, allow_graceful=False)
        if isinstance(event, JobMoved):
            break
    assert event.job.key == lost
    started = {event.job.key: event for event in events if isinstance(event, JobStarted)}
    assert f"process {started[lost].process} on {socket.gethostname()}) has vanished" in event.error.message
    assert len(started) == 3


def test_a_worker_prefers_jobs_for_what_it_has_loaded(executor):
    jobs = [Deed(str(number), model="ab"[number % 2]) for number in range(8)]
    by_worker = {}
    for event in executor(affinity=attrgetter("model")).run(jobs, say_where, lambda _: None):
        if isinstance(event, JobFinished):
            by_worker.setdefault(event.result[0], []).append(event.job.model)
    for models in by_worker.values():
        changes = sum(first != second for first, second in pairwise(models))
        assert changes <= 1


def test_workers_share_a_gpu_or_have_several_and_see_no_others(executor):
    """Ray hands out GPUs by their numbers; these are not real."""
    for gpus, cpus, workers, seen in ((0.5, 0.25, 4, {"0", "1"}), (2, 1, 1, {"0,1"})):
        jobs = [Deed(str(number)) for number in range(8)]
        run = executor(device="cuda:0", gpus=gpus, cpus=cpus).run(jobs, say_where, lambda _: None)
        results = [event.result for event in run if isinstance(event, JobFinished)]
        assert len({pid for pid, *_ in results}) <= workers
        assert {device for _, device, _ in results} == {"cuda:0"}
        assert {visible for *_, visible in results} <= seen


def test_a_cluster_without_room_says_what_is_missing(executor):
    with pytest.raises(SpilloverError, match="1 CPU and 64 GPU"):
        list(executor(gpus=64).run([Deed("a")], say_where, lambda _: None))


def test_workers_that_cannot_be_started_end_the_run(executor):
    with pytest.raises(SpilloverError, match="installed on every node"):
        list(executor(workers=1).run([Deed("a")], CannotArrive(), lambda _: None))


def test_an_address_where_no_cluster_is_is_said():
    from spillover.study.executors.ray import RayExecutor

    with pytest.raises(SpilloverError, match="cannot join"):
        list(RayExecutor(address="127.0.0.1:1").run([Deed("a")], say_where, lambda _: None))


def test_a_study_on_a_cluster_gives_what_it_gives_in_local_processes(cluster, tmp_path):
    tables = []
    for executor in (
        {"kind": "local", "devices": ["cpu"], "processes": 1},
        {"kind": "ray", "address": cluster.address, "gpus_per_worker": 0},
    ):
        study = small_study(tmp_path / executor["kind"], executor=executor)
        finished = spillover.run(study)
        assert not finished.failures
        tables.append(spillover.read_scores(tmp_path / executor["kind"]))
    assert tables[0].equals(tables[1])


@contextmanager
def running(folder, address, seeds):
    """A study's command, when its first scores are there and other jobs run: as many as outlast what comes next."""
    small = small_study(folder).model_dump(mode="json", exclude_none=True)
    small["seeds"] = list(range(seeds))
    small["executor"] = {"kind": "ray", "address": address, "gpus_per_worker": 0, "keep_every_s": 0}
    file = folder.with_suffix(".yaml")
    file.write_text(yaml.safe_dump(small))
    command = [sys.executable, "-m", "spillover", "run", str(file)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        deadline = time.monotonic() + 200
        while not list(folder.glob("scores/*.parquet")) and time.monotonic() < deadline:
            time.sleep(0.2)
        yield process


@pytest.fixture
def mortal_cluster(cluster):  # noqa: ARG001 (it tells workers where this package is)
    from ray.cluster_utils import Cluster

    small = {"num_cpus": 1, "include_dashboard": False, "object_store_memory": 100 << 20}
    started = Cluster(initialize_head=True, head_node_args=small)
    yield started
    started.remove_node(started.head_node, allow_graceful=False)


def test_a_command_whose_cluster_has_lost_its_head_says_so_and_that_it_may_be_given_again(mortal_cluster, tmp_path):
    with running(tmp_path / "small", mortal_cluster.address, seeds=50) as process:
        mortal_cluster.head_node.kill_gcs_server()
        said = process.communicate(timeout=100)[1]
    assert process.returncode == 75, said
    assert "the head of the Ray cluster" in said
    assert "give the same command again" in said


def test_a_command_on_a_cluster_stops_at_sigterm_and_goes_on(cluster, tmp_path):
    """As `spillover run`, with both kinds of jobs begun when the signal comes."""
    with running(tmp_path / "small", cluster.address, seeds=5) as process:
        os.killpg(process.pid, signal.SIGTERM)
        said = process.communicate(timeout=200)[1]
    assert process.returncode == 75, said
    before = spillover.read_scores(tmp_path / "small").num_rows
    again = subprocess.run(process.args, stderr=subprocess.PIPE, text=True, timeout=250, check=False)
    assert again.returncode == 0, again.stderr
    assert spillover.read_scores(tmp_path / "small").num_rows > before
