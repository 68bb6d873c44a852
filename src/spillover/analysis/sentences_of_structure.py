"""In words: what the matrix is made of: shares of its spread, cliques, personas, and whether weights foretell it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from spillover.analysis.cliques import SEARCH_LIMIT
from spillover.analysis.findings import CliqueFindings, ModelFindings
from spillover.analysis.personas import Personas
from spillover.analysis.settings import AnalysisSettings
from spillover.analysis.wording import among_in_words
from spillover.core.numbers import counted, probability


def say_structure(model: ModelFindings, settings: AnalysisSettings) -> Iterator[str]:
    """Say what the matrix is made of.

    Complexity: O(cells).

    >>> from spillover.analysis import analyze
    >>> from spillover.analysis.cube import example_cube
    >>> settings = AnalysisSettings(replicates=0)
    >>> model = analyze(example_cube(), settings).models[0]
    >>> list(say_structure(model, settings))
    ['personas that stand a test: none.']
    """
    sayings = (_say_generic, _say_cliques, _say_personas, _say_weights)
    for say in sayings:
        yield from say(model, settings)


def _say_generic(model: ModelFindings, settings: AnalysisSettings) -> Iterator[str]:
    shares = model.summary.variance
    if shares is None:
        return
    if np.isnan(shares.target):
        yield "all transfers are alike, so there is no spread to divide among targets, sources and pairs."
        return
    spread = f"the spread of PGFs{among_in_words(model.summary.frame)}"
    text = f"{shares.target:.0%} of {spread} belongs to the target whatever the source"
    if model.summary.spread is not None and (interval := model.summary.spread.shares) is not None:
        level = f"{settings.confidence:.0%} interval"
        text += f" ({level} {interval.low.target:.0%} to {interval.high.target:.0%})"
    text += f", {shares.source_given_target:.0%} to the source whatever the target, "
    text += f"{shares.interaction:.0%} to the particular pair"
    if np.isnan(shares.seed_noise):
        text += ", the noise of seeds with it, for there is one seed"
    else:
        text += f", {shares.seed_noise:.0%} to the noise of seeds"
    if not model.cells.answers:
        text += "; the target's share includes the sampling error of its base"
    yield text + "."


def _say_cliques(model: ModelFindings, _: AnalysisSettings) -> Iterator[str]:
    for word, found in (("positive", model.positive_cliques), ("negative", model.negative_cliques)):
        yield from _say_clique(model, word, found)


def _say_clique(model: ModelFindings, word: str, found: CliqueFindings) -> Iterator[str]:
    largest = found.largest["mean"]
    if largest.size < 2:
        return
    best = found.cliques[0]  # the largest of either graph: what is one in every seed is one of the mean, too
    names = ", ".join(model.matrix.abbreviations.get(task, task) for task in best.tasks)
    others = f", or {counted(largest.count - 1, 'other')} of that size" if largest.count > 1 else ""
    text = f"the largest {word} clique {'found ' if largest.cut else ''}has {largest.size} tasks ({names}{others})"
    if largest.p is not None:
        verdict = "no larger than" if largest.p > 0.05 else "larger than"
        text += f", {verdict} the targets' own columns make by chance (permutation {probability(largest.p, 'p')})"
    if largest.cut:
        text += f"; the search was cut at {SEARCH_LIMIT:,} cliques, so there may be larger ones"
    yield text + "."


def _say_personas(model: ModelFindings, _: AnalysisSettings) -> Iterator[str]:
    if model.summary.mean is None:
        return
    personas, fewer = model.personas.calibrated, model.personas.without_flagged
    tested = "" if model.personas.columns_tested else " (only sources can be tested from a table)"
    text = f"personas that stand a test{among_in_words(model.summary.frame)}{tested}: {_list_personas(personas)}"
    if personas != fewer:
        text += f" (without the flagged targets: {_list_personas(fewer)})"
    yield text + "."


def _list_personas(personas: Personas) -> str:
    kinds = {
        "donors": personas.donor,
        "pirates": personas.pirate,
        "sponges": personas.sponge,
        "sieves": personas.sieve,
    }
    held = [f"{kind} {', '.join(tasks)}" for kind, tasks in kinds.items() if tasks]
    return "; ".join(held) or "none"


def _say_weights(model: ModelFindings, _: AnalysisSettings) -> Iterator[str]:
    if model.weights is None or np.isnan(model.weights.correlation.rho):
        return
    found = model.weights.correlation
    verdict = ", so no relation is shown" if found.p > 0.05 else ""
    yield f"similarity of weight updates and PGF: {found.in_words}{verdict}."
