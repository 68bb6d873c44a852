"""Trains the embedded tiny checkpoint from scratch on the perception suite.

    python scripts/train_tiny_checkpoint.py --examples 400000

Stopped at any time, the same command goes on where it was: the state lies under state/<name>/ and is written every few
minutes. A larger `--examples` extends a finished training. The order of everything follows from `--seed`; the samples
are drawn by another process while the model learns.

The learning rate never falls: a study needs a model that is still learning. What that leaves, a lean to some letter in
most tasks, is taken out of a copy at the end and whenever a file named `publish` is put into the state's folder; the
copy is written to `--out` with its model card.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import signal
import sys
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypedDict, cast

import numpy as np
import torch
from transformers import AutoTokenizer, PreTrainedTokenizerFast, Qwen2_5_VLForConditionalGeneration

from spillover.core.keys import seeded_generator
from spillover.models.tiny import CHECKPOINT
from spillover.models.tiny.architecture import build_model, build_tokenizer, save_checkpoint
from spillover.tasks.perception.suite import find_family, task_names
from tiny_balance import balance_letters
from tiny_card import write_card
from tiny_losses import Losses, attend_faster, compute_losses, option_log_probabilities
from tiny_samples import Drawer, Order, Sample, suite_texts

BATCH = 32
POOL = 512
"""Samples that are drawn together, sorted by length and cut into batches."""
PASSES = 2
"""How often a pool is learnt from: drawing takes a third as long as learning."""
AHEAD = 3
"""Pools that are drawn before they are needed."""
WARMUP = 200
"""Steps in which the learning rate climbs."""
MEASURED_EVERY = 10
"""Pools between two measurements."""
SAVED_EVERY_S = 120
VALIDATION = 96
"""Examples a task to measure on, their difficulties spread evenly."""
BANDS = 3
"""Bands of difficulty that are told apart."""
EASY, HARD = 0.75, 0.45
"""Share of the way from chance to perfection above which a task is drawn rarely, and below which often."""
RARELY = 0.15
"""How often an easy task is drawn, compared with a hard one."""
PLAIN, HARDEST = 0.1, 0.7
"""The hardest difficulty of a task that is still at chance: what is plain is learnt first."""
UNDERWAY, WELL = 0.3, 0.7
"""Share of the way from chance to perfection at which harder scenes begin to come, and at which all do."""


class Plan(TypedDict):
    """What a pool is made of, decided before it is drawn."""

    counts: dict[str, int]
    """Samples by task."""
    hardest: dict[str, float]
    """The hardest difficulty, by task."""


class Training:
    """A training under way: model, optimiser, and where in the data it stands.

    Args:
        given: the command line's arguments.
    """

    def __init__(self, given: argparse.Namespace) -> None:
        self.given = given
        self.folder = Path(given.state) / given.name
        self.folder.mkdir(parents=True, exist_ok=True)
        self.tokenizer = self._open_tokenizer()
        torch.manual_seed(given.seed)
        self.model = build_model(self.tokenizer)
        attend_faster(self.model)
        if given.start is not None:
            weights = Qwen2_5_VLForConditionalGeneration.from_pretrained(given.start, dtype=torch.float32)
            self.model.load_state_dict(weights.state_dict())
        self.optimiser = torch.optim.AdamW(self.model.parameters(), betas=(0.9, 0.98), weight_decay=0.02)
        self.progress: dict[str, Any] = {"pool": 0, "step": 0, "seconds": 0.0, "seen": {}, "above_chance": {}}
        self.planned: deque[Plan] = deque()
        self.saved_at = time.monotonic()
        self._resume()

    def _open_tokenizer(self) -> PreTrainedTokenizerFast:
        folder = self.folder / "tokenizer"
        if not folder.exists() and self.given.start is not None:
            AutoTokenizer.from_pretrained(self.given.start).save_pretrained(folder)
        elif not folder.exists():
            texts, phrases = suite_texts(self.given.tasks, self.given.seed, 400)
            build_tokenizer(texts, phrases).save_pretrained(folder)
        return AutoTokenizer.from_pretrained(folder)

    def _resume(self) -> None:
        file = self.folder / "training.pt"
        if not file.exists():
            return
        state = torch.load(file, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.progress = state["progress"]
        self.planned = deque(state["planned"])

    def save(self) -> None:
        """Write everything that is needed to go on."""
        state = {
            "model": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "progress": self.progress,
            "planned": list(self.planned),
        }
        beside = self.folder / "training.pt.part"
        torch.save(state, beside)
        beside.replace(self.folder / "training.pt")
        self.saved_at = time.monotonic()

    @property
    def seen(self) -> int:
        """Examples trained on so far."""
        return self.progress["pool"] * POOL

    def run(self, draw: ProcessPoolExecutor) -> None:
        """Train until all examples have been seen."""
        validation = draw.submit(_draw, self._validation_order()).result()
        drawn: deque[Future[list[Sample]]] = deque()
        for ahead, plan in enumerate(self.planned):
            drawn.append(draw.submit(_draw, self._order(self.progress["pool"] + ahead, plan)))
        while self.seen < self.given.examples:
            while len(drawn) < AHEAD:
                self.planned.append(self._plan(self.progress["pool"] + len(drawn)))
                drawn.append(draw.submit(_draw, self._order(self.progress["pool"] + len(drawn), self.planned[-1])))
            samples = drawn.popleft().result()
            losses = self._learn(samples)
            self._count(self.planned.popleft())
            if self.progress["pool"] % MEASURED_EVERY == 0 or self.seen >= self.given.examples:
                self._measure(validation, losses)
            if time.monotonic() - self.saved_at > SAVED_EVERY_S:
                self.save()
            if (self.folder / "publish").exists():
                (self.folder / "publish").unlink()
                self.publish(draw)
        self.save()

    def publish(self, draw: ProcessPoolExecutor) -> None:
        """Write a copy without a lean to letters as a checkpoint with its card."""
        copy = build_model(self.tokenizer)
        copy.load_state_dict(self.model.state_dict())
        balance_letters(
            copy,
            self.tokenizer,
            lambda order: draw.submit(_draw, order).result(),
            self.given.tasks,
            seed=self.given.seed,
            hardest=HARDEST,
        )
        save_checkpoint(copy, self.tokenizer, self.given.out)
        write_card(self.given.out, self.given.tasks, self.facts())

    def facts(self) -> dict[str, str]:
        """What the model card says about the training."""
        seen = ", ".join(f"{name} {count:,}" for name, count in sorted(self.progress["seen"].items()))
        return {
            "Command": f"`python scripts/train_tiny_checkpoint.py {' '.join(sys.argv[1:])}`",
            "Examples seen": f"{self.seen:,} of {self.given.examples:,} ({seen})",
            "Training time": f"{self.progress['seconds'] / 60:.0f} minutes on {self.given.threads} CPU thread(s)",
            "Parameters": f"{sum(weight.numel() for weight in self.model.parameters()):,}",
        }

    def _validation_order(self) -> Order:
        counts = dict.fromkeys(self.given.tasks, VALIDATION)
        return Order(seed=self.given.seed, pool=0, counts=counts, split="validation", described=False)

    def _order(self, pool: int, plan: Plan) -> Order:
        return Order(seed=self.given.seed, pool=pool, **plan)

    def _plan(self, pool: int) -> Plan:
        rng = seeded_generator("plan", self.given.seed, pool)
        above = [self.progress["above_chance"].get(name, 0.0) for name in self.given.tasks]
        shares = np.interp(above, (HARD, EASY), (1.0, RARELY))
        counts = rng.multinomial(POOL, shares / shares.sum()).tolist()
        hardest = np.interp(above, (UNDERWAY, WELL), (PLAIN, HARDEST)).tolist()
        return {
            "counts": dict(zip(self.given.tasks, counts, strict=True)),
            "hardest": dict(zip(self.given.tasks, hardest, strict=True)),
        }

    def _count(self, plan: Plan) -> None:
        self.progress["pool"] += 1
        for name, count in plan["counts"].items():
            self.progress["seen"][name] = self.progress["seen"].get(name, 0) + count

    def _learn(self, samples: list[Sample]) -> list[Losses]:
        started = time.monotonic()
        rng = seeded_generator("batches", self.given.seed, self.progress["pool"])
        losses = [self._step(batch) for _ in range(PASSES) for batch in _cut_into_batches(samples, rng)]
        self.progress["seconds"] += time.monotonic() - started
        return losses

    def _step(self, batch: list[Sample]) -> Losses:
        self.optimiser.param_groups[0]["lr"] = self._learning_rate()
        losses = compute_losses(self.model, batch, cast("int", self.tokenizer.pad_token_id))
        losses.total.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimiser.step()
        self.optimiser.zero_grad()
        self.progress["step"] += 1
        return losses

    def _learning_rate(self) -> float:
        return self.given.learning_rate * min(1.0, (self.progress["step"] + 1) / WARMUP)

    def _measure(self, validation: list[Sample], losses: list[Losses]) -> None:
        entry: dict[str, Any] = {
            "examples": self.seen,
            "minutes": round(self.progress["seconds"] / 60, 1),
            "learning_rate": self._learning_rate(),
            "answer_loss": round(float(np.nanmean([each.answers for each in losses])), 3),
            "description_loss": round(float(np.nanmean([each.descriptions for each in losses])), 3),
            "tasks": {},
        }
        for name, found in _letters_accuracy(self.model, self.tokenizer, validation).items():
            entry["tasks"][name] = asdict(found)
            accuracy, chance = found.by_difficulty[0], 1 / len(found.letters)
            self.progress["above_chance"][name] = (accuracy - chance) / (1 - chance)
        with (self.folder / "log.jsonl").open("a") as stream:
            stream.write(json.dumps(entry) + "\n")
        _print_measurement(entry)


def _cut_into_batches(samples: list[Sample], rng: np.random.Generator) -> Iterator[list[Sample]]:
    """Batches of samples of like length, in random order."""
    shuffled = [samples[index] for index in rng.permutation(len(samples))]
    by_length = sorted(shuffled, key=lambda sample: len(sample.tokens))
    for start in rng.permutation(np.arange(0, len(samples), BATCH)).tolist():
        yield by_length[start : start + BATCH]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """How the model does on a task while it is trained."""

    accuracy: float
    """Of the likeliest option letter."""
    by_difficulty: list[float]
    """The same in each band of difficulty, from plain to hard."""
    letters: list[float]
    """Share of every letter among the answers."""


@torch.inference_mode()
def _letters_accuracy(model: Any, tokenizer: PreTrainedTokenizerFast, samples: list[Sample]) -> dict[str, Measured]:
    """Measure the option letters' accuracy, by task."""
    by_length = sorted(samples, key=lambda sample: sample.prompt_length)
    given: dict[str, list[tuple[int, bool, float]]] = {sample.task: [] for sample in samples}
    model.eval()
    for start in range(0, len(by_length), 2 * BATCH):
        batch = by_length[start : start + 2 * BATCH]
        for sample, scores in zip(batch, option_log_probabilities(model, tokenizer, batch), strict=True):
            answer = int(scores.argmax())
            given[sample.task].append((answer, answer == sample.correct, sample.difficulty))
    model.train()
    found: dict[str, Measured] = {}
    for name, answers in given.items():
        letters, right, difficulty = (np.array(column) for column in zip(*answers, strict=True))
        band = (difficulty * BANDS).astype(int)
        shares = np.bincount(letters, minlength=find_family(name).task.options or 1) / len(letters)
        found[name] = Measured(
            accuracy=round(float(right.mean()), 3),
            by_difficulty=[round(float(right[band == each].mean()), 2) for each in range(BANDS)],
            letters=shares.round(2).tolist(),
        )
    return found


