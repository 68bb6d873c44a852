"""An image is decoded once, and one that is broken is never taken for sound."""

from dataclasses import dataclass, field

import pytest
from PIL import Image

from spillover.core.errors import TaskError
from spillover.tasks import sound
from spillover.tasks.sound import check_images


@dataclass
class Picture:
    """An image of which is known how often it was decoded."""

    digest: str
    is_broken: bool = False
    held_bytes: int = 0
    decoded: list[str] = field(default_factory=list)

    def load(self):
        self.decoded.append(self.digest)
        if self.is_broken:
            raise TaskError("this is no image")
        return Image.new("RGB", (1, 1))


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SPILLOVER_CACHE", str(tmp_path / "cache"))
    sound._known.cache_clear()
    return tmp_path / "cache"


def decoded(*pictures):
    """How often each is decoded by a process that begins."""
    sound._known.cache_clear()
    for picture in pictures:
        picture.decoded.clear()
    check_images(pictures)
    return [len(picture.decoded) for picture in pictures]


def test_an_image_is_decoded_once(cache):
    first, second, again = Picture("a" * 64), Picture("b" * 64), Picture("a" * 64)
    assert decoded(first, again) == [1, 0]
    assert decoded(first, second) == [0, 1]
    assert decoded(first, second) == [0, 0]
    (file,) = cache.iterdir()
    assert file.read_text().split() == ["a" * 64, "b" * 64]


def test_a_broken_image_is_told_every_time_and_those_before_it_are_remembered():
    sound_one, broken = Picture("a" * 64), Picture("b" * 64, is_broken=True)
    for times in (1, 0):
        sound._known.cache_clear()
        sound_one.decoded.clear()
        with pytest.raises(TaskError, match="no image"):
            check_images([sound_one, broken])
        assert len(sound_one.decoded) == times


def test_another_pillow_decodes_anew(monkeypatch):
    picture = Picture("a" * 64)
    assert decoded(picture) == [1]
    monkeypatch.setattr(sound.PIL, "__version__", "99.0")
    assert decoded(picture) == [1]


@pytest.mark.parametrize("content", [b"\xff\xfe", b"aaaa\n" * 3, b"a" * 63])
def test_a_damaged_file_costs_time_alone(cache, content):
    picture = Picture("a" * 64)
    decoded(picture)
    (file,) = cache.iterdir()
    file.write_bytes(content)
    assert decoded(picture) == [1]


def test_the_file_is_begun_anew_where_it_grows_too_large(cache, monkeypatch):
    monkeypatch.setattr(sound, "LARGEST_BYTES", 100)
    for letter in "abc":
        decoded(Picture(letter * 64))
    (file,) = cache.iterdir()
    assert file.read_text().split() == ["c" * 64]


def test_a_cache_that_cannot_be_written_does_no_harm(cache):
    cache.write_text("a file where the folder would be")
    assert decoded(Picture("a" * 64)) == [1]
