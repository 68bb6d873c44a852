"""Where images and earlier turns stand in what a model reads."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PIL import Image

from spillover.core.errors import TaskError
from spillover.core.prompt import Prompt, Turn
from spillover.models.encoding import DECODED_AHEAD, DECODING_THREADS, encode_prompts, features_of, load_ahead
from spillover.models.features import FeatureCache
from spillover.models.finetuning import finetune
from spillover.models.letters import score_options
from spillover.models.settings import TrainingSettings
from spillover.tasks.image import EncodedImage, encode_png

PICTURES = tuple(EncodedImage(encode_png(Image.new("RGB", (32, 32), colour))) for colour in ("red", "blue"))


def read_back(base, **changes):
    prompt = Prompt(**{"images": PICTURES[:1], "text": "which is closer?", "options": (), "answer": "(A)"} | changes)
    (encoded,) = encode_prompts(base, [prompt])
    image = base.model.config.image_token_id
    written = base.tokenizer.decode([token for token in encoded.tokens.tolist() if token != image])
    return encoded, written


def test_images_stand_before_the_text_unless_said_otherwise(base):
    first, written = read_back(base)
    again, _ = read_back(base, image_places=(0,))
    inside, other = read_back(base, image_places=(6,))
    assert first.tokens.tolist() == again.tokens.tolist()
    assert inside.tokens.tolist() != first.tokens.tolist()
    assert len(inside) - len(first) <= 1
    assert inside.piece is not None
    assert "which" in written
    assert written.index("which") > other.index("which")


def test_of_many_prompts_the_one_that_cannot_be_read_is_named(base, monkeypatch):
    """Prompts are read in pieces, and an image processor says nothing of which image it stumbled over."""
    process = type(base.processor).__call__

    def refuse_small(processor, images, **options):
        if any(image.width < 32 for listed in images for image in listed):
            raise ValueError("too small")
        return process(processor, images=images, **options)

    monkeypatch.setattr(type(base.processor), "__call__", refuse_small)
    small = EncodedImage(encode_png(Image.new("RGB", (20, 30))))
    prompts = [
        Prompt(images=(image,), text=text, options=(), answer="(A)")
        for image, text in ((PICTURES[0], "the first"), (small, "the second"), (PICTURES[1], "the third"))
    ]
    with pytest.raises(TaskError, match=r"'the second': tiny cannot read .* images of 20 × 30 pixels: too small"):
        encode_prompts(base, prompts)


def test_earlier_turns_come_first_with_their_images(base):
    turns = (
        Turn(role="user", text="which is darker?", image_places=(0,)),
        Turn(role="assistant", text="(B)"),
    )
    encoded, written = read_back(base, images=PICTURES, before=turns)
    assert written.index("darker") < written.index("(B)") < written.index("closer")
    tokens = (encoded.tokens == base.model.config.image_token_id).sum().item()
    (one,) = encode_prompts(base, [Prompt(images=PICTURES[:1], text="x", options=(), answer="y")])
    assert tokens == 2 * len(features_of(base, one).embeddings)


def forgetful(base, memory_bytes):
    return replace(base, features=FeatureCache(memory_bytes=memory_bytes))


@pytest.mark.parametrize("share", [0, 0.5])
def test_features_that_found_no_room_come_out_the_same_to_the_last_bit(base, encoded, share):
    """Even within a finetune, where the language model's adapter and its dropout are in place."""
    prompts = [each.prompt for each in encoded[::4]]  # of both tasks
    settings = TrainingSettings(examples=10, epochs=2, batch=4, learning_rate=3e-3, lora={"dropout": 0.1})
    roomy = forgetful(base, 1 << 30)
    kept = encode_prompts(roomy, prompts)
    limit_bytes = int(share * roomy.features.held_bytes)
    tight = forgetful(base, limit_bytes)
    again = encode_prompts(tight, prompts)
    assert score_options(tight, again) == score_options(roomy, kept)
    assert finetune(tight, again, settings, seed=0) == finetune(roomy, kept, settings, seed=0)
    assert tight.features.held_bytes <= limit_bytes


def test_what_is_kept_while_nothing_is_trained_can_be_trained_on(base, encoded):
    prompts = [each.prompt for each in encoded[::4]]
    again = encode_prompts(forgetful(base, 0), prompts)
    roomy = forgetful(base, 1 << 30)
    score_options(roomy, again)  # in inference mode, where features are computed anew
    assert roomy.features.held_bytes > 0
    finetune(roomy, again, TrainingSettings(examples=10, epochs=1, batch=10), seed=0)


def test_a_prompt_says_what_memory_it_takes(encoded):
    for each in encoded:
        assert each.size_bytes > sum(len(image.data) for image in each.prompt.images)


def test_images_are_decoded_ahead_in_order_but_not_all_at_once(monkeypatch):
    decoded = []

    def load(image):
        decoded.append(image)
        return image.data

    monkeypatch.setattr(EncodedImage, "load", load)
    images = [EncodedImage(bytes([number])) for number in range(100)]
    coming = load_ahead([Prompt(images=(image,), text="?", options=(), answer="(A)") for image in images])
    assert [next(coming).images for _ in range(10)] == [[bytes([number])] for number in range(10)]
    assert len(decoded) <= 10 + DECODED_AHEAD + DECODING_THREADS
    assert [loaded.images[0][0] for loaded in coming] == list(range(10, 100))


def test_those_before_a_broken_image_come_out_before_it_is_told():
    images = [*PICTURES, EncodedImage(b"no image")]
    coming = load_ahead([Prompt(images=(image,), text="?", options=(), answer="(A)") for image in images])
    assert [next(coming).images[0].size for _ in PICTURES] == [(32, 32), (32, 32)]
    with pytest.raises(TaskError):
        next(coming)