def _print_measurement(entry: dict[str, Any]) -> None:
    print(
        f"\n{entry['examples']:,} examples, {entry['minutes']} min, lr {entry['learning_rate']:.2e}, "
        f"answers {entry['answer_loss']}, descriptions {entry['description_loss']}"
    )
    for name, task in entry["tasks"].items():
        letters, bands = (" ".join(f"{share:.2f}" for share in task[key]) for key in ("letters", "by_difficulty"))
        print(f"  {name:26s} {task['accuracy']:.3f}  from plain to hard {bands}  letters {letters}", flush=True)


_drawer: Drawer | None = None


def _start_drawer(folder: Path) -> None:
    global _drawer  # noqa: PLW0603 (a process of its own; there is no other way to hand its tasks an object)
    _drawer = Drawer(folder)


def _draw(order: Order) -> list[Sample]:
    if _drawer is None:
        raise RuntimeError("the drawing process was not started")
    return _drawer.draw(order)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", nargs="+", default=list(task_names()), help="names of the suite's tasks")
    parser.add_argument("--examples", type=int, default=400_000, help="training examples in all")
    parser.add_argument("--learning-rate", type=float, default=8e-4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1, help="of the training process; another one draws")
    parser.add_argument("--start", type=Path, help="a checkpoint's folder to start from, instead of fresh weights")
    parser.add_argument("--name", default="tiny", help="of the state's folder")
    parser.add_argument("--state", default="state", help="where states lie")
    parser.add_argument("--out", type=Path, default=CHECKPOINT, help="the checkpoint's folder")
    return parser.parse_args()


def main() -> None:
    """Train, or go on training, and write the checkpoint."""
    given = _arguments()
    torch.set_num_threads(given.threads)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # an orderly end takes the drawing process along
    training = Training(given)
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, spawn, _start_drawer, (training.folder / "tokenizer",)) as draw:
        training.run(draw)
        training.publish(draw)


if __name__ == "__main__":
    main()
