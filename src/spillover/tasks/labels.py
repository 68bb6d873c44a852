"""Which labels of BLINK somebody has: those of one task were corrected, and scores on the old ones mean nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Literal

RELABELLED = "Relative_Reflectance"
"""The task most of whose answers BLINK corrected on 2025-09-03."""
OLD_LABELS = "ae88912e3c7e22ff55288b5ef3f82bc598b44139e9f6cb57a02f40aa4b4c9fa5"
"""`hash_labels` of its validation split before the correction."""
EXAMPLES = 134
"""Of its validation split, before and after."""


def label_revision(labels: Mapping[str, str]) -> Literal["old", "corrected"] | None:
    """Tell whether the answers to Relative_Reflectance are from before BLINK corrected them; None of a part of them.

    Args:
        labels: example → right answer, "(A)", as BLINK's validation split names both.
    """
    if hash_labels(labels) == OLD_LABELS:
        return "old"
    whole = {f"val_{RELABELLED}_{number}" for number in range(1, EXAMPLES + 1)}
    return "corrected" if set(labels) == whole else None


def hash_labels(labels: Mapping[str, str]) -> str:
    """Hash the answers of a split, whatever their order."""
    lines = [f"{name} {answer}" for name, answer in sorted(labels.items())]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
