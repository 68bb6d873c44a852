"""Generic or specific: whose the spread of transfers is, as bars of shares."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isnan, nan

from spillover.analysis import ModelFindings
from spillover.analysis.spread import Spread
from spillover.analysis.variance import VarianceShares

PARTS = {
    "target": "the target, whatever the source",
    "source_given_target": "the source, whatever the target",
    "interaction": "the particular pair",
    "seed_noise": "noise of seeds",
}
CORRECTED = {
    "target": "corrected_target",
    "source_given_target": "corrected_source",
    "interaction": "corrected_interaction",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One part of a bar; interval ends are NaN where not known."""

    part: str
    says: str
    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareBar:
    """Shares that add up to 1."""

    title: str
    shares: tuple[Share, ...]


def variance_of(model: ModelFindings) -> list[ShareBar]:
    """Lay out the variance shares: of PGF, freed of seed noise, with the answer prior taken out, of accuracy points.

    Complexity: O(1).
    """
    calibrated = model.calibrated.summary if model.calibrated else None
    bars = [
        _bar("PGF", model.summary.variance, model.summary.spread),
        _bar("PGF, noise of seeds taken out", model.summary.variance, model.summary.spread, CORRECTED),
        _bar("PGF, answer prior taken out", calibrated.variance if calibrated else None, None),
        _bar("accuracy points", model.summary.variance_in_points, None),
    ]
    return [bar for found in bars for bar in found]


def _bar(
    title: str, shares: VarianceShares | None, spread: Spread | None, fields: dict[str, str] | None = None
) -> Iterator[ShareBar]:
    names = fields or {part: part for part in PARTS}
    ends = spread.shares if spread else None
    parts = [
        Share(
            part=part,
            says=PARTS[part],
            share=float(getattr(shares, name)),
            low=float(getattr(ends.low, name)) if ends else nan,
            high=float(getattr(ends.high, name)) if ends else nan,
        )
        for part, name in names.items()
        if shares is not None
    ]
    known = tuple(share for share in parts if not isnan(share.share))
    if {"target", "interaction"} <= {share.part for share in known}:
        yield ShareBar(title=title, shares=known)
