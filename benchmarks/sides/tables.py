"""Prints the engine's figures for a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def print_figures(figures: Mapping[str, Any]) -> None:
    """Print every comparison, model by model."""
    for model, measured in figures.items():
        evaluation, finetuning = measured["evaluation"], measured["finetuning"]
        title = "{adapters} adapters × {tasks} tasks, {pairs:,} pairs; median (lowest – highest) of {rounds} rounds"
        print(f"\n{model}: {title.format(**evaluation)}")
        _print_spreads(evaluation["seconds"], "s")
        _print_spreads(evaluation["ratios"], "×")
        others = sum(evaluation["other_answers"].values())
        print(f"  {'answers that differ between sides':<58}{others:>9}")
        print(f"\n{model}: a finetune of {finetuning['steps']} steps")
        _print_spreads(finetuning["seconds"], "s")
        _print_spreads(finetuning["ratios"], "×")
        print(f"  {'largest difference of losses, nats':<58}{finetuning['largest_difference_of_losses']:>9.5f}")
        _print_shares(model, measured)
        _print_growth(model, measured["growth"])


def _print_spreads(spreads: Mapping[str, Mapping[str, float]], unit: str) -> None:
    for name, spread in spreads.items():
        line = "{median:>9.2f} {unit}  ({lowest:.2f} – {highest:.2f})".format(unit=unit, **spread)
        print(f"  {name:<58}{line}")


def _print_shares(model: str, measured: Mapping[str, Any]) -> None:
    evaluation, finetuning, limit = measured["evaluation"], measured["finetuning"], measured["machine"]["gigaflops"]
    print(
        "\n{}: operations; the machine multiplies {:.1f} Gflop/s, copies {gigabytes:.1f} GB/s".format(
            model, limit, gigabytes=measured["machine"]["gigabytes"]
        )
    )
    for done in (evaluation, finetuning):
        for name, count in done["operations"].items():
            speed = count / done["seconds"][name]["median"] / 1e9
            title = name if done is evaluation else f"finetuning, {name}"
            print(f"  {title:<40}{count / 1e9:>10.1f} Gflop {speed:>8.1f} Gflop/s {speed / limit:>7.0%}")


def _print_growth(model: str, growth: list[dict[str, Any]]) -> None:
    if not growth:
        return
    print(f"\n{model}: growth, letters\n  adapters  tasks    pairs  preparing s  asking s  ms a pair  peak MiB")
    for row in growth:
        peak = "–" if row["peak_MiB"] is None else f"{row['peak_MiB']:,.0f}"
        print(
            "  {adapters:>8}  {tasks:>5}  {pairs:>7,}  {preparing_s:>11.2f}  {asking_s:>8.2f}  "
            "{asking_ms_a_pair:>9.3f}".format(**row)
            + f"  {peak:>8}"
        )
