import os
import signal
import subprocess
import sys
import time

import pytest
import typer
from tests.conftest import small_study
from tests.unit.study.made_up import record_evaluations

from spillover.cli import main as main_module
from spillover.cli import running as running_module
from spillover.cli import stopping as stopping_module
from spillover.cli import study as study_module
from spillover.cli.main import run_command
from spillover.cli.readable import read_duration_s
from spillover.cli.running import run_study
from spillover.cli.stopping import TERMINATED, TRY_AGAIN, Stop, Stopped
from spillover.study import run as run_module
from spillover.study.executors.executor import JobKept, JobStarted
from spillover.study.plan import Finetune
from spillover.study.preparing import prepare


@pytest.fixture(autouse=True)
def _handlers_as_they_were():
    """A process that was asked to end goes on being deaf to more of it; this one does not end."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGALRM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def sigterm():
    os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.parametrize("text", ["", "2", "h", "2w", "-1h", "0h", "1h30", "1h3 0m", "2h,", "two hours"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(typer.BadParameter, match="such as 2h"):
        read_duration_s(text)


@pytest.mark.parametrize("text", ["2H", "2 h", " 1h 60M ", "1 h 60 m", "7200s"])
def test_a_duration_may_have_capitals_and_blanks(text):
    assert read_duration_s(text) == 7200


def test_it_stops_when_its_time_is_up_and_not_before():
    assert not Stop()()
    assert not Stop(3600)()
    stop = Stop(0)
    assert stop()
    assert stop.reason == "its time is up"


def test_sigterm_is_raised_where_nobody_asks_and_is_a_wish_where_somebody_does():
    stop, before = Stop(), signal.getsignal(signal.SIGTERM)
    with stop.listening(), stop.asked():
        assert not stop()
        sigterm()
        assert stop()
    assert stop.reason == "SIGTERM"
    sigterm()  # and is still the same wish
    signal.signal(signal.SIGTERM, before)
    with pytest.raises(Stopped, match="SIGTERM"), Stop().listening():
        sigterm()


def test_nothing_is_left_behind_where_nothing_was_heard():
    before = signal.getsignal(signal.SIGTERM)
    with Stop(3600).listening():
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_several_at_once_are_one_wish_and_one_that_comes_later_is_left_to_the_system(monkeypatch):
    stop = Stop()
    with stop.listening(), stop.asked():
        for _ in range(3):
            sigterm()
        assert signal.getsignal(signal.SIGTERM) != signal.SIG_DFL
        monkeypatch.setattr(stopping_module, "ONE_WISH_S", 0)
        monkeypatch.setattr(signal, "raise_signal", lambda number: ended.append((number, signal.getsignal(number))))
        ended = []
        sigterm()
    assert ended == [(signal.SIGTERM, signal.SIG_DFL)]


def test_the_end_of_its_time_is_raised_where_nobody_asks():
    with pytest.raises(Stopped, match="its time is up"), Stop(0.05).listening():
        time.sleep(5)
    stop = Stop(0.05)
    with stop.listening(), stop.asked():
        time.sleep(0.1)
    assert stop.reason == "its time is up"


@pytest.mark.parametrize("command", ["run", "analyze"])
def test_sigterm_while_the_command_line_is_loading_ends_with_a_sentence(command):
    code = f"""
import os, signal, sys
import spillover.__main__ as entry
class Ask:
    def find_spec(self, name, *_):
        if name == "spillover.cli.main":
            os.kill(os.getpid(), signal.SIGTERM)
            os.kill(os.getpid(), signal.SIGTERM)
sys.meta_path.insert(0, Ask())
sys.argv = ["spillover", "{command}", "study.yaml"]
entry.main()
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.returncode == TRY_AGAIN
    assert ended.stderr == "stopped, SIGTERM: give the same command again\n"


@pytest.fixture
def done(tmp_path):
    """A study file, of which every score is there."""
    study = small_study(tmp_path / "small")
    file = tmp_path / "study.yaml"
    file.write_text(study.model_dump_json(exclude={"provenance"}))
    prepared = prepare(study)
    prepared.store.begin(prepared.plan)
    record_evaluations(prepared.store, prepared.plan)
    return file


