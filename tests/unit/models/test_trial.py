"""What a model is found to be reliable for when it is loaded."""

from copy import deepcopy

import pytest
import torch

from spillover.core.errors import ModelError
from spillover.models.processing import process_example
from spillover.models.trial import try_model


@pytest.mark.parametrize(("cap", "plain"), [(None, True), (30.0, False)])
def test_a_cap_shows_however_small_the_logits_are(base, monkeypatch, cap, plain):
    model = deepcopy(base.model)
    head = model.get_output_embeddings()
    head.weight = torch.nn.Parameter(head.weight * 1e-3, requires_grad=False)
    forward = type(model).forward

    def capped(model, *arguments, **options):
        answered = forward(model, *arguments, **options)
        if cap is not None:
            answered.logits = cap * torch.tanh(answered.logits / cap)
        return answered

    monkeypatch.setattr(type(model), "forward", capped)
    abilities = try_model(model, process_example(base.processor, base.chat), base.name)
    assert abilities.plain_head is plain
    assert abilities.images == base.abilities.images


def test_a_processor_of_another_model_is_told_as_one(base):
    inputs = process_example(base.processor, base.chat)
    grid = inputs["image_grid_thw"].clone()
    grid[:, 1:] //= 2  # as from another patch size
    with pytest.raises(ModelError, match=r"mine cannot read what its processor makes[^\n]*\n.*the model's folder"):
        try_model(base.model, {**inputs, "image_grid_thw": grid}, "mine")
