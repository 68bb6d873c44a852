"""The JSON form of one matrix's figures: means, profiles, shares, their intervals and noise floors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spillover.analysis.frame import Derived, Frame
from spillover.analysis.plain import plain
from spillover.analysis.profiles import Profile
from spillover.analysis.spread import Spread
from spillover.analysis.summary import Summary
from spillover.analysis.variance import VarianceShares

Json = dict[str, Any]


def describe_summary(summary: Summary) -> Json:
    """Describe the figures of one matrix, with intervals and noise floors where there are replicates.

    Complexity: O(tasks).
    """
    spread = summary.spread
    return {
        "excluded": list(summary.frame.excluded),
        "cells_counted": summary.cells,
        "mean_off_diagonal": plain(summary.mean),
        "mean_points": plain(summary.mean_points),
        "positive_cells": summary.positive_cells,
        "negative_cells": summary.negative_cells,
        **describe_derived(summary.derived, summary.frame),
        "variance": _describe_variance(summary.variance, spread),
        "variance_in_points": describe_shares(summary.variance_in_points),
        "squares_by_target": plain(dict(zip(summary.frame.targets, summary.squares_by_target.tolist(), strict=True))),
        "intervals": None if spread is None else describe_intervals(spread, summary.frame),
        "noise_floor": None if spread is None else describe_derived(spread.floor, summary.frame),
        "unsampled_targets": [] if spread is None else list(spread.unsampled),
    }


def describe_derived(derived: Derived, frame: Frame) -> Json:
    """Describe transferability and malleability, with and without the diagonal.

    Complexity: O(tasks).
    """
    return {
        "transferability": _describe_profile(derived.transferability, frame.sources, frame.rows),
        "malleability": _describe_profile(derived.malleability, frame.targets, frame.columns),
        "with_diagonal": {
            "transferability": _describe_profile(derived.transferability_with_diagonal, frame.sources, frame.rows),
            "malleability": _describe_profile(derived.malleability_with_diagonal, frame.targets, frame.columns),
        },
    }


def _describe_profile(profile: Profile, names: tuple[str, ...], averaged: int) -> Json:
    positive, negative = profile.average(averaged)
    return plain(
        {
            "positive": dict(zip(names, profile.positive.tolist(), strict=True)),
            "negative": dict(zip(names, profile.negative.tolist(), strict=True)),
            "average": {"positive": positive, "negative": negative},
        }
    )


def describe_intervals(spread: Spread, frame: Frame) -> Json:
    """Describe the percentile intervals of the derived quantities, each as [low, high].

    Complexity: O(replicates · tasks).
    """
    averages = spread.average_intervals(frame)
    low, high = (describe_derived(side, frame) for side in (spread.low, spread.high))
    joined = _join_ends(low, high)
    for name, ends in averages.items():
        place = joined if "_with_diagonal" not in name else joined["with_diagonal"]
        place[name.removesuffix("_with_diagonal")]["average"] = plain(ends)
    return {"mean_off_diagonal": plain([float(spread.low.mean), float(spread.high.mean)]), **joined}


def _join_ends(low: Any, high: Any) -> Any:
    if isinstance(low, Mapping):
        return {name: _join_ends(low[name], high[name]) for name in low}
    return [low, high]


def _describe_variance(variance: VarianceShares | None, spread: Spread | None) -> Json | None:
    described = describe_shares(variance)
    shares = spread.shares if spread else None
    if described is None or shares is None:
        return described
    described["intervals"] = _join_ends(describe_shares(shares.low), describe_shares(shares.high))
    corrected = describe_shares(shares.without_examples)
    described["corrected_for_examples"] = None if corrected is None else corrected["corrected"]
    if shares.low_without_examples is not None:
        ends = (describe_shares(side) or {} for side in (shares.low_without_examples, shares.high_without_examples))
        described["intervals"]["corrected_for_examples"] = _join_ends(*(side["corrected"] for side in ends))
    return described


def describe_shares(variance: VarianceShares | None) -> Json | None:
    """Describe variance shares; None where they cannot be formed.

    Complexity: O(1).

    >>> describe_shares(None) is None
    True
    """
    if variance is None:
        return None
    return plain(
        {
            "target": variance.target,
            "source_given_target": variance.source_given_target,
            "interaction": variance.interaction,
            "seed_noise": variance.seed_noise,
            "corrected": {
                "target": variance.corrected_target,
                "source": variance.corrected_source,
                "interaction": variance.corrected_interaction,
            },
        }
    )
