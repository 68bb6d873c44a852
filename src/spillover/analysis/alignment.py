"""From the tidy table of scores to cubes without holes.

The table may hold several models, protocols, controls and training fractions at once; each combination becomes a cube
of its own, and all of them share the base's rows. What does not fit is refused with a list, never filled in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from spillover.analysis.blocks import Frame, align_block
from spillover.analysis.carried import carried_mixtures, carried_verifications
from spillover.analysis.cube import ScoreCube, TargetBlock
from spillover.analysis.rows import ScoreRows, distinct_pairs, read_rows
from spillover.core.errors import AnalysisError
from spillover.core.scores import BASE_SOURCE

LISTED_FAULTS = 20


def build_cubes(table: pa.Table, order: Sequence[str] = ()) -> tuple[ScoreCube, ...]:
    """Align a table of scores into one cube for each model, protocol, control and training fraction.

    Args:
        table: rows of `SCORE_SCHEMA`.
        order: task names in the order wanted; the others follow in order of first appearance.

    Returns:
        Cubes in order of first appearance; each has the tasks that are both source and target first, in the same
        order on both axes, and knows which sources are mixtures where the table carries it (see `carried`).

    Raises:
        AnalysisError: a cell or example is missing or there twice, a target was asked in two ways, a score is not in
            0–1, or nothing was finetuned. All such places are listed.

    Complexity: O(rows · log rows).

    >>> from spillover.core.scores import Score, table_from_scores
    >>> shared = {"model": "m", "adapter_key": "k", "protocol": "letters", "target": "t", "target_key": "q"}
    >>> shared |= {"example": "x", "score": 1.0, "answer": "(A)", "answer_given": "(A)"}
    >>> rows = [Score(source=source, seed=seed, **shared) for source, seed in (("base", None), ("t", 0))]
    >>> build_cubes(table_from_scores(rows))[0].accuracy.tolist()
    [[[1.0]]]
    """
    rows = read_rows(table)
    models, protocols = rows.columns["model"].codes, rows.columns["protocol"].codes
    cubes: list[ScoreCube] = []
    for model, protocol in distinct_pairs(models, protocols):
        members = np.flatnonzero((models == model) & (protocols == protocol))
        cubes.extend(_cubes_of_model(rows, members, order))
    known, asked = carried_mixtures(table), carried_verifications(table)
    return tuple(replace(cube, mixtures=known, verifications=asked) for cube in cubes)


def _cubes_of_model(rows: ScoreRows, members: np.ndarray, order: Sequence[str]) -> Iterator[ScoreCube]:
    _require_one_question(rows, members)
    is_base = rows.codes("source", members) == rows.columns["source"].code_of(BASE_SOURCE)
    base, tuned = members[is_base], members[~is_base]
    if not tuned.size:
        raise AnalysisError("there are only base scores: nothing was finetuned", where=rows.label(members))
    controls, fractions = rows.codes("control", tuned), rows.fraction[tuned]
    for control, fraction in distinct_pairs(controls, fractions):
        chosen = tuned[(controls == control) & (fractions == fraction)]
        kind = None if control < 0 else rows.name("control", control)
        yield _cube(rows, base, chosen, (kind, fraction), order)


def _cube(
    rows: ScoreRows, base: np.ndarray, tuned: np.ndarray, kind: tuple[str | None, float], order: Sequence[str]
) -> ScoreCube:
    sources, targets = _arrange(rows, tuned, order)
    seeds = np.unique(rows.seed[tuned])
    frame = Frame(sources=tuple(rows.columns["source"].code_of(name) for name in sources), seeds=seeds)
    faults: list[str] = []
    blocks: list[TargetBlock] = []
    base_by_target, tuned_by_target = (_by_target(rows, part) for part in (base, tuned))
    for target in targets:
        code = rows.columns["target"].code_of(target)
        block = align_block(rows, base_by_target(code), tuned_by_target(code), frame, faults)
        blocks.extend([block] if block is not None else [])
    model, protocol = (rows.name(column, int(rows.codes(column, tuned[:1])[0])) for column in ("model", "protocol"))
    if faults:
        raise _misfit(faults, f"{model}, {protocol}" + (f", control {kind[0]}" if kind[0] else ""))
    return ScoreCube(
        model=model,
        protocol=protocol,
        control=kind[0],
        fraction=kind[1],
        sources=tuple(sources),
        targets=tuple(targets),
        seeds=tuple(int(max(seed, 0)) for seed in seeds),
        blocks=tuple(blocks),
    )


def _by_target(rows: ScoreRows, members: np.ndarray) -> Callable[[int], np.ndarray]:
    """Sort rows by target, their order kept, so that each target's are found without looking at all the others."""
    codes = rows.codes("target", members)
    order = np.argsort(codes, kind="stable")
    ordered = codes[order]

    def of_target(code: int) -> np.ndarray:
        start, stop = np.searchsorted(ordered, [code, code + 1])
        return members[order[start:stop]]

    return of_target


def _misfit(faults: list[str], where: str) -> AnalysisError:
    shown = faults[:LISTED_FAULTS]
    if len(faults) > LISTED_FAULTS:
        shown.append(f"… and {len(faults) - LISTED_FAULTS} more")
    return AnalysisError(
        "the scores do not fill the matrix:\n  " + "\n  ".join(shown),
        where=where,
        hint="run what is missing (spillover run), or leave out its source, target or seed",
    )


def _require_one_question(rows: ScoreRows, members: np.ndarray) -> None:
    targets, keys = rows.codes("target", members), rows.codes("target_key", members)
    seen: dict[int, int] = {}
    for target, key in distinct_pairs(targets, keys):
        if seen.setdefault(target, key) != key:
            raise AnalysisError(
                f"{rows.name('target', target)} was asked in two ways (its target keys differ): "
                "another data revision, limit, prompt or scorer",
                where=rows.label(members),
                hint="evaluate the base and every finetuned model on the same questions; never mix label revisions",
            )


def _arrange(rows: ScoreRows, tuned: np.ndarray, order: Sequence[str]) -> tuple[list[str], list[str]]:
    """Names of sources and targets, those that are both first and in the same order."""
    rank = {name: index for index, name in enumerate(order)}

    def in_order(kind: str) -> list[str]:
        names = rows.names(kind, rows.distinct(kind, tuned))
        return sorted(names, key=lambda name: rank.get(name, len(rank)))

    sources, targets = in_order("source"), in_order("target")
    both = [name for name in sources if name in targets]
    return both + [name for name in sources if name not in both], both + [n for n in targets if n not in both]
