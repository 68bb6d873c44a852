"""Whether a trainer makes of an export what a study trains on: `python scripts/check_exports.py trl PYTHON`.

PYTHON is another environment's, with the trainer and torchvision:

    python -m venv other && other/bin/pip install torch torchvision trl

With ms-swift that is `ms-swift qwen_vl_utils`, with LLaMA-Factory `llamafactory`, which takes other packages'
versions that it does not know where DISABLE_VERSION_CHECK=1 is set.

Images stand before a text, within it, and in an earlier turn; the trainer's own loader and collator read them. The text
that comes out, its images in order, and what of it is learnt must be what our own models are asked and taught.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image
from transformers import AutoTokenizer

from spillover.core.prompt import Turn
from spillover.mixture.export.formats import SPECIAL, Format, write_rows
from spillover.mixture.export.rows import ExportedImage, Row
from spillover.models.chat import Chat
from spillover.models.tiny import CHECKPOINT

CHILDREN: dict[Format, Path] = {
    "trl": Path(__file__).parent / "trainers" / "collate_with_trl.py",
    "llama-factory": Path(__file__).parent / "trainers" / "collate_with_llama_factory.py",
    "swift": Path(__file__).parent / "trainers" / "collate_with_swift.py",
}
SIDE = 112
"""Pixels: whole patches of the tiny model's, and of Qwen2.5-VL's, which ms-swift takes for given."""
COLOURS = ((200, 30, 30), (30, 200, 30), (30, 30, 200))


def make_rows(kind: Format) -> list[Row]:
    """Rows whose images differ, in all the places where an image may stand; and a mark, where it is but text."""
    images = tuple(_draw(index, colour) for index, colour in enumerate(COLOURS))
    before = Turn(role="user", text="Which?\n(A) left\n(B) right", image_places=(0, 0))
    within = Turn(role="user", text="Is  more like  or ?", image_places=(3, 14, 18))
    earlier = (
        Turn(role="system", text="Be brief."),
        Turn(role="user", text="See .", image_places=(4,)),
        Turn(role="assistant", text="I see." if SPECIAL[kind] else "I see <image>."),
    )
    after = Turn(role="user", text="And this? ", image_places=(10,))
    return [
        _row("before", [before], images[:2]),
        _row("within", [within], images),
        _row("earlier", [*earlier, after], images[1:]),
        _row("none", [Turn(role="user", text="2 + 2?")], ()),
    ]


def _row(name: str, turns: Sequence[Turn], images: tuple[ExportedImage, ...]) -> Row:
    return Row(source=name, example=name, turns=(*turns, Turn(role="assistant", text="(A)")), images=images)


def _draw(index: int, colour: tuple[int, int, int]) -> ExportedImage:
    stream = io.BytesIO()
    Image.new("RGB", (SIDE, SIDE), colour).save(stream, "PNG")
    return ExportedImage(name=f"{index}.png", data=stream.getvalue())


def expect(row: Row, chat: Chat) -> dict[str, Any]:
    """What our own models are asked and taught of a row."""
    asked = chat.ask(row.turns[:-1])
    taught = row.turns[-1].text + chat.tokenizer.decode(chat.end_of_turn)
    pictures = [Image.open(io.BytesIO(image.data)).convert("RGB") for image in row.images]
    digests = [hashlib.sha256(picture.tobytes()).hexdigest() for picture in pictures]
    return {"text": asked + taught, "learnt": taught, "images": digests, "pixels": len(pictures)}


def collate(kind: Format, python: Path, rows: Sequence[Row], folder: Path) -> list[dict[str, Any]]:
    """Let the trainer read an export of the rows."""
    write_rows(rows, folder / "export", kind)
    given = {"folder": str(folder / "export"), "model": str(CHECKPOINT), "out": str(folder / "told.json")}
    ended = subprocess.run(
        [str(python), str(CHILDREN[kind])],
        input=json.dumps(given),
        text=True,
        env={**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(folder / "cache"), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        check=False,
    )
    if ended.returncode:
        sys.exit(f"{python} {CHILDREN[kind].name} failed:\n{ended.stderr[-2000:]}")
    return json.loads((folder / "told.json").read_text())


def main() -> None:
    """Compare, print every difference, and end with 1 where there is one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("format", choices=list(CHILDREN))
    parser.add_argument("python", type=Path, help="of an environment with the trainer and torchvision")
    asked = parser.parse_args()
    rows = make_rows(asked.format)
    chat = Chat(AutoTokenizer.from_pretrained(CHECKPOINT), in_parts=True, name="tiny")
    with tempfile.TemporaryDirectory() as place:
        told = collate(asked.format, asked.python, rows, Path(place))
    wrong = 0
    for row, it in zip(rows, told, strict=True):
        for name, ours in expect(row, chat).items():
            its = it[name].rstrip("\n") if isinstance(ours, str) else it[name]  # which a template ends a turn with
            if its != ours:
                wrong += 1
                print(f"{row.example}, {name}:\n  ours  {ours!r}\n  its   {its!r}")
    print(f"{len(rows)} rows, {wrong} differences")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
