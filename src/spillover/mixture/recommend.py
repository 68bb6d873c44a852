"""Chooses a mixture from what a study found, and predicts what it will do without flattering itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from spillover.analysis.carried import carried_settings, carried_tasks
from spillover.analysis.sampling import Evidence, Half, TransferSample, sample_transfers
from spillover.analysis.settings import AnalysisSettings
from spillover.mixture.caveats import give_caveats
from spillover.mixture.chance import average_random
from spillover.mixture.gains import SHOWN
from spillover.mixture.mixture import MixedSource, Mixture, PredictedEffect
from spillover.mixture.notes import give_notes
from spillover.mixture.pose import Pose
from spillover.mixture.predict import estimate_optimism, predict_effects, split_evidence
from spillover.mixture.problem import MixtureError, PerSource, Problem
from spillover.mixture.reasons import Otherwise, give_reasons
from spillover.mixture.settings import MixtureSettings
from spillover.mixture.strategies import CHOSEN_BLINDLY, STRATEGIES, choose, choose_shares
from spillover.tasks.mixed import count_examples
from spillover.tasks.task import Task


def recommend(
    data: Evidence,
    settings: MixtureSettings,
    analysis: AnalysisSettings | None = None,
    tasks: Iterable[Task] = (),
) -> list[Mixture]:
    """Recommend a training mixture for every model and protocol of the data.

    Effects are taken to add up and to be linear in the dose: `PGF(mixture, t) = Σ_s share_s · PGF(s, t)`. That is an
    assumption; a study of the mixture itself tests it.

    Args:
        data: scores, a table, or a cube.
        settings: what the mixture is for.
        analysis: ceilings and the seed; None takes those that the scores carry (see `read_scores`), else the usual
            ones.
        tasks: what is known of the tasks, where the scores do not carry it.

    Raises:
        MixtureError: a task is unknown, nothing can be gained on a target, or no mixture is what was asked for.
        AnalysisError: the data does not fill the matrix.

    Complexity: that of the bootstrap, and `1 + splits` times that of the strategy.

    >>> from spillover.analysis.cube import example_cube
    >>> (mixture,) = recommend(example_cube(), MixtureSettings(targets=("Jigsaw",), strategy="best-single"))
    >>> [(each.source, each.examples) for each in mixture.taken]
    [('Jigsaw', 1000)]
    """
    analysis = carried_settings([data]) if analysis is None else analysis
    known = tuple(tasks) or carried_tasks([data])
    samples = sample_transfers(data, analysis, known, measure=settings.measure, replicates=settings.replicates)
    return [recommend_from(sample, settings) for sample in samples]


def recommend_from(sample: TransferSample, settings: MixtureSettings, halves: Sequence[Half] | None = None) -> Mixture:
    """Recommend a training mixture for one model; see `recommend`.

    Args:
        sample: its transfers.
        settings: what the mixture is for.
        halves: what `split_evidence` gives for this sample and these settings, kept by whoever asks for many targets:
            the result is the same, and the evidence is split once. None splits it here.
    """
    pose = Pose.of(sample, settings)
    _require_noise(sample, pose)
    problem = pose.problem(sample.mean, sample.replicates)
    choice = choose(problem, settings.strategy)
    shares = choice.shares
    counts = np.array(count_examples(shares.tolist(), settings.budget))
    optimism = estimate_optimism(pose, shares, split_evidence(sample, settings) if halves is None else halves)
    effects = predict_effects(sample, pose, counts / settings.budget, average_random(problem), optimism)
    otherwise = _choose_otherwise(problem, shares, settings)
    targets = [effect for effect in effects if effect.role == "target"]
    less = _budget_of_use(problem, counts, otherwise, settings)
    smaller = None if less is None else _recommend_less(sample, settings, less, targets, halves)
    helps_freely = bool(problem.mean @ otherwise.unprotected > 0)
    caveats = give_caveats(sample, pose, targets, helps_freely=helps_freely, smaller=smaller)
    return Mixture(
        model=sample.model,
        protocol=sample.protocol,
        settings=settings,
        sources=_describe_sources(
            problem, counts, give_reasons(problem, shares, otherwise, settings), settings, noisy=_is_noisy(sample, pose)
        ),
        effects=effects,
        notes=(*caveats, *give_notes(sample, pose, effects, optimism, gap=choice.gap)),
        caveats=len(caveats),
    )


def _require_noise(sample: TransferSample, pose: Pose) -> None:
    """Refuse to weigh gains against noise that the evidence does not hold."""
    if pose.settings.strategy == "robust" and not _is_noisy(sample, pose):
        names = ", ".join(sorted(pose.own))
        raise MixtureError(
            f"robust weighs gains against their noise, and nothing tells the noise on {names}: one seed, and right "
            "answers that cannot be counted",
            hint="give more seeds, or accuracies with n; or take --strategy proportional, which looks at no noise",
        )


def _is_noisy(sample: TransferSample, pose: Pose) -> bool:
    """Whether something tells the noise on a target."""
    return not pose.own <= sample.noiseless


def _choose_otherwise(problem: Problem, shares: PerSource, settings: MixtureSettings) -> Otherwise:
    """What would have been chosen if less were asked."""
    unprotected = unlimited = shares
    if settings.strategy not in CHOSEN_BLINDLY:
        if problem.protected:
            unprotected = _rechoose(replace(problem, protected={}, search_s=0.0), shares, settings)
        if problem.most_sources is not None:
            unlimited = _rechoose(replace(problem, most_sources=None), shares, settings)
    return Otherwise(unprotected=unprotected, unlimited=unlimited)


def _rechoose(problem: Problem, shares: PerSource, settings: MixtureSettings) -> PerSource:
    try:
        return choose_shares(problem, settings.strategy)
    except MixtureError:  # the best sources may be too small to hold the budget, where those that spare others are not
        return shares


def _budget_of_use(problem: Problem, counts: np.ndarray, otherwise: Otherwise, settings: MixtureSettings) -> int | None:
    """Count the examples that help, where a choice takes all there are of them and fills the budget with others.

    None where it does not, or where others are in to protect a task.
    """
    if not STRATEGIES[settings.strategy].by_tail:
        return None
    helpful = (counts > 0) & (problem.mean >= SHOWN)
    filling = (counts > 0) & ~helpful
    all_of_it = bool((counts[helpful] >= np.floor(problem.available[helpful])).all())
    fills = helpful.any() and filling.any() and all_of_it and (otherwise.unprotected[filling] > 0).all()
    return int(counts[helpful].sum()) if fills else None


def _recommend_less(
    sample: TransferSample,
    settings: MixtureSettings,
    budget: int,
    targets: Sequence[PredictedEffect],
    halves: Sequence[Half] | None,
) -> Mixture | None:
    """Recommend a smaller mixture; None where it does not help, helps no more, or takes what does not help either."""
    try:
        smaller = recommend_from(sample, settings.model_copy(update={"budget": budget}), halves)
    except MixtureError:
        return None
    better = smaller.helps and _mean_expected(smaller.targets) > _mean_expected(targets)
    return smaller if better and all(each.pgf >= SHOWN for each in smaller.taken) else None


def _mean_expected(targets: Sequence[PredictedEffect]) -> float:
    return float(np.mean([effect.expected for effect in targets]))


def _describe_sources(
    problem: Problem, counts: np.ndarray, reasons: Sequence[str], settings: MixtureSettings, *, noisy: bool
) -> tuple[MixedSource, ...]:
    tail = (1 - settings.confidence) / 2
    low, high = np.quantile(problem.gains, [tail, 1 - tail], axis=0)
    helps = (problem.gains > 0).mean(axis=0)
    if not noisy:
        low = high = helps = np.full(len(problem.sources), np.nan)
    described = [
        MixedSource(
            source=name,
            share=int(counts[place]) / settings.budget,
            examples=int(counts[place]),
            pgf=float(problem.mean[place]),
            low=float(low[place]),
            high=float(high[place]),
            helps=float(helps[place]),
            reason=reasons[place],
        )
        for place, name in enumerate(problem.sources)
    ]
    return tuple(sorted(described, key=lambda each: (-each.share, -each.pgf)))
