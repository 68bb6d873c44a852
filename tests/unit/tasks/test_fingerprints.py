"""Near-duplicate images are found, and only these."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from spillover.tasks.fingerprints import fingerprint_examples, match_fingerprints
from spillover.tasks.image import EncodedImage
from spillover.tasks.perception.suite import draw_examples
from spillover.tasks.task import Example


def picture(seed: int) -> Image.Image:
    """Smooth structure and fine detail, as a photograph has."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)).resize(
        (320, 240), Image.Resampling.BICUBIC
    )
    detail = rng.normal(0, 6, (240, 320, 3))
    return Image.fromarray(np.clip(np.asarray(coarse) + detail, 0, 255).astype(np.uint8))


def example(name: str, *images: Image.Image, **options: object) -> Example:
    encoded: list[EncodedImage] = []
    for image in images:
        stream = io.BytesIO()
        image.save(stream, **({"format": "PNG"} | options))
        encoded.append(EncodedImage(stream.getvalue()))
    return Example(id=name, images=tuple(encoded), prompt="?", choices=("x", "y"), answer="(A)")


@pytest.fixture(scope="module")
def trained():
    return fingerprint_examples([example(f"train {seed}", picture(seed)) for seed in range(40)])


@pytest.mark.parametrize(
    "copy",
    [
        example("copy", picture(7)),
        example("copy", picture(7), format="JPEG", quality=50),
        example("copy", picture(7).resize((200, 150))),
        example("copy", picture(7).crop((2, 2, 318, 238))),
        example("copy", picture(100), picture(7)),
    ],
    ids=["same", "compressed", "smaller", "hardly cropped", "second image"],
)
def test_a_copy_is_found_however_it_is_stored(trained, copy):
    assert match_fingerprints(trained, fingerprint_examples([copy])) == [("train 7", "copy")]


def test_other_pictures_are_not(trained):
    others = [example(f"other {seed}", picture(seed)) for seed in range(1000, 1040)]
    assert match_fingerprints(trained, fingerprint_examples(others)) == []


def test_plain_pictures_of_other_colours_are_not_one():
    red, blue = (Image.new("RGB", (64, 64), colour) for colour in ("red", "blue"))
    first, second = (fingerprint_examples([example(name, image)]) for name, image in (("r", red), ("b", blue)))
    assert match_fingerprints(first, second) == []
    assert match_fingerprints(first, first) == [("r", "r")]


def test_examples_without_images_match_nothing(trained):
    assert match_fingerprints(trained, fingerprint_examples([example("text only")])) == []


def test_the_suites_own_splits_are_told_from_each_other():
    drawn = [
        fingerprint_examples([each for each, _ in zip(draw_examples("Counting", split), range(60), strict=False)])
        for split in ("train", "validation")
    ]
    assert match_fingerprints(*drawn) == []
