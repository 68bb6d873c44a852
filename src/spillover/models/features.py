"""Keeps what the vision tower made of images: on disk, for every process and every run, or else in main memory.

Nothing is let go of by age: epochs go round, and what is dropped because it is oldest is what is needed next. Each
place takes in until it is full, and what is nowhere is computed again.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers
from jaxtyping import Float
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as bytes_from_tensors
from torch import Tensor, nn

from spillover.core.errors import StoreError
from spillover.core.files import sweep, write_atomically
from spillover.models.language_model import language_model_place
from spillover.models.recent import Recent

FEATURES_VERSION = 2
"""Part of every key: raise it whenever features are laid out or computed otherwise."""
BESIDE_VISION = ("text_config", "_name_or_path", "transformers_version", "quantization_config")
"""Of a model's configuration: what says nothing of its vision tower, or is said elsewhere."""
MEMORY_BYTES = 2 << 30
"""Of features a process keeps in main memory where the disk takes none."""
OPEN_FILES = 4096
"""Mapped files a process holds open; the pages of any of them are the operating system's to keep or drop."""
SPARED = 0.05
"""Share of the disk that is left free, whatever the limit says."""
STALE_S = 14 * 24 * 3600.0
"""Features of a model that no process has opened for so long make room for others."""
LOOKED_EVERY = 0.01
"""Share of the limit that is written between two looks at what other processes have written."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """What the vision tower made of one prompt's images."""

    embeddings: Float[Tensor, "token hidden"]
    """In the place of the prompt's image tokens."""
    deepstack: tuple[Float[Tensor, "token hidden"], ...] = ()
    """For models that feed several layers: one each."""

    @property
    def size_bytes(self) -> int:
        """Memory that they take."""
        return sum(tensor.nbytes for tensor in (self.embeddings, *self.deepstack))


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureDisk:
    """Room on a disk for the features of any number of models, shared by all processes and studies."""

    folder: Path
    limit_bytes: int
    """Of all files together. Several processes may pass it by what they write between two looks at it."""


class FeatureCache:
    """Features by key, of prompts whose images passed the vision tower together.

    Safe under any number of processes: files appear whole, and one that is not what was written counts as missing.

    Args:
        disk: where files lie, one a key; None for main memory alone.
        identity: of the vision tower; see `vision_identity`. A folder's name.
        memory_bytes: of what is held in main memory because the disk has no room.
    """

    def __init__(
        self, disk: FeatureDisk | None = None, identity: str = "", *, memory_bytes: int = MEMORY_BYTES
    ) -> None:
        self._disk = disk if disk is not None and disk.limit_bytes > 0 else None
        self._identity = identity
        self._memory_bytes = memory_bytes
        self._held: dict[str, list[Features]] = {}
        self._opened = Recent[str, list[Features]](OPEN_FILES)
        self._unlooked = 0
        self._is_full = False
        self.held_bytes = 0
        """In main memory; never above the limit."""
        if self._disk is not None:
            sweep(self._disk.folder)
            _mark_used(self._disk.folder / identity)
        self.stored_bytes = 0 if self._disk is None else _folder_bytes(self._disk.folder)
        """On disk, as far as this process knows."""

    def get(self, key: str) -> list[Features] | None:
        """Find what is kept under a key, one entry a prompt; None if nothing is."""
        if (held := self._held.get(key)) is not None:
            return held
        if self._disk is None:
            return None
        opened = self._opened.get(key)
        if opened is None and (opened := _open(self._file(self._disk, key))) is not None:
            self._opened.keep(key, opened, 1)
        return opened

    def keep(self, key: str, features: Sequence[Features]) -> None:
        """Keep features, if there is room for them."""
        if self._disk is not None and self._store(self._disk, key, features):
            return
        size = sum(each.size_bytes for each in features)
        if self.held_bytes + size <= self._memory_bytes:
            self._held[key] = list(features)
            self.held_bytes += size

    def _store(self, disk: FeatureDisk, key: str, features: Sequence[Features]) -> bool:
        content = _pack(features)
        if not self._has_room(disk, len(content)):
            return False
        try:
            write_atomically(self._file(disk, key), content, durable=False)  # what is cut short fails its checksum
        except StoreError as error:
            log.warning("image features are no longer stored: %s", error)
            self._disk = None  # a cache may be slow; it may not end a study
            return False
        self.stored_bytes += len(content)
        self._unlooked += len(content)
        return True

    def _has_room(self, disk: FeatureDisk, size: int) -> bool:
        if self._unlooked > disk.limit_bytes * LOOKED_EVERY:
            self.stored_bytes, self._unlooked = _folder_bytes(disk.folder), 0
        if self.stored_bytes + size > disk.limit_bytes and not self._is_full:
            _remove_stale(disk.folder)
            self.stored_bytes = _folder_bytes(disk.folder)
        if self.stored_bytes + size > disk.limit_bytes:
            if not self._is_full:
                log.warning(
                    "%s is full of image features (%.3g GB), and the others are computed again in every run; raise "
                    "executor.feature_cache_gb, or remove the folder",
                    disk.folder,
                    disk.limit_bytes / 1e9,
                )
            self._is_full = True
            return False
        there = next(parent for parent in (disk.folder, *disk.folder.absolute().parents) if parent.exists())
        usage = shutil.disk_usage(there)
        return usage.free - size > SPARED * usage.total

    def _file(self, disk: FeatureDisk, key: str) -> Path:
        return disk.folder / self._identity / key[:2] / f"{key}.safetensors"


