"""The page writes numbers as Python does."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import numpy as np
import pytest

from spillover.core.numbers import brief, percent, probability, signed

pytestmark = pytest.mark.browser

TIES = [count / 16 for count in range(-40, 41)] + [0.145, 0.285, 0.565, 0.575, 1.005, 0.015, 0.995, 9.95, -9.99, 1e-7]


def test_python_and_the_page_write_the_same(browser: Any):
    rng = np.random.default_rng(0)
    values = [*TIES, *rng.normal(0, 1, 2000).round(3).tolist(), *rng.normal(0, 0.2, 2000).tolist()]
    source = (files("spillover.report") / "scripts" / "numbers.js").read_text(encoding="utf-8")
    write = (
        "[signed(value), signed(value, 2), brief(value), percent(Math.abs(value)), probability(Math.abs(value), 'p')]"
    )
    page = browser.new_page()
    found = page.evaluate(f"values => {{ {source}\n return values.map((value) => {write}); }}", values)
    page.close()
    expected = [[signed(v), signed(v, 2), brief(v), percent(abs(v)), probability(abs(v), "p")] for v in values]
    assert found == expected
