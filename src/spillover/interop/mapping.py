"""What each run is in a study: the base, or a finetune on a source with a seed.

Said by flags, by a small YAML, by a pattern over the runs' names, or by the files themselves; never by their order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial

from spillover.core.errors import ImportFileError, nearest
from spillover.core.scores import BASE_SOURCE
from spillover.interop.found import FoundRun, Place
from spillover.interop.run_mapping import LEFT_OUT, RunMapping
from spillover.interop.run_pattern import USUAL_PATTERN, RunPattern, fitting_base, fitting_pattern, split_run_name
from spillover.interop.task_names import TaskNames, is_any_of, is_known, is_same_word, resembles, settle_name


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedRun:
    """A run with its place in the study."""

    run: FoundRun
    place: Place
    reason: str
    """Why it stands there."""
    called: str = ""
    """The source, as the run's name or the user says it; "" of the base."""

    @property
    def is_base(self) -> bool:
        """Whether it is the base model."""
        return self.place.source == BASE_SOURCE


def map_runs(runs: Sequence[FoundRun], mapping: RunMapping) -> list[MappedRun]:
    """Give every run its place; the base comes first, then sources and seeds in order.

    Raises:
        ImportFileError: a run has no place, a name is not there, there is no base, or a source is a misspelt task. All
            runs without a place are listed.
    """
    names = [run.name for run in runs]
    base = _find_bases(mapping, runs)
    explicit = {
        run: place
        for name, place in mapping.runs.items()
        if (run := _find_run(name, names, "--map", mapping)) is not None
    }
    targets = {mapping.tasks.settle(task) for run in runs for task in run.tasks}
    read = partial(RunPattern.of(mapping.pattern).read, is_task=partial(_is_task, mapping.tasks, targets))
    decided = [(run, *_decide(run, base, explicit, read)) for run in runs]
    has_base = any(place is not None and place.source == BASE_SOURCE for _, place, _ in decided)
    lost = [run.name for run, place, _ in decided if place is None]
    if lost and not (has_base and _are_sources([run for run, place, _ in decided if place is None], mapping, targets)):
        raise _unmapped(lost, mapping, targets, has_base=has_base)
    mapped = [
        _settled(MappedRun(run=run, place=place or Place(source=run.name, seed=0), reason=reason), mapping.tasks)
        for run, place, reason in decided
        if place != LEFT_OUT
    ]
    _require_base(mapped, names)
    _require_sources(mapped, targets, mapping.tasks)
    return sorted(mapped, key=lambda each: (not each.is_base, each.place.source, each.place.seed or 0))


def _decide(
    run: FoundRun,
    base: Mapping[str, int | None],
    explicit: Mapping[str, Place],
    read: Callable[[str], tuple[str, int | None] | None],
) -> tuple[Place | None, str]:
    if run.name in explicit:
        return explicit[run.name], "--map"
    if run.name in base:
        return Place(source=BASE_SOURCE, seed=base[run.name]), "--base"
    if run.place is not None:
        return run.place, "the file says so"
    if found := read(run.name):
        source, seed = found
        return Place(source=source, seed=seed if source == BASE_SOURCE else seed or 0), "the pattern"
    if not base and BASE_SOURCE in map(str.casefold, split_run_name(run.name)):
        return Place(source=BASE_SOURCE), "its name"
    return None, "its row"


def _are_sources(runs: Sequence[FoundRun], mapping: RunMapping, targets: set[str]) -> bool:
    """Whether runs that no pattern was given for are rows of tables, with names that can only be those of sources."""
    if mapping.pattern != USUAL_PATTERN or not all(run.row for run in runs):
        return False
    return fitting_pattern([run.name for run in runs], cache(partial(is_any_of, targets))) == "{source}"


def _is_task(names: TaskNames, targets: set[str], source: str) -> bool:
    return is_known(settled := names.settle(source)) or settled in targets


def _settled(mapped: MappedRun, names: TaskNames) -> MappedRun:
    """Give a run's source its name; where that is another, the reason says so."""
    source = mapped.place.source
    if mapped.is_base:
        return mapped
    why = f"{mapped.reason}; {source} is BLINK's" if names.changed([source]) else mapped.reason
    place = replace(mapped.place, source=names.settle(source))
    return replace(mapped, place=place, reason=why, called=source.strip())


