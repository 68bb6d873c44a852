from itertools import islice

import numpy as np

from spillover.tasks.perception.suite import draw_examples
from spillover.tasks.sheet import RIGHT, contact_sheet


def test_a_sheet_shows_examples_of_any_number_of_images():
    for name in ("Counting", "Forensic_Detection"):
        sheet = contact_sheet(list(islice(draw_examples(name, "train"), 5)), columns=2)
        colours = set(map(tuple, np.asarray(sheet).reshape(-1, 3)))
        assert sheet.mode == "RGB"
        assert tuple(bytes.fromhex(RIGHT[1:])) in colours
