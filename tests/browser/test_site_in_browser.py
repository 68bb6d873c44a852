"""The documentation's site needs nothing but its own files; `make docs` builds it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

SITE = Path(__file__).parents[2] / "build" / "site"
PAGES = sorted(page.name for page in SITE.glob("*.html") if page.stem != "404")  # which a server alone shows

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not PAGES, reason="the site is not built: make docs"),
]


@pytest.mark.parametrize("width", [1280, 390])
def test_pages_load_nothing_from_anywhere_and_fit_the_screen(browser: Any, width: int):
    context = browser.new_context(viewport={"width": width, "height": 900})
    asked: list[str] = []
    faults: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    context.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page = context.new_page()
    for name in PAGES:
        page.goto((SITE / name).as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
    assert [url for url in asked if not url.startswith("file:")] == []
    assert faults == []
    context.close()


def test_formulas_are_drawn_by_the_browser_itself(browser: Any):
    page = browser.new_page()
    page.goto((SITE / "method.html").as_uri())
    assert page.locator("math").count() > 20
    assert page.locator(".arithmatex").count() == 0
    page.close()
