"""The evaluation tool's side of `tools.py`, run by a Python that has lm-eval and torchvision; knows nothing of ours.

Reads what to ask from stdin, writes what came out to a file: processor seconds from loading the first model to the last
answer, and the replies by adapter and task, in the order of the examples.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import torch
from lm_eval import simple_evaluate
from lm_eval.tasks import TaskManager


def ask(given: dict[str, Any], manager: TaskManager, adapter: str) -> list[list[str]]:
    """Ask one adapter all tasks, as `lm_eval --model hf-multimodal --model_args pretrained=…,peft=…` does."""
    arguments = {"pretrained": given["model"], "peft": adapter, "dtype": "float32", "max_images": 4}
    found: Any = simple_evaluate(
        model="hf-multimodal",
        model_args=arguments,
        tasks=given["tasks"],
        task_manager=manager,
        batch_size=given["batch"],
        device="cpu",
        apply_chat_template=True,
        log_samples=True,
        bootstrap_iters=0,
    )
    return [[sample["resps"][0][0] for sample in sorted(found["samples"][task], key=_place)] for task in given["tasks"]]


def _place(sample: dict[str, Any]) -> int:
    return sample["doc_id"]


def main() -> None:
    """Ask every adapter."""
    given = json.load(sys.stdin)
    torch.set_num_threads(1)
    manager = TaskManager(include_path=given["folder"], include_defaults=False)
    start = time.process_time()
    replies = [ask(given, manager, adapter) for adapter in given["adapters"]]
    told = {"seconds": time.process_time() - start, "replies": replies}
    Path(given["out"]).write_text(json.dumps(told))


if __name__ == "__main__":
    main()