@pytest.mark.parametrize("moment", ["prepare", "_conclude"])
def test_sigterm_before_the_jobs_and_in_the_analysis_ends_with_75(done, capsys, monkeypatch, moment):
    monkeypatch.setattr(running_module, moment, lambda *_, **__: sigterm())
    assert run_command(["run", str(done)]) == TRY_AGAIN
    said = " ".join(capsys.readouterr().err.split())
    assert "stopped, SIGTERM; what was finished is kept: give the same command to go on" in said
    assert "Traceback" not in said


def test_max_time_holds_for_the_analysis(done, capsys, monkeypatch):
    monkeypatch.setattr(running_module, "_conclude", lambda *_: time.sleep(60))
    monkeypatch.setattr(running_module, "prepare", lambda *_, **__: prepared)
    prepared = prepare(small_study(done.parent / "small"))
    assert run_command(["run", str(done), "--max-time", "1s"]) == TRY_AGAIN
    assert "its time is up" in capsys.readouterr().err


def test_a_wish_that_comes_with_the_last_job_leaves_the_analysis_to_another_time(done, capsys, monkeypatch):
    carry_out = running_module.carry_out

    def carry_out_and_ask(*given):
        sigterm()
        return carry_out(*given)

    monkeypatch.setattr(running_module, "carry_out", carry_out_and_ask)
    monkeypatch.setattr(running_module, "_conclude", lambda *_: pytest.fail("it was analysed"))
    assert run_command(["run", str(done)]) == TRY_AGAIN
    assert "none left, and nothing analysed; give the same command again" in " ".join(capsys.readouterr().err.split())


class Ended:
    """An executor that is asked to end when it has begun a finetune, and has kept it or not come so far."""

    def __init__(self, *, keeps):
        self._keeps = keeps

    def run(self, jobs, *_):
        job = next(job for job in jobs if isinstance(job, Finetune))
        if self._keeps:
            yield JobStarted(job, 0, 4711, "here")
            yield JobKept(job, b"state")
        sigterm()


@pytest.mark.parametrize(
    ("keeps", "rehearsal", "then"),
    [
        (True, False, "give the same command again: finetunes that were begun go on from where they are"),
        (False, False, "give the same command again"),
        (True, True, "the same command begins the rehearsal anew"),
    ],
)
def test_what_the_same_command_does_is_said_as_it_is(tmp_path, capsys, monkeypatch, keeps, rehearsal, then):
    monkeypatch.setattr(run_module, "executor_of", lambda _: Ended(keeps=keeps))
    with pytest.raises(typer.Exit) as ended:
        run_study(small_study(tmp_path / "small", provenance={"rehearsal": rehearsal}))
    assert ended.value.exit_code == (TERMINATED if rehearsal else TRY_AGAIN), "a batch script tries again after 75"
    assert capsys.readouterr().err.endswith(f"stopped, SIGTERM: 0 jobs done now, 5 left; {then}\n")


@pytest.mark.parametrize("moment", ["make_rehearsal", "run_study"])
def test_a_rehearsal_that_is_stopped_is_not_to_be_tried_again(tmp_path, capsys, monkeypatch, moment):
    def stop(*_):
        raise Stopped("SIGTERM")

    file = tmp_path / "study.yaml"
    file.write_text("name: small\nmodels: [tiny]")
    monkeypatch.setattr(study_module, moment, stop)
    assert run_command(["run", str(file), "--rehearse"]) == TERMINATED
    assert "stopped, SIGTERM; the same command begins the rehearsal anew" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "said"),
    [("status", "nothing was written"), ("plan", "nothing was written"), ("mix", "give the same command again")],
)
def test_commands_that_run_nothing_have_nothing_to_go_on_with(command, said, capsys, monkeypatch):
    def stop(*_, **__):
        raise Stopped("SIGTERM")

    monkeypatch.setattr(main_module, "build_app", lambda _: stop)
    assert run_command([command, "small"]) == TRY_AGAIN
    assert capsys.readouterr().err == f"stopped, SIGTERM; {said}\n"


@pytest.mark.parametrize("text", ["0s", "-1h", "inf", "nan", "1e9h", "99999999999d", "9" * 400 + "s"])
def test_a_time_that_no_timer_can_wait_for_is_refused(text, done, capsys):
    assert run_command(["run", str(done), f"--max-time={text}"]) == 2
    reason = "is longer than ten years" if text[0] == "9" else "is no duration"
    assert reason in " ".join(capsys.readouterr().err.replace("│", " ").split())
