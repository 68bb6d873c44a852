"""The one shape that everything is made of: a box with round corners that may taper.

With no length it is a disc, with no width a capsule, without rounding a rectangle, tapered fully a triangle. One
formula for all of them lets the parts of a thing be computed together.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Blobs = NDArray[np.float64]
"""`(blobs, 8)`: centre x, centre y, half length, half width, rounding, taper, and the direction of the length x, y.

Lengths are in units of the plane. The rounding is added around the box. Taper −1 to 1 is by how much the width grows
towards the positive end of the length. The direction has length 1.
"""

COLUMNS = 8


def signed_distances(blobs: Blobs, x: NDArray[np.floating], y: NDArray[np.floating]) -> NDArray[np.floating]:
    """Signed distance from points to the edge of every blob, negative inside.

    Args:
        blobs: the shapes.
        x: horizontal coordinates of the points, any shape that broadcasts with `y`.
        y: vertical coordinates.

    Returns:
        Shape `(blobs, *points)`, in units of the plane; exact without taper, slightly too large with it.
    """
    shape = (COLUMNS, len(blobs)) + (1,) * max(x.ndim, y.ndim)
    centre_x, centre_y, length, width, rounding, taper, cosine, sine = blobs.astype(x.dtype).T.reshape(shape)
    right, down = x - centre_x, y - centre_y
    along = right * cosine + down * sine
    if taper.any():
        width = width * (1.0 + np.minimum(np.maximum(along * (taper / (length + 1e-6)), -1.0), 1.0))
    beyond = np.abs(along) - length
    aside = np.abs(down * cosine - right * sine) - width
    inside = np.minimum(np.maximum(beyond, aside), 0.0)
    beyond, aside = np.maximum(beyond, 0.0), np.maximum(aside, 0.0)
    return np.sqrt(beyond * beyond + aside * aside) + inside - rounding


def extents(blobs: Blobs) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of the smallest upright rectangle around all blobs."""
    x, y, length, width, rounding, taper, cosine, sine = blobs.T
    corners_x, corners_y = [], []
    for end in (-1.0, 1.0):
        half_width = width * (1.0 + end * taper)
        for side in (-1.0, 1.0):
            corners_x.append(x + end * length * cosine - side * half_width * sine)
            corners_y.append(y + end * length * sine + side * half_width * cosine)
    return (
        float((np.min(corners_x, axis=0) - rounding).min()),
        float((np.min(corners_y, axis=0) - rounding).min()),
        float((np.max(corners_x, axis=0) + rounding).max()),
        float((np.max(corners_y, axis=0) + rounding).max()),
    )