def features_key(images: Sequence[Sequence[str]]) -> str:
    """Name the features of images that pass the vision tower together.

    Args:
        images: the digests of each prompt's images, in order.
    """
    return hashlib.sha256(json.dumps(images).encode()).hexdigest()


def vision_identity(model: Any, processor: Any) -> str:
    """Say in a digest what decides the features of an image: weights, image processor, and how they are computed.

    Reads every weight outside the language model once: about a second for each gigabyte.
    """
    digest = hashlib.sha256()
    decoder: nn.Module = model.get_decoder()
    inside = f"{language_model_place(model)}."
    text = {id(tensor) for tensor in (*decoder.parameters(), *model.get_output_embeddings().parameters())}
    for name, tensor in model.state_dict(keep_vars=True).items():
        if id(tensor) not in text and not name.startswith(inside):  # scales of quantised weights are no parameters
            digest.update(name.encode())
            digest.update(tensor.detach().contiguous().cpu().view(torch.uint8).numpy())
    how = {
        "version": FEATURES_VERSION,
        "processor": processor.image_processor.to_dict(),
        "config": {name: value for name, value in model.config.to_dict().items() if name not in BESIDE_VISION},
        "attention": model.config._attn_implementation,
        "dtype": str(model.dtype),
        "device": torch.cuda.get_device_name(model.device) if model.device.type == "cuda" else torch.get_num_threads(),
        "libraries": [torch.__version__, transformers.__version__],
    }
    digest.update(json.dumps(how, sort_keys=True, default=str).encode())
    return digest.hexdigest()[:32]


def _mark_used(folder: Path) -> None:
    with suppress(OSError):  # not there yet, or not ours to write
        os.utime(folder)


def _remove_stale(folder: Path) -> None:
    """Remove the features of models that nobody has opened for long; a process that reads them keeps what is open."""
    for of_model in folder.iterdir():
        if of_model.is_dir() and time.time() - of_model.stat().st_mtime > STALE_S:
            shutil.rmtree(of_model, ignore_errors=True)


def _folder_bytes(folder: Path) -> int:
    return sum(_file_bytes(file) for file in folder.rglob("*.safetensors"))


def _file_bytes(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:  # removed meanwhile
        return 0


def _pack(features: Sequence[Features]) -> bytes:
    tensors = {"embeddings": torch.cat([each.embeddings for each in features])}
    for place, layer in enumerate(zip(*(each.deepstack for each in features), strict=True)):
        tensors[f"deepstack.{place}"] = torch.cat(layer)
    lengths = [len(each.embeddings) for each in features]
    facts = {"lengths": json.dumps(lengths), "checksum": str(_checksum(tensors))}
    return bytes_from_tensors(tensors, facts)


def _open(file: Path) -> list[Features] | None:
    """Map a file into memory; None if there is none, or it is not what was written."""
    try:
        with safe_open(file, framework="pt") as opened:
            facts = opened.metadata() or {}
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 (it is no dict)
        if int(facts["checksum"]) != _checksum(tensors):
            raise ValueError("its checksum is another")
        return list(_unpack(tensors, json.loads(facts["lengths"])))
    except FileNotFoundError:
        return None
    except (OSError, SafetensorError, KeyError, ValueError, RuntimeError) as error:
        log.warning("stored image features are broken and computed again: %s: %s", file, error)
        return None


def _unpack(tensors: dict[str, Tensor], lengths: list[int]) -> Iterator[Features]:
    embeddings = tensors["embeddings"].split(lengths)
    layers = [tensors[f"deepstack.{place}"].split(lengths) for place in range(len(tensors) - 1)]
    for row, each in enumerate(embeddings):
        yield Features(embeddings=each, deepstack=tuple(layer[row] for layer in layers))


def _checksum(tensors: dict[str, Tensor]) -> int:
    total = 0
    for name in sorted(tensors):
        total = zlib.crc32(tensors[name].contiguous().view(torch.uint8).numpy().data, total)
    return total
