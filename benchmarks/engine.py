"""How fast models are asked and finetuned, against what a user would write: run `python benchmarks/engine.py`.

The full run takes three quarters of an hour, `--quick` a minute, on a quiet machine. The claims are ratios
of processor time, each of two sides that did the same work by the same protocol in the same process, in turns, on one
thread:

1. evaluation, files to answers (reading tasks and writing scores is left out on both sides), against transformers and
   PEFT as their manuals show them: for each adapter load the base, merge, and ask one by one, or in batches. Both
   sides must give the same answers;
2. asking alone (the base loaded, the questions encoded) against the language model's bare forward passes on inputs laid
   out beforehand, at the token budget that was the fastest in a trial: the limit;
3. finetuning, files to losses, against PEFT and the HF Trainer, which passes the pixels through the model at every
   step: same adapter, order, optimiser and learning rates, and so the same loss at every step but for rounding;
4. the share of the machine's speed that asking and finetuning reach: operations of their matrix products, which torch
   counts, against a product of large matrices;
5. growth: time a pair of adapter and example, and peak memory, as adapters and tasks grow.

On the tiny checkpoint overhead rules; on a model of 112 million random parameters and images of 448 × 448 pixels
arithmetic does.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sides import ours, usual
from sides.limits import count_operations, measure_machine
from sides.tables import print_figures
from sides.timing import Timed, in_rounds, peak_memory_mib
from sides.workload import Workload, build_midsize, draw_tasks, make_adapters
from spillover.models.base import quieten
from spillover.models.settings import ModelSettings, TrainingSettings
from spillover.tasks.perception.suite import task_names

LOSS_TOLERANCE = 0.01
"""Nats by which the loss of a step may differ between the sides: roundings grow from step to step."""
BUDGETS = (256, 512, 1024, 2048, 4096)
"""Tokens a forward pass, of which the fastest makes the limit."""
RATIOS = (
    ("generate, one by one", "generate, ours"),
    ("generate, in batches", "generate, ours"),
    ("letters, one by one", "letters, ours"),
    ("letters, in batches", "letters, ours"),
    ("generate, one by one", "letters, ours"),
    ("letters, ours", "bare passes"),
    ("letters, ours, asking alone", "bare passes"),
)
"""What is divided by what; the fifth alone is of two protocols, and says so."""
THEIR_LETTERS = ("letters, one by one", "letters, in batches")


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is asked and trained."""

    adapters: int
    tasks: int
    names: tuple[str, ...] = task_names()
    """Of the suite's tasks; where more are asked for, the same come again with other examples."""
    examples: int
    """Of each task."""
    rounds: int
    batch: int
    """Questions that the usual way asks together: the fastest of a few that were tried."""
    image: int | None = None
    """Width and height, pixels; None for what the tiny model sees."""
    new_tokens: int = 16
    """Of a generated reply at most."""
    adapting: TrainingSettings
    """How the adapters are made."""
    finetune: TrainingSettings
    """What is compared; its examples are a multiple of its batch."""
    letters_by_all: bool = True
    """Whether the usual way is also timed by the letters protocol, which takes it as long as generating."""
    growth: tuple[tuple[int, int], ...] = ()
    """Numbers of adapters and of tasks, from small to large: memory that earlier work gave back would count."""


TINY_ADAPTING = TrainingSettings(examples=32, epochs=1, batch=8, learning_rate=3e-3)

QUICK = Size(
    adapters=3,
    tasks=4,
    examples=12,
    rounds=2,
    batch=50,
    adapting=TINY_ADAPTING,
    finetune=TrainingSettings(examples=64, epochs=3, learning_rate=3e-3),
    growth=((1, 4), (4, 4), (13, 4), (13, 13)),
)
FULL = Size(
    adapters=13,
    tasks=13,
    examples=40,
    rounds=3,
    batch=50,
    adapting=TINY_ADAPTING,
    finetune=TrainingSettings(examples=160, epochs=3, learning_rate=3e-3),
    growth=((13, 4), (1, 13), (4, 13), (13, 13), (52, 13), (13, 50)),
)
MIDSIZE = Size(
    adapters=13,
    tasks=2,
    names=("Relative_Depth", "Object_Localization"),
    examples=6,
    rounds=1,
    batch=2,
    image=448,
    new_tokens=4,
    adapting=TrainingSettings(examples=1, epochs=1, batch=1, learning_rate=1e-3),
    finetune=TrainingSettings(examples=8, epochs=3, batch=4, learning_rate=1e-4),
    letters_by_all=False,
)


def measure(model: ModelSettings, size: Size, folder: Path) -> dict[str, Any]:
    """Compare everything on one model.

    Args:
        model: the base.
        size: how much is done.
        folder: an empty one, for the adapters.
    """
    sources = draw_tasks(size.names, size.adapters, size.adapting.examples, "train", size=size.image)
    most = max(size.tasks, *(tasks for _, tasks in size.growth), 0)
    tasks = draw_tasks(size.names, most, size.examples, size=size.image)
    adapters = make_adapters(model, sources, size.adapting, folder)
    workload = Workload(model=model, tasks=tasks, adapters=adapters)
    growth = [_grow(workload.part(*part)) for part in size.growth]  # first, for the memory's sake
    evaluation = compare_evaluation(workload.part(size.adapters, size.tasks), size)
    finetuning = compare_finetuning(model, size)
    machine = asdict(measure_machine())
    return {"evaluation": evaluation, "finetuning": finetuning, "growth": growth, "machine": machine}


