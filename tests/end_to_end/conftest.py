"""Commands given in this process, which spares each of them the loading of what it needs."""

from __future__ import annotations

from collections.abc import Callable
from subprocess import CompletedProcess
from typing import Any

import pytest

from spillover.cli.main import run_command


@pytest.fixture
def give(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., CompletedProcess[str]]:
    """Give a command; figures for papers, which take longer than all else of a small run, are not drawn."""
    monkeypatch.setattr("spillover.report.drawing.files.write_figures", lambda *_: [])

    def run(*arguments: Any) -> CompletedProcess[str]:
        capsys.readouterr()
        words = list(map(str, arguments))
        code = run_command(words)
        return CompletedProcess(words, code, *capsys.readouterr())

    return run
