"""All that a finetune needs to go on where it was, as one safetensors file: a killed run loses minutes, not hours."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

import torch
from safetensors import SafetensorError
from safetensors.torch import load as tensors_from_bytes
from safetensors.torch import save as bytes_from_tensors
from torch import Tensor, nn
from torch.optim import AdamW

STATE_VERSION = 1
"""In every kept state: raise it whenever one is laid out otherwise; a state of another version is begun anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingStep:
    """One optimiser step, for the log."""

    step: int
    """Counted from 1."""
    loss: float
    """Mean negative log-likelihood of the step's answer tokens, nats."""
    learning_rate: float
    gradient_norm: float
    """Before clipping."""


@dataclass(slots=True, kw_only=True)
class Progress:
    """How far a finetune has come."""

    adapters: dict[int, dict[str, bytes]]
    """PEFT's files by optimiser step."""
    log: list[TrainingStep]


def dump_state(progress: Progress, trained: Mapping[str, nn.Parameter], optimiser: AdamW) -> bytes:
    """Write weights, the optimiser's moments, the log, the adapters saved so far and the random generators.

    Args:
        progress: between two steps.
        trained: the weights by name.
        optimiser: of these weights, in their order.
    """
    tensors = dict(_generators())
    for name, parameter in trained.items():
        tensors[f"weight.{name}"] = parameter.detach().cpu().clone()
        for part, value in optimiser.state[parameter].items():
            tensors[f"{part}.{name}"] = value.detach().cpu().clone()
    for step, files in progress.adapters.items():
        for name, content in files.items():
            tensors[f"file.{step}.{name}"] = torch.frombuffer(bytearray(content), dtype=torch.uint8)
    facts = {"version": STATE_VERSION, "log": [asdict(entry) for entry in progress.log]}
    return bytes_from_tensors(tensors, {"state": json.dumps(facts)})


def restore_state(content: bytes, trained: Mapping[str, nn.Parameter], optimiser: AdamW) -> Progress | None:
    """Go back to a state; None, with nothing changed, where it is broken or of other weights."""
    try:
        tensors = tensors_from_bytes(content)
        facts = json.loads(_metadata(content)["state"])
        log = [TrainingStep(**entry) for entry in facts["log"]]
        weights = {name: tensors[f"weight.{name}"] for name in trained}
        moments = [
            {part: tensors[f"{part}.{name}"] for part in ("step", "exp_avg", "exp_avg_sq")} if log else {}
            for name in trained
        ]
        known = facts["version"] == STATE_VERSION
    except (SafetensorError, KeyError, TypeError, ValueError):
        return None
    if not known or any(weights[name].shape != trained[name].shape for name in trained):
        return None
    with torch.no_grad():
        for name, parameter in trained.items():
            parameter.copy_(weights[name])
    groups = optimiser.state_dict()["param_groups"]
    optimiser.load_state_dict({"state": dict(enumerate(moments)), "param_groups": groups})
    _set_generators(tensors)
    return Progress(adapters=_adapters(tensors), log=log)


def _adapters(tensors: Mapping[str, Tensor]) -> dict[int, dict[str, bytes]]:
    found: dict[int, dict[str, bytes]] = {}
    for name, tensor in tensors.items():
        kind, _, rest = name.partition(".")
        if kind == "file":
            step, _, file = rest.partition(".")
            found.setdefault(int(step), {})[file] = tensor.numpy().tobytes()
    return found


def _generators() -> Iterator[tuple[str, Tensor]]:
    yield "generator.cpu", torch.get_rng_state()
    if torch.cuda.is_initialized():
        for number, state in enumerate(torch.cuda.get_rng_state_all()):
            yield f"generator.cuda.{number}", state


def _set_generators(tensors: Mapping[str, Tensor]) -> None:
    torch.set_rng_state(tensors["generator.cpu"])
    if torch.cuda.is_initialized():
        for number in range(torch.cuda.device_count()):
            if (state := tensors.get(f"generator.cuda.{number}")) is not None:
                torch.cuda.set_rng_state(state, number)


def _metadata(content: bytes) -> dict[str, str]:
    """Read what stands before the tensors: a length of 8 bytes, and so much JSON."""
    length = int.from_bytes(content[:8], "little")
    return json.loads(content[8 : 8 + length])["__metadata__"]
