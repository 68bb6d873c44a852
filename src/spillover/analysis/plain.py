"""From numpy's values to JSON's."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any


def plain(value: Any) -> Any:
    """Turn numpy numbers and arrays, tuples and NaN into what JSON knows; NaN and infinities become None.

    Complexity: O(values).

    >>> import numpy as np
    >>> plain({"a": (np.float64("nan"), np.int64(2))})
    {'a': [None, 2]}
    """
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(entry) for entry in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
