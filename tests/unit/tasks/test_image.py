import io

import numpy as np
import pytest
from PIL import Image

from spillover.core.errors import TaskError
from spillover.tasks.image import EncodedImage, ImageFile, encode_png


def _png(array, mode=None):
    stream = io.BytesIO()
    Image.fromarray(array, mode).save(stream, "PNG")
    return stream.getvalue()


def test_sixteen_bit_greys_are_scaled_not_clipped():
    image = EncodedImage(_png(np.full((4, 4), 32896, np.uint16))).load()
    assert image.mode == "RGB"
    assert image.getpixel((0, 0)) == (128, 128, 128)


def test_transparency_lies_on_white():
    image = EncodedImage(_png(np.zeros((4, 4, 4), np.uint8))).load()
    assert image.getpixel((0, 0)) == (255, 255, 255)


def test_bombs_are_refused_before_they_are_decoded(monkeypatch):
    monkeypatch.setattr("spillover.tasks.image.MAXIMUM_PIXELS", 15)
    with pytest.raises(TaskError, match="4 × 4 pixels"):
        EncodedImage(_png(np.zeros((4, 4, 3), np.uint8)), "bomb.png").load()


@pytest.mark.parametrize(
    "data", [b"", b"not an image", _png(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8))[:-800]]
)
def test_broken_images_are_named(data):
    with pytest.raises(TaskError, match=r"picture\.png"):
        EncodedImage(data, "picture.png").load()


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(TaskError, match="nowhere"):
        ImageFile(tmp_path / "nowhere.png").load()


def test_the_same_pixels_give_the_same_bytes():
    image = Image.new("RGB", (8, 8), "red")
    assert encode_png(image) == encode_png(image.copy())
