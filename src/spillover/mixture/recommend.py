"""Chooses a mixture from what a study found, and predicts what it will do without flattering itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from spillover.analysis.sampling import Evidence, TransferSample, sample_transfers
from spillover.analysis.settings import AnalysisSettings
from spillover.analysis.shapes import Matrices, Transfers
from spillover.core.errors import nearest
from spillover.core.keys import seeded_generator
from spillover.mixture.mixture import MixedSource, Mixture, PredictedEffect, Role
from spillover.mixture.problem import MixtureError, PerSource, Problem
from spillover.mixture.reasons import give_reasons
from spillover.mixture.robust import tail_mean
from spillover.mixture.settings import MixtureSettings
from spillover.mixture.strategies import choose_shares
from spillover.tasks.mixed import count_examples
from spillover.tasks.task import Task

HALF_REPLICATES = 300
"""Replicates that a choice on half of the evidence is made by."""
CHOSEN_BLINDLY = ("random", "direct")
"""Strategies that look at no PGF, so that predicting from the same figures flatters nobody."""
DEFAULT_ANALYSIS = AnalysisSettings()


def recommend(
    data: Evidence,
    settings: MixtureSettings,
    analysis: AnalysisSettings = DEFAULT_ANALYSIS,
    tasks: Iterable[Task] = (),
) -> list[Mixture]:
    """Recommend a training mixture for every model and protocol of the data.

    Effects are taken to add up and to be linear in the dose: `PGF(mixture, t) = Σ_s share_s · PGF(s, t)`. That is an
    assumption; a study of the mixture itself tests it.

    Args:
        data: scores, a table, or a cube.
        settings: what the mixture is for.
        analysis: ceilings and the seed.
        tasks: what is known of the tasks.

    Raises:
        MixtureError: a task is unknown, nothing can be gained on a target, or no mixture is what was asked for.
        AnalysisError: the data does not fill the matrix.

    Complexity: that of the bootstrap, and `1 + splits` times that of the strategy.
    """
    samples = sample_transfers(data, analysis, tasks, measure=settings.measure, replicates=settings.replicates)
    return [recommend_from(sample, settings) for sample in samples]


def recommend_from(sample: TransferSample, settings: MixtureSettings) -> Mixture:
    """Recommend a training mixture for one model; see `recommend`."""
    pose = _Pose.of(sample, settings)
    problem = pose.problem(sample.mean, sample.replicates)
    _require_noise(sample, pose)
    shares = choose_shares(problem, settings.strategy)
    predicted, notes = _cross_fit(sample, pose, shares)
    if unsampled := [name for name in sample.unsampled if name in pose.own or name in pose.protected]:
        notes = (*notes, f"right answers of {', '.join(unsampled)} cannot be counted: the intervals are too narrow")
    effects = _effects(sample, pose, shares, predicted)
    if all(effect.predicted <= 0 for effect in effects if effect.role == "target"):
        notes = (*notes, "nothing that may be chosen is predicted to help: rather do not train for this")
    return Mixture(
        model=sample.model,
        protocol=sample.protocol,
        settings=settings,
        sources=_describe_sources(problem, shares, settings),
        effects=effects,
        notes=(*notes, "effects are taken to add up and to be linear in the dose: a study of the mixture tests it"),
    )


def _require_noise(sample: TransferSample, pose: _Pose) -> None:
    """Refuse to weigh gains against noise that the evidence does not hold."""
    if pose.settings.strategy == "robust" and sample.split is None and pose.own <= set(sample.unsampled):
        names = ", ".join(sorted(pose.own))
        raise MixtureError(
            f"robust weighs gains against their noise, and nothing tells the noise on {names}: one seed, and right "
            "answers that cannot be counted",
            hint="give more seeds, or accuracies with n; or take --strategy proportional, which looks at no noise",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pose:
    """The places in a sample that a question is about."""

    settings: MixtureSettings
    names: tuple[str, ...]
    targets: list[int]
    protected: dict[str, int]
    candidates: list[int]
    own: frozenset[str]

    @staticmethod
    def of(sample: TransferSample, settings: MixtureSettings) -> _Pose:
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
        candidates = [
            place
            for place, name in enumerate(sample.sources)
            if bool(np.take(defined, place)) and not (settings.exclude_target_data and name in own)
        ]
        if not candidates:
            raise MixtureError("no source is left to choose from", hint="leave out --exclude-target-data")
        _find_all(settings.available, sample.sources, sample, "source")
        return _Pose(
            settings=settings,
            names=tuple(sample.sources[place] for place in candidates),
            targets=targets,
            protected={sample.targets[place]: place for place in protected},
            candidates=candidates,
            own=own,
        )

    def problem(self, mean: Transfers, replicates: Matrices) -> Problem:
        """Pose the choice on some evidence: all of it, or half."""
        settings = self.settings
        mean, replicates = mean[self.candidates], replicates[:, self.candidates]
        usable = replicates[np.isfinite(replicates[:, :, [*self.targets, *self.protected.values()]]).all(axis=(1, 2))]
        gain = mean[:, self.targets].mean(axis=1)
        if len(usable) < len(replicates) / 2 or not np.isfinite(gain).all():
            raise MixtureError(
                "in most replicates the base leaves no gap on a target or protected task",
                hint="its PGF cannot be relied on: more examples, or another ceiling",
            )
        room = [settings.available.get(name, settings.budget) / settings.budget for name in self.names]
        return Problem(
            sources=self.names,
            own=self.own,
            mean=gain,
            gains=usable[:, :, self.targets].mean(axis=2),
            protected={name: usable[:, :, place] for name, place in self.protected.items()},
            most=np.minimum(room, settings.max_share),
            tolerance=settings.tolerance,
            threshold=settings.threshold,
            most_sources=settings.max_sources,
            seed=settings.seed,
        )

    def spread(self, shares: PerSource, sources: int) -> PerSource:
        """Shares of the candidates as shares of every source."""
        full = np.zeros(sources)
        full[self.candidates] = shares
        return full


def _find_all(wanted: Iterable[str], names: Sequence[str], sample: TransferSample, kind: str) -> list[int]:
    by_abbreviation = {sample.abbreviations[full]: full for full in names}
    places: dict[int, None] = {}
    for name in wanted:
        found = name if name in names else by_abbreviation.get(name)
        if found is None:
            raise MixtureError(f"unknown {kind} {name!r}; {nearest(name, names)}")
        places[names.index(found)] = None
    return list(places)


def _cross_fit(sample: TransferSample, pose: _Pose, shares: PerSource) -> tuple[np.ndarray, tuple[str, ...]]:
    """Choose on one half of the evidence, predict on the other; the mean over splits, shape target."""
    settings = pose.settings
    plain = _mix(pose.spread(shares, len(sample.sources)), sample.mean)
    if settings.strategy in CHOSEN_BLINDLY:
        return plain, ()
    if sample.split is None or settings.splits == 0:
        return plain, ("predicted from the figures that it was chosen by: optimistic",)
    rng = seeded_generator("cross-fit", settings.seed)
    seen: list[np.ndarray] = []
    failed = 0
    for _ in range(settings.splits):
        half = sample.split(rng, HALF_REPLICATES)
        try:
            chosen = choose_shares(pose.problem(half.mean, half.replicates), settings.strategy)
        except MixtureError:
            failed += 1
            continue
        seen.append(_mix(pose.spread(chosen, len(sample.sources)), half.held_out))
    notes = [f"predicted by choosing on half of the {sample.split_over} and looking at the other half"]
    if sample.split_over == "seeds":
        notes.append("the base and the examples are the same in both halves, so the prediction is still optimistic")
    if failed:
        notes.append(f"in {failed} of {settings.splits} halves no mixture could be chosen; they are left out")
    if not seen:
        return plain, ("predicted from the figures that it was chosen by: optimistic", *notes[1:])
    stacked = np.array(seen)
    present = ~np.isnan(stacked)
    total = np.where(present, stacked, 0.0).sum(axis=0)
    mean = np.divide(total, present.sum(axis=0), out=np.full(len(total), np.nan), where=present.any(axis=0))
    return mean, tuple(notes)


def _mix(shares: PerSource, pgf: np.ndarray) -> np.ndarray:
    """`Σ_s share_s · PGF[…, s, t]`, in which sources without a share may be undefined."""
    taken = shares > 0
    return np.einsum("s,...st->...t", shares[taken], pgf[..., taken, :])


def _effects(
    sample: TransferSample, pose: _Pose, shares: PerSource, predicted: np.ndarray
) -> tuple[PredictedEffect, ...]:
    full = pose.spread(shares, len(sample.sources))
    chosen_by, outcomes = _mix(full, sample.mean), _mix(full, sample.replicates)
    tail = (1 - pose.settings.confidence) / 2
    protected = list(pose.protected.values())
    others = [place for place in range(len(sample.targets)) if place not in (*pose.targets, *protected)]
    roles: list[tuple[Role, list[int]]] = [("target", pose.targets), ("protected", protected), ("other", others)]
    effects: list[PredictedEffect] = []
    for role, places in roles:
        for place in places:
            finite = outcomes[np.isfinite(outcomes[:, place]), place]
            shift = predicted[place] - chosen_by[place]
            low, high = np.quantile(finite, [tail, 1 - tail]) + shift if finite.size else (np.nan, np.nan)
            effects.append(
                PredictedEffect(
                    task=sample.targets[place],
                    role=role,
                    predicted=float(predicted[place]),
                    chosen_by=float(chosen_by[place]),
                    low=float(low),
                    high=float(high),
                    worst=tail_mean(finite) + float(shift) if finite.size else float("nan"),
                )
            )
    return tuple(effects)


def _describe_sources(problem: Problem, shares: PerSource, settings: MixtureSettings) -> tuple[MixedSource, ...]:
    counts = count_examples(shares.tolist(), settings.budget)
    tail = (1 - settings.confidence) / 2
    low, high = np.quantile(problem.gains, [tail, 1 - tail], axis=0)
    helps = (problem.gains > 0).mean(axis=0)
    free = replace(problem, protected={}) if problem.protected else problem
    reasons = give_reasons(problem, shares, choose_shares(free, settings.strategy), settings)
    described = [
        MixedSource(
            source=name,
            share=float(shares[place]),
            examples=counts[place],
            pgf=float(problem.mean[place]),
            low=float(low[place]),
            high=float(high[place]),
            helps=float(helps[place]),
            reason=reasons[place],
        )
        for place, name in enumerate(problem.sources)
    ]
    return tuple(sorted(described, key=lambda each: (-each.share, -each.pgf)))
