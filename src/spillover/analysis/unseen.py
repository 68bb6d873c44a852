"""What may hide behind answers of which none differs.

No variance is estimated from differences that were not seen, so a t interval or a bootstrap would have no width where
no answer of a finetuned model differs from the base's: as if that were known of all other examples too. So an interval
that holds 0 reaches at least as far to both sides of its estimate as it does where nothing differs, and no answer that
differs makes an interval narrower. One that excludes 0 is left alone: it rests on differences that were seen.
"""

from __future__ import annotations

import numpy as np

from spillover.analysis.frame import Derived, Frame
from spillover.analysis.profiles import Profile
from spillover.analysis.shapes import PerTarget

Ends = tuple[np.ndarray, np.ndarray]


def limit_unseen(examples: np.ndarray | int, confidence: float) -> np.ndarray:
    """Compute the largest share of examples that may differ where none of `m` does: `1 − (1 − confidence)^(1/m)`.

    About `3 / m` at 95 %, the rule of three (Hanley and Lippman-Hand, JAMA 249, 1983). A mean difference of scores is
    no larger than this share, to either side, for scores lie in 0–1; so one bound on the share serves both ends of an
    interval. Seeds ask the same examples, so they do not multiply `m`.

    Args:
        examples: m, at least 1; NaN where not known.
        confidence: for example 0.95.

    Returns:
        In 0–1; NaN where m is.

    Complexity: O(1) a number.

    >>> float(limit_unseen(100, 0.95).round(4))
    0.0295
    """
    return np.asarray(-np.expm1(np.log1p(-confidence) / np.asarray(examples, dtype=float)))


def limit_pgf(examples: np.ndarray, gap: PerTarget, confidence: float) -> PerTarget:
    """Compute the largest PGF that may hide where no answer differs: `limit_unseen / (ceiling − base)`.

    Args:
        examples: by target; 0 where not known.
        gap: ceiling − accuracy of the base, by target.
        confidence: for example 0.95.

    Returns:
        By target; NaN where examples are not known, or the base leaves no gap.

    Complexity: O(targets).

    >>> limit_pgf(np.array([100, 0]), np.array([0.5, 0.5]), 0.95).round(3).tolist()
    [0.059, nan]
    """
    known = (examples > 0) & (gap > 0)
    return limit_unseen(np.where(known, examples, np.nan), confidence) / np.where(known, gap, np.nan)


def reach_at_least(ends: Ends, estimate: np.ndarray, reach: np.ndarray, also: np.ndarray | bool = False) -> Ends:
    """Widen intervals that hold 0 until they reach so far to both sides of their estimates.

    Args:
        ends: low and high; NaN where there is no interval.
        estimate: of the same shape.
        reach: at least 0; NaN where not known, and then nothing is widened.
        also: intervals that are widened whether they hold 0 or not.

    Complexity: O(intervals).

    >>> low, high = reach_at_least((np.array([0.0, 0.1]), np.array([0.0, 0.2])), np.array([0.0, 0.15]), np.array(0.3))
    >>> low.tolist(), high.tolist()
    ([-0.3, 0.1], [0.3, 0.2])
    """
    low, high = ends
    far = np.where(also | ((low <= 0) & (high >= 0)), np.nan_to_num(reach), 0.0)
    return np.asarray(np.minimum(low, estimate - far)), np.asarray(np.maximum(high, estimate + far))


def derive_reach(unseen: PerTarget, frame: Frame) -> Derived:
    """Compute how far the quantities derived from a matrix may lie from 0 where no answer differs.

    The limit on all that goes unseen allows the most where all of it is on the one target that an example moves most.
    What all sources do to a target hides behind the same examples.

    Args:
        unseen: from `limit_pgf`.
        frame: the cells that take part.

    Complexity: O(cells).

    >>> from spillover.analysis.frame import frame_transfers
    >>> from spillover.analysis.pgf import example_transfers
    >>> float(derive_reach(np.array([0.2, 0.1]), frame_transfers(example_transfers())).mean)
    0.1
    """
    limits = np.nan_to_num(unseen)
    reference = frame.reference
    share = reference.sum(axis=0) / max(int(reference.sum()), 1)
    wide, tall = np.arange(reference.shape[1]) < frame.columns, np.arange(reference.shape[0])[:, None] < frame.rows

    def given(cells: np.ndarray) -> Profile:
        furthest = np.where(cells, limits, 0.0).max(axis=1, initial=0.0)
        far = -np.expm1(-1 / np.maximum(cells.sum(axis=1), 1)) * furthest
        return Profile(far, -far)

    def taken(cells: np.ndarray) -> Profile:
        far = -np.expm1(-1.0) * np.where(cells.any(axis=0), limits, 0.0)
        return Profile(far, -far)

    return Derived(
        mean=np.asarray((share * limits).max(initial=0.0)),
        transferability=given(frame.transfer & wide),
        malleability=taken(frame.transfer & tall),
        transferability_with_diagonal=given(frame.defined & wide),
        malleability_with_diagonal=taken(frame.defined & tall),
    )


def widen_derived(ends: tuple[Derived, Derived], mean: np.ndarray, reach: Derived) -> tuple[Derived, Derived]:
    """Let the intervals of derived quantities reach what may hide behind answers that do not differ.

    Args:
        ends: low and high.
        mean: the estimate of the mean.
        reach: from `derive_reach`.

    Complexity: O(tasks).
    """
    low, high = reach_at_least((ends[0].mean, ends[1].mean), mean, reach.mean)
    names = [f"{name}{diagonal}" for name in ("transferability", "malleability") for diagonal in ("", "_with_diagonal")]
    profiles = {name: widen_profile(*(getattr(each, name) for each in (*ends, reach))) for name in names}
    return (
        Derived(mean=low, **{name: sides[0] for name, sides in profiles.items()}),
        Derived(mean=high, **{name: sides[1] for name, sides in profiles.items()}),
    )


def widen_profile(low: Profile, high: Profile, reach: Profile) -> tuple[Profile, Profile]:
    """Let a sum of one sign that is 0 in all replicates reach as far as its sign allows.

    Complexity: O(tasks).

    >>> nothing = Profile(np.zeros(1), np.zeros(1))
    >>> low, high = widen_profile(nothing, nothing, Profile(np.array([0.1]), np.array([-0.1])))
    >>> low.positive.tolist(), high.positive.tolist(), low.negative.tolist(), high.negative.tolist()
    ([0.0], [0.1], [-0.1], [0.0])
    """
    gains = np.where((low.positive == 0) & (high.positive == 0), reach.positive, high.positive)
    harms = np.where((low.negative == 0) & (high.negative == 0), reach.negative, low.negative)
    return Profile(low.positive, harms), Profile(gains, high.negative)
