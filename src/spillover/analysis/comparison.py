"""Several models side by side: scale trends, and personas that hold for all of them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from spillover.analysis.findings import Comparison, ModelFindings
from spillover.analysis.personas import find_consistent


def compare_models(models: Sequence[ModelFindings]) -> tuple[Comparison, ...]:
    """Compare the models of each protocol that several share.

    Complexity: O(models · tasks).

    >>> from spillover.analysis.cube import example_cube
    >>> from spillover.analysis import analyze
    >>> compare_models(analyze({"3B": example_cube(), "7B": example_cube()}).models)[0].billions
    (3.0, 7.0)
    """
    protocols = dict.fromkeys(model.protocol for model in models)
    groups = [[model for model in models if model.protocol == protocol] for protocol in protocols]
    return tuple(_compare(group) for group in groups if len(group) > 1)


def _compare(models: list[ModelFindings]) -> Comparison:
    sizes = [read_billions(model.model) for model in models]
    if all(size is not None for size in sizes):
        models = sorted(models, key=lambda model: read_billions(model.model) or 0.0)
    return Comparison(
        protocol=models[0].protocol,
        models=tuple(model.model for model in models),
        billions=tuple(read_billions(model.model) for model in models),
        same_tasks=len({frozenset(model.transfers.tasks) for model in models}) == 1,
        consistent={
            "raw": find_consistent([model.personas.raw for model in models]),
            "calibrated": find_consistent([model.personas.calibrated for model in models]),
            "specific": find_consistent([model.personas.specific for model in models]),
        },
    )


def read_billions(name: str) -> float | None:
    """Read the number of parameters, in billions, from a model's name; None where it does not say.

    Complexity: O(name).

    >>> read_billions("Qwen2.5-VL-7B-Instruct"), read_billions("32B"), read_billions("SmolVLM-256M"), read_billions("x")
    (7.0, 32.0, 0.256, None)
    """
    found = re.search(r"(?<![\w.])(\d+(?:\.\d+)?)\s*([BM])(?![A-Za-z])", name, flags=re.IGNORECASE)
    if found is None:
        return None
    return float(found[1]) / (1 if found[2].upper() == "B" else 1000)
