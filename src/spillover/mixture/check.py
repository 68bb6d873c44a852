"""The study that verifies a mixture: the same training on it, on random mixtures, the best single source and own data.

It is an ordinary study, so that planning, running, resuming and reading it are what they always are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import yaml

from spillover.analysis.sampling import TransferSample
from spillover.analysis.settings import VerificationSettings
from spillover.core.numbers import counted
from spillover.mixture.arms import Arms, counts_of
from spillover.mixture.chance import count_random
from spillover.mixture.mixture import Mixture
from spillover.mixture.pose import Pose
from spillover.mixture.problem import MixtureError
from spillover.mixture.recommend import recommend_from
from spillover.mixture.settings import MixtureSettings
from spillover.mixture.strategies import STRATEGIES, Strategy
from spillover.study.study import Study
from spillover.tasks.settings import PerceptionTasks, TaskSettings

FEWEST_RANDOM = 3
USUAL_RANDOM = 8
"""Of what they differ by, 8 leave half as wide an interval as 4, whose spread has 3 degrees of freedom: with 4, all of
the four studies that were run ended open. That is 11 trainings a seed instead of 7."""
FEWEST_SEEDS = 3
DRAWS = 50
"""Random mixtures that are looked at, for each that is wanted, until they are different ones."""
WRITTEN_HERE = "# Written by spillover mix:"
HEADING = f"""\
{WRITTEN_HERE} does {{chosen}} do for {{targets}} what was predicted, and more than its rivals?
# Check it with `spillover plan`, then `spillover run` it: the report says.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rivals:
    """What a chosen mixture must beat."""

    random: tuple[Mixture, ...]
    best_single: Mixture
    direct: Mixture | None
    """None where the targets' own data is not among the sources."""


def find_rivals(sample: TransferSample, chosen: Mixture, random_mixtures: int | None = None) -> Rivals:
    """Draw random mixtures from the same candidates, and find the best single source and the targets' own data.

    Args:
        sample: what the mixture was chosen from.
        chosen: the mixture.
        random_mixtures: how many; None takes 8, or as many different ones as there are.

    Raises:
        MixtureError: the mixture is itself a baseline, or there are not so many different random mixtures, or fewer
            than 3.
    """
    settings = chosen.settings
    if STRATEGIES[settings.strategy].rival:
        others = [name for name, each in STRATEGIES.items() if not each.rival]
        raise MixtureError(
            f"{settings.strategy} is what a mixture must beat, so there is nothing to verify",
            hint=f"choose by {', '.join(others[:-1])} or {others[-1]}",
        )
    return Rivals(
        random=_draw_random(sample, chosen, random_mixtures or USUAL_RANDOM, random_mixtures or FEWEST_RANDOM),
        best_single=recommend_from(sample, _baseline(settings, "best-single", **_unlimited(settings))),
        direct=_own_data(sample, settings),
    )


def _baseline(settings: MixtureSettings, strategy: Strategy, **changes: object) -> MixtureSettings:
    return settings.model_copy(update={"strategy": strategy, "protected": (), **changes})


def _unlimited(settings: MixtureSettings) -> dict[str, object]:
    """Let one source or the targets' own data take the whole budget, but not what there is nothing of.

    What it lacks is repeated, and the report says so.
    """
    nothing = {name: 0 for name, count in settings.available.items() if not count}
    return {"max_share": 1.0, "max_sources": None, "available": nothing}


def _draw_random(sample: TransferSample, chosen: Mixture, count: int, fewest: int) -> tuple[Mixture, ...]:
    """Draw random mixtures that differ from each other and from the chosen one."""
    seen, kept = [counts_of(chosen)], list[Mixture]()
    for seed in range(chosen.settings.seed, chosen.settings.seed + DRAWS * count):
        drawn = recommend_from(sample, _baseline(chosen.settings, "random", seed=seed))
        if counts_of(drawn) not in seen:
            seen.append(counts_of(drawn))
            kept.append(drawn)
        if len(kept) == count:
            break
    if len(kept) >= fewest:
        return tuple(kept)
    differ = "differs from" if len(kept) == 1 else "differ from each other and from"
    raise MixtureError(
        f"only {counted(len(kept), 'random mixture')} {differ} the chosen one, not {fewest}",
        hint=_how_to_have(sample, chosen, fewest, len(kept)),
    )


def _how_to_have(sample: TransferSample, chosen: Mixture, wanted: int, kept: int) -> str:
    """Say how there are enough random mixtures, or that there cannot be."""
    pose = Pose.of(sample, _baseline(chosen.settings, "random"))
    problem = pose.problem(sample.mean, sample.replicates)
    sources = len(pose.names)
    others = {most: count_random(replace(problem, most_sources=most)) for most in range(2, sources)}
    ways = [f"take fewer: --random-mixtures {kept}"] if kept >= FEWEST_RANDOM else []
    if enough := [most for most, count in others.items() if count >= wanted]:
        most = enough[-1]
        other = f"--max-sources {most} leaves up to {others[most]}"
        ways.append(f"let them, and the choice, have another number of sources: {other}")
    if ways:
        return "; or ".join(ways)
    more = ", or leave out --exclude-target-data" if chosen.settings.exclude_target_data else ""
    return (
        f"{counted(sources, 'source')} cannot make {wanted}, and fewer than {FEWEST_RANDOM} tell nothing: give results "
        f"of more sources{more}"
    )


