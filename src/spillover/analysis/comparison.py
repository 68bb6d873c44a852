"""Several models side by side: scale trends, and personas that hold for all of them."""

from __future__ import annotations

from collections.abc import Sequence

from spillover.analysis.findings import Comparison, ModelFindings
from spillover.analysis.personas import PERSONAS, find_consistent
from spillover.core.model_names import read_billions
from spillover.core.numbers import counted

UNSAID = frozenset({"imported", "published", "accuracies"})
"""Protocols of results that do not say how the models were asked."""


def compare_models(models: Sequence[ModelFindings]) -> tuple[Comparison, ...]:
    """Compare the models of each protocol that several share, but for those that only try mixtures.

    Of tables and of other tools' results it is not known how the models were asked; most likely they wrote replies. So
    they are compared with what was generated, where nothing was with what letters were asked, or with each other alone.

    Complexity: O(models · tasks).

    >>> from spillover.analysis.cube import example_cube
    >>> from spillover.analysis import analyze
    >>> compare_models(analyze({"3B": example_cube(), "7B": example_cube()}).models)[0].billions
    (3.0, 7.0)
    """
    compared = [model for model in models if not model.is_about_mixtures]
    protocols = dict.fromkeys(model.protocol for model in compared)
    known = sorted(protocols.keys() - UNSAID) or [None]  # "generate" comes before "letters"
    groups = [
        [each for each in compared if each.protocol == protocol or (protocol == known[0] and each.protocol in UNSAID)]
        for protocol in known
    ]
    return tuple(_compare(group) for group in groups if len(group) > 1)


def _compare(models: list[ModelFindings]) -> Comparison:
    sizes = [read_billions(model.model) for model in models]
    if all(size is not None for size in sizes):
        models = sorted(models, key=lambda model: read_billions(model.model) or 0.0)
    return Comparison(
        models=tuple(model.model for model in models),
        protocols=tuple(model.protocol for model in models),
        billions=tuple(read_billions(model.model) for model in models),
        same_tasks=len({frozenset(model.transfers.tasks) for model in models}) == 1,
        consistent={
            "raw": find_consistent([model.personas.raw for model in models]),
            "calibrated": find_consistent([model.personas.calibrated for model in models]),
            "specific": find_consistent([model.personas.specific for model in models]),
        },
    )


def say_consistent(comparison: Comparison, kind: str, models: Sequence[ModelFindings], rate: float) -> str:
    """List the personas that hold for all models; where none does, say whether one could have been found.

    Args:
        comparison: of these models.
        kind: `raw`, `calibrated` or `specific`.
        models: those compared.
        rate: the level of the tests.

    Complexity: O(models · tasks).

    >>> from spillover.analysis.cube import example_cube
    >>> from spillover.analysis import analyze
    >>> findings = analyze({"3B": example_cube(), "7B": example_cube()})
    >>> say_consistent(findings.comparisons[0], "calibrated", findings.models, 0.05)
    'cannot be told of 2 tasks: no test of so few values can show one'
    """
    held = [
        f"{persona} {', '.join(tasks)}"
        for persona in PERSONAS
        if (tasks := getattr(comparison.consistent[kind], persona))
    ]
    if held:
        return "; ".join(held)
    tasks = len(set.intersection(*(set(model.transfers.tasks) for model in models)))
    values = tasks - 1 if kind != "raw" else (tasks - 1) * min(len(model.transfers.seeds) for model in models)
    # A signed-rank p cannot be less than 2⁻ⁿ, and at best half of the tests of rows (donor or pirate) have it.
    if 2.0 ** -max(values, 0) * (1 if kind == "raw" else 2) > rate:
        return f"cannot be told of {counted(tasks, 'task')}: no test of so few values can show one"
    if kind == "calibrated" and not all(model.personas.columns_tested for model in models):
        return "none among sources; sponges and sieves cannot be tested from tables"
    return "none"
