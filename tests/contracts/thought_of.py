"""Broken inputs that somebody thought of, each with what must come of it."""

from __future__ import annotations

import io
import json
import pickle
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from PIL import Image
from safetensors.numpy import load_file, save_file
from tests.contracts.input_files import LAYER, rows, write_lines


@dataclass(frozen=True)
class Thought:
    """One way to break an input."""

    kind: str
    """Of `broken_inputs.KINDS`."""
    name: str
    harm: Callable[[Path], object]
    """Breaks the miniature in a folder."""
    says: str = ""
    """A part of the fault; where empty, the input must be read, and rightly."""


def thoughts() -> Iterator[Thought]:
    """Every one."""
    yield from _images()
    yield from _questions()
    yield from _studies()
    yield from _adapters()
    yield from _models()
    yield from _mixtures()


def slow_thoughts() -> Iterator[Thought]:
    """Those that only a run can see."""
    for name, harm in (
        ("weights that lack a layer", _model_file("config.json", _another_layer)),
        ("weights that are no numbers", _broken_weights),
    ):
        yield Thought("model folders, run", name, harm, "jobs could not be done")


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


def _images() -> Iterator[Thought]:
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


def _questions() -> Iterator[Thought]:
    for name, harm, says in (
        ("no answer", _row(answer=None), "no answer"),
        ("an answer that is no choice", _row(answer="(D)"), "not among the choices"),
        ("a hidden answer", _row(answer="hidden"), "hidden"),
        ("one choice", _row(choices=["left"]), "nothing to choose"),
        ("two equal choices, answered by text", _row(choices=["left", "left"], answer="left"), "not among the choices"),
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


def _setting(path: str, value: Any) -> Callable[[Path], object]:
    """Change one setting of the study file."""

    def harm(folder: Path) -> None:
        study = yaml.safe_load((folder / "study.yaml").read_text())
        place = study
        *above, last = path.split(".")
        for key in above:
            place = place[int(key) if key.isdecimal() else key]
        place[int(last) if last.isdecimal() else last] = value
        (folder / "study.yaml").write_text(yaml.safe_dump(study))

    return harm


def _text(old: str, new: str, file: str = "study.yaml") -> Callable[[Path], object]:
    def harm(folder: Path) -> None:
        text = (folder / file).read_text()
        assert old in text
        (folder / file).write_text(text.replace(old, new))

    return harm


def aliases() -> str:
    """Ten aliases of ten aliases of …, a hundred million values in all."""
    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"{name}: &{name} [{', '.join(['*' + before] * 10)}]" for before, name in pairwise("abcdefgh")]
    return "\n".join(lines)


def _studies() -> Iterator[Thought]:
    for name, harm, says in (
        ("a name that leads elsewhere", _setting("name", "../elsewhere"), "cannot name a folder"),
        ("a name with a null byte", _setting("name", "a\0b"), "cannot name a folder"),
        ("an unknown key", _setting("training.learning_rat", 1), "did you mean learning_rate"),
        ("infinite learning rate", _setting("training.learning_rate", float("inf")), "must be a finite number"),
        ("more examples than there are", _setting("training.examples", 10**12), "fewer than"),
        ("a key twice", _text("name: mine", "name: mine\nname: yours"), "stands twice"),
        ("a tag that runs code", _text("name: mine", "name: !!python/object/apply:os.system ['true']"), "no YAML"),
        ("aliases of aliases", _text("name: mine", f"name: mine\n{aliases()}"), "more than 100,000 values"),
        ("an alias in what it names", _text("name: mine", "name: mine\nloop: &a [*a]"), "nested more than 40"),
        ("a date that is none", _text("name: mine", "name: mine\nday: 2025-13-01"), "no YAML"),
        ("an environment variable", _setting("models.0.path", "$HOME/model"), "cannot look up"),
        ("a URL as a model", _setting("models.0.path", "https://example.org/model"), "no model folder"),
        ("a URL as a file", _setting("tasks.1.train", "https://example.org/own.jsonl"), "cannot read the file"),
        ("a device as a file", _setting("tasks.1.train", "/dev/zero"), "cannot read a file"),
        ("output in a file", _setting("output", "own.jsonl"), "cannot write"),
    ):
        yield Thought("study file", name, harm, says)


def _adapter_config(**changes: Any) -> Callable[[Path], object]:
    def harm(folder: Path) -> None:
        file = folder / "adapter" / "adapter_config.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | changes))

    return harm


def _weights(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[Path], object]:
    def harm(folder: Path) -> None:
        file = folder / "adapter" / "adapter_model.safetensors"
        save_file(change(load_file(file)), file)

    return harm


class _Payload:
    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path("was-run"),)


def _pickled(name: str) -> Callable[[Path], object]:
    def harm(folder: Path) -> None:
        (folder / "adapter" / "adapter_model.safetensors").unlink()
        (folder / "adapter" / name).write_bytes(pickle.dumps(_Payload()))

    return harm


def _header(length: int) -> Callable[[Path], object]:
    def harm(folder: Path) -> None:
        file = folder / "adapter" / "adapter_model.safetensors"
        file.write_bytes(length.to_bytes(8, "little") + file.read_bytes()[8:])

    return harm


