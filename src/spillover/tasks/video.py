"""Frames of videos as images, through PyAV (an extra): torchvision is not needed."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from PIL import Image

from spillover.core.errors import TaskError
from spillover.core.keys import content_key, hash_file

AGAIN = "download it again, or leave it and its questions out"


@dataclass(frozen=True, slots=True)
class VideoFrame:
    """One of several frames of a video, evenly spaced from the first to the last."""

    path: Path
    number: int
    """From 0."""
    of: int
    """How many frames are taken."""
    longest_side: int | None = None
    """Larger frames are scaled down to so many pixels; None keeps them."""

    @property
    def digest(self) -> str:
        """Hash of the video's bytes and of which frame this is.

        Raises:
            TaskError: the video cannot be read.
        """
        return content_key([_hash(self.path, *_state(self.path)), self.number, self.of, self.longest_side])

    @property
    def held_bytes(self) -> int:
        """None: the video is decoded when it is needed."""
        return 0

    def load(self) -> Image.Image:
        """Decode the frame as RGB; the frames of one video are decoded together.

        Raises:
            TaskError: the video cannot be read, is broken, or PyAV is not installed.
        """
        frame = _decode(self.path, self.of, *_state(self.path))[self.number].copy()
        if self.longest_side is not None:
            frame.thumbnail((self.longest_side, self.longest_side), Image.Resampling.LANCZOS)
        return frame


def spaced_evenly(total: int, count: int) -> list[int]:
    """Places of frames from the first to the last, as evenly as whole numbers allow.

    Args:
        total: frames there are, at least one; with fewer than `count` some stand twice.
        count: frames wanted.

    >>> spaced_evenly(10, 4)
    [0, 3, 6, 9]
    >>> spaced_evenly(2, 3)
    [0, 1, 1]
    """
    if count == 1:
        return [(total - 1) // 2]
    return [(2 * number * (total - 1) + count - 1) // (2 * (count - 1)) for number in range(count)]


def check_video(path: Path) -> None:
    """See that a video can be opened, is no image, has frames, and that the first can be decoded.

    Raises:
        TaskError: it cannot.
    """
    total = _count(path)
    with _opened(path) as container:
        if container.format.name.endswith("_pipe") or container.format.name == "image2":  # FFmpeg's names of images
            raise TaskError("the file is an image, not a video", where=str(path), hint="put the video in its place")
        if total == 0 or next(container.decode(video=0), None) is None:
            raise TaskError("the video has no frames", where=str(path), hint=AGAIN)


@lru_cache(maxsize=2)
def _decode(path: Path, count: int, _size: int, _changed: int) -> tuple[Image.Image, ...]:
    total = _count(path)
    if total == 0:
        raise TaskError("the video has no frames", where=str(path), hint=AGAIN)
    places = spaced_evenly(total, count)
    wanted = set(places)
    found: dict[int, Image.Image] = {}
    with _opened(path) as container:
        container.streams.video[0].thread_type = "AUTO"
        for place, frame in enumerate(container.decode(video=0)):
            if place in wanted:
                found[place] = frame.to_image().convert("RGB")
    missing = [place for place in places if place not in found]
    if missing:
        raise TaskError(
            f"the video is broken: frame {missing[0]} of {total} cannot be decoded",
            where=str(path),
            hint=AGAIN,
        )
    return tuple(found[place] for place in places)


def _count(path: Path) -> int:
    """Count a video's frames by its packets: what its header says is often missing and sometimes wrong."""
    with _opened(path) as container:
        if not container.streams.video:
            raise TaskError("the file has no video in it", where=str(path), hint=AGAIN)
        return sum(packet.size > 0 for packet in container.demux(video=0))


@contextmanager
def _opened(path: Path) -> Generator[Any]:
    try:
        import av  # noqa: PLC0415 (an extra, loaded only where a video is read)
        from av.error import FFmpegError  # noqa: PLC0415
    except ImportError as error:
        raise TaskError(
            "videos are read through PyAV, which is not installed", hint="pip install '.[video]' in spillover's clone"
        ) from error
    try:
        with av.open(str(path)) as container:
            yield container
    except (FFmpegError, OSError) as error:
        reason = error.strerror or str(error)
        raise TaskError(f"the video cannot be read: {reason}", where=str(path), hint=AGAIN) from error


def _state(path: Path) -> tuple[int, int]:
    """Size and time of change, so that what is kept of a video is not taken for another of the same name."""
    try:
        found = path.stat()
    except OSError as error:
        raise TaskError(f"the video cannot be read: {error.strerror}", where=str(path)) from error
    return found.st_size, found.st_mtime_ns


@lru_cache(maxsize=4096)
def _hash(path: Path, _size: int, _changed: int) -> str:
    return hash_file(path)
