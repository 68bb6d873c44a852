"""Single cells as a pandas frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spillover.analysis.findings import ModelFindings
from spillover.analysis.matrix import load_pandas

if TYPE_CHECKING:
    import pandas as pd


def frame_cells(model: ModelFindings) -> pd.DataFrame:
    """Put every cell with its interval and test into a frame.

    Args:
        model: sources × targets become as many rows, those of the first source first.

    Returns:
        See `ModelFindings.to_frame`.

    Raises:
        AnalysisError: pandas is not installed.

    Complexity: O(cells).

    >>> from spillover.analysis import analyze
    >>> from spillover.analysis.cube import example_cube
    >>> frame = frame_cells(analyze(example_cube()).models[0])
    >>> frame.query("source != target")["pgf"].tolist()
    [0.0, -0.5]
    """
    transfers, cells = model.transfers, model.cells
    inference = cells.inference
    shape = (len(transfers.sources), len(transfers.targets))
    base = [model.base[target].accuracy for target in transfers.targets]
    columns = {
        "source": np.repeat(np.array(transfers.sources, dtype=object), shape[1]),
        "target": np.tile(np.array(transfers.targets, dtype=object), shape[0]),
        "pgf": model.matrix.values,
        "low": inference.low,
        "high": inference.high,
        "p": inference.p,
        "q": cells.q,
        "points": model.points.values,
        "accuracy": cells.accuracy,
        "base": np.broadcast_to(np.array(base, dtype=float), shape),
    }
    return load_pandas().DataFrame({name: np.ravel(values) for name, values in columns.items()})
