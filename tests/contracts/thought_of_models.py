"""Adapters and model folders that somebody thought of breaking."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file
from tests.contracts.input_files import LAYER
from tests.contracts.thought import Thought


def slow_models() -> Iterator[Thought]:
    """Those that only a run can see."""
    for name, harm, says in (
        ("no weights", lambda folder: (folder / "model" / "model.safetensors").unlink(), "no safetensors weights"),
        ("weights that lack a layer", _model_file("config.json", _another_layer), "jobs could not be done"),
        ("weights that are no numbers", _broken_weights, "jobs could not be done"),
    ):
        yield Thought("model folders, run", name, harm, says)


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


def adapters() -> Iterator[Thought]:
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


def models() -> Iterator[Thought]:
    def gone(name: str) -> Callable[[Path], object]:
        return lambda folder: (folder / "model" / name).unlink()

    for name, harm, says in (
        ("code of its own", _code, "custom code"),
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
