"""A letter prior planted in the real tiny model's weights fools raw PGF, and not calibrated PGF."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from itertools import islice
from typing import Any

import numpy as np
import pytest

from spillover.analysis import AnalysisSettings, analyze
from spillover.core.scores import BASE_SOURCE, Score, table_from_scores

TASKS = ("Relative_Depth", "Visual_Similarity")
EXAMPLES = 120


@contextmanager
def planted_prior(base: Any, states: Any, strength: float) -> Generator[None]:
    """Turn the output row of "A" towards the mean deciding state: a liking for "(A)", whatever the question."""
    import torch

    from spillover.models.encoding import deciding_tokens

    token = deciding_tokens(base, ("(A)", "(B)")).candidates[0]
    row = base.head.weight[token]
    kept = row.detach().clone()
    with torch.no_grad():
        row += strength * states / states.square().sum()
    try:
        yield
    finally:
        with torch.no_grad():
            row.copy_(kept)


def mean_deciding_state(base: Any, encoded: list[Any]) -> Any:
    """The mean hidden state at which options are decided."""
    import torch

    from spillover.models.batching import Row, hidden_states, lay_out
    from spillover.models.encoding import deciding_tokens

    states: list[Any] = []
    with torch.inference_mode():
        for prompt in encoded:
            row = Row(prompt, deciding_tokens(base, prompt.prompt.options).prefix)
            states.append(hidden_states(base, lay_out(base, [row]))[0, len(row) - 1].float())
    return torch.stack(states).mean(dim=0).clone()


def score_rows(examples: list[Any], task: str, log_p: list[tuple[float, ...]], source: str) -> list[Score]:
    """What a model answered, as rows."""
    return [
        Score(
            model="tiny",
            adapter_key=source,
            source=source,
            seed=None if source == BASE_SOURCE else 0,
            protocol="letters",
            target=task,
            target_key=task,
            example=example.id,
            score=float(example.options[int(np.argmax(values))] == example.answer),
            answer=example.answer,
            answer_given=example.options[int(np.argmax(values))],
            options=example.options,
            option_log_probabilities=values,
        )
        for example, values in zip(examples, log_p, strict=True)
    ]


@pytest.mark.slow
def test_a_planted_letter_prior_fools_raw_pgf_and_not_calibrated_pgf(base):
    from spillover.models.encoding import encode_prompts
    from spillover.models.letters import score_options
    from spillover.tasks.perception.suite import draw_examples

    rows: list[Score] = []
    for task in TASKS:
        examples = [e for e in islice(draw_examples(task, "validation"), EXAMPLES) if len(e.options) == 2]
        encoded = encode_prompts(base, [example.as_prompt() for example in examples])
        plain = score_options(base, encoded)
        spread = float(np.std([values[0] - values[1] for values in plain]))
        with planted_prior(base, mean_deciding_state(base, encoded), strength=6 * max(spread, 0.1)):
            skewed = score_options(base, encoded)
        rows += score_rows(examples, task, skewed, BASE_SOURCE)  # the base likes "(A)"; its finetunes are rid of that
        for source in TASKS:
            rows += score_rows(examples, task, plain, source)
    model = analyze(table_from_scores(rows), AnalysisSettings(replicates=500, permutations=0)).models[0]
    assert model.calibrated is not None
    assert all(record.letters["(A)"] > 0.9 for record in model.base.values())
    raw, calibrated = model.matrix.values, model.calibrated.matrix.values
    assert np.abs(calibrated).max() < 0.15
    assert raw.max() > np.abs(calibrated).max() + 0.1
    assert model.calibrated.prior_part is not None
    assert model.calibrated.prior_part.low.max() > 0
