"""Images and questions that somebody thought of breaking."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image
from tests.contracts.input_files import rows, write_lines
from tests.contracts.thought import Thought


def _image(image: Image.Image | bytes, kind: str = "PNG", **options: Any) -> Callable[[Path], object]:
    def harm(folder: Path) -> None:
        stream = io.BytesIO()
        if isinstance(image, Image.Image):
            image.save(stream, kind, **options)
        (folder / "0.png").write_bytes(image if isinstance(image, bytes) else stream.getvalue())

    return harm


def _noise(*shape: int, dtype: type = np.uint8) -> Any:
    return np.random.default_rng(0).integers(0, np.iinfo(dtype).max, shape, dtype)


def bomb() -> bytes:
    """A PNG of a few kilobytes that says it has a hundred million pixels."""
    stream = io.BytesIO()
    Image.new("1", (10_000, 10_000)).save(stream, "PNG", compress_level=9)
    return stream.getvalue()


def images() -> Iterator[Thought]:
    colour, many = Image.fromarray(_noise(40, 40, 3)), "more than 80,000,000"
    frames = [Image.fromarray(_noise(8, 8, 3)), Image.new("RGB", (8, 8))]
    exif = Image.Exif()
    exif[0x0112] = 6
    photo = io.BytesIO()
    colour.save(photo, "JPEG")
    for name, harm, says in (
        ("empty", _image(b""), "no image"),
        ("text", _image(b"not an image at all"), "no image"),
        ("half a JPEG", _image(photo.getvalue()[: len(photo.getvalue()) // 2]), "truncated"),
        ("100 megapixels in a few kilobytes", _image(bomb()), many),
        ("a BMP header of 2 gigapixels", _image(b"BM" + bytes(12) + _bitmap_header(60_000, 40_000)), "bomb"),
        ("1 × 1", _image(Image.new("RGB", (1, 1), "red")), ""),
        ("1 × 1000", _image(Image.new("RGB", (1, 1000))), "more than 200 times"),
        ("CMYK", _image(colour.convert("CMYK"), "JPEG"), ""),
        ("16-bit grey", _image(Image.fromarray(_noise(16, 16, dtype=np.uint16))), ""),
        ("32-bit float", _image(Image.fromarray(np.full((8, 8), 0.5, np.float32)), "TIFF"), ""),
        ("one bit", _image(colour.convert("1")), ""),
        ("palette with transparency", _image(colour.convert("P"), transparency=0), ""),
        ("grey with alpha", _image(colour.convert("LA")), ""),
        ("animated GIF", _image(frames[0], "GIF", save_all=True, append_images=frames[1:]), ""),
        ("turned by EXIF", _image(colour, "JPEG", exif=exif), ""),
        ("a vector graphic", _image(b'<svg xmlns="http://www.w3.org/2000/svg"/>'), "no image"),
        ("PostScript, which Pillow would give to Ghostscript", _image(_postscript()), "no image"),
    ):
        yield Thought("images", name, harm, says)


def _bitmap_header(width: int, height: int) -> bytes:
    head = (40, width, height, 1 | 24 << 16, 0, 0, 0, 0, 0, 0)
    return b"".join(value.to_bytes(4, "little") for value in head)


def _postscript() -> bytes:
    return b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n(x) (w) file\nshowpage\n"


def _row(**changes: Any) -> Callable[[Path], object]:
    """Change the first of the questions; a value of None is left out."""

    def harm(folder: Path) -> None:
        first, *rest = rows()
        write_lines(folder / "own.jsonl", [{k: v for k, v in (first | changes).items() if v is not None}, *rest])

    return harm


def questions() -> Iterator[Thought]:
    for name, harm, says in (
        ("no answer", _row(answer=None), "no answer"),
        ("an answer that is no choice", _row(answer="(D)"), "not among the choices"),
        ("a hidden answer", _row(answer="hidden"), "hidden"),
        ("one choice", _row(choices=["left"]), "nothing to choose"),
        ("two equal choices, answered by text", _row(choices=["left", "left"], answer="left"), "may be (A) or (B)"),
        ("choices as text", _row(choices="left, right"), "not a list"),
        ("27 choices", _row(choices=[str(n) for n in range(27)]), "more than the 26"),
        ("no question", _row(question=None), "neither prompt nor question"),
        ("an idx twice", _row(idx="own_1"), "more than once"),
        ("an image that is not there", _row(image_1="gone.png"), "there is no image"),
        ("an image that is a folder", _row(image_1="."), "there is no image"),
        ("an image that is a device", _row(image_1="/dev/zero"), "there is no image"),
        ("an image that is a URL", _row(image_1="https://example.org/0.png"), "there is no image"),
        ("an image that is an environment variable", _row(image_1="$HOME/0.png"), "there is no image"),
        ("a name with a null byte", _row(image_1="0\0.png"), "there is no image"),
        ("a name of 5000 letters", _row(image_1="0" * 5000), "there is no image"),
        ("an answer that is no number", _row(answer=float("nan")), "no finite number"),
        ("half a character", _row(question="what \ud800?"), "half of a character"),
        ("a huge image file of nothing", _sparse_image, "more than 1,073,741,824"),
        ("control characters in the question", _row(question="\x1b[2Jwhich?"), ""),
    ):
        yield Thought("questions, .jsonl", name, harm, says)
    yield Thought("questions, .parquet", "a terabyte in a few kilobytes", _wide_parquet, "far more than")
    yield Thought("questions, .parquet", "no rows", lambda folder: _parquet(folder, []), "no examples")
    yield Thought("questions, .parquet", "an LFS pointer", _pointer, "Git LFS pointer")


def _sparse_image(folder: Path) -> None:
    with (folder / "0.png").open("wb") as stream:
        stream.truncate(1 << 40)  # a terabyte that takes no room


def _parquet(folder: Path, values: list[dict[str, Any]]) -> None:
    pq.write_table(pa.Table.from_pylist(values, pa.schema([("question", pa.string())])), folder / "own.parquet")


def _pointer(folder: Path) -> None:
    (folder / "own.parquet").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")


def _wide_parquet(folder: Path) -> None:
    text = pa.array(["x" * 1_000_000])
    column = pa.DictionaryArray.from_arrays(pa.array(np.zeros(1_000_000, np.int32)), text)
    pq.write_table(pa.table({"question": column, "answer": column}), folder / "own.parquet", compression="zstd")