def _adapters() -> Iterator[Thought]:
    first, second = f"{LAYER}.lora_A.weight", f"{LAYER}.lora_B.weight"
    for name, harm, says in (
        ("a pickle", _pickled("adapter_model.bin"), "a pickle, which can run code"),
        ("a pickle called .safetensors", _pickled("adapter_model.safetensors"), "broken or cut short"),
        ("a header of 2⁶³ bytes", _header(1 << 63), "broken or cut short"),
        ("a header of 90 MB", _header(90_000_000), "broken or cut short"),
        (
            "no configuration",
            lambda folder: (folder / "adapter" / "adapter_config.json").unlink(),
            "adapter_config.json",
        ),
        (
            "no weights",
            lambda folder: (folder / "adapter" / "adapter_model.safetensors").unlink(),
            "adapter_model.safetensors",
        ),
        ("no folder", lambda folder: (folder / "adapter").rename(folder / "gone"), "no adapter folder"),
        ("another rank in the configuration", _adapter_config(r=8), "is of shape"),
        ("a rank of 0", _adapter_config(r=0), "not a number above 0"),
        ("a rank of a million", _adapter_config(r=1_000_000), "no side of its tensors"),
        ("no scale", _adapter_config(lora_alpha=0), "not a number above 0"),
        ("prompt tuning", _adapter_config(peft_type="PROMPT_TUNING"), "only LORA"),
        ("whole modules", _adapter_config(modules_to_save=["lm_head"]), "cannot be swapped"),
        ("biases", _adapter_config(bias="all"), "biases"),
        ("a part of the base moved in", _adapter_config(init_lora_weights="pissa"), "changes the base's own weights"),
        ("layers that are not there", _adapter_config(layers_to_transform=[99]), "cannot be put on"),
        (
            "other shapes",
            _weights(lambda held: {key: value[:2].copy() for key, value in held.items()}),
            "is of shape",
        ),
        ("a tensor of nothing", _weights(lambda held: held | {"x": held[first]}), "without a module"),
        ("half of a layer", _weights(lambda held: {second: held[second]}), "missing for a module"),
        ("no number", _weights(lambda held: held | {second: held[second] * np.nan}), "not finite"),
        ("infinity", _weights(lambda held: held | {first: held[first] + np.inf}), "not finite"),
        (
            "whole numbers",
            _weights(lambda held: {key: value.astype(np.int32) for key, value in held.items()}),
            "floating",
        ),
    ):
        yield Thought("adapters", name, harm, says)


def _model_file(name: str, change: Callable[[dict[str, Any]], object]) -> Callable[[Path], object]:
    def harm(folder: Path) -> None:
        file = folder / "model" / name
        held = json.loads(file.read_text())
        change(held)
        file.write_text(json.dumps(held))

    return harm


def _code(folder: Path) -> None:
    _model_file("config.json", lambda held: held.update(auto_map={"AutoConfig": "evil.Config"}, model_type="evil"))(
        folder
    )
    (folder / "model" / "evil.py").write_text("from pathlib import Path\nPath('was-run').touch()\n")


def _models() -> Iterator[Thought]:
    def gone(name: str) -> Callable[[Path], object]:
        return lambda folder: (folder / "model" / name).unlink()

    for name, harm, says in (
        ("code of its own", _code, "custom code"),
        ("no weights", gone("model.safetensors"), "no safetensors weights"),
        ("no vocabulary", gone("tokenizer.json"), "its vocabulary"),
        ("no configuration", gone("config.json"), "config.json"),
        ("an unknown architecture", _model_file("config.json", lambda held: held.update(model_type="none")), "none"),
        (
            "a template that is none",
            lambda folder: (folder / "model" / "chat_template.jinja").write_text("{{"),
            "TemplateSyntaxError",
        ),
        ("a template that reaches for Python", _reaching_template, "SecurityError"),
        ("a template without end", _endless_template, "chat template"),
    ):
        yield Thought("model folders", name, harm, says)


def _another_layer(held: dict[str, Any]) -> None:
    text = held["text_config"]
    text["num_hidden_layers"] += 1
    text["layer_types"] = [*text["layer_types"], text["layer_types"][0]]


def _broken_weights(folder: Path) -> None:
    import safetensors.torch  # numpy has no bfloat16

    file = folder / "model" / "model.safetensors"
    broken = {name: value * float("nan") for name, value in safetensors.torch.load_file(file).items()}
    safetensors.torch.save_file(broken, file, {"format": "pt"})


def _reaching_template(folder: Path) -> None:
    (folder / "model" / "chat_template.jinja").write_text("{{ messages.__class__.__mro__[1].__subclasses__() }}")


def _endless_template(folder: Path) -> None:
    (folder / "model" / "chat_template.jinja").write_text("{% for a in range(10**9) %}x{% endfor %}")


def _mixture(**changes: Any) -> Callable[[Path], object]:
    def harm(folder: Path) -> None:
        file = folder / "mixture.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | changes))

    return harm


def _mixtures() -> Iterator[Thought]:
    for name, harm, says in (
        ("no file", lambda folder: (folder / "mixture.json").unlink(), "cannot read the mixture"),
        ("a later schema", _mixture(schema=9), "the schema 9"),
        ("several", lambda folder: (folder / "mixture.json").write_text("[{}, {}]"), "these are 2 mixtures"),
        ("a part that is no task", _mixture(sources=[{"source": "../own", "examples": 3}]), "unknown task"),
        ("less than no examples", _mixture(sources=[{"source": "Own", "examples": -3}]), "no mixture as spillover"),
        ("nothing in it", _mixture(sources=[]), "no mixture as spillover"),
    ):
        yield Thought("mixtures", name, harm, says)
