"""The tidy table of scores as arrays of codes, checked once, before anything is aligned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from spillover.core.errors import AnalysisError, shortened
from spillover.core.printable import find_control
from spillover.core.scores import SCORE_SCHEMA

NAME_COLUMNS = (
    *("model", "source", "control", "protocol", "target", "target_key"),
    *("example", "answer", "answer_given", "parse"),
)
SHOWN = ("model", "source", "control", "protocol", "target")
"""What reaches terminals and pages, as the options do, which are letters."""


@dataclass(frozen=True, slots=True)
class NameColumn:
    """A column of names as whole numbers, −1 for null, in order of first appearance."""

    codes: np.ndarray
    names: tuple[str, ...]

    def code_of(self, name: str) -> int:
        """The number of a name, −1 where the column does not have it."""
        return self.names.index(name) if name in self.names else -1


@dataclass(frozen=True, slots=True)
class ScoreRows:
    """A table of scores whose columns can be indexed by row number."""

    columns: dict[str, NameColumn]
    seed: np.ndarray
    """−1 where a row has no seed: a base that serves all."""
    fraction: np.ndarray
    score: np.ndarray
    options: pa.Array
    """The answers to choose from, a list a row."""
    log_probabilities: pa.Array
    """Of the options, a list a row."""

    def codes(self, column: str, rows: np.ndarray) -> np.ndarray:
        """Codes of a column of names at these rows."""
        return self.columns[column].codes[rows]

    def distinct(self, column: str, rows: np.ndarray) -> list[int]:
        """Codes that occur at these rows, in order of first appearance."""
        return pa.array(self.codes(column, rows)).unique().to_pylist()

    def name(self, column: str, code: int) -> str:
        """The name behind a code."""
        return self.columns[column].names[code]

    def names(self, column: str, codes: Sequence[int]) -> tuple[str, ...]:
        """The names behind codes."""
        return tuple(self.columns[column].names[code] for code in codes)

    def label(self, rows: np.ndarray) -> str:
        """Say which model and protocol these rows are of, for error messages."""
        first = rows[:1]
        return ", ".join(self.name(column, int(self.codes(column, first)[0])) for column in ("model", "protocol"))


def read_rows(table: pa.Table) -> ScoreRows:
    """Encode and check a table of scores.

    Raises:
        AnalysisError: columns are missing, there is no row, a score is not in 0–1, or a name would steer the terminal
            where it is shown.

    Complexity: O(rows).

    >>> from spillover.core.scores import Score, table_from_scores
    >>> row = Score(model="m", adapter_key="k", source="base", protocol="letters", target="t", target_key="q",
    ...             example="x", score=1.0, answer="(A)", answer_given="(A)")
    >>> read_rows(table_from_scores([row])).score.tolist()
    [1.0]
    """
    if missing := [name for name in SCORE_SCHEMA.names if name not in table.column_names]:
        raise AnalysisError(f"the table of scores lacks the columns {', '.join(missing)}", hint="see core/scores.py")
    if table.num_rows == 0:
        raise AnalysisError("the table of scores is empty", hint="run the study, or import results, before analysing")
    score = table.column("score").to_numpy()
    _require_fractions(score)
    columns = {name: encode_names(table.column(name)) for name in NAME_COLUMNS}
    options = _whole(table.column("options"))
    _refuse_control([*(name for shown in SHOWN for name in columns[shown].names), *_distinct_options(options)])
    return ScoreRows(
        columns=columns,
        seed=table.column("seed").fill_null(-1).to_numpy(),
        fraction=table.column("fraction").to_numpy(),
        score=score,
        options=options,
        log_probabilities=_whole(table.column("option_log_probabilities")),
    )


def _distinct_options(options: pa.Array) -> list[str]:
    return options.flatten().unique().drop_null().to_pylist()


def _refuse_control(names: Sequence[str]) -> None:
    if (steers := find_control(names)) is not None:
        message = f"a control character stands in a name of the table of scores: {shortened(steers)}"
        raise AnalysisError(message, hint="no name needs one: whoever made the table must have it otherwise")


def _whole(column: pa.ChunkedArray) -> pa.Array:
    """Put a column's pieces together, once: taking rows of lists from many pieces does so every time."""
    return column.combine_chunks()


def encode_names(column: pa.ChunkedArray) -> NameColumn:
    """Number the names of a column in order of first appearance.

    Complexity: O(rows).

    >>> encode_names(pa.chunked_array([["b", None], ["a", "b"]])).codes.tolist()
    [0, -1, 1, 0]
    """
    if not pa.types.is_dictionary(column.type):
        column = column.cast(pa.string()).dictionary_encode()
    encoded = column.unify_dictionaries().combine_chunks()
    names: list[str] = encoded.dictionary.to_pylist()
    seen: list[int] = encoded.indices.unique().drop_null().to_pylist()
    rank = np.full(len(names) + 1, -1, dtype=np.int32)  # the last serves null
    rank[seen] = np.arange(len(seen))
    return NameColumn(rank[encoded.indices.fill_null(-1).to_numpy()], tuple(names[code] for code in seen))


def distinct_pairs(first: np.ndarray, second: np.ndarray) -> list[tuple[Any, Any]]:
    """The pairs of values that occur in two columns, in order of first appearance.

    Complexity: O(rows).

    >>> distinct_pairs(np.array([1, 0, 1]), np.array([0.5, 1.0, 0.5]))
    [(1, 0.5), (0, 1.0)]
    """
    left, right = (pa.array(column).dictionary_encode() for column in (first, second))
    width = len(right.dictionary)
    both = left.indices.to_numpy().astype(np.int64) * width + right.indices.to_numpy()
    seen: list[int] = pa.array(both).unique().to_pylist()
    values = left.dictionary.to_pylist(), right.dictionary.to_pylist()
    return [(values[0][code // width], values[1][code % width]) for code in seen]


def _require_fractions(score: np.ndarray) -> None:
    bad = score[~((score >= 0) & (score <= 1))]
    if bad.size:
        percent = 1 < np.nan_to_num(bad).max() <= 100
        hint = "they look like percent: divide them by 100; " if percent else ""
        raise AnalysisError(
            f"{bad.size} scores are not in 0–1, for example {bad[0]:g}", hint=f"{hint}scores are fractions, 0–1"
        )
    if 0 < score.max() <= 0.01:
        hint = "fractions may have been divided by 100 as if they were percent; correct the table"
        raise AnalysisError(f"no score is above {score.max():g}", hint=hint)
