"""Does the analysis keep its promises? Coverage, false discoveries, personas, noise floors and power, by simulation.

    python scripts/simulate_coverage.py coverage    # intervals of single cells
    python scripts/simulate_coverage.py null        # whole studies in which nothing transfers
    python scripts/simulate_coverage.py power       # how many examples and seeds to see a PGF of 0.1
    python scripts/simulate_coverage.py all --json figures.json

How answers are drawn. An example has a difficulty that all models share (a normal copula; `shared` is how much of a
model's success it decides), so base and finetuned answers go together as they do in truth. A finetune's accuracy varies
by seed as a Beta distribution with the stated mean and standard deviation. What is estimated is the PGF of the
populations of examples and of seeds; the base model is fixed.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path

import numpy as np
from scipy.special import ndtri

from spillover.analysis.accuracies import lay_out_accuracies
from spillover.analysis.bootstrap import replicate_cube, replicate_table
from spillover.analysis.crossed import lay_out_cells
from spillover.analysis.cube import ScoreCube, TargetBlock
from spillover.analysis.discoveries import adjust_p
from spillover.analysis.fieller import compute_change_p, infer_cells
from spillover.analysis.frame import frame_transfers
from spillover.analysis.personas import Personas, assign_calibrated, assign_raw
from spillover.analysis.pgf import transfers_of_cube
from spillover.analysis.profiles import measure_transferability
from spillover.analysis.spread import summarise_replicates
from spillover.analysis.tables import TableTransfers
from spillover.core.published import AccuracyRow, AccuracyTable
from spillover.core.scores import BASE_SOURCE

PIECE = 250
"""Simulated cells held at once."""
CELLS = 156
"""Transfers of a study of 13 tasks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """One point of a simulation."""

    seeds: int
    examples: int
    base: float
    """Accuracy of the base."""
    pgf: float
    """The truth."""
    seed_sd: float
    """Standard deviation of the finetune's accuracy over seeds."""
    shared: float = 0.7
    """Share of a model's success that the example's difficulty decides."""


