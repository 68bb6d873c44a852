"""Identity by content, and randomness that follows from it.

The same key means the same result: caching, resuming, extending and sharing are one idea.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

KEY_LENGTH = 32
"""Hexadecimal digits kept of a SHA-256: 128 bits, far beyond accidental collisions, short enough for a file name."""


def canonical_json(value: Any) -> str:
    """Write a value as JSON in the one form that is hashed: sorted keys, no spaces, no NaN.

    Raises:
        ValueError: a number is NaN or infinite.
        TypeError: a value has no JSON form.

    >>> canonical_json({"b": 1, "a": [1.5, None]})
    '{"a":[1.5,null],"b":1}'
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def content_key(value: Any) -> str:
    """Hash a value's canonical JSON.

    >>> content_key({"a": 1, "b": 2}) == content_key({"b": 2, "a": 1})
    True
    """
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()[:KEY_LENGTH]


def hash_file(path: Path) -> str:
    """Hash a file's bytes with SHA-256, in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while piece := stream.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def hash_folder(path: Path, suffixes: tuple[str, ...]) -> str:
    """Hash the names and bytes of the files directly in a folder whose names end in one of the suffixes."""
    files = sorted(file for file in path.iterdir() if file.is_file() and file.name.endswith(suffixes))
    return content_key([[file.name, hash_file(file)] for file in files])


def seeded_generator(*names: str | int) -> np.random.Generator:
    """Make the generator that belongs to a chain of names, equal in every process and on every machine.

    >>> seeded_generator("study", 0).integers(1000) == seeded_generator("study", 0).integers(1000)
    np.True_
    """
    digest = hashlib.sha256(canonical_json(list(names)).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "big"))
