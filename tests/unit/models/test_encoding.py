"""Where images and earlier turns stand in what a model reads."""

from __future__ import annotations

import pytest
from PIL import Image

from spillover.core.errors import TaskError
from spillover.core.prompt import Prompt, Turn
from spillover.models.encoding import encode_prompts
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
    assert inside.features is not None
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
    assert tokens == 2 * len(
        encode_prompts(base, [Prompt(images=PICTURES[:1], text="x", options=(), answer="y")])[0].features.embeddings
    )
