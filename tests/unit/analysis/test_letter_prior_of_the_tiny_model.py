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

CANDIDATES = ("Relative_Depth", "Visual_Similarity", "Spatial_Relation", "Art_Style", "Object_Localization", "Jigsaw")
EXAMPLES = 120
KNOWN = 0.65
"""A calibrated accuracy above this is no chance, with so many examples."""


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

    from spillover.models.batching import Row, lay_out, states_at
    from spillover.models.encoding import deciding_tokens

    states: list[Any] = []
    with torch.inference_mode():
        for prompt in encoded:
            row = Row(prompt, deciding_tokens(base, prompt.prompt.options).prefix)
            states.append(states_at(base, lay_out(base, [row]), [(0, len(row) - 1)])[0].float())
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


def fit_prior(base: Any, examples: list[Any]) -> tuple[list[tuple[float, ...]], list[tuple[float, ...]]] | None:
    """Answers of the model without any liking, and with one for "(A)"; None where it does not know the task."""
    from spillover.models.encoding import encode_prompts
    from spillover.models.letters import score_options

    encoded = encode_prompts(base, [example.as_prompt() for example in examples])
    answers = np.array([example.options.index(example.answer) for example in examples])
    liking = np.array([values[0] - values[1] for values in score_options(base, encoded)])
    if ((liking < np.median(liking)) == (answers == 1)).mean() < KNOWN:
        return None
    state = mean_deciding_state(base, encoded)
    with planted_prior(base, state, strength=-float(np.median(liking))):
        without = score_options(base, encoded)
    with planted_prior(base, state, strength=6 * float(liking.std()) - float(np.median(liking))):
        return without, score_options(base, encoded)


@pytest.mark.slow
def test_a_planted_letter_prior_fools_raw_pgf_and_not_calibrated_pgf(base):
    """The base likes "(A)"; its "finetunes" have the same weights without that liking: nothing else was learnt."""
    from spillover.tasks.perception.suite import draw_examples

    drawn = {task: list(islice(draw_examples(task, "validation"), EXAMPLES)) for task in CANDIDATES}
    fitted = {task: fit_prior(base, examples) for task, examples in drawn.items()}
    known = [task for task, answers in fitted.items() if answers is not None][:2]
    if len(known) < 2:
        pytest.skip("the shipped checkpoint is at chance on all but one of the candidates: nothing to be fooled about")
    rows: list[Score] = []
    for task in known:
        without, skewed = fitted[task]
        rows += score_rows(drawn[task], task, skewed, BASE_SOURCE)
        for source in known:
            rows += score_rows(drawn[task], task, without, source)
    model = analyze(table_from_scores(rows), AnalysisSettings(replicates=500, permutations=0)).models[0]
    assert model.calibrated is not None
    assert all(record.letters["(A)"] > 0.9 for record in model.base.values())
    raw, calibrated = model.matrix.values, model.calibrated.matrix.values
    assert np.abs(calibrated).max() < 0.15
    assert raw.min() > 0.15
    assert model.calibrated.prior_part is not None
    assert model.calibrated.prior_part.mean_low > 0
