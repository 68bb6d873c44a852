"""One target's rows, laid out by seed, source and example."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from spillover.analysis.cube import OTHER, UNPARSED, TargetBlock
from spillover.analysis.rows import NameColumn, ScoreRows
from spillover.core.scores import BASE_SOURCE

LISTED_EXAMPLES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The sources (as codes) and seeds that every target must have."""

    sources: tuple[int, ...]
    seeds: np.ndarray


@dataclass(frozen=True, slots=True)
class _Grid:
    """Row numbers by seed, source and example, and how often each place was claimed."""

    rows: np.ndarray
    claims: np.ndarray


def align_block(
    rows: ScoreRows, base: np.ndarray, tuned: np.ndarray, frame: Frame, faults: list[str]
) -> TargetBlock | None:
    """Lay out one target.

    Args:
        rows: the whole table.
        base: numbers of the rows in which the base answers this target.
        tuned: numbers of the rows in which finetuned models do.
        frame: what must be there.
        faults: what is missing or there twice is appended here, in words.

    Returns:
        The block, or None where a fault was found.

    Complexity: O(rows · log rows).
    """
    examples = np.array(rows.distinct("example", np.concatenate([base, tuned])))
    base_seeds = np.unique(rows.seed[base]) if base.size else np.array([-1])
    if base_seeds.max() >= 0:  # measured per seed: then every seed needs its own
        base_seeds = frame.seeds
    base_frame = Frame(sources=(rows.columns["source"].code_of(BASE_SOURCE),), seeds=base_seeds)
    grids = [_lay_out(rows, part, examples, part_frame) for part, part_frame in ((base, base_frame), (tuned, frame))]
    target = rows.name("target", int(rows.codes("target", tuned[:1])[0]))
    found = [
        fault
        for grid, part_frame in zip(grids, (base_frame, frame), strict=True)
        for fault in _describe_faults(rows, grid, part_frame, examples, target)
    ]
    faults.extend(found)
    return None if found else _fill(rows, target, examples, grids[0].rows[:, 0], grids[1].rows)


def _lay_out(rows: ScoreRows, members: np.ndarray, examples: np.ndarray, frame: Frame) -> _Grid:
    shape = (len(frame.seeds), len(frame.sources), len(examples))
    axes = (
        _find(rows.seed[members], frame.seeds),
        _find(rows.codes("source", members), np.array(frame.sources)),
        _find(rows.codes("example", members), examples),
    )
    inside = np.all([axis >= 0 for axis in axes], axis=0)
    flat = np.ravel_multi_index([axis[inside] for axis in axes], shape)
    size = int(np.prod(shape))
    grid = np.full(size, -1, dtype=np.int64)
    grid[flat] = members[inside]
    return _Grid(grid.reshape(shape), np.bincount(flat, minlength=size).reshape(shape))


def _find(values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Where each value stands in `wanted`, −1 where it does not."""
    sorter = np.argsort(wanted, kind="stable")
    place = sorter[np.searchsorted(wanted, values, sorter=sorter).clip(max=len(wanted) - 1)]
    return np.where(wanted[place] == values, place, -1)


def _describe_faults(rows: ScoreRows, grid: _Grid, frame: Frame, examples: np.ndarray, target: str) -> list[str]:
    faults: list[str] = []
    for word, wrong in (("lacks", grid.claims == 0), ("has twice", grid.claims > 1)):
        for seed, source in np.argwhere(wrong.any(axis=-1)).tolist():
            code, number = frame.sources[source], int(frame.seeds[seed])
            name = rows.name("source", code) if code >= 0 else BASE_SOURCE
            job = f"{name}{f' seed {number}' if number >= 0 else ''} → {target}"
            where = np.flatnonzero(wrong[seed, source])
            if len(where) == len(examples) and word == "lacks":
                faults.append(f"{job}: no scores")
                continue
            ids = ", ".join(rows.names("example", examples[where[:LISTED_EXAMPLES]].tolist()))
            faults.append(f"{job}: {word} {len(where)} of {len(examples)} examples, such as {ids}")
    return faults


def _fill(rows: ScoreRows, target: str, examples: np.ndarray, base: np.ndarray, tuned: np.ndarray) -> TargetBlock:
    letters, counts = _options(rows, base[0])
    code_of = {letter: index for index, letter in enumerate(letters)}

    def read(column: str, places: np.ndarray) -> np.ndarray:
        return _letter_codes(rows.columns[column], code_of)[rows.codes(column, places)]

    def given(places: np.ndarray) -> np.ndarray:
        parsed = rows.codes("parse", places) == rows.columns["parse"].code_of("parsed")
        return np.where(parsed, read("answer_given", places), UNPARSED)

    return TargetBlock(
        target=target,
        examples=rows.names("example", examples.tolist()),
        letters=letters,
        answers=read("answer", base[0]),
        option_counts=counts,
        base=rows.score[base],
        scores=rows.score[tuned],
        base_given=given(base),
        given=given(tuned),
        base_log_probabilities=_log_probabilities(rows, base, counts, letters),
        log_probabilities=_log_probabilities(rows, tuned, counts, letters),
    )


def _options(rows: ScoreRows, places: np.ndarray) -> tuple[tuple[str, ...], np.ndarray]:
    """The letters to choose from, where all examples share them in one order, and the options of each example."""
    lists: list[list[str] | None] = rows.options.take(pa.array(places)).to_pylist()
    counts = np.array([len(options or ()) for options in lists])
    longest = max((options or [] for options in lists), key=len)
    shared = all((options or []) == longest[: len(options or [])] for options in lists)
    return (tuple(longest) if shared else ()), counts


def _letter_codes(column: NameColumn, code_of: dict[str, int]) -> np.ndarray:
    """The code of every name of a column; the last entry serves null, which is indexed by −1."""
    return np.array([*(code_of.get(name, OTHER) for name in column.names), UNPARSED])


def _log_probabilities(
    rows: ScoreRows, places: np.ndarray, counts: np.ndarray, letters: tuple[str, ...]
) -> np.ndarray | None:
    if not letters or counts.min() < 2:
        return None
    column = rows.log_probabilities.take(pa.array(places.ravel()))
    lengths = np.broadcast_to(counts, places.shape).ravel()
    if column.null_count or not np.array_equal(column.value_lengths().to_numpy(), lengths):
        return None
    padded = np.full((places.size, int(counts.max())), np.nan)
    padded[np.arange(padded.shape[1]) < lengths[:, None]] = column.flatten().to_numpy()
    return padded.reshape(*places.shape, -1)
