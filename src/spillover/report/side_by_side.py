"""Several models side by side in a terminal: one column a model, in order of size."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from spillover.analysis import Comparison, Findings, ModelFindings

Show = Callable[[ModelFindings], str]


def comparison_in_terminal(findings: Findings) -> RenderableType:
    """Lay out the comparisons of findings: figures by model, then the personas that hold for all."""
    models = {(model.model, model.protocol): model for model in findings.models}
    return Group(
        *(
            Padding(_comparison(each, [models[name, each.protocol] for name in each.models]), (0, 0, 1, 0))
            for each in findings.comparisons
        )
    )


def _comparison(comparison: Comparison, models: Sequence[ModelFindings]) -> RenderableType:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("")
    for model in models:
        table.add_column(model.model, justify="right")
    for name, show in ROWS:
        table.add_row(name, *(show(model) for model in models))
    parts: list[RenderableType] = [Text(f"side by side · {comparison.protocol}", style="bold"), table]
    if not comparison.same_tasks:
        parts.append(Text("! not the same tasks: averages are not comparable as they stand", style="yellow"))
    for kind, personas in comparison.consistent.items():
        held = [
            f"{name} {', '.join(tasks)}"
            for name in ("donor", "pirate", "sponge", "sieve")
            if (tasks := getattr(personas, name))
        ]
        parts.append(Text(f"{kind} personas that hold for all: {'; '.join(held) or 'none'}"))
    return Group(*parts)


def _mean(model: ModelFindings) -> str:
    return "–" if model.summary.mean is None else f"{model.summary.mean:+.4f}"


def _mean_interval(model: ModelFindings) -> str:
    spread = model.summary.spread
    if spread is None:
        return "–"
    narrow = " (too narrow)" if spread.unsampled else ""
    return f"{float(spread.low.mean):+.3f} to {float(spread.high.mean):+.3f}{narrow}"


def _calibrated(model: ModelFindings) -> str:
    found = model.calibrated
    return "–" if found is None or found.summary.mean is None else f"{found.summary.mean:+.4f}"


def _signs(model: ModelFindings) -> str:
    return f"{model.summary.positive_cells} / {model.summary.negative_cells} of {model.summary.cells}"


def _cliques(model: ModelFindings) -> str:
    return " / ".join(str(found.largest["mean"].size) for found in (model.positive_cliques, model.negative_cliques))


def _profile(name: str, side: str) -> Show:
    return lambda model: f"{getattr(getattr(model.summary, name), f'average_{side}'):+.3f}"


ROWS: tuple[tuple[str, Show], ...] = (
    ("mean PGF on other tasks", _mean),
    ("  its interval", _mean_interval),
    ("  answer prior taken out", _calibrated),
    ("transfers that help / harm", _signs),
    ("transferability +", _profile("transferability", "positive")),
    ("transferability −", _profile("transferability", "negative")),
    ("malleability +", _profile("malleability", "positive")),
    ("malleability −", _profile("malleability", "negative")),
    ("largest clique + / −", _cliques),
)
