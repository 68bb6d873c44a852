"""Our side of the engine's benchmark: the steps that a study's worker takes, and the least that they could cost."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from sides.workload import Workload
from spillover.core.prompt import Prompt
from spillover.models.adapters import merged_adapter, touches_vision
from spillover.models.base import Base, load_base
from spillover.models.batching import Row, batch_by_length, lay_out
from spillover.models.encoding import Encoded, deciding_tokens, encode_prompts, features_of
from spillover.models.features import FeatureDisk
from spillover.models.finetuning import finetune
from spillover.models.generation import generate_replies
from spillover.models.letters import score_options
from spillover.models.settings import ModelSettings, TrainingSettings

FEATURE_BYTES = 10**10
"""Room for image features on disk: enough for all."""
Ask = Callable[[Base, Sequence[Encoded]], list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What is done once for all adapters: the base is loaded, the questions are encoded."""

    base: Base
    tasks: list[list[Encoded]]


def prepare(workload: Workload, folder: Path) -> Prepared:
    """Load and encode, with a store of image features in a folder."""
    base = load_base(workload.model, disk=FeatureDisk(folder=folder, limit_bytes=FEATURE_BYTES))
    return Prepared(base=base, tasks=[encode_prompts(base, prompts) for prompts in workload.tasks])


def ask_all(prepared: Prepared, adapters: Sequence[Path], ask: Ask) -> list[str]:
    """Ask every adapter everything, files to answers."""
    return [answer for adapter in adapters for answer in _ask_adapter(prepared, adapter, ask)]


def evaluate(workload: Workload, ask: Ask) -> list[str]:
    """Prepare with an empty store, and ask every adapter everything."""
    with tempfile.TemporaryDirectory() as folder:
        return ask_all(prepare(workload, Path(folder)), workload.adapters, ask)


def _ask_adapter(prepared: Prepared, folder: Path, ask: Ask) -> list[str]:
    base = prepared.base
    files = {file.name: file.read_bytes() for file in folder.iterdir()}
    with merged_adapter(base, files):
        if touches_vision(base, files):
            raise ValueError(f"the adapter in {folder} changes the vision tower, so that features are not shared")
        return [answer for task in prepared.tasks for answer in ask(base, task)]


def by_letters(base: Base, encoded: Sequence[Encoded]) -> list[str]:
    """Answer by the likeliest option letter."""
    scored = score_options(base, encoded)
    return [each.prompt.options[values.index(max(values))] for each, values in zip(encoded, scored, strict=True)]


def by_generation(new_tokens: int) -> Ask:
    """Answer by writing at most so many tokens, greedily."""
    return lambda base, encoded: [reply.text for reply in generate_replies(base, encoded, new_tokens)]


def train(model: ModelSettings, prompts: Sequence[Prompt], settings: TrainingSettings, seed: int) -> list[float]:
    """Finetune, from files and an empty store of image features to the loss of every step."""
    with tempfile.TemporaryDirectory() as folder:
        base = load_base(model, disk=FeatureDisk(folder=Path(folder), limit_bytes=FEATURE_BYTES))
        return [step.loss for step in finetune(base, encode_prompts(base, prompts), settings, seed).log]


@dataclass(frozen=True, slots=True)
class BarePasses:
    """The language model's forward passes alone, on inputs laid out beforehand: what no evaluation can go below."""

    base: Base
    batches: list[tuple[Tensor, Tensor]]
    """Embeddings of text and images (row, token, hidden size) and positions (axis, row, token)."""

    @torch.inference_mode()
    def run(self, adapters: int) -> list[str]:
        """Pass everything once for each adapter: one that is merged into the weights costs nothing more."""
        decoder = self.base.model.get_decoder()
        for _ in range(adapters):
            for embeddings, positions in self.batches:
                decoder(inputs_embeds=embeddings, position_ids=positions, use_cache=False)
        return []


@torch.inference_mode()
def lay_out_bare(prepared: Prepared, budget: int) -> BarePasses:
    """Lay out all questions in batches of so many tokens; unlike ours, a batch may span tasks."""
    base = prepared.base
    encoded = [each for task in prepared.tasks for each in task]
    rows = [Row(each, deciding_tokens(base, each.prompt.options).prefix) for each in encoded]
    groups = batch_by_length([len(row) for row in rows], budget)
    return BarePasses(base, [_embed(base, [rows[index] for index in group]) for group in groups])


def _embed(base: Base, rows: Sequence[Row]) -> tuple[Tensor, Tensor]:
    inputs = lay_out(base, rows)
    embeddings = base.model.get_input_embeddings()(inputs["input_ids"])
    seen = [features.embeddings for row in rows if (features := features_of(base, row.encoded)) is not None]
    embeddings[inputs["input_ids"] == base.model.config.image_token_id] = torch.cat(seen)
    return embeddings, inputs["position_ids"]
