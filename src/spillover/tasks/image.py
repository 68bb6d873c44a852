"""Images as the data holds them: bytes or a file, decoded late and with care."""

from __future__ import annotations

import hashlib
import io
import warnings
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from spillover.core.errors import TaskError

MAXIMUM_PIXELS = 80_000_000
"""Larger images are refused before they are decoded: no benchmark needs them, and a bomb would."""

MAXIMUM_FILE_BYTES = 1 << 30
"""Of an encoded image: more than as many pixels in 16 bits, with transparency, take unpacked."""

FORMATS = ("PNG", "JPEG", "MPO", "WEBP", "GIF", "BMP", "TIFF", "PPM", "JPEG2000", "AVIF", "TGA")
"""Pixels alone: Pillow gives PostScript to another program, which runs it."""

MAXIMUM_ASPECT_RATIO = 200
"""Longer side over shorter: what lies beyond, models cannot take (Qwen's image processors stop here)."""


@dataclass(frozen=True, slots=True)
class EncodedImage:
    """An image held as encoded bytes."""

    data: bytes
    name: str = "image"
    """How errors call it."""

    @property
    def digest(self) -> str:
        """SHA-256 of the bytes."""
        return hashlib.sha256(self.data).hexdigest()

    @property
    def held_bytes(self) -> int:
        """The encoded image's."""
        return len(self.data)

    def load(self) -> Image.Image:
        """Decode the image as RGB, upright, first frame, transparency on white.

        Raises:
            TaskError: it is no image, is broken, too large or too long.
        """
        return decode_image(self.data, self.name)


@dataclass(frozen=True, slots=True)
class ImageFile:
    """An image in a file."""

    path: Path

    @property
    def digest(self) -> str:
        """SHA-256 of the file's bytes.

        Raises:
            TaskError: the file cannot be read.
        """
        return hashlib.sha256(self._read()).hexdigest()

    @property
    def held_bytes(self) -> int:
        """None: the file is read when it is needed."""
        return 0

    def load(self, *, upright: bool = True) -> Image.Image:
        """Decode the image as RGB, turned as its EXIF entry says unless its pixels are wanted as they are stored.

        Raises:
            TaskError: the file cannot be read, is no image, is broken, too large or too long.
        """
        return decode_image(self._read(), str(self.path), upright=upright)

    def _read(self) -> bytes:
        try:
            if (size := self.path.stat().st_size) > MAXIMUM_FILE_BYTES:
                message = f"the image file has {size:,} bytes, more than {MAXIMUM_FILE_BYTES:,}"
                raise TaskError(message, where=str(self.path), hint="save it smaller, as JPEG or PNG")
            return self.path.read_bytes()
        except OSError as error:
            raise TaskError(f"cannot read the image: {error.strerror or error}", where=str(self.path)) from error


def decode_image(data: bytes, name: str, *, upright: bool = True) -> Image.Image:
    """Decode an image as RGB: first frame, 16-bit scaled to 8, transparency on white.

    Args:
        data: the encoded image.
        name: how errors call it.
        upright: turn it as its EXIF entry says, as viewers do. Without, its pixels stay where they are stored.

    Raises:
        TaskError: it is no image, is broken, has more than `MAXIMUM_PIXELS`, or one side is more than
            `MAXIMUM_ASPECT_RATIO` times the other.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own limit, below, is the stricter
            image = Image.open(io.BytesIO(data), formats=_formats())
        width, height = image.size
        if width * height > MAXIMUM_PIXELS:
            raise TaskError(
                f"the image has {width} × {height} pixels, more than {MAXIMUM_PIXELS:,}",
                where=name,
                hint="scale it down; a file that small with that many pixels may be a decompression bomb",
            )
        if max(width, height) > MAXIMUM_ASPECT_RATIO * min(width, height):
            raise TaskError(
                f"the image has {width} × {height} pixels, one side more than {MAXIMUM_ASPECT_RATIO} times the other",
                where=name,
                hint="models cannot take it: crop or pad it, or leave the example out",
            )
        return _as_rgb(ImageOps.exif_transpose(image) if upright else image)
    except TaskError:
        raise
    except UnidentifiedImageError as error:
        hint = f"give one of {', '.join(_formats())}"
        raise TaskError("this is no image that is read here", where=name, hint=hint) from error
    except Exception as error:  # each of Pillow's decoders has errors of its own
        raise TaskError(f"the image is broken: {error}", where=name, hint="re-export or remove it") from error


@cache
def _formats() -> tuple[str, ...]:
    """Those of `FORMATS` that this Pillow was built with."""
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def _as_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # Pillow clips 16-bit greys instead of scaling them
        return image.point(lambda value: value / 257, "F").convert("L").convert("RGB")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        opaque = Image.new("RGBA", image.size, "white")
        opaque.alpha_composite(image.convert("RGBA"))
        return opaque.convert("RGB")
    return image.convert("RGB")


def encode_png(image: Image.Image) -> bytes:
    """Encode an image as PNG, without loss; the same pixels give the same bytes."""
    stream = io.BytesIO()
    image.save(stream, format="PNG", compress_level=1)
    return stream.getvalue()
