"""A recommended mixture as tables in a terminal, within 80 columns."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from spillover.core.numbers import NONE, interval, percent, signed
from spillover.mixture.mixture import Mixture
from spillover.report.breaking import Breakable

LISTED_OTHERS = 30
"""Tasks that are neither targets nor protected and whose effect is listed all the same."""
EXPLAINED = 3
"""Sources that are left out of the mixture and whose reason is told all the same."""


def mixture_in_terminal(mixture: Mixture) -> RenderableType:
    """Lay a mixture out: whether it should help and what to beware of, what to train on and why, what it should do."""
    settings = mixture.settings
    title = f"{mixture.model} · {mixture.protocol} · {settings.strategy} for {', '.join(settings.targets)}"
    caveats, notes = mixture.notes[: mixture.caveats], mixture.notes[mixture.caveats :]
    verdict = [_expected(mixture), *caveats] if mixture.helps else caveats
    return Group(
        Text(title, style="bold"),
        *map(Text, verdict),
        _what(mixture),
        Text("why", style="bold"),
        _why(mixture),
        Text("what it should do (PGF): the effects of its sources added up", style="bold"),
        _effects(mixture),
        *(Text(f"· {note}", style="dim") for note in notes),
    )


def _expected(mixture: Mixture) -> str:
    """What to expect of a mixture, less luck where that is known."""
    figures = [
        f"{signed(each.expected)} on {each.task} (a random mixture {signed(each.random)})" for each in mixture.targets
    ]
    return f"expect {', '.join(figures)}"


def _what(mixture: Mixture) -> Table:
    table = _table("source", "take", "examples", "PGF", "interval")
    for each in mixture.sources:
        share, examples = (percent(each.share), str(each.examples)) if each.share > 0 else ("–", "")
        style = "" if each.share > 0 else "dim"
        ends = _interval(each.low, each.high)
        table.add_row(Breakable(each.source), share, examples, signed(each.pgf), ends, style=style)
    return table


def _why(mixture: Mixture) -> Table:
    """What is taken, and the first of what is left out; sources that have the same reason stand together."""
    reasons: dict[str, list[str]] = {}
    for each in mixture.sources[: len(mixture.taken) + EXPLAINED]:
        reasons.setdefault(each.reason, []).append(each.source)
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
    table.add_column(ratio=2)
    table.add_column(ratio=3)
    for reason, sources in reasons.items():
        table.add_row(Breakable(", ".join(sources)), Breakable(reason))
    if (others := len(mixture.sources) - len(mixture.taken) - EXPLAINED) > 0:
        table.add_row(Text(f"{others} more", style="dim"), Text("left out, too: --json says why", style="dim"))
    return table


def _interval(low: float, high: float) -> str:
    return interval(low, high, 2) or NONE


def _effects(mixture: Mixture) -> Table:
    settings = mixture.settings
    table = _table("on", "", "predicted", "interval", "worst\nfifth", "less\nluck")
    for effect in mixture.effects[: LISTED_OTHERS + len(settings.targets) + len(settings.protected)]:
        role = "" if effect.role == "other" else effect.role
        ends = _interval(effect.low, effect.high)
        style = "dim" if effect.role == "other" else ""
        less = "" if effect.promised is None else signed(effect.promised)
        name, predicted, worst = Breakable(effect.task), signed(effect.predicted), signed(effect.worst)
        table.add_row(name, role, predicted, ends, worst, less, style=style)
        if effect.role == "target":
            ends = _interval(effect.random_low, effect.random_high)
            table.add_row("  a random mixture", "", signed(effect.random), ends, style="dim")
    return table


def _table(*heads: str) -> Table:
    """Lay out numbers that are never cut beside a first column of names, which wrap where they are long."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    name, *numbers = heads
    table.add_column(name)
    for head in numbers:
        table.add_column(head, no_wrap=True)
    return table
