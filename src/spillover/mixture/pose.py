"""A question about a mixture, in the places of a sample: which columns are wanted, which rows may be chosen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from spillover.analysis.sampling import TransferSample
from spillover.analysis.shapes import Matrices, Transfers
from spillover.core.errors import nearest
from spillover.mixture.problem import MixtureError, PerSource, Problem
from spillover.mixture.settings import MixtureSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """The places in a sample that a question is about."""

    settings: MixtureSettings
    names: tuple[str, ...]
    """Of the candidates."""
    targets: list[int]
    protected: dict[str, int]
    candidates: list[int]
    available: PerSource
    """Training examples that each candidate has; infinite where there are enough."""
    own: frozenset[str]
    """Names of the targets."""
    of_seeds: bool
    """Whether the replicates of some target differ by seed alone."""

    @staticmethod
    def of(sample: TransferSample, settings: MixtureSettings) -> Pose:
        """Find what the settings speak of.

        Raises:
            MixtureError: a task is unknown, or both a target and protected; there is no PGF on one; no source is left.
        """
        targets = _find_all(settings.targets, sample.targets, sample, "target")
        protected = _find_all(settings.protected, sample.targets, sample, "protected task")
        if both := set(targets) & set(protected):
            raise MixtureError(f"{sample.targets[min(both)]} is both a target and protected", hint="choose one")
        own = frozenset(sample.targets[place] for place in targets)
        for place in (*targets, *protected):
            if np.isnan(sample.mean[:, place]).all():
                hint = "its base leaves no gap to close, or too little was scored"
                raise MixtureError(f"there is no PGF on {sample.targets[place]}", hint=hint)
        defined = np.isfinite(sample.mean[:, [*targets, *protected]]).sum(axis=1) == len(targets) + len(protected)
        available = np.full(len(sample.sources), np.inf)
        for name, count in settings.available.items():
            available[_find_all([name], sample.sources, sample, "source")] = count
        candidates = [
            place
            for place, name in enumerate(sample.sources)
            if bool(np.take(defined, place))
            and available[place] > 0
            and not (settings.exclude_target_data and name in own)
        ]
        if not candidates:
            hint = "leave out --exclude-target-data" if settings.exclude_target_data else "give data of more sources"
            raise MixtureError("no source is left to choose from", hint=hint)
        return Pose(
            settings=settings,
            names=tuple(sample.sources[place] for place in candidates),
            targets=targets,
            protected={sample.targets[place]: place for place in protected},
            candidates=candidates,
            available=available[candidates],
            own=own,
            of_seeds=not own.isdisjoint(sample.unsampled),
        )

    def problem(self, mean: Transfers, replicates: Matrices) -> Problem:
        """Pose the choice on some evidence: all of it, or half.

        Raises:
            MixtureError: in most replicates a PGF is not defined.
        """
        settings = self.settings
        mean, replicates = mean[self.candidates], replicates[:, self.candidates]
        usable = replicates[np.isfinite(replicates[:, :, [*self.targets, *self.protected.values()]]).all(axis=(1, 2))]
        gain = mean[:, self.targets].mean(axis=1)
        if len(usable) < len(replicates) / 2 or not np.isfinite(gain).all():
            raise MixtureError(
                "in most replicates the base leaves no gap on a target or protected task",
                hint="its PGF cannot be relied on: more examples, or another ceiling",
            )
        return Problem(
            sources=self.names,
            own=self.own,
            excluded=settings.exclude_target_data,
            of_seeds=self.of_seeds,
            mean=gain,
            gains=usable[:, :, self.targets].mean(axis=2),
            protected={name: usable[:, :, place] for name, place in self.protected.items()},
            budget=settings.budget,
            available=self.available,
            max_share=settings.max_share,
            tolerance=settings.tolerance,
            threshold=settings.threshold,
            most_sources=settings.max_sources,
            seed=settings.seed,
        )

    def mix(self, shares: PerSource, pgf: np.ndarray) -> np.ndarray:
        """`Σ_s share_s · PGF[…, s, t]` over the candidates, in which those without a share may be undefined.

        Args:
            shares: of the candidates.
            pgf: shape … × source × target, of all sources.
        """
        taken = shares > 0
        places = np.array(self.candidates)[taken]
        return np.einsum("s,...st->...t", shares[taken], pgf[..., places, :])


def _find_all(wanted: Iterable[str], names: Sequence[str], sample: TransferSample, kind: str) -> list[int]:
    by_abbreviation = {sample.abbreviations[full]: full for full in names}
    places: dict[int, None] = {}
    for name in wanted:
        found = name if name in names else by_abbreviation.get(name)
        if found is None:
            raise MixtureError(f"unknown {kind} {name!r}; {nearest(name, names)}")
        places[names.index(found)] = None
    return list(places)
