"""What each run is in a study: the base, or a finetune on a source with a seed.

Said by flags, by a small YAML, by a pattern over the runs' names, or by the files themselves; never by their order.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from spillover.core.errors import ImportFileError, nearest
from spillover.core.scores import BASE_SOURCE
from spillover.interop.found import FoundRun, Place
from spillover.interop.json_text import read_bounded
from spillover.interop.task_names import is_known, resembles, settle_name

USUAL_PATTERN = "{source}-seed{seed}"
LARGEST_MAP = 1 << 20
LEFT_OUT = Place(source="")
"""Of runs that a user maps to nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunMapping:
    """What a user said of the runs."""

    base: Mapping[str, int | None] = field(default_factory=dict[str, int | None])
    """Runs that are the base, with the seed that each was measured for; usually one, without a seed."""
    runs: Mapping[str, Place] = field(default_factory=dict[str, Place])
    pattern: str = USUAL_PATTERN


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedRun:
    """A run with its place in the study."""

    run: FoundRun
    place: Place
    reason: str
    """Why it stands there."""

    @property
    def is_base(self) -> bool:
        """Whether it is the base model."""
        return self.place.source == BASE_SOURCE


def read_mapping(base: Sequence[str], maps: Sequence[str], pattern: str | None) -> RunMapping:
    """Understand what was said on the command line.

    Args:
        base: run names, each alone or as RUN:SEED where the base was measured for every seed.
        maps: each RUN=SOURCE or RUN=SOURCE:SEED, or the path of a YAML file with `base`, `runs` and `pattern`.
        pattern: such as `{source}-seed{seed}`; `*` stands for anything.

    Raises:
        ImportFileError: one of them cannot be understood.
    """
    bases = dict(_split_seed(name) for name in base)
    runs: dict[str, Place] = {}
    for entry in maps:
        name, equals, target = entry.rpartition("=")
        if equals and not Path(entry).is_file():
            runs[name] = _place(target, f"--map {entry}")
            continue
        document = _read_yaml(Path(entry))
        bases |= _bases(document.get("base"), entry)
        runs |= {
            str(run): _place_of(value, f"{entry} runs.{run}") for run, value in _table(document, "runs", entry).items()
        }
        pattern = pattern or _pattern(document.get("pattern"), entry)
    return RunMapping(base=bases, runs=runs, pattern=pattern or USUAL_PATTERN)


def map_runs(runs: Sequence[FoundRun], mapping: RunMapping) -> list[MappedRun]:
    """Give every run its place; the base comes first, then sources and seeds in order.

    Raises:
        ImportFileError: a run has no place, a name is not there, there is no base, or a source is a misspelt task. All
            runs without a place are listed.
    """
    names = [run.name for run in runs]
    base = _find_bases(mapping.base, names)
    explicit = {_find_run(name, names, "--map"): place for name, place in mapping.runs.items()}
    expression = _compile(mapping.pattern)
    mapped: list[MappedRun] = []
    lost: list[str] = []
    for run in runs:
        place, reason = _decide(run, base, explicit, expression)
        if place is None:
            lost.append(run.name)
        elif place != LEFT_OUT:
            mapped.append(MappedRun(run=run, place=place, reason=reason))
    if lost:
        raise _unmapped(lost, mapping.pattern)
    _require_base(mapped, names)
    _require_sources(mapped)
    return sorted(mapped, key=lambda each: (not each.is_base, each.place.source, each.place.seed or 0))


def _decide(
    run: FoundRun, base: Mapping[str, int | None], explicit: Mapping[str, Place], expression: re.Pattern[str]
) -> tuple[Place | None, str]:
    if run.name in explicit:
        return explicit[run.name], "--map"
    if run.name in base:
        return Place(source=BASE_SOURCE, seed=base[run.name]), "--base"
    if run.place is not None:
        return run.place, "the file says so"
    parts = _parts(run.name)
    for part in (*reversed(parts), run.name):
        if match := expression.fullmatch(part):
            found = match.groupdict()
            source = settle_name(found["source"])
            return Place(source=source, seed=int(found.get("seed") or 0)), "the pattern"
    if not base and parts[-1].casefold() == BASE_SOURCE:
        return Place(source=BASE_SOURCE), "its name"
    return None, ""


def _parts(name: str) -> list[str]:
    """A run's name by folders; harnesses write the slashes of a model's path as two underscores."""
    return re.split(r"/|__", name)


def _compile(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"(\{source\}|\{seed\}|\*)", pattern)
    if parts.count("{source}") != 1 or parts.count("{seed}") > 1:
        hint = f"for example {USUAL_PATTERN}"
        raise ImportFileError(f"the pattern {pattern!r} needs {{source}} once and {{seed}} at most once", hint=hint)
    pieces = {"{source}": r"(?P<source>.+?)", "{seed}": r"(?P<seed>\d{1,9})", "*": ".*"}
    return re.compile("".join(pieces.get(part) or re.escape(part) for part in parts))


