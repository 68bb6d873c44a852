"""Multi-view_Reasoning from CO3Dv2 (Reizenstein et al., ICCV 2021, arXiv 2109.00512), or what is laid out like it.

`<category>/frame_annotations.jgz` is gzipped JSON: `sequence_name, frame_number, image.path, viewpoint.R, viewpoint.T`
in PyTorch3D's convention: X_camera = X_world · R + T, with x to the left. So the second camera stands to the left of
the first where its centre has x > 0 in the first camera's frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from spillover.tasks.catalogue import find_task
from spillover.tasks.prepare.reading import as_text, locate, no_dataset, open_photo, read_json
from spillover.tasks.prepare.recipe import Material, Question, Recipe, SkippedError, Tally

LAYOUT = "<category>/frame_annotations.jgz and <category>/<sequence>/images/*.jpg"
TEXT = (
    "The two images show the same scene, photographed by a camera that went around it. Did the camera move to the left "
    "or to the right between the first image and the second?"
)
CHOICES = ("left", "right")
LEAST_DEGREES, MOST_DEGREES = 15.0, 90.0
LEAST_SIDEWAYS = 0.5
"""Of the camera's way, that must go sideways: a camera that rises or approaches moves neither left nor right."""
PAIRS_A_SEQUENCE = 4
FARTHEST = 1e6
"""From the scene's origin, in its own units: a camera beyond is a fault of the list."""
ATTEMPTS = 50


@dataclass(frozen=True, slots=True)
class _Frame:
    image: str
    rotation: np.ndarray
    translation: np.ndarray


def _open(folder: Path, tally: Tally) -> Material:
    files = sorted({*folder.glob("frame_annotations.jgz"), *folder.glob("*/frame_annotations.jgz")})
    if not files:
        raise no_dataset(folder, "CO3Dv2", LAYOUT)
    sequences: dict[str, list[_Frame]] = {}
    for file in files:
        for place, described in enumerate(read_json(file)):
            with tally.reading(f"{file.parent.name}/{file.name} {place}"):
                _add(described, file.parent.name, sequences)
    records = [name for name, frames in sequences.items() if len(frames) > 1 for _ in range(PAIRS_A_SEQUENCE)]
    origins = [f"{name} {number % PAIRS_A_SEQUENCE}" for number, name in enumerate(records)]
    folders = (folder, folder.parent, *{file.parent for file in files})
    return Material(origins, lambda index, rng: _pose(sequences[records[index]], folders, rng))


def _add(described: Any, category: str, sequences: dict[str, list[_Frame]]) -> None:
    name = f"{category}/{as_text(described['sequence_name'])}"
    if str((described.get("meta") or {}).get("frame_type", "")).startswith("test"):
        raise SkippedError("it is not of the training split")
    view = described.get("viewpoint") or {}
    rotation = np.array(view.get("R", ()), dtype=float)
    translation = np.array(view.get("T", ()), dtype=float)
    if not _is_camera(rotation, translation):
        raise SkippedError("it has no camera")
    sequences.setdefault(name, []).append(_Frame(as_text(described["image"]["path"]), rotation, translation))


def _is_camera(rotation: np.ndarray, translation: np.ndarray) -> bool:
    if rotation.shape != (3, 3) or translation.shape != (3,):
        return False
    # first of all the sizes, NaN among them, since products of huge numbers overflow
    if not (np.abs(rotation) < 1.1).all() or not (np.abs(translation) < FARTHEST).all():
        return False
    return np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-3)


def _pose(frames: list[_Frame], folders: tuple[Path, ...], rng: np.random.Generator) -> Question:
    for _ in range(ATTEMPTS):
        first, second = (frames[int(place)] for place in rng.choice(len(frames), size=2, replace=False))
        x, y, z = centre_seen_from(second, first)
        sideways = abs(x) / max(float(np.linalg.norm([x, y, z])), 1e-12)
        if LEAST_DEGREES <= angle_between(first, second) <= MOST_DEGREES and sideways >= LEAST_SIDEWAYS:
            # the pair was drawn in both orders alike, so left is right as often as right
            images = tuple(_open_frame(frame, folders) for frame in (first, second))
            return Question(images=images, text=TEXT, choices=CHOICES, correct=0 if x > 0 else 1)
    raise SkippedError(f"no two of its frames lie {LEAST_DEGREES:.0f}° to {MOST_DEGREES:.0f}° apart, sideways")


def _open_frame(frame: _Frame, folders: tuple[Path, ...]) -> Image.Image:
    image, _ = open_photo(locate(frame.image, folders, keep=3), upright=False)  # the camera's left is the stored one
    return image


def centre_seen_from(seen: _Frame, viewer: _Frame) -> np.ndarray:
    """Where a camera's centre is in another camera's frame: x to the left, y up, z forward."""
    centre = -seen.translation @ seen.rotation.T
    return centre @ viewer.rotation + viewer.translation


def angle_between(one: _Frame, other: _Frame) -> float:
    """By how many degrees one camera is turned against another, 0–180."""
    cosine = (np.trace(one.rotation.T @ other.rotation) - 1) / 2
    return float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))


RECIPE = Recipe(
    task=find_task("Multi-view_Reasoning"),
    dataset="CO3Dv2",
    split="all but frames marked test",
    layout=LAYOUT,
    open=_open,
)