def compare_evaluation(workload: Workload, size: Size) -> dict[str, Any]:
    """Ask every adapter every question by every side."""
    generate, theirs = ours.by_generation(size.new_tokens), usual.by_generation(size.new_tokens)
    with tempfile.TemporaryDirectory() as folder:
        prepared = ours.prepare(workload, Path(folder))
        bare = _fastest([ours.lay_out_bare(prepared, budget) for budget in BUDGETS])
        sides: dict[str, Callable[[], list[str]]] = {
            "generate, ours": partial(ours.evaluate, workload, generate),
            "generate, one by one": partial(usual.evaluate, workload, 1, theirs),
            "generate, in batches": partial(usual.evaluate, workload, size.batch, theirs),
            "letters, ours": partial(ours.evaluate, workload, ours.by_letters),
            "letters, one by one": partial(usual.evaluate, workload, 1, usual.by_letters),
            "letters, in batches": partial(usual.evaluate, workload, size.batch, usual.by_letters),
            "letters, ours, asking alone": partial(ours.ask_all, prepared, workload.adapters, ours.by_letters),
            "bare passes": partial(bare.run, len(workload.adapters)),
        }
        if not size.letters_by_all:
            sides = {name: side for name, side in sides.items() if name not in THEIR_LETTERS}
        timed = in_rounds(sides, size.rounds)
        operations = {name: count_operations(sides[name]) for name in ("letters, ours, asking alone", "bare passes")}
    return {
        "adapters": len(workload.adapters),
        "tasks": len(workload.tasks),
        "pairs": workload.pairs,
        "rounds": size.rounds,
        "seconds": {name: asdict(side.spread) for name, side in timed.items()},
        "ratios": {
            f"{slow} / {fast}": asdict(timed[slow].times_of(timed[fast])) for slow, fast in RATIOS if slow in timed
        },
        "operations": operations,
        "other_answers": {name: _differences(timed, name) for name in sides if name != "bare passes"},
    }


def _fastest(candidates: Sequence[ours.BarePasses]) -> ours.BarePasses:
    trials = in_rounds({str(index): partial(each.run, 1) for index, each in enumerate(candidates)}, 2)
    return candidates[int(min(trials, key=lambda index: trials[index].spread.lowest))]


def _differences(timed: Mapping[str, Timed[list[str]]], name: str) -> int:
    """Answers that a side gives otherwise than ours by the same protocol."""
    our_own = timed[f"{name.split(',', maxsplit=1)[0]}, ours"].result
    return sum(mine != its for mine, its in zip(our_own, timed[name].result, strict=True))


def compare_finetuning(model: ModelSettings, size: Size) -> dict[str, Any]:
    """Finetune with the same settings by both sides."""
    (prompts,) = draw_tasks(size.names, 1, size.finetune.examples, "train", size=size.image)
    sides = {
        "ours": partial(ours.train, model, prompts, size.finetune, 0),
        "HF Trainer": partial(usual.train, model, prompts, size.finetune, 0),
    }
    timed = in_rounds(sides, size.rounds)
    pairs = zip(timed["ours"].result, timed["HF Trainer"].result, strict=True)
    return {
        "steps": size.finetune.steps,
        "seconds": {name: asdict(side.spread) for name, side in timed.items()},
        "ratios": {"HF Trainer / ours": asdict(timed["HF Trainer"].times_of(timed["ours"]))},
        "operations": {"ours": count_operations(sides["ours"])},
        "losses": {name: side.result for name, side in timed.items()},
        "largest_difference_of_losses": max(abs(mine - its) for mine, its in pairs),
    }


def _grow(workload: Workload) -> dict[str, float | None]:
    seconds: dict[str, float] = {}

    def work() -> None:
        with tempfile.TemporaryDirectory() as folder:
            start = time.process_time()
            prepared = ours.prepare(workload, Path(folder))
            between = time.process_time()
            ours.ask_all(prepared, workload.adapters, ours.by_letters)
            seconds.update(preparing=between - start, asking=time.process_time() - between)

    peak = peak_memory_mib(work)
    return {
        "adapters": len(workload.adapters),
        "tasks": len(workload.tasks),
        "pairs": workload.pairs,
        "preparing_s": seconds["preparing"],
        "asking_s": seconds["asking"],
        "asking_ms_a_pair": 1000 * seconds["asking"] / workload.pairs,
        "peak_MiB": peak,
    }


def faults(figures: Mapping[str, Any]) -> list[str]:
    """Say where the two sides did not do the same, so that their times may not be compared."""
    found: list[str] = []
    for model, measured in figures.items():
        for side, count in measured["evaluation"]["other_answers"].items():
            if count:
                found.append(f"{model}: {count} answers of '{side}' are not ours")
        if (difference := measured["finetuning"]["largest_difference_of_losses"]) > LOSS_TOLERANCE:
            found.append(f"{model}: the losses of a step differ by {difference:.4f}, more than {LOSS_TOLERANCE}")
    return found


def main() -> None:
    """Measure, and print a table or one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="the tiny checkpoint only, and less of everything")
    parser.add_argument("--midsize", action="store_true", help="the mid-size model only")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    asked = parser.parse_args()
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    quieten(single_thread=True)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        figures: dict[str, Any] = {}
        if not asked.midsize:
            figures["tiny"] = measure(ModelSettings(), QUICK if asked.quick else FULL, place / "tiny")
        if not asked.quick:
            midsize = ModelSettings(path=str(build_midsize(place / "midsize")))
            figures["midsize"] = measure(midsize, MIDSIZE, place / "of midsize")
    print(json.dumps(figures, indent=1)) if asked.json else print_figures(figures)
    if found := faults(figures):
        sys.exit("\n".join(found))


if __name__ == "__main__":
    main()