def _find_bases(base: Mapping[str, int | None], names: Sequence[str]) -> dict[str, int | None]:
    found: dict[str, int | None] = {}
    for name, seed in base.items():
        whole = name if seed is None else f"{name}:{seed}"
        if whole in names:  # a run's own name may end in a colon and digits
            found[whole] = None
        else:
            found[_find_run(name, names, "--base")] = seed
    return found


def _find_run(name: str, names: Sequence[str], where: str) -> str:
    if name in names:
        return name
    ending = [each for each in names if _parts(each)[-1] == name]
    if len(ending) == 1:
        return ending[0]
    raise ImportFileError(f"there is no run {name!r}; {nearest(name, names)}", where=where)


def _split_seed(text: str) -> tuple[str, int | None]:
    name, colon, seed = text.rpartition(":")
    return (name, int(seed)) if colon and name and seed.isdecimal() and len(seed) < 10 else (text, None)


def _place(text: str, where: str) -> Place:
    source, seed = _split_seed(text.strip())
    if not source:
        return LEFT_OUT
    if source == BASE_SOURCE:
        return Place(source=BASE_SOURCE, seed=seed)
    if len(source) > 200:
        raise ImportFileError("the name of a source is longer than 200 characters", where=where)
    return Place(source=settle_name(source), seed=seed or 0)


def _place_of(value: Any, where: str) -> Place:
    match value:
        case None:
            return LEFT_OUT
        case str():
            return _place(value, where)
        case {"source": str(source), **rest} if not set(rest) - {"seed"}:
            seed = rest.get("seed", 0)
            if isinstance(seed, int) and not isinstance(seed, bool) and 0 <= seed < 2**31:
                return _place(f"{source}:{seed}", where)
        case _:
            pass
    hint = "write RUN: SOURCE:SEED, or RUN: {source: SOURCE, seed: 0}; RUN: null leaves a run out"
    raise ImportFileError(f"{str(value)[:60]!r} is no source with a seed", where=where, hint=hint)


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        document = yaml.safe_load(read_bounded(path, LARGEST_MAP))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise ImportFileError(f"no valid YAML: {str(error)[:300]}", where=str(path)) from error
    if not isinstance(document, dict):
        raise ImportFileError("a mapping file holds base:, runs: and pattern:", where=str(path))
    for key in document:
        if key not in ("base", "runs", "pattern"):
            allowed = nearest(str(key), ["base", "runs", "pattern"])
            raise ImportFileError(f"unknown key {str(key)[:60]!r}; {allowed}", where=str(path))
    return document


def _table(document: dict[str, Any], key: str, where: str) -> dict[Any, Any]:
    value = document.get(key) or {}
    if not isinstance(value, dict):
        raise ImportFileError(f"{key}: should hold one line a run", where=where)
    return value


def _bases(value: Any, where: str) -> dict[str, int | None]:
    match value:
        case None:
            return {}
        case str():
            return {value: None}
        case dict() if all(isinstance(seed, int) for seed in value.values()):
            return {str(run): seed for run, seed in value.items()}
        case _:
            raise ImportFileError("base: should be a run, or runs with their seeds, {RUN: SEED}", where=where)


def _pattern(value: Any, where: str) -> str | None:
    if value is not None and not isinstance(value, str):
        raise ImportFileError(f"pattern: should be a text such as {USUAL_PATTERN!r}", where=where)
    return value


def _unmapped(lost: Sequence[str], pattern: str) -> ImportFileError:
    listing = "\n  ".join(lost[:20]) + (f"\n  … and {len(lost) - 20} more" if len(lost) > 20 else "")
    return ImportFileError(
        f"it is not known what these runs are:\n  {listing}",
        hint=f"--base RUN names the base; the others by name as {pattern!r} (--pattern), or --map RUN=SOURCE:SEED; "
        "--map RUN= leaves one out",
    )


def _require_base(mapped: Iterable[MappedRun], names: Sequence[str]) -> None:
    if not any(each.is_base for each in mapped):
        listing = ", ".join(names[:20])
        raise ImportFileError("no run is the base", where="--base", hint=f"name it: --base RUN, one of {listing}")


def _require_sources(mapped: Sequence[MappedRun]) -> None:
    targets = {settle_name(task) for each in mapped for task in each.run.tasks}
    for each in mapped:
        source = each.place.source
        if each.is_base or source in targets or is_known(source):
            continue
        if meant := resembles(source, targets):
            raise ImportFileError(
                f"the run {each.run.name!r} is of an unknown task {source!r}; did you mean {meant}?",
                where=each.reason,
                hint=f"--map '{each.run.name}={meant}:{each.place.seed}'",
            )
