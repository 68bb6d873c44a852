"""A pattern over the names of runs, such as `{source}-seed{seed}`, and what it reads in a name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

from spillover.core.errors import ImportFileError

USUAL_PATTERN = "{source}-seed{seed}"
SEEDS = ("-seed{seed}", "_seed{seed}", "-s{seed}", "_s{seed}", "-{seed}", "_{seed}", "")
"""How names are often ended; what is nearest to the usual comes first."""
BETWEEN_WORDS = re.compile("[-_]")
LONGEST = 300
"""Letters of a name in which a source is looked for."""


FOLDERS = re.compile(r"/|__")
"""What parts the folders in a run's name; harnesses write the slashes of a model's path as two underscores."""


def split_run_name(name: str) -> list[str]:
    """Split a run's name by folders."""
    return FOLDERS.split(name)


def fitting_pattern(names: Sequence[str], is_task: Callable[[str], bool] = lambda _: False) -> str | None:
    """Find a pattern that reads every name, and in no two of them the same source and seed.

    Of several, the one that reads most sources that are tasks. What all names begin with is else taken for a model's
    name or a folder; a folder's name may hold them all.

    >>> fitting_pattern(["Qwen_charts_0", "Qwen_charts_1", "Qwen_art_0"]), fitting_pattern(["charts/Qwen", "art/Qwen"])
    ('Qwen_{source}_{seed}', '{source}/*')
    >>> fitting_pattern(["charts-lora-s0", "charts-lora-s1", "art-lora-s0"], {"charts", "art"}.__contains__)
    '{source}-lora-s{seed}'
    """
    fitting: dict[str, int] = {}
    for end in SEEDS:
        for last in ("", "/*"):
            places = _read_all(f"{{source}}{end}{last}", names)
            for start, extra in _alike(list(dict.fromkeys(source for source, _ in places))):
                cut = {source.removeprefix(start).removesuffix(extra) for source, _ in places}
                fitting[f"{start}{{source}}{extra}{end}{last}"] = sum(map(is_task, cut))
    likeliest = sorted(fitting, key=fitting.__getitem__, reverse=True)
    return next((pattern for pattern in likeliest if _read_all(pattern, names)), None)


def fitting_base(names: Sequence[str]) -> str | None:
    """Find the one run that is named otherwise than the rest: what all others begin with, or the one without a seed.

    >>> fitting_base(["charts-s0", "charts-s1", "org__Qwen"]), fitting_base(["charts", "art", "Qwen"])
    ('org__Qwen', None)
    """
    for name in names:
        if all(each.startswith(name) for each in names):
            return name
    for end in filter(None, SEEDS):
        pattern = RunPattern.of(f"{{source}}{end}")
        without = [name for name in names if pattern.read(name, lambda _: False) is None]
        if len(without) == 1 < len(names):
            return without[0]
    return None


def _read_all(pattern: str, names: Sequence[str]) -> list[tuple[str, int | None]]:
    """Source and seed of every name; nothing where one is not read, or two are read alike."""
    read = [RunPattern.of(pattern).read(name, lambda _: False) for name in names]
    places = [place for place in read if place is not None]
    return places if len(set(places)) == len(names) else []


def _alike(sources: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Words that all sources begin and end with, and that may be no part of them; first what is so most often."""
    if not sources:
        return
    begun, ended = _beginning(sources), _beginning([source[::-1] for source in sources])[::-1]
    starts = [begun[: match.end()] for match in BETWEEN_WORDS.finditer(begun)]
    extras = ["", *(ended[match.start() :] for match in BETWEEN_WORDS.finditer(ended))]
    longest = starts[-1:] if len(sources) > 1 else []
    for start in dict.fromkeys((*longest, "", *starts)):
        yield from ((start, extra) for extra in extras if all(len(start + extra) < len(source) for source in sources))


def _beginning(texts: Sequence[str]) -> str:
    """What all texts begin with."""
    alike = takewhile(lambda letters: len(set(letters)) == 1, zip(*texts, strict=False))
    return "".join(first for first, *_ in alike)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPattern:
    """A pattern, taken apart at its source."""

    before: re.Pattern[str]
    after: re.Pattern[str]

    @classmethod
    def of(cls, text: str) -> RunPattern:
        """Understand a pattern; `*` stands for anything.

        Raises:
            ImportFileError: it names no source, or more than one source or seed.
        """
        if text.count("{source}") != 1 or text.count("{seed}") > 1:
            hint = f"for example {USUAL_PATTERN}"
            raise ImportFileError(f"the pattern {text!r} needs {{source}} once and {{seed}} at most once", hint=hint)
        before, _, after = text.partition("{source}")
        return cls(before=_compile(before), after=_compile(after))

    def read(self, name: str, is_task: Callable[[str], bool]) -> tuple[str, int | None] | None:
        """Read source and seed in a run's name: in one of its folders, the last first, or in several up to its end.

        The seed is None where the pattern has none.

        Where `*` lets a name be divided in several ways, a source that is a task is taken; else the longest.

        >>> RunPattern.of("*_{source}_s{seed}").read("out/ft_Art_Style_s2", {"Art_Style"}.__contains__)
        ('Art_Style', 2)
        >>> RunPattern.of("ft__{source}__{seed}").read("__out__ft__Jigsaw__3", {"Jigsaw"}.__contains__)
        ('Jigsaw', 3)
        """
        ends = [name[match.end() :] for match in FOLDERS.finditer(name)]
        for part in (*reversed(split_run_name(name)), *reversed(ends), name):
            divisions = list(self._divisions(part)) if len(part) <= LONGEST else []
            if divisions:
                return next((each for each in divisions if is_task(each[0])), divisions[0])
        return None

    def _divisions(self, part: str) -> Iterator[tuple[str, int | None]]:
        """Every source that a name may be read to hold, with its seed; the longest first."""
        places = range(len(part) + 1)
        openings = {place: match for place in places if (match := self.before.fullmatch(part, 0, place))}
        endings = {place: match for place in places if (match := self.after.fullmatch(part, place))}
        spans = sorted((start - end, start, end) for start in openings for end in endings if start < end)
        for _, start, end in spans:
            seeds = openings[start].groupdict() | endings[end].groupdict()
            yield part[start:end], int(seeds["seed"]) if "seed" in seeds else None


def _compile(text: str) -> re.Pattern[str]:
    pieces = {"{seed}": r"(?P<seed>\d{1,9})", "*": ".*"}
    return re.compile("".join(pieces.get(part) or re.escape(part) for part in re.split(r"(\{seed\}|\*)", text)))
