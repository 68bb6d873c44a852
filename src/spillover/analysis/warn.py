"""Raises every warning that a careful reviewer would raise."""

from __future__ import annotations

from spillover.analysis.settings import AnalysisSettings
from spillover.analysis.warned import Evidence, Warned
from spillover.analysis.warned_of_answers import warn_of_answers
from spillover.analysis.warned_of_evidence import warn_of_evidence


def warn(evidence: Evidence, settings: AnalysisSettings) -> tuple[Warned, ...]:
    """Raise every warning that the evidence calls for.

    Complexity: O(seeds · cells).

    >>> from spillover.analysis.cube import example_cube
    >>> from spillover.analysis import analyze
    >>> [warned.kind for warned in analyze(example_cube()).models[0].warnings]
    ['few_seeds', 'saturated', 'saturated']
    """
    return (*warn_of_answers(evidence, settings), *warn_of_evidence(evidence, settings))
