import time
from io import StringIO

import pytest
from rich.console import Console

from spillover.cli import waiting as waiting_module
from spillover.cli.waiting import sign_of_life


@pytest.mark.parametrize(("patience_s", "told"), [(0.01, True), (60, False)])
def test_what_takes_long_is_told_and_what_does_not_is_not(monkeypatch, patience_s, told):
    monkeypatch.setattr(waiting_module, "PATIENCE_S", patience_s)
    stream = StringIO()
    with sign_of_life(Console(file=stream), "reading [a]"):
        time.sleep(0.3)
    assert stream.getvalue().endswith(" reading [a]\n") is told


def test_what_is_done_is_not_told_any_more(monkeypatch):
    monkeypatch.setattr(waiting_module, "PATIENCE_S", 0.2)
    stream = StringIO()
    with sign_of_life(Console(file=stream), "reading"):
        pass
    time.sleep(0.4)
    assert stream.getvalue() == ""
