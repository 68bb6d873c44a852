"""The embedded default: a tiny vision-language model of Qwen2.5-VL's own architecture, trained from scratch.

It takes the same path as the real models: transformers' classes, processors and chat format, PEFT's adapters.
"""

from __future__ import annotations

from pathlib import Path

CHECKPOINT = Path(__file__).parent / "checkpoint"
"""The folder of the checkpoint inside the package."""
