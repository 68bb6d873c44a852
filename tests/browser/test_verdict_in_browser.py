"""The page of a verifying study as a reader meets it."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.analysis.made_mixtures import TARGETS, mixture_cube

from spillover.analysis import AnalysisSettings, analyze
from spillover.analysis.settings import VerificationSettings
from spillover.report.page import write_report
from spillover.tasks.settings import Recipe

pytestmark = pytest.mark.browser

EFFECTS = {"chosen": 0.3, "random-1": 0.0, "random-2": 0.02, "Jigsaw": 0.1, "Jigsaw-50%": 0.1}


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    recipe = Recipe(parts={"Relative_Depth": 1, "Art_Style": 1}, predicted=dict.fromkeys(TARGETS, (0.3, 0.2, 0.4)))
    asked = VerificationSettings(
        targets=TARGETS, chosen="chosen", random=("random-1", "random-2"), best_single="Jigsaw", doses=("Jigsaw-50%",)
    )
    mixtures = dict.fromkeys(("chosen", "random-1", "random-2"), recipe)
    mixtures["Jigsaw-50%"] = Recipe(parts={"Jigsaw": 500}, dose=0.5)
    cube = mixture_cube(np.random.default_rng(0), EFFECTS, mixtures=mixtures, verifications=(asked,))
    path = tmp_path_factory.mktemp("verdict") / "report.html"
    write_report(analyze(cube, AnalysisSettings(replicates=0, permutations=0)), path)
    return path


@pytest.mark.parametrize("width", [390, 1280])
def test_it_opens_with_the_verdict_without_errors_and_within_the_window(browser, file, width):
    context = browser.new_context(viewport={"width": width, "height": 844})
    page, faults = context.new_page(), []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(file.as_uri())
    page.wait_for_selector("html[data-ready=yes]")
    assert faults == []
    answer = page.locator(".answer").bounding_box()
    assert answer["y"] + answer["height"] < 844, "the answer is seen without scrolling"
    assert "is better than random mixtures" in page.locator(".answer").inner_text()
    assert page.get_by_role("img", name="PGF of the best single source by dose").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()
