"""A small VSI-Bench, for all that read videos."""

import json

import numpy as np
import pytest
from PIL import Image

from spillover.tasks.vsibench import KINDS

FRAMES = 65


def write_video(path, frames=FRAMES, size=(64, 48)):
    """A video whose grey value says which frame it is."""
    av = pytest.importorskip("av")
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=24)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.bit_rate = 4_000_000
        for number in range(frames):
            grey = np.full((size[1], size[0], 3), 20 + 3 * number, np.uint8)
            for packet in stream.encode(av.VideoFrame.from_image(Image.fromarray(grey))):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path


@pytest.fixture(scope="module")
def vsibench(tmp_path_factory):
    """VSI-Bench as a folder: two videos, and a question of every kind about each."""
    folder = tmp_path_factory.mktemp("vsi")
    for scene in ("scene0001_00", "scene0002_00"):
        write_video(folder / "scannet" / f"{scene}.mp4")
    rows = []
    for number, (kind, (_, metric)) in enumerate([*KINDS.items()] * 2):
        row = {"id": number, "dataset": "scannet", "scene_name": f"scene000{1 + number % 2}_00", "question_type": kind}
        if metric == "mra":
            row |= {"question": "How many chairs are there?", "ground_truth": "4", "options": None}
        else:
            row |= {"question": "Where is it?", "ground_truth": "B", "options": ["A. left", "B. right", "C. back"]}
        rows.append(row)
    (folder / "test.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    return folder
