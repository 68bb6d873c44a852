"""Makes the tutorial's pictures from a finished demo: `python scripts/docs_pictures.py demo`.

The page is looked at in chromium by Playwright, as its tests do.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from spillover.cli.main import run_command

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
FIGURES = ("heatmap", "heatmap_calibrated")
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")


def main(demo: Path) -> None:
    """Draw the report of the demo anew, and keep what the tutorial shows of it."""
    run_command(["report", str(demo), "--out", str(demo)])
    for figure in FIGURES:
        _shrink(demo / "figures" / f"{figure}.png", PICTURES / f"{figure}.png")
    with sync_playwright() as playwright:
        chromium = next(filter(None, map(shutil.which, CHROMIUMS)))
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1200, "height": 900})
        page.goto((demo / "report.html").resolve().as_uri())
        page.wait_for_selector("html[data-ready=yes]")
        page.screenshot(path=PICTURES / "page.png")
        browser.close()
    _shrink(PICTURES / "page.png", PICTURES / "page.png")


def _shrink(picture: Path, to: Path) -> None:
    """Keep 64 colours, which is enough for figures of two hues and a quarter of the size."""
    with Image.open(picture) as opened:
        small = opened.convert("RGB").quantize(64)
    small.save(to, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