def _own_data(sample: TransferSample, settings: MixtureSettings) -> Mixture | None:
    try:
        return recommend_from(sample, _baseline(settings, "direct", exclude_target_data=False, **_unlimited(settings)))
    except MixtureError:
        return None


def verifying_study(
    study: Study, name: str, chosen: Mixture, rivals: Rivals, *, same_examples: bool, doses: bool = True
) -> Study:
    """Write down the study of a chosen mixture and its rivals: one budget, one training, the same seeds for all.

    The procedural suite is endless, so its tasks are drawn anew: the study asks examples that the choice has not seen.

    Args:
        study: whose models, tasks and training it takes over.
        name: its own.
        chosen: the mixture.
        rivals: of it.
        same_examples: whether the mixture was chosen by this study's scores; else it is not known by which examples it
            was chosen, and on how many the sources were trained.
        doses: whether the best single source is trained on a quarter and on half of the budget, too.
    """
    held = chosen.settings.available
    short = frozenset(name for name, count in held.items() if count < chosen.settings.budget)
    arms = Arms(study.training.examples if same_examples else None, short)
    verification = VerificationSettings(
        targets=tuple(effect.task for effect in chosen.effects if effect.role == "target"),
        protected=tuple(effect.task for effect in chosen.effects if effect.role == "protected"),
        tolerance=chosen.settings.tolerance,
        chosen=arms.add_mixture(chosen, _name_chosen(chosen)),
        random=tuple(arms.add(each, f"random-{number}") for number, each in enumerate(rivals.random, 1)),
        best_single=arms.add(rivals.best_single, "best-single"),
        direct=arms.add(rivals.direct, "direct") if rivals.direct else None,
        doses=arms.add_doses(rivals.best_single) if doses else (),
        measure=chosen.settings.measure,
        fresh=same_examples and all(isinstance(task, PerceptionTasks) for task in study.tasks),
    )
    models = tuple(model for model in study.models if model.name == chosen.model) or study.models
    return study.model_copy(
        update={
            "name": name,
            "models": models,
            "tasks": tuple(_drawn_anew(task) for task in study.tasks),
            "sources": arms.listed,
            "controls": (),
            "seeds": study.seeds if len(study.seeds) >= FEWEST_SEEDS else tuple(range(FEWEST_SEEDS)),
            "training": study.training.model_copy(update={"examples": chosen.settings.budget}),
            "verification": (verification,),
            "output": name,
            "provenance": None,
        }
    )


def write_study(study: Study) -> str:
    """Write a verifying study as a study file."""
    (asked,) = study.verification
    heading = HEADING.format(chosen=asked.chosen, targets=", ".join(asked.targets))
    values = study.model_dump(mode="json", exclude={"provenance"}, exclude_defaults=True)
    values["models"] = [model.model_dump(mode="json", exclude_none=True) for model in study.models]
    values["tasks"] = [task.model_dump(mode="json", exclude_none=True) for task in study.tasks]
    return heading + yaml.safe_dump(values, sort_keys=False, allow_unicode=True, default_flow_style=None, width=120)


def _name_chosen(chosen: Mixture) -> str:
    """A choice of one source stays a mixture, of one part: a task's name could not hold what was predicted of it."""
    counts = counts_of(chosen)
    return f"chosen-{next(iter(counts))}" if len(counts) == 1 else "chosen"


def _drawn_anew(task: TaskSettings) -> TaskSettings:
    return task.model_copy(update={"seed": task.seed + 1}) if isinstance(task, PerceptionTasks) else task


def describe_arms(study: Study, measured_with: int) -> Sequence[str]:
    """Say in lines what a verifying study will compare, and what it cannot promise.

    Args:
        study: the verifying one.
        measured_with: training examples a source in the study whose training it takes over.
    """
    (asked,) = study.verification
    lines = [f"chosen: {asked.chosen}", f"random: {', '.join(asked.random)}"]
    lines += [f"best single source: {asked.best_single}"]
    lines += [_describe_doses(study, asked)] if asked.doses else []
    whose = "the target's" if len(asked.targets) == 1 else "the targets'"
    lines += [f"{whose} own data: {asked.direct or 'not among the sources'}"]
    if asked.protected:
        lines.append(f"not to be harmed by more than {asked.tolerance:g} PGF: {', '.join(asked.protected)}")
    if asked.chosen in (asked.best_single, asked.direct):
        lines.append(f"the choice is one source, {asked.chosen}: against that rival there is nothing to compare")
    if not asked.fresh:
        lines.append("it asks the examples that the choice was made by, or may have been: good luck is not told apart")
    if study.training.examples != measured_with:
        lines.append(
            f"it trains on {study.training.examples} examples, and the study on {measured_with}: effects may differ"
        )
    return lines


def _describe_doses(study: Study, asked: VerificationSettings) -> str:
    """Say what is trained for the curve of dose, and what that costs."""
    budget = study.training.examples
    smaller = [study.training_of(name).examples for name in asked.doses]
    others = len(study.sources) - len(smaller)
    return (
        f"the same at smaller doses: {', '.join(asked.doses)}, {' and '.join(map(str, smaller))} examples; that is "
        f"{len(smaller) * len(study.seeds)} trainings beside {others * len(study.seeds)}, with "
        f"{sum(smaller) / (others * budget):.0%} more examples in all; --no-doses leaves them out"
    )