def _find_bases(mapping: RunMapping, runs: Sequence[FoundRun]) -> dict[str, int | None]:
    names = [run.name for run in runs]
    found: dict[str, int | None] = {}
    for name, seed in mapping.base.items():
        if rows := {run.name: run.place.seed for run in runs if run.row == name and run.place is not None}:
            found |= rows
            continue
        whole = name if seed is None else f"{name}:{seed}"
        if whole in names:  # a run's own name may end in a colon and digits
            found[whole] = None
        elif (run := _find_run(name, names, "--base", mapping)) is not None:
            found[run] = seed
    return found


def _find_run(name: str, names: Sequence[str], where: str, mapping: RunMapping) -> str | None:
    if name in names:
        return name
    holding = [each for each in names if name in split_run_name(each)]
    if len(holding) == 1:
        return holding[0]
    if mapping.shared and not holding:
        return None
    raise ImportFileError(f"there is no run {name!r}; {nearest(name, names)}", where=where)


def require_metrics(metrics: Iterable[str], runs: Iterable[FoundRun]) -> None:
    """See that every task whose metric a user chooses is there, by the files' name or BLINK's.

    Raises:
        ImportFileError: one is not.
    """
    tasks = list(dict.fromkeys(task for run in runs for task in run.tasks))
    for name in metrics:
        if name not in tasks and name not in map(settle_name, tasks):
            raise ImportFileError(f"no run has a task {name!r}; {nearest(name, tasks)}", where="--metric")


def require_runs(mapping: RunMapping, names: Sequence[str]) -> None:
    """See that every run that a user speaks of is there, in whichever model's results.

    Raises:
        ImportFileError: one is not.
    """
    alone = replace(mapping, shared=False)
    held = {part for name in names for part in (name, *split_run_name(name))}
    for name, seed in mapping.base.items():
        if name not in held and f"{name}:{seed}" not in held:
            _find_run(name, names, "--base", alone)
    for name in mapping.runs:
        if name not in held:
            _find_run(name, names, "--map", alone)


def _unmapped(lost: Sequence[str], mapping: RunMapping, targets: set[str], *, has_base: bool) -> ImportFileError:
    hint = (
        f"--base RUN names the base; the others by name as {mapping.pattern!r} (--pattern), or --map RUN=SOURCE:SEED; "
        "--map RUN= leaves one out"
    )
    if fitting := _fitting(lost, targets, has_base=has_base):
        hint = f"these names would be read by {fitting}\n  {hint}"
    listing = "\n  - ".join(lost[:20]) + (f"\n  … and {len(lost) - 20} more" if len(lost) > 20 else "")
    return ImportFileError(f"it is not known what these runs are:\n  - {listing}", hint=hint)


def _fitting(lost: Sequence[str], targets: set[str], *, has_base: bool) -> str | None:
    """The options that would read all runs without a place."""
    base = None if has_base else fitting_base(lost)
    pattern = fitting_pattern([name for name in lost if name != base], cache(partial(is_any_of, targets)))
    if pattern is None:
        return None
    named = [] if has_base else [f"--base '{base}'" if base else "--base RUN"]
    return " ".join([*named, f"--pattern '{pattern}'"])


def _require_base(mapped: Iterable[MappedRun], names: Sequence[str]) -> None:
    if not any(each.is_base for each in mapped):
        listing = ", ".join(names[:20])
        raise ImportFileError("no run is the base", where="--base", hint=f"name it: --base RUN, one of {listing}")


def _require_sources(mapped: Sequence[MappedRun], targets: set[str], names: TaskNames) -> None:
    """Refuse a source that is probably a task misspelt; one that differs by case and signs alone is a dataset's name.

    Raises:
        ImportFileError: a source resembles a task.
    """
    for each in mapped:
        source = each.place.source
        if each.is_base or source in targets or is_known(source) or names.is_said(source):
            continue
        if (meant := resembles(source, targets)) and not is_same_word(source, meant):
            raise ImportFileError(
                f"the run {each.run.name!r} is of an unknown task {source!r}; did you mean {meant}?",
                where=each.reason,
                hint=f"--map '{each.run.name}={meant}:{each.place.seed}', or --rename {source}={source} keeps its name",
            )
