"""How fast the analysis is, and how it grows: run `python benchmarks/analysis.py` (about three minutes).

Times on one machine are budgets, never claims; the one claim is a ratio, measured side by side in one run: our
bootstrap against `scipy.stats.bootstrap` on the case that both can do (examples alone, every cell and seed of a usual
study), same statistic, same intervals.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy import stats

from spillover.analysis import AnalysisSettings, ScoreCube, analyze
from spillover.analysis.bootstrap import sample_examples
from spillover.analysis.cube import TargetBlock
from spillover.analysis.spread import percentile

PUBLISHED = Path(__file__).resolve().parents[2] / "shared" / "data" / "pgf_3B.csv"


def simulate_cube(tasks: int, seeds: int, examples: int, rng: np.random.Generator) -> ScoreCube:
    """Draw a study in which every model answers by a shared difficulty, its own skill and chance."""
    names = tuple(f"task_{index:03d}" for index in range(tasks))
    return ScoreCube(
        model="simulated",
        protocol="letters",
        sources=names,
        targets=names,
        seeds=tuple(range(seeds)),
        blocks=tuple(_simulate_block(name, (seeds, tasks, examples), rng) for name in names),
    )


def _simulate_block(name: str, shape: tuple[int, int, int], rng: np.random.Generator) -> TargetBlock:
    examples = shape[2]
    difficulty = rng.normal(size=examples)
    base = difficulty + rng.normal(size=(1, examples)) > -0.4
    scores = difficulty + rng.normal(size=shape) + rng.normal(size=(1, shape[1], 1), scale=0.2) > -0.4
    answers = np.arange(examples) % 2
    return TargetBlock(
        target=name,
        examples=tuple(f"{name}_{index}" for index in range(examples)),
        letters=("(A)", "(B)"),
        answers=answers,
        option_counts=np.full(examples, 2),
        base=base.astype(float),
        scores=scores.astype(float),
        base_given=np.where(base, answers, 1 - answers),
        given=np.where(scores, answers, 1 - answers).astype(np.int8),
        base_log_probabilities=None,
        log_probabilities=None,
    )


def measure(work: Callable[[], object]) -> float:
    """Seconds of wall clock that a piece of work takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def measure_analysis(tasks: int, seeds: int, examples: int, replicates: int) -> dict[str, float]:
    """Time a whole analysis of a simulated study, scores in memory to findings."""
    cube = simulate_cube(tasks, seeds, examples, np.random.default_rng(0))
    seconds = measure(lambda: analyze(cube, AnalysisSettings(replicates=replicates)))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {"tasks": tasks, "seeds": seeds, "examples": examples, "replicates": replicates, "s": seconds, "GiB": peak}


def compare_with_scipy(replicates: int = 10_000, tasks: int = 13, seeds: int = 4) -> dict[str, float]:
    """Bootstrap the PGF of every finetuned model of a usual study over examples, by scipy and by us."""
    cube = simulate_cube(tasks, seeds, 130, np.random.default_rng(1))

    def pgf(after: np.ndarray, before: np.ndarray, axis: int = -1) -> np.ndarray:
        base = before.mean(axis=axis)
        return (after.mean(axis=axis) - base) / (1 - base)

    def ask_scipy() -> np.ndarray:
        ends = np.empty((seeds, tasks, tasks, 2))
        for column, block in enumerate(cube.blocks):
            for seed, row in np.ndindex(seeds, tasks):
                ends[seed, row, column] = stats.bootstrap(
                    (block.scores[seed, row], block.base[0]),
                    pgf,
                    paired=True,
                    vectorized=True,
                    n_resamples=replicates,
                    method="percentile",
                    rng=np.random.default_rng(2),
                ).confidence_interval
        return ends

    def ask_ours() -> np.ndarray:
        draws = sample_examples(cube, np.ones(tasks))(np.random.default_rng(3), replicates)
        return np.moveaxis(percentile(draws, (2.5, 97.5)), 0, -1)

    theirs, ours = (min(measure(ask) for _ in range(2)) for ask in (ask_scipy, ask_ours))
    difference, width = np.abs(ask_scipy() - ask_ours()), np.ptp(ask_ours(), axis=-1)
    return {
        "replicates": replicates,
        "scipy_s": theirs,
        "ours_s": ours,
        "times_faster": theirs / ours,
        "mean_interval_width": float(width.mean()),
        "mean_difference_of_ends": float(difference.mean()),
        "largest_difference_of_ends_in_widths": float((difference / width[..., None]).max()),
    }


def measure_command_line() -> float | None:
    """Seconds of `spillover analyze` on a published table, start-up included; None where the table is not here."""
    if not PUBLISHED.exists():
        return None
    command = [str(Path(sys.executable).with_name("spillover")), "analyze", str(PUBLISHED), "--json"]
    return min(measure(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL)) for _ in range(3))


def main() -> None:
    """Print every figure as one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="leave out the large study and the growth")
    quick = parser.parse_args().quick
    figures: dict[str, object] = {
        "usual_study": measure_analysis(13, 4, 130, 10_000),
        "against_scipy": compare_with_scipy(),
        "analyze_published_table_s": measure_command_line(),
    }
    if not quick:
        figures["growth_by_tasks"] = [measure_analysis(tasks, 3, 130, 2000) for tasks in (10, 20, 40, 80)]
        figures["large_study"] = measure_analysis(200, 3, 500, 2000)
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
