"""Transfer between groups of tasks: perceptual level, granularity, or any attribute of the user's own.

Sachdeva et al., CVPR 2026 (arXiv 2511.18787), section on levels and granularity.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from spillover.analysis.facts import Facts
from spillover.analysis.profiles import mean_present
from spillover.analysis.shapes import Transfers
from spillover.analysis.summary import Summary


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouping:
    """Averages by the values of one attribute."""

    attribute: str
    groups: tuple[str, ...]
    members: dict[str, tuple[str, ...]]
    """Tasks of each group; tasks without a value are in none."""
    transferability: dict[str, tuple[float, float]]
    """Mean Δ⁺ and Δ⁻ of each group's sources; NaN where it has none."""
    malleability: dict[str, tuple[float, float]]
    """Mean Θ⁺ and Θ⁻ of each group's targets."""
    pgf: np.ndarray
    """Mean PGF from the sources of one group to the *other* tasks of another, shape group × group; NaN where none."""


LEVELS = ("low", "mid", "high")
GRANULARITIES = ("pixel", "crop", "image")


def group_transfers(
    mean: Transfers, summary: Summary, facts: Facts, attributes: Mapping[str, Mapping[str, str]]
) -> tuple[Grouping, ...]:
    """Group a matrix by level, by granularity and by the user's attributes.

    Args:
        mean: PGFs, means over seeds.
        summary: of the same matrix.
        facts: levels and granularities.
        attributes: attribute name → task → value.

    Returns:
        Groupings in which at least one task has a value.

    Complexity: O(cells · groups).

    >>> from spillover.analysis.cube import example_cube
    >>> from spillover.analysis import analyze
    >>> model = analyze(example_cube()).models[0]
    >>> groupings = group_transfers(model.matrix.values, model.summary, {}, {"kind": {"Jigsaw": "new"}})
    >>> [grouping.attribute for grouping in groupings]
    ['kind']
    """
    known: dict[str, dict[str, str]] = {
        "level": {name: task.level for name, task in facts.items() if task.level},
        "granularity": {name: task.granularity for name, task in facts.items() if task.granularity},
    }
    known |= {name: dict(values) for name, values in attributes.items()}
    names = {*summary.frame.sources, *summary.frame.targets}
    return tuple(
        _group(mean, summary, attribute, values) for attribute, values in known.items() if values.keys() & names
    )


def _group(mean: Transfers, summary: Summary, attribute: str, values: Mapping[str, str]) -> Grouping:
    frame = summary.frame
    usual = {"level": LEVELS, "granularity": GRANULARITIES}.get(attribute, ())
    present = dict.fromkeys(values[name] for name in (*frame.sources, *frame.targets) if name in values)
    groups = tuple(sorted(present, key=lambda group: usual.index(group) if group in usual else len(usual)))
    rows = {group: [index for index, name in enumerate(frame.sources) if values.get(name) == group] for group in groups}
    columns = {group: [i for i, name in enumerate(frame.targets) if values.get(name) == group] for group in groups}
    return Grouping(
        attribute=attribute,
        groups=groups,
        members={
            group: tuple(name for name in dict.fromkeys((*frame.sources, *frame.targets)) if values.get(name) == group)
            for group in groups
        },
        transferability={
            group: (
                _mean(summary.derived.transferability.positive[rows[group]]),
                _mean(summary.derived.transferability.negative[rows[group]]),
            )
            for group in groups
        },
        malleability={
            group: (
                _mean(summary.derived.malleability.positive[columns[group]]),
                _mean(summary.derived.malleability.negative[columns[group]]),
            )
            for group in groups
        },
        pgf=np.array(
            [[_mean_block(mean, frame.transfer, rows[one], columns[other]) for other in groups] for one in groups]
        ),
    )


def _mean_block(mean: Transfers, cells: np.ndarray, rows: list[int], columns: list[int]) -> float:
    block = np.ix_(rows, columns)
    return _mean(mean[block][cells[block]])


def _mean(values: np.ndarray) -> float:
    return float(mean_present(values.ravel(), 0))