def draw_answers(design: Design, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw right and wrong answers: finetuned of shape seed × count × example, base of shape count × example."""
    difficulty = np.sqrt(design.shared) * rng.normal(size=(count, design.examples))
    own = np.sqrt(1 - design.shared)
    base = difficulty + own * rng.normal(size=difficulty.shape) < ndtri(design.base)
    mean = design.base + design.pgf * (1 - design.base)
    skill = draw_seeds(mean, design.seed_sd, (design.seeds, count, 1), rng)
    tuned = difficulty + own * rng.normal(size=(design.seeds, *difficulty.shape)) < ndtri(skill)
    return tuned.astype(float), base.astype(float)


def draw_seeds(mean: float, sd: float, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Draw accuracies by seed from a Beta distribution of this mean and standard deviation."""
    if sd == 0:
        return np.full(shape, mean)
    size = mean * (1 - mean) / sd**2 - 1
    return rng.beta(mean * size, (1 - mean) * size, size=shape)


def simulate_cells(design: Design, simulations: int, rng: np.random.Generator) -> dict[str, float]:
    """Coverage of the 95 % interval, share of p < .05 (and < .05 / 156), and the median width."""
    covered, p, widths = list[np.ndarray](), list[np.ndarray](), list[np.ndarray]()
    for start in range(0, simulations, PIECE):
        tuned, base = draw_answers(design, min(PIECE, simulations - start), rng)
        result = infer_cells(lay_out_cells(tuned - base, (1 - base)[None]), 0.95)
        covered.append((result.low <= design.pgf) & (design.pgf <= result.high))
        p.append(result.p)
        widths.append(result.high - result.low)
    values = np.concatenate(p)
    return {
        "coverage": float(np.concatenate(covered).mean()),
        "rejected": float((values < 0.05).mean()),
        "rejected_among_many": float((values < 0.05 / CELLS).mean()),
        "width": float(np.median(np.concatenate(widths))),
    }


def simulate_coverage(simulations: int, rng: np.random.Generator) -> list[dict[str, float]]:
    """Coverage over the designs of the method's gate, and beyond it."""
    grid = product((4, 3), (0.0, 0.02, 0.04, 0.08), (0.4, 0.5, 0.6, 0.7, 0.8, 0.9), (0.0, 0.1, -0.2))
    designs = [Design(seeds=seeds, examples=130, base=base, pgf=pgf, seed_sd=sd) for seeds, sd, base, pgf in grid]
    return [asdict(design) | simulate_cells(design, simulations, rng) for design in designs]


def in_gate(point: dict[str, float]) -> bool:
    """Whether a point is one that the method's gate speaks of: K = 4, seed s.d. ≤ .04."""
    return point["seeds"] == 4 and point["seed_sd"] <= 0.04


def draw_null_study(rng: np.random.Generator, tasks: int = 13, seeds: int = 4, seed_sd: float = 0.04) -> ScoreCube:
    """Draw a study in which no finetune changes any accuracy, on average over seeds."""
    names = tuple(f"task_{index}" for index in range(tasks))
    blocks: list[TargetBlock] = []
    for name, base_accuracy in zip(names, np.linspace(0.4, 0.9, tasks).tolist(), strict=True):
        design = Design(seeds=seeds, examples=130, base=base_accuracy, pgf=0.0, seed_sd=seed_sd)
        difficulty = np.sqrt(design.shared) * rng.normal(size=design.examples)
        own = np.sqrt(1 - design.shared)
        base = difficulty + own * rng.normal(size=(1, design.examples)) < ndtri(base_accuracy)
        skill = ndtri(draw_seeds(base_accuracy, seed_sd, (seeds, tasks, 1), rng))
        scores = difficulty + own * rng.normal(size=(seeds, tasks, design.examples)) < skill
        blocks.append(_bare_block(name, base.astype(float), scores.astype(float)))
    return ScoreCube(
        model="null", protocol="letters", sources=names, targets=names, seeds=tuple(range(seeds)), blocks=tuple(blocks)
    )


def _bare_block(name: str, base: np.ndarray, scores: np.ndarray) -> TargetBlock:
    examples = base.shape[1]
    return TargetBlock(
        target=name,
        examples=tuple(map(str, range(examples))),
        letters=(),
        answers=np.full(examples, -2),
        option_counts=np.zeros(examples, dtype=int),
        base=base,
        scores=scores,
        base_given=np.full(base.shape, -2),
        given=np.full(scores.shape, -2),
        base_log_probabilities=None,
        log_probabilities=None,
    )


def simulate_null(studies: int, rng: np.random.Generator) -> dict[str, float]:
    """Whole studies under the global null: how often anything is discovered, and how many personas are handed out."""
    found, raw, calibrated, floors = list[bool](), list[int](), list[int](), list[tuple[float, float]]()
    for _ in range(studies):
        cube = draw_null_study(rng)
        transfers = transfers_of_cube(cube, np.ones(13))
        frame = frame_transfers(transfers)
        p = np.stack(
            [compute_change_p(lay_out_cells(b.scores - b.base[:, None], 1 - b.base[:, None])) for b in cube.blocks],
            axis=-1,
        )
        found.append(bool((adjust_p(p, frame.transfer)[frame.transfer] < 0.05).any()))
        raw.append(_count(assign_raw(transfers, frame, 0.05)))
        calibrated.append(_count(assign_calibrated(transfers, frame, 0.05, cube)))
        profile = measure_transferability(transfers.mean, frame.transfer)
        floors.append((float(profile.positive.mean()), float(profile.negative.mean())))
    any_found = float(np.mean(found))
    return {
        "studies": studies,
        "any_discovery": any_found,
        "monte_carlo_se": float(np.sqrt(0.05 * 0.95 / studies)),
        "raw_sponges_and_sieves": float(np.mean(raw)),
        "calibrated_sponges_and_sieves": float(np.mean(calibrated)),
        "any_calibrated_sponge_or_sieve": float(np.mean([count > 0 for count in calibrated])),
        "transferability_positive": float(np.mean([floor[0] for floor in floors])),
        "transferability_negative": float(np.mean([floor[1] for floor in floors])),
    }


def _count(personas: Personas) -> int:
    return len(personas.sponge) + len(personas.sieve)


def compare_floor(studies: int, rng: np.random.Generator, seed_sd: float = 0.04) -> dict[str, float]:
    """Is the floor that is printed the floor that there is? From examples and from a table, against null studies."""
    floors: dict[str, list[float]] = {"printed_floor": [], "printed_floor_of_a_table": [], "simulated_floor": []}
    for _ in range(studies):
        cube = draw_null_study(rng, seed_sd=seed_sd)
        transfers = transfers_of_cube(cube, np.ones(13))
        frame = frame_transfers(transfers)
        draws = {
            "printed_floor": replicate_cube(cube, np.ones(13), 300, rng),
            "printed_floor_of_a_table": replicate_table(forget_examples(cube), 300, rng),
        }
        for name, pieces in draws.items():
            spread = summarise_replicates(pieces, transfers, frame, 0.95)
            if spread is not None:
                floors[name].append(float(spread.floor.transferability.positive.mean()))
        actual = measure_transferability(transfers.mean, frame.transfer)
        floors["simulated_floor"].append(float(actual.positive.mean()))
    return {name: float(np.mean(values)) for name, values in floors.items()}


def forget_examples(cube: ScoreCube) -> TableTransfers:
    """Keep of a cube what a table of accuracies keeps."""
    columns = [(block.target, len(block.examples)) for block in cube.blocks]
    runs = [(BASE_SOURCE, None, cube.base_accuracy[0, 0])]
    runs += [
        (source, seed, cube.accuracy[k, row])
        for k, seed in enumerate(cube.seeds)
        for row, source in enumerate(cube.sources)
    ]
    rows = [
        AccuracyRow(source=source, seed=seed, target=target, accuracy=float(accuracy), examples=examples)
        for source, seed, accuracies in runs
        for (target, examples), accuracy in zip(columns, accuracies, strict=True)
    ]
    return lay_out_accuracies(AccuracyTable(model=cube.model, rows=tuple(rows), origin="simulated"))


def simulate_power(simulations: int, rng: np.random.Generator, pgf: float = 0.1) -> list[dict[str, float]]:
    """Power to see one PGF, alone and as the only one among 156 cells, by examples, seeds and base accuracy."""
    points: list[dict[str, float]] = []
    for base, seeds, examples in product((0.5, 0.7), (1, 2, 4, 8), (130, 250, 500, 1000, 2000)):
        design = Design(seeds=seeds, examples=examples, base=base, pgf=pgf, seed_sd=0.02)
        points.append(asdict(design) | simulate_cells(design, simulations, rng))
    return points


def show(title: str, points: Sequence[dict[str, float]], columns: Sequence[str]) -> None:
    """Print a table in Markdown."""
    print(f"\n## {title}\n\n| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    for point in points:
        print("| " + " | ".join(f"{point[name]:.3g}" for name in columns) + " |")


def main() -> None:
    """Run what was asked for, print tables, keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("coverage", "null", "power", "all"))
    parser.add_argument("--simulations", type=int, default=2000, help="cells simulated at each point")
    parser.add_argument("--studies", type=int, default=1000, help="null studies")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="where to keep the figures")
    wanted = parser.parse_args()
    rng = np.random.default_rng(wanted.seed)
    figures: dict[str, object] = {}
    if wanted.what in ("coverage", "all"):
        points = simulate_coverage(wanted.simulations, rng)
        figures["coverage"] = points
        show("Coverage of 95 % intervals", points, ("seeds", "seed_sd", "base", "pgf", "coverage", "rejected", "width"))
        gated = [point["coverage"] for point in points if in_gate(point)]
        print(f"\ninside the gate: {min(gated):.3f} to {max(gated):.3f}")
    if wanted.what in ("null", "all"):
        figures["null"] = simulate_null(wanted.studies, rng)
        figures["floor"] = compare_floor(30, rng)
        print(json.dumps([figures["null"], figures["floor"]], indent=1))
    if wanted.what in ("power", "all"):
        points = simulate_power(wanted.simulations, rng)
        figures["power"] = points
        columns = ("base", "seeds", "examples", "rejected", "rejected_among_many", "width")
        show("Power to see a PGF of 0.1 (seed s.d. .02)", points, columns)
    if wanted.json:
        wanted.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
