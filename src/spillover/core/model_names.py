"""What the name of a model says of its size."""

from __future__ import annotations

import re


def read_billions(name: str) -> float | None:
    """Read the number of parameters, in billions, from a model's name; None where it does not say.

    >>> [read_billions(name) for name in ("Qwen2.5-VL-7B-Instruct", "llava_v1.5_13b", "SmolVLM-256M", "x")]
    [7.0, 13.0, 0.256, None]
    """
    found = re.search(r"(?<![A-Za-z0-9.])(\d+(?:\.\d+)?)\s*([BM])(?![A-Za-z])", name, flags=re.IGNORECASE)
    if found is None:
        return None
    return float(found[1]) / (1 if found[2].upper() == "B" else 1000)
