import os
import signal

import pytest
import typer

from spillover.cli.stopping import Stop, read_duration_s


@pytest.mark.parametrize("text", ["", "2", "h", "2 h", "2w", "-1h", "0h", "1h30", "two hours"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(typer.BadParameter, match="such as 2h"):
        read_duration_s(text)


def test_it_stops_when_its_time_is_up_and_not_before():
    assert not Stop()()
    assert not Stop(3600)()
    stop = Stop(0)
    assert stop()
    assert stop.reason == "its time is up"


def test_sigterm_is_a_wish_and_a_second_one_is_left_to_the_system():
    stop, before = Stop(), signal.getsignal(signal.SIGTERM)
    with stop.on_sigterm():
        assert not stop()
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop()
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    assert signal.getsignal(signal.SIGTERM) == before
    assert "SIGTERM" in stop.reason
