"""Writes every figure of findings as SVG, PDF and PNG, and the numbers behind it, and of every table, as CSV."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO, StringIO
from pathlib import Path

from matplotlib.figure import Figure

from spillover.analysis import Findings, ModelFindings, TransferMatrix
from spillover.analysis.differences import differences_of
from spillover.core.files import write_atomically
from spillover.report.drawing.canvas import paper_style
from spillover.report.drawing.charts import draw_lines, draw_profiles, draw_training, draw_variance, draw_weights
from spillover.report.drawing.graph import draw_graph
from spillover.report.drawing.heatmap import draw_heatmap
from spillover.report.drawing.verdicts import draw_additivity, draw_doses, draw_verdict
from spillover.report.figures.graph import graph_of
from spillover.report.figures.lines import progress_of, scale_of
from spillover.report.figures.matrix import Layer, layers_of
from spillover.report.figures.profiles import profiles_of
from spillover.report.figures.rows import (
    Rows,
    clique_rows,
    difference_rows,
    dose_rows,
    graph_rows,
    group_rows,
    layer_rows,
    line_rows,
    prediction_rows,
    profile_rows,
    training_rows,
    variance_rows,
    verdict_rows,
    weight_rows,
)
from spillover.report.figures.training import training_of
from spillover.report.figures.variance import variance_of
from spillover.report.figures.verdicts import arm_effects, mixture_layers
from spillover.report.figures.weights import weights_of

UNDATED = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {"Software": None}}
"""Metadata without which the same figure would be another file every time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A figure, or a table, that is to be written."""

    name: str
    rows: Rows
    draw: Callable[[], Figure] | None = None
    """None where the numbers stand as a table alone."""


def write_figures(findings: Findings, folder: Path | str) -> list[Path]:
    """Write all figures, and the tables beside them.

    Args:
        findings: of one or more models.
        folder: is made; each model has its own folder in it, where there are several.

    Returns:
        The files, each figure's CSV before its drawings; of groups, cliques and differences there is the CSV alone.

    Raises:
        StoreError: a file cannot be written.
    """
    folder = Path(folder)
    rooms = {_folder_name(model.title): model for model in findings.models}
    written: list[Path] = []
    with paper_style():
        for name, model in rooms.items():
            room = folder if len(rooms) == 1 else folder / name
            for drawing in drawings_of(model):
                written += _write(drawing, room)
        for place, lines in enumerate(scale_of(findings)):
            name = "scale" if place == 0 else f"scale_{place + 1}"
            written += _write(Drawing(name=name, rows=line_rows(lines), draw=lambda of=lines: draw_lines(of)), folder)
        written += _write(Drawing(name="differences", rows=difference_rows(differences_of(findings))), folder)
    return written


def drawings_of(model: ModelFindings) -> Iterator[Drawing]:
    """List the figures of one model: verdicts of mixtures, then the matrices and what they are made of."""
    yield from _of_mixtures(model)
    if (training := training_of(model)) is not None:
        yield Drawing(name="training", rows=training_rows(model.training), draw=lambda: draw_training(training))
    if model.is_about_mixtures:
        return
    yield from _heatmaps(model, layers_of(model), model.matrix)
    graph, profiles, bars = graph_of(model), profiles_of(model), variance_of(model)
    yield Drawing(name="graph", rows=graph_rows(graph), draw=lambda: draw_graph(graph))
    cliques = clique_rows(model.positive_cliques.cliques, model.negative_cliques.cliques)
    yield Drawing(name="cliques", rows=cliques)
    yield Drawing(name="groups", rows=group_rows(model.groups))
    yield Drawing(name="profiles", rows=profile_rows(profiles), draw=lambda: draw_profiles(profiles))
    if bars:
        yield Drawing(name="variance", rows=variance_rows(bars), draw=lambda: draw_variance(bars))
    if (progress := progress_of(model)) is not None:
        yield Drawing(name="progress", rows=line_rows(progress), draw=lambda: draw_lines(progress))
    if (weights := weights_of(model)) is not None:
        yield Drawing(name="weights", rows=weight_rows(weights), draw=lambda: draw_weights(weights))


def _of_mixtures(model: ModelFindings) -> Iterator[Drawing]:
    for place, verdict in enumerate(model.verdicts, 1):
        effects = arm_effects(verdict)
        name = "verdict" if place == 1 else f"verdict_{place}"
        yield Drawing(name=name, rows=verdict_rows(effects), draw=lambda of=effects: draw_verdict(of))
        if (curve := verdict.dose_curve) is not None:
            name = name.replace("verdict", "doses")
            yield Drawing(name=name, rows=dose_rows(curve), draw=lambda of=curve: draw_doses(of))
    if model.additivity is not None:
        cells = model.additivity.cells
        yield Drawing(name="additivity", rows=prediction_rows(cells), draw=lambda: draw_additivity(cells))
    if model.mixtures is not None:
        yield from _heatmaps(model, mixture_layers(model), model.mixtures.matrix)


def _heatmaps(model: ModelFindings, layers: Iterable[Layer], matrix: TransferMatrix) -> Iterator[Drawing]:
    """Draw layers in the order, and under the names, that a matrix has."""
    order, short = list(dict.fromkeys((*matrix.sources, *matrix.targets))), matrix.abbreviations
    rate = model.settings.false_discovery_rate
    for layer in layers:
        name = "heatmap" if layer.name == "raw" else f"heatmap_{layer.name.replace(' ', '_')}"
        yield Drawing(name=name, rows=layer_rows(layer), draw=lambda of=layer: draw_heatmap(of, order, short, rate))


def _write(drawing: Drawing, room: Path) -> list[Path]:
    if not drawing.rows:
        return []
    table = room / f"{drawing.name}.csv"
    write_atomically(table, write_csv(drawing.rows))
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
        write_atomically(files[-1], written.getvalue())
    return files


def write_csv(rows: Rows) -> str:
    r"""Write rows as CSV, numbers in full.

    >>> write_csv([{"task": "a, b", "value": 0.1}])
    'task,value\n"a, b",0.1\n'
    """
    written = StringIO()
    table = csv.DictWriter(written, list(rows[0]), lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return written.getvalue()


def _folder_name(title: str) -> str:
    """Make a folder's name of a model's, which may be a path or hold anything.

    >>> _folder_name("Qwen/Qwen2.5-VL-3B"), _folder_name("..")
    ('Qwen_Qwen2.5-VL-3B', 'model')
    """
    return re.sub(r"[^\w.-]+", "_", title).strip("._") or "model"
