"""A real chromium, driven by Playwright; without one these tests are skipped, and say so."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


def find_chromium() -> str | None:
    """SPILLOVER_CHROMIUM, or the system's."""
    named = os.environ.get("SPILLOVER_CHROMIUM")
    return named or next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright")
    chromium = find_chromium()
    if chromium is None:
        pytest.skip("no chromium is installed: apt-get install chromium, or name one in SPILLOVER_CHROMIUM")
    with sync_api.sync_playwright() as playwright:
        # The sandbox of chromium refuses to start as root, as in a container; the pages are our own.
        started = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield started
        started.close()


class Opened:
    """A page of ours in the browser, and everything that went wrong in it."""

    def __init__(self, browser: Any, file: Path, **settings: Any) -> None:
        self.context = browser.new_context(**({"viewport": {"width": 1280, "height": 900}} | settings))
        self.page = self.context.new_page()
        self.faults: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.faults.append(message.text) if message.type == "error" else None)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(file.as_uri())
        self.page.wait_for_selector("html[data-ready=yes]")  # a function would be an eval, which the page forbids
        self.page.wait_for_selector(".stage svg, .stage canvas")


@pytest.fixture
def open_page(browser: Any) -> Iterator[Any]:
    opened: list[Opened] = []

    def open_one(file: Path, **settings: Any) -> Opened:
        opened.append(Opened(browser, file, **settings))
        return opened[-1]

    yield open_one
    for each in opened:
        each.context.close()
