import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spillover.core.errors import ModelError
from spillover.models.budget import TokenBudget
from spillover.models.finetuning import Keeping, finetune, rate_share
from spillover.models.settings import LoRASettings, TrainingSettings

SETTINGS = TrainingSettings(examples=40, epochs=2, batch=8, learning_rate=3e-3)


def losses(finetuned):
    return torch.tensor([step.loss for step in finetuned.log])


def test_the_base_is_left_as_it_was(base, encoded):
    before = {name: tensor.clone() for name, tensor in base.model.state_dict().items()}
    finetune(base, encoded, SETTINGS, seed=0)
    after = base.model.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert not any(parameter.requires_grad for parameter in base.model.parameters())


def test_training_lowers_the_loss(base, encoded):
    settings = SETTINGS.model_copy(update={"epochs": 8})
    loss = losses(finetune(base, encoded, settings, seed=0))
    assert loss[-5:].mean() < loss[:5].mean()


def test_the_same_seed_gives_the_same_adapter_and_another_does_not(base, encoded):
    first, again, other = (finetune(base, encoded, SETTINGS, seed=seed) for seed in (0, 0, 1))
    assert first.adapters == again.adapters
    assert first.adapters != other.adapters


def test_dropout_follows_from_the_seed_alone(base, encoded):
    """Not from what the process drew before: a resumed study's worker has done other jobs."""
    settings = SETTINGS.model_copy(update={"epochs": 1, "lora": LoRASettings(dropout=0.2)})
    torch.manual_seed(1)
    first = finetune(base, encoded, settings, seed=0)
    torch.manual_seed(2)
    assert finetune(base, encoded, settings, seed=0) == first


def test_the_process_generator_is_left_alone(base, encoded):
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    finetune(base, encoded, SETTINGS, seed=0)
    assert torch.equal(torch.rand(3), expected)


def test_a_batch_may_be_cut_to_fit(base, encoded):
    whole = finetune(base, encoded, SETTINGS, seed=0)
    cut = finetune(replace(base, training=TokenBudget(200)), encoded, SETTINGS, seed=0)
    assert torch.allclose(losses(whole), losses(cut), atol=1e-4)


def test_a_part_that_does_not_fit_is_cut_and_its_step_begun_anew(base, encoded, monkeypatch):
    """Even where the memory ends on the way back, with some gradients added already."""
    whole = finetune(replace(base, training=TokenBudget(200)), encoded, SETTINGS, seed=0)
    small = replace(base, training=TokenBudget(2000))
    back = torch.Tensor.backward

    def run_out(loss):
        back(loss)
        if small.training.tokens > 200:
            raise torch.OutOfMemoryError("no memory is left")

    monkeypatch.setattr(torch.Tensor, "backward", run_out)
    assert torch.allclose(losses(finetune(small, encoded, SETTINGS, seed=0)), losses(whole), atol=1e-4)
    assert small.training.tokens <= 200


def test_one_example_that_does_not_fit_is_said_clearly(base, encoded, monkeypatch):
    def run_out(_):
        raise torch.OutOfMemoryError("no memory is left")

    monkeypatch.setattr(torch.Tensor, "backward", run_out)
    with pytest.raises(
        ModelError, match=r"does not hold one example of \d+ tokens with tiny\n.*gradient_checkpointing"
    ):
        finetune(replace(base, training=TokenBudget(2000)), encoded, SETTINGS, seed=0)
    assert not base.model.training


def test_activations_computed_twice_give_the_same_adapter(base, encoded):
    settings = SETTINGS.model_copy(update={"gradient_checkpointing": True})
    assert finetune(base, encoded, settings, seed=0) == finetune(base, encoded, SETTINGS, seed=0)
    assert not base.model.is_activation_checkpointing


def test_adapters_are_kept_at_the_fractions_asked_for(base, encoded):
    settings = SETTINGS.model_copy(update={"checkpoints": (0.5, 1.0)})
    assert set(finetune(base, encoded, settings, seed=0).adapters) == {5, 10}


@pytest.mark.parametrize("rate", [1e4, 1e30])
def test_a_loss_that_runs_away_ends_with_a_clear_error(base, encoded, rate):
    settings = SETTINGS.model_copy(update={"learning_rate": rate, "maximum_gradient_norm": 1e9})
    before = {name: tensor.clone() for name, tensor in base.model.state_dict().items()}
    with pytest.raises(ModelError, match=r"(is no longer a number|has exploded|is exactly 0).*\n.*learning_rate"):
        finetune(base, encoded, settings, seed=0)
    assert all(torch.equal(before[name], tensor) for name, tensor in base.model.state_dict().items())


def test_what_the_last_step_does_is_seen_too(base, encoded):
    settings = TrainingSettings(examples=40, epochs=1, batch=40, learning_rate=1e30, maximum_gradient_norm=1e9)
    assert settings.steps == 1
    with pytest.raises(ModelError, match=r"after the last step, 1"):
        finetune(base, encoded, settings, seed=0)


def test_a_blind_guess_is_among_all_that_the_model_can_say(base, encoded, monkeypatch):
    """A tokenizer may know far fewer tokens than there are embeddings, which random weights guess among."""
    monkeypatch.setattr(type(base.tokenizer), "__len__", lambda _: 1)
    settings = TrainingSettings(examples=40, epochs=1, batch=40)
    loss = finetune(base, encoded, settings, seed=0).log[0].loss
    assert 2 * math.log(len(base.tokenizer)) < loss


