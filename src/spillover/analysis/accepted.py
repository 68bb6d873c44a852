"""The set of ratios that a test accepts, found on the whole line: it may be bounded, unbounded, or in several pieces.

`{θ : ē(θ)² ≤ t²_df(θ) · V(θ)}` is one interval where the quantile is the same for every θ and the denominator is
clearly not 0. Neither is sure here. Where examples contribute little, few seeds decide, df(θ) falls to K − 1 and the
quantile rises (12.7 for two seeds): a second piece appears around such a θ. Where the denominator may be 0, infinity
is accepted, and with it both ends of the line (Fieller, J. R. Stat. Soc. B 16, 1954).

So the line is bent to a half circle, θ = centre + scale·tan φ, with infinity at both ends of it, and looked at on a
grid that is dense around the estimate and holds every place where V or df can turn.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import special

from spillover.analysis.crossed_layout import CrossedLayout, Quadratic

GRID = 129
"""Points of the half circle, odd, so that its middle, the estimate, is one."""
BISECTIONS = 32
QUANTILES = 2049
"""Points at which t quantiles are tabulated, evenly by 1/df; between them they are straight to a few in 10⁻⁵."""


@dataclass(frozen=True, slots=True)
class AcceptedSet:
    """What a test accepts, by cell."""

    low: np.ndarray
    """Of the interval that is dual to the test of 0; −∞ where it has no end."""
    high: np.ndarray
    pieces: np.ndarray
    """Objects: the whole set as intervals in order, where it is more than one; else ()."""


@dataclass(frozen=True, slots=True)
class _Line:
    """The bent line of every cell."""

    layout: CrossedLayout
    centre: np.ndarray
    scale: np.ndarray
    confidence: float
    most: float
    """Where it ends."""

    def place(self, angle: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """θ as numerator and denominator; the denominator is 0 at infinity."""
        weight = np.where(np.abs(angle) >= np.pi / 2, 0.0, np.cos(angle))
        return self.centre * weight + self.scale * np.sin(angle), weight

    def theta(self, angle: np.ndarray) -> np.ndarray:
        """θ as a number."""
        with np.errstate(divide="ignore"):
            theta = self.centre + self.scale * np.where(
                np.abs(angle) >= np.pi / 2, np.copysign(np.inf, angle), np.tan(angle)
            )
        return np.minimum(theta, self.most)

    def angle(self, theta: np.ndarray) -> np.ndarray:
        """Where θ stands."""
        return np.arctan((theta - self.centre) / self.scale)

    def accepts(self, angle: np.ndarray, quantiles: _Quantiles | None = None) -> np.ndarray:
        """Whether the test accepts, with exact quantiles or tabulated ones."""
        numerator, weight = self.place(angle)
        variance, freedom = self.layout.variance(numerator, weight)
        quantile = quantiles.at(freedom) if quantiles else special.stdtrit(freedom, 0.5 + self.confidence / 2)
        return (weight * self.layout.change - numerator * self.layout.gap) ** 2 <= quantile**2 * variance


@dataclass(frozen=True, slots=True)
class _Quantiles:
    """Tabulated t quantiles, by 1/df in rising order."""

    inverse: np.ndarray
    values: np.ndarray

    def at(self, freedom: np.ndarray) -> np.ndarray:
        """Interpolate."""
        return np.interp(1 / freedom, self.inverse, self.values)


@lru_cache(maxsize=64)
def _tabulate(examples: int, seeds: int, confidence: float) -> _Quantiles:
    fewest = min((count - 1 for count in (examples, seeds) if count > 1), default=1)
    inverse = np.linspace(1 / max(examples * seeds - 1, 1), 1 / fewest, QUANTILES)
    return _Quantiles(inverse, special.stdtrit(1 / inverse, 0.5 + confidence / 2))


def find_accepted(
    layout: CrossedLayout,
    estimate: np.ndarray,
    error: np.ndarray,
    accepts_zero: np.ndarray,
    confidence: float,
    most: float = np.inf,
) -> AcceptedSet:
    """Find what the test accepts, and the interval of it that is dual to the test of 0.

    Where 0 is accepted the interval is the hull of the set, else the hull of its part on the estimate's side of 0. So
    it excludes 0 exactly where the test does; where the set is in pieces they are listed too.

    Args:
        layout: means and mean squares by cell, with `gap` above 0.
        estimate: change / gap, by cell.
        error: its standard error, for the scale of the search.
        accepts_zero: whether the test accepts 0.
        confidence: for example 0.95.
        most: the largest θ that is possible, no less than any estimate; what is accepted beyond is left out.

    Complexity: O(cells), about 200 evaluations of the test each.

    >>> zero = Quadratic(np.zeros(1), np.zeros(1), np.zeros(1))
    >>> layout = CrossedLayout(change=np.array([0.1]), gap=np.array([0.5]), seeds=zero, residual=zero, seed_count=1,
    ...                        items=Quadratic(np.array([0.25]), np.zeros(1), np.zeros(1)), examples=100)
    >>> found = find_accepted(layout, np.array([0.2]), np.array([0.1]), np.array([False]), 0.95)
    >>> found.low.round(4).tolist(), found.high.round(4).tolist(), found.pieces.tolist()
    ([0.0016], [0.3984], [()])
    """
    line = _Line(layout, estimate, 3 * np.maximum(error, 1e-6), confidence, most)
    angles = np.sort(np.concatenate([_even_grid(len(estimate)), _turning_points(line)]), axis=0)
    accepted = line.accepts(angles, _tabulate(layout.examples, layout.seed_count, confidence))
    accepted[0] = accepted[-1] = line.accepts(angles[0])
    accepted |= angles == 0  # the estimate itself: ē is 0 there, whatever rounding makes of it
    accepted &= angles <= np.maximum(line.angle(np.full_like(estimate, most)), 0.0)
    zero = line.angle(np.zeros_like(estimate))
    accepted = np.where(angles == zero, accepts_zero, accepted)
    own_side = np.sign(angles - zero) == np.sign(-zero)
    kept = accepted & (accepts_zero | own_side)
    columns = np.arange(len(estimate))
    first, last = kept.argmax(axis=0), len(kept) - 1 - kept[::-1].argmax(axis=0)
    ends = np.stack([first, last])
    beyond = np.stack([np.maximum(first - 1, 0), np.minimum(last + 1, len(kept) - 1)])
    low, high = _bisect(line, angles[ends, columns], angles[beyond, columns])
    return AcceptedSet(line.theta(low), line.theta(high), _list_pieces(line, angles, accepted))


def _even_grid(cells: int) -> np.ndarray:
    angles = np.linspace(-np.pi / 2, np.pi / 2, GRID)
    angles[GRID // 2] = 0.0
    return np.repeat(angles[:, None], cells, axis=1)


def _turning_points(line: _Line) -> np.ndarray:
    """Where V or df can turn: minima of mean squares, where one meets another. 0 and the end of the line with them."""
    layout = line.layout
    more = [_difference(layout.items, layout.residual), _difference(layout.seeds, layout.residual)]
    turns = [np.zeros_like(line.centre), np.full_like(line.centre, line.most)]
    for part in (layout.items, layout.seeds, *more):
        turns.append(np.divide(part.dg, part.gg, out=np.zeros_like(line.centre), where=part.gg != 0))
    for part in more:
        inside = part.dg**2 - part.dd * part.gg
        root = np.sqrt(np.maximum(inside, 0.0))
        for sign in (-1, 1):
            turns.append(np.divide(part.dg + sign * root, part.gg, out=np.zeros_like(root), where=part.gg != 0))
    return line.angle(np.stack(turns))


def _difference(left: Quadratic, right: Quadratic) -> Quadratic:
    return Quadratic(left.dd - right.dd, left.dg - right.dg, left.gg - right.gg)


def _bisect(line: _Line, inside: np.ndarray, outside: np.ndarray) -> np.ndarray:
    """Narrow the end of an accepted stretch; where both are one place, it is that."""
    for _ in range(BISECTIONS):
        middle = (inside + outside) / 2
        within = line.accepts(middle)
        inside, outside = np.where(within, middle, inside), np.where(within, outside, middle)
    return inside


def _list_pieces(line: _Line, angles: np.ndarray, accepted: np.ndarray) -> np.ndarray:
    pieces = np.empty(accepted.shape[1], dtype=object)
    pieces[:] = [()] * accepted.shape[1]
    edges = np.diff(np.pad(accepted, ((1, 1), (0, 0))).astype(np.int8), axis=0).T
    several = (edges == 1).sum(axis=1) > 1
    cells, starts = np.nonzero((edges == 1) & several[:, None])
    stops = np.nonzero((edges == -1) & several[:, None])[1] - 1
    each = _Line(line.layout.pick(cells), line.centre[cells], line.scale[cells], line.confidence, line.most)
    before, behind = np.maximum(starts - 1, 0), np.minimum(stops + 1, len(angles) - 1)
    low = each.theta(_bisect(each, angles[starts, cells], angles[before, cells]))
    high = each.theta(_bisect(each, angles[stops, cells], angles[behind, cells]))
    for cell, piece in zip(cells.tolist(), zip(low.tolist(), high.tolist(), strict=True), strict=True):
        pieces[cell] += (piece,)
    return pieces
