"""What the name of a model says of its size."""

from __future__ import annotations

import pytest

from spillover.core.model_names import read_billions


@pytest.mark.parametrize(
    ("name", "billions"),
    [
        ("Qwen2.5-VL-3B-Instruct", 3),
        ("7B", 7),
        ("model 0.5b", 0.5),
        ("HuggingFaceTB/SmolVLM-256M-Instruct", 0.256),
        ("llava_v1.5_7b", 7),
        ("Qwen3-VL-30B-A3B-Instruct", 30),
        ("tiny", None),
        ("4bit", None),
    ],
)
def test_sizes_are_read_from_names(name, billions):
    assert read_billions(name) == billions
