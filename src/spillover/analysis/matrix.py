"""A matrix of transfers that shows itself in a terminal and in a notebook."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from spillover.analysis.pgf import Undefined
from spillover.analysis.shapes import Transfers
from spillover.core.errors import AnalysisError
from spillover.core.numbers import signed

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferMatrix:
    """One number for every source and target: PGF, accuracy points, or the specific part of a PGF."""

    title: str
    sources: tuple[str, ...]
    """Row names: what was finetuned on."""
    targets: tuple[str, ...]
    """Column names: what was evaluated."""
    abbreviations: dict[str, str]
    values: Transfers
    """NaN where undefined."""
    undefined: tuple[Undefined, ...] = ()

    def value(self, source: str, target: str) -> float:
        """Look up one cell; NaN where it is undefined.

        Raises:
            AnalysisError: there is no such source or target.
        """
        if source not in self.sources or target not in self.targets:
            raise AnalysisError(
                f"there is no cell {source} → {target}",
                hint=f"sources: {', '.join(self.sources)}; targets: {', '.join(self.targets)}",
            )
        return float(self.values[self.sources.index(source), self.targets.index(target)])

    def to_frame(self) -> pd.DataFrame:
        """Convert to a pandas DataFrame, sources as rows.

        Raises:
            AnalysisError: pandas is not installed.
        """
        pd = load_pandas()
        return pd.DataFrame(
            self.values, index=pd.Index(self.sources, name="source"), columns=pd.Index(self.targets, name="target")
        )

    def to_rows(self) -> list[list[float | None]]:
        """Convert to nested lists with None where undefined, as JSON wants it.

        >>> matrix = TransferMatrix(title="PGF", sources=("a",), targets=("b",), abbreviations={},
        ...                         values=np.array([[np.nan]]))
        >>> matrix.to_rows()
        [[None]]
        """
        return [[None if np.isnan(value) else value for value in row] for row in self.values.tolist()]

    def __repr__(self) -> str:
        width = max([6, *(len(self._short(name)) for name in (*self.sources, *self.targets))]) + 1
        head = " " * width + "".join(f"{self._short(name):>{width}}" for name in self.targets)
        lines = [
            f"{self._short(source):<{width}}" + "".join(f"{_show(value):>{width}}" for value in row)
            for source, row in zip(self.sources, self.values, strict=True)
        ]
        return "\n".join([f"{self.title} (rows finetuned, columns evaluated)", head, *lines])

    def to_html(self) -> str:
        """Write the matrix as an HTML table, as a notebook shows it; names are escaped."""
        head = "".join(f"<th title='{escape(n, quote=True)}'>{escape(self._short(n))}</th>" for n in self.targets)
        body = "".join(
            f"<tr><th style='text-align:left'>{escape(source)}</th>" + "".join(map(_html_cell, row)) + "</tr>"
            for source, row in zip(self.sources, self.values, strict=True)
        )
        caption = f"<caption>{escape(self.title)} (rows finetuned, columns evaluated)</caption>"
        return f"<table>{caption}<thead><tr><th></th>{head}</tr></thead><tbody>{body}</tbody></table>"

    _repr_html_ = to_html

    def _short(self, name: str) -> str:
        return self.abbreviations.get(name, name)


def load_pandas() -> ModuleType:
    """Import pandas.

    Raises:
        AnalysisError: it is not installed.
    """
    try:
        import pandas  # noqa: PLC0415 (optional: only frames need it)
    except ImportError as error:
        raise AnalysisError("to_frame() needs pandas", hint="pip install pandas") from error
    return pandas


def _show(value: float) -> str:
    return signed(value) if value else "0"


def _html_cell(value: float) -> str:
    """Blue for gains, red for harms, so that the sign does not hang on the colour alone the number stays signed."""
    if np.isnan(value):
        return "<td>–</td>"
    strength = min(abs(value) / 0.5, 1.0)
    red, green, blue = (33, 102, 172) if value > 0 else (178, 24, 43)
    return f"<td style='background:rgba({red},{green},{blue},{strength * 0.6:.2f})'>{_show(value)}</td>"
