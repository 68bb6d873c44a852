"""How fast adapters are asked, against lm-eval's `hf-multimodal` with `peft=`: `python benchmarks/tools.py PYTHON`.

PYTHON is another environment's, since the tool needs torchvision for Qwen's processor and brings dependencies of its
own; any versions will do whose answers are the same:

    python -m venv other && other/bin/pip install torch torchvision transformers peft lm-eval accelerate

Same checkpoint, adapters, examples and protocol (the model writes up to 16 tokens; the tool knows no other for images),
one thread, processor seconds from loading the first model to the last reply; importing the tool is left out, as are
its reports and ours. The sides take turns. lmms-eval and VLMEvalKit take no adapter.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from engine import TINY_ADAPTING
from sides import ours
from sides.workload import Workload, draw_tasks, make_adapters
from spillover.core.prompt import Prompt
from spillover.models.base import quieten
from spillover.models.settings import ModelSettings
from spillover.models.tiny import CHECKPOINT
from spillover.tasks.perception.suite import task_names

NEW_TOKENS = 16
CHILD = Path(__file__).parent / "sides" / "ask_with_lm_eval.py"

DECODING = """\
from io import BytesIO
from PIL import Image

def images(example):
    return [Image.open(BytesIO(content)).convert("RGB") for content in example["images"]]
"""
"""How the tool gets an example's images from its bytes."""


def write_task(prompts: Sequence[Prompt], name: str, folder: Path) -> None:
    """Write a task as lm-eval reads it: examples as Parquet, and a YAML that says what they are."""
    rows = [
        {
            "text": "<image>" * len(prompt.images) + prompt.text,
            "images": [image.data for image in prompt.images],  # type: ignore[attr-defined]
            "answer": prompt.answer,
        }
        for prompt in prompts
    ]
    pq.write_table(pa.Table.from_pylist(rows), folder / f"{name}.parquet")
    task = {
        "task": name,
        "dataset_path": "parquet",
        "dataset_kwargs": {"data_files": {"test": str(folder / f"{name}.parquet")}},
        "test_split": "test",
        "output_type": "generate_until",
        "doc_to_text": "{{text}}",
        "doc_to_target": "{{answer}}",
        "generation_kwargs": {"until": ["<|im_end|>"], "max_gen_toks": NEW_TOKENS, "do_sample": False},
        "metric_list": [{"metric": "exact_match"}],
    }
    (folder / "decoding.py").write_text(DECODING)
    (folder / f"{name}.yaml").write_text(yaml.safe_dump(task) + "doc_to_image: !function decoding.images\n")


def ask_with_tool(
    python: Path, workload: Workload, names: Sequence[str], batch: int, folder: Path
) -> tuple[float, list[str]]:
    """Let the tool ask; returns processor seconds and replies in our order."""
    out = folder / "replies.json"
    given = {
        "model": str(CHECKPOINT),
        "adapters": [str(adapter) for adapter in workload.adapters],
        "tasks": list(names),
        "folder": str(folder),
        "batch": batch,
        "out": str(out),
    }
    settings = {
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
    }
    ended = subprocess.run(
        [str(python), str(CHILD)],
        input=json.dumps(given),
        text=True,
        env={**os.environ, **settings},
        capture_output=True,
        check=False,
    )
    if ended.returncode:
        sys.exit(f"{python} {CHILD.name} failed:\n{ended.stderr[-2000:]}")
    told = json.loads(out.read_text())
    return told["seconds"], [reply for adapter in told["replies"] for task in adapter for reply in task]


def compare(python: Path, workload: Workload, batch: int, rounds: int, folder: Path) -> dict[str, Any]:
    """Let both ask everything, in turns."""
    names = [f"perception_{index}" for index in range(len(workload.tasks))]
    for name, prompts in zip(names, workload.tasks, strict=True):
        write_task(prompts, name, folder)
    own, its, differing = [], [], 0
    for _ in range(rounds):
        start = time.process_time()
        mine = ours.evaluate(workload, ours.by_generation(NEW_TOKENS))
        own.append(time.process_time() - start)
        seconds, theirs = ask_with_tool(python, workload, names, batch, folder)
        its.append(seconds)
        differing += sum(one != other for one, other in zip(mine, theirs, strict=True))
    ratios = [slow / fast for slow, fast in zip(its, own, strict=True)]
    return {
        "ratio": statistics.median(ratios),
        "lowest": min(ratios),
        "highest": max(ratios),
        "seconds": {"ours": own, "lm-eval": its},
        "replies": rounds * workload.pairs,
        "replies_that_differ": differing,
    }


def main() -> None:
    """Measure, and print a table or one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("python", type=Path, help="of an environment with lm-eval and torchvision")
    parser.add_argument("--quick", action="store_true", help="two adapters, three tasks, one round")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    asked = parser.parse_args()
    adapters, tasks, examples, rounds = (2, 3, 10, 1) if asked.quick else (3, 13, 10, 2)
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    quieten(single_thread=True)
    with tempfile.TemporaryDirectory() as place:
        folder, model, names = Path(place), ModelSettings(), task_names()
        sources = draw_tasks(names, adapters, TINY_ADAPTING.examples, "train")
        folders = make_adapters(model, sources, TINY_ADAPTING, folder / "adapters")
        workload = Workload(model=model, tasks=draw_tasks(names, tasks, examples), adapters=folders)
        figures = {batch: compare(asked.python, workload, batch, rounds, folder) for batch in (1, examples)}
    if asked.json:
        print(json.dumps(figures, indent=1))
        return
    print(f"{adapters} adapters × {tasks} tasks × {examples} examples; median (lowest – highest) of {rounds} rounds")
    for batch, figure in figures.items():
        line = "{ratio:.1f} × ({lowest:.1f} – {highest:.1f}); {replies_that_differ} of {replies:,} replies differ"
        print(f"  lm-eval in batches of {batch} / ours: " + line.format(**figure))


if __name__ == "__main__":
    main()