def test_a_gradient_that_is_no_number_is_called_so(base, encoded, monkeypatch):
    monkeypatch.setattr(torch.nn.utils, "clip_grad_norm_", lambda *_: torch.tensor(torch.inf))
    with pytest.raises(ModelError, match="the gradient's norm is no longer a number: inf at step 1, loss") as caught:
        finetune(base, encoded, SETTINGS, seed=0)
    assert "training loss" not in caught.value.message


def test_a_gradient_of_zero_is_an_error_while_there_is_something_to_learn(base, encoded, monkeypatch):
    monkeypatch.setattr(torch.nn.utils, "clip_grad_norm_", lambda *_: torch.tensor(0.0))
    with pytest.raises(ModelError, match=r"the gradient is exactly 0 at step 1, loss .*: nothing more"):
        finetune(base, encoded, SETTINGS, seed=0)
    monkeypatch.setattr("spillover.models.finetuning.LEARNT", 2.0)
    assert len(finetune(base, encoded, SETTINGS, seed=0).log) == SETTINGS.steps


def test_even_a_single_step_moves_the_weights(base, encoded):
    settings = SETTINGS.model_copy(update={"epochs": 1, "batch": 40, "checkpoints": (0.1, 1.0)})
    trained = finetune(base, encoded, settings, seed=0)
    assert trained.log[0].learning_rate == SETTINGS.learning_rate
    assert trained.adapters[1] != trained.adapters[0]


@given(steps=st.integers(1, 200), warmup=st.floats(0, 0.99))
def test_every_step_has_a_rate_and_the_peak_is_reached_once_climbing_ends(steps, warmup):
    settings = TrainingSettings(examples=steps, batch=1, epochs=1, warmup=warmup)
    shares = [rate_share(done, settings) for done in range(steps)]
    peak = shares.index(max(shares))
    assert max(shares) == 1
    assert all(share > 0 for share in shares)
    assert shares[: peak + 1] == sorted(shares[: peak + 1])
    assert shares[peak:] == sorted(shares[peak:], reverse=True)


def test_only_answer_tokens_count(base, encoded):
    """The first step's loss is the answers' own likelihood under the untrained model, by the stock forward pass."""
    from spillover.models.encoding import answer_tokens

    total, count = 0.0, 0
    for each in encoded:
        images = [image.load() for image in each.prompt.images]
        content = [*({"type": "image"} for _ in images), {"type": "text", "text": each.prompt.text}]
        chat = base.processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True)
        answer = each.prompt.answer + base.tokenizer.eos_token
        inputs = base.processor(images=[images], text=[chat + answer], return_tensors="pt")
        tail = list(answer_tokens(base, each.prompt.answer))
        with torch.no_grad():
            logits = base.model(**inputs).logits[0, -len(tail) - 1 : -1]
        total += torch.nn.functional.cross_entropy(logits, torch.tensor(tail), reduction="sum").item()
        count += len(tail)
    settings = TrainingSettings(examples=40, epochs=1, batch=40, lora=LoRASettings(rank=2))
    assert finetune(base, encoded, settings, seed=0).log[0].loss == pytest.approx(total / count, abs=1e-4)


def test_a_base_in_bfloat16_is_trained_with_an_adapter_in_float32(encoded):
    from safetensors.torch import load

    from spillover.models.adapters import WEIGHTS_FILE
    from spillover.models.base import load_base
    from spillover.models.settings import ModelSettings

    coarse = load_base(ModelSettings(precision="bfloat16"))
    trained = finetune(coarse, encoded, SETTINGS.model_copy(update={"gradient_checkpointing": True}), seed=0)
    assert trained.log[-1].loss < trained.log[0].loss
    assert {tensor.dtype for tensor in load(trained.adapters[10][WEIGHTS_FILE]).values()} == {torch.float32}


@pytest.mark.parametrize("dropout", [0.0, 0.1])
def test_a_finetune_that_goes_on_gives_what_an_uninterrupted_one_gives(base, encoded, dropout):
    lora = LoRASettings(dropout=dropout)
    settings = SETTINGS.model_copy(update={"checkpoints": (0.2, 1.0), "lora": lora})
    states = []
    whole = finetune(base, encoded, settings, seed=0, keeping=Keeping(every_s=0, keep=states.append))
    assert len(states) == settings.steps - 1
    assert finetune(base, encoded, settings, seed=0) == whole
    for state in states[::3]:
        told = []
        again = finetune(base, encoded, settings, seed=0, on_step=told.append, keeping=Keeping(begun=state))
        assert again == whole
        assert len(told) == settings.steps - 1 - states.index(state)


def test_a_finetune_is_kept_at_once_where_that_is_wished(base, encoded):
    states, wishes = [], iter([False, True, False])
    keeping = Keeping(every_s=3600, keep=states.append, at_once=lambda: next(wishes, False))
    whole = finetune(base, encoded, SETTINGS, seed=0, keeping=keeping)
    (state,) = states
    told = []
    assert finetune(base, encoded, SETTINGS, seed=0, on_step=told.append, keeping=Keeping(begun=state)) == whole
    assert told[0].step == 3


def test_a_state_that_is_broken_or_another_finetunes_is_begun_anew(base, encoded):
    whole, states = finetune(base, encoded, SETTINGS, seed=0), []
    other = SETTINGS.model_copy(update={"lora": LoRASettings(rank=2)})
    finetune(base, encoded, other, seed=0, keeping=Keeping(every_s=0, keep=states.append))
    for state in (b"", states[0][: len(states[0]) // 2], states[0]):
        assert finetune(base, encoded, SETTINGS, seed=0, keeping=Keeping(begun=state)) == whole
