"""Writes every figure of findings as SVG, PDF and PNG with its caption, and all numbers behind them as CSV."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable
from io import BytesIO, StringIO
from math import isnan
from pathlib import Path
from typing import Any

from spillover.analysis import Findings
from spillover.core.files import written_together
from spillover.report.drawing.canvas import paper_style
from spillover.report.drawing.drawings import Drawing, drawings_across, drawings_of
from spillover.report.figures.rows import Rows

UNDATED = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {"Software": None}}
"""Metadata without which the same figure would be another file every time."""
CAPTIONS = "captions.md"
Write = Callable[[Path, bytes | str], None]
"""Keeps a file's content, until all are written together."""


def write_figures(findings: Findings, folder: Path | str) -> list[Path]:
    """Write all figures, and the tables beside them. Drawing takes long, so none is in its place before all are drawn.

    Args:
        findings: of one or more models.
        folder: is made; each model has its own folder in it, where there are several.

    Returns:
        The files, each figure's CSV before its drawings; of groups, cliques and differences there is the CSV alone.
        After the figures of a folder stand their captions, `captions.md`.

    Raises:
        StoreError: a file cannot be written.
    """
    folder = Path(folder)
    rooms = {_folder_name(model.title): model for model in findings.models}
    written: list[Path] = []
    with paper_style(), written_together() as write:
        for name, model in rooms.items():
            room = folder if len(rooms) == 1 else folder / name
            written += _write_all(drawings_of(model), room, write)
        written += _write_all(drawings_across(findings), folder, write)
    return written


def _write_all(drawings: Iterable[Drawing], room: Path, write: Write) -> list[Path]:
    """Write figures of one folder, and their captions after them."""
    written: list[Path] = []
    captions: list[str] = []
    for drawing in drawings:
        written += (files := _write(drawing, room, write))
        if files and drawing.draw is not None:
            captions.append(f"## {drawing.name}\n\n{drawing.caption}\n")
    if captions:
        write(room / CAPTIONS, "\n".join(["# Captions of the figures\n", *captions]))
        written.append(room / CAPTIONS)
    return written


def _write(drawing: Drawing, room: Path, write: Write) -> list[Path]:
    if not drawing.rows:
        return []
    table = room / f"{drawing.name}.csv"
    write(table, write_csv(drawing.rows))
    if drawing.draw is None:
        return [table]
    figure = drawing.draw()
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # laid out once, not once a format
    files = [table]
    for kind, metadata in UNDATED.items():
        written = BytesIO()
        figure.savefig(written, format=kind, metadata=metadata)
        files.append(room / f"{drawing.name}.{kind}")
        write(files[-1], written.getvalue())
    return files


def write_csv(rows: Rows) -> str:
    r"""Write rows as CSV, numbers in full; what is not known is empty.

    >>> write_csv([{"task": "a, b", "value": 0.1, "q": float("nan")}])
    'task,value,q\n"a, b",0.1,\n'
    """
    written = StringIO()
    table = csv.DictWriter(written, list(rows[0]), lineterminator="\n")
    table.writeheader()
    table.writerows({name: _written(value) for name, value in row.items()} for row in rows)
    return written.getvalue()


def _written(value: Any) -> Any:
    return "" if isinstance(value, float) and isnan(value) else value


def _folder_name(title: str) -> str:
    """Make a folder's name of a model's, which may be a path or hold anything.

    >>> _folder_name("Qwen/Qwen2.5-VL-3B"), _folder_name("..")
    ('Qwen_Qwen2.5-VL-3B', 'model')
    """
    return re.sub(r"[^\w.-]+", "_", title).strip("._") or "model"
