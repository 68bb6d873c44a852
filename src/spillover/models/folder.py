"""Sees that a model's folder is whole before anything is planned with it. Free of torch: headers, never weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from spillover.core.errors import ModelError
from spillover.core.files import read_file
from spillover.core.json_text import parse_json

IMAGE_PROCESSOR = ("preprocessor_config.json", "processor_config.json")
WANTED = {
    ("config.json",): "the model's configuration",
    IMAGE_PROCESSOR: "its image processor",
    ("tokenizer_config.json",): "its tokenizer's settings",
    ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "spiece.model", "tekken.json"): "its vocabulary",
}
"""What a folder must hold one of, and what that is; an image processor only for a vision-language model."""
INDEX = "model.safetensors.index.json"
READ = (*(name for names in WANTED for name in names if name.endswith(".json")), "generation_config.json", INDEX)
"""Every file here that transformers reads as a JSON object; others of the folder are nobody's concern."""


def check_folder(folder: Path, *, weights: bool = True) -> None:
    """See that a model's files are there and whole.

    Args:
        folder: the model's.
        weights: whether it must have weights.

    Raises:
        ModelError: a file is missing, is no JSON, or is cut short.
    """
    for names, what in WANTED.items():
        if names == IMAGE_PROCESSOR and not speaks_of_vision(folder):
            continue
        if not any((folder / name).is_file() for name in names):
            hint = "copy the processor's files from the model it was made from, or save them with save_pretrained"
            within = sorted(folder.glob("*/config.json"), key=lambda file: file.stat().st_mtime)
            if "config.json" in names and within:
                hint = f"its folder {within[-1].parent.name} has one: give {within[-1].parent}"
            raise ModelError(f"the model folder has no {names[0]} ({what})", where=str(folder), hint=hint)
    for name in READ:
        if (folder / name).is_file() and (weights or name != INDEX):
            _read_object(folder / name)
    if weights:
        _check_weights(folder)


def speaks_of_vision(folder: Path) -> bool:
    """Say whether a model's configuration has anything to do with images.

    Raises:
        ModelError: its config.json cannot be read.
    """
    return any("vision" in name for name in _read_object(folder / "config.json"))


def has_weights(folder: Path) -> bool:
    """Whether a model's folder holds weights that are read: a study may be planned and rehearsed before they are."""
    return any(folder.glob("*.safetensors"))


def _read_object(file: Path) -> dict[str, Any]:
    try:
        value = parse_json(read_file(file), finite=False)  # transformers writes Infinity
    except json.JSONDecodeError as error:
        raise _broken(f"{file}:{error.lineno}", f"{file.name} is no JSON: {error.msg}") from error
    except UnicodeDecodeError as error:
        raise _broken(str(file), f"{file.name} is no text: {error.reason}") from error
    except ValueError as error:
        raise _broken(str(file), f"{file.name} is no JSON that can be used: {error}") from error
    except OSError as error:
        raise ModelError(f"cannot read {file.name}: {error.strerror}", where=str(file.parent)) from error
    if not isinstance(value, dict):
        raise _broken(str(file), f"{file.name} holds a {type(value).__name__}, not an object")
    return value


def _check_weights(folder: Path) -> None:
    if not has_weights(folder):
        raise ModelError(
            "the model folder has no safetensors weights",
            where=str(folder),
            hint="only safetensors are read; convert with model.save_pretrained(folder)",
        )
    files = {file.name for file in folder.glob("*.safetensors")}
    if (folder / INDEX).is_file():
        listed = _read_object(folder / INDEX).get("weight_map")
        if not isinstance(listed, dict):
            raise _broken(str(folder / INDEX), f"{INDEX} has no weight_map")
        if missing := sorted(set(map(str, listed.values())) - files):
            more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            raise _broken(str(folder), f"the weights in {missing[0]}{more} are missing, which {INDEX} speaks of")
    for name in sorted(files):
        try:
            with safe_open(
                folder / name, framework="np"
            ):  # reads the header, and whether the file is as long as it says
                pass
        except (SafetensorError, OSError) as error:
            raise _broken(str(folder), f"the weights in {name} are broken or cut short: {error}") from error


def _broken(where: str, message: str) -> ModelError:
    return ModelError(message, where=where, hint="the copy or download is not whole: repeat it")
