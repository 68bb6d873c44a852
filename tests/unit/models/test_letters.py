from dataclasses import replace

import pytest
import torch

from spillover.core.errors import ModelError
from spillover.models import letters
from spillover.models.budget import TokenBudget
from spillover.models.encoding import deciding_tokens, encode_prompts
from spillover.models.generation import generate_replies
from spillover.models.letters import score_options


def test_batched_scores_equal_those_one_by_one(base, encoded):
    together = score_options(base, encoded)
    alone = [score_options(base, [each])[0] for each in encoded]
    assert torch.allclose(torch.tensor([s[:2] for s in together]), torch.tensor([s[:2] for s in alone]), atol=1e-5)


def test_scores_equal_those_of_the_stock_forward_pass(base, encoded):
    for each in encoded[::10]:
        images = [image.load() for image in each.prompt.images]
        content = [*({"type": "image"} for _ in images), {"type": "text", "text": each.prompt.text}]
        chat = base.processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True)
        deciding = deciding_tokens(base, each.prompt.options)
        text = chat + base.tokenizer.decode(deciding.prefix)
        inputs = base.processor(images=[images], text=[text], return_tensors="pt")
        with torch.no_grad():
            logits = base.model(**inputs).logits[0, -1, list(deciding.candidates)]
        expected = torch.log_softmax(logits, dim=0)
        assert torch.allclose(torch.tensor(score_options(base, [each])[0]), expected, atol=1e-5)


def test_scores_do_not_depend_on_what_else_is_in_the_list(base, encoded):
    prompts = [each.prompt for each in encoded]
    again = encode_prompts(base, prompts)
    assert score_options(base, again) == score_options(base, encoded)


@pytest.mark.parametrize("options", [("(A)",), ("(A)", "(A)"), ("(A)", "(A) or more")])
def test_options_that_one_token_cannot_tell_apart_are_refused(base, options):
    with pytest.raises(ModelError, match="protocol"):
        deciding_tokens(base, options)


def test_what_is_no_number_is_never_an_answer(base, encoded, monkeypatch):
    """Of NaNs the first would be the largest, and every answer "(A)"."""
    monkeypatch.setattr(base.head.weight, "data", torch.full_like(base.head.weight, torch.nan))
    with pytest.raises(ModelError, match=r"log-probabilities of the options are \[nan, nan"):
        score_options(base, encoded[:2])
    with pytest.raises(ModelError, match="next token are NaN"):
        generate_replies(base, encoded[:2], 4)


def test_a_batch_that_does_not_fit_is_cut_and_nothing_is_lost_or_told_twice(base, encoded, monkeypatch):
    run, small, told = letters.states_at, replace(base, asking=TokenBudget(2000)), []

    def run_out(base, inputs, places):
        if inputs["input_ids"].numel() > 300:
            raise torch.OutOfMemoryError("no memory is left")
        return run(base, inputs, places)

    monkeypatch.setattr(letters, "states_at", run_out)
    scores = score_options(small, encoded, on_progress=told.append)
    assert sum(told) == len(encoded)
    assert small.asking.tokens <= 300
    assert scores == score_options(replace(base, asking=TokenBudget(small.asking.tokens)), encoded)
