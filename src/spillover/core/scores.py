"""The table of scores: one row an example, and the one place where everything meets.

A study's results, other tools' result files and the analysis speak of nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa

SCORE_SCHEMA_VERSION = 1
"""In every score file: raise it whenever a column is called otherwise or means something else."""

BASE_SOURCE = "base"
"""The source name of a model that was not finetuned."""

SCORE_SCHEMA = pa.schema(
    [
        pa.field("model", pa.dictionary(pa.int32(), pa.string()), nullable=False),
        pa.field("adapter_key", pa.dictionary(pa.int32(), pa.string()), nullable=False),
        pa.field("source", pa.dictionary(pa.int32(), pa.string()), nullable=False),
        pa.field("control", pa.dictionary(pa.int32(), pa.string())),
        pa.field("seed", pa.int32()),
        pa.field("fraction", pa.float64(), nullable=False),
        pa.field("protocol", pa.dictionary(pa.int32(), pa.string()), nullable=False),
        pa.field("target", pa.dictionary(pa.int32(), pa.string()), nullable=False),
        pa.field("target_key", pa.dictionary(pa.int32(), pa.string()), nullable=False),
        pa.field("example", pa.string(), nullable=False),
        pa.field("score", pa.float64(), nullable=False),
        pa.field("answer", pa.string(), nullable=False),
        pa.field("answer_given", pa.string()),
        pa.field("parse", pa.dictionary(pa.int32(), pa.string()), nullable=False),
        pa.field("reply", pa.string()),
        pa.field("options", pa.list_(pa.string())),
        pa.field("option_log_probabilities", pa.list_(pa.float32())),
    ]
)
"""Column order and types of every scores file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How one model answered one example."""

    model: str
    """The model's name in the study."""
    adapter_key: str
    """What the weights are: the key of the finetune, or of the bare base."""
    source: str
    """The task that was finetuned on, or `BASE_SOURCE`."""
    control: str | None = None
    """`shuffled` or `own` where the source is a control, else None."""
    seed: int | None = None
    """The training seed; None for the base."""
    fraction: float = 1.0
    """How much of the training had been done: 1.0 at its end."""
    protocol: str
    """`letters` or `generate`; `imported` where another tool asked, each task in its own way."""
    target: str
    """The task that the example belongs to."""
    target_key: str
    """What was asked: data, split, limit, prompt, scorer, protocol."""
    example: str
    """The example's id, unique within its target."""
    score: float
    """0 to 1, higher is better."""
    answer: str
    """The right answer."""
    answer_given: str | None
    """What the model answered, once parsed; None where it could not be parsed."""
    parse: str = "parsed"
    """`parsed`, `ambiguous` or `none`; `cut` where no answer was read and the reply ended at `maximum_new_tokens`."""
    reply: str | None = None
    """The raw reply, where one was generated."""
    options: tuple[str, ...] | None = None
    """The answers that could be chosen from, in order; None for open questions."""
    option_log_probabilities: tuple[float, ...] | None = None
    """Log-probability of every option, normalised over the options; None where it is not known."""


def table_from_scores(scores: Iterable[Score]) -> pa.Table:
    """Put scores into a table of `SCORE_SCHEMA`.

    >>> table_from_scores([]).num_rows
    0
    """
    rows = list(scores)
    columns = {name: [getattr(score, name) for score in rows] for name in SCORE_SCHEMA.names}
    return pa.table(columns, schema=SCORE_SCHEMA)
