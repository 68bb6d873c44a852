"""Gives broken inputs to the commands that read them: run `PYTHONPATH=.:src python benchmarks/bad_input.py`.

Study files, tasks, images, conversations, adapters, mixtures, model folders and study folders are broken by chance (the
miniatures of `tests/contracts/input_files.py`, some hundred turns each) and in every way of
`tests/contracts/thought_of.py`. What comes of each is counted:

- refused: exit code 2, with a fault that says what is wrong;
- as it says: read, and another reader (json, yaml, Pillow, safetensors) reads the same in it;
- as before: the same, and the command says what it says of the unbroken input;
- misread: read as something else, or in a way that was thought of refused for another reason than the one that is
  there, or code in it was run;
- internal: a traceback, or another exit code.

Exit 1 if any was misread or internal. Results of other tools are broken in `tests/contracts/test_readers.py`.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from dataclasses import asdict
from pathlib import Path

from tests.contracts.broken_inputs import KINDS, Counts, break_as_thought, break_by_chance
from tests.contracts.thought_of import slow_thoughts, thoughts

COLUMNS = ("tried", "refused", "as_it_says", "as_before", "misread", "internal", "slowest_s")


def count_thoughts() -> dict[str, Counts]:
    """Break inputs in every way that was thought of."""
    counted: dict[str, Counts] = {}
    for thought in (*thoughts(), *slow_thoughts()):
        started = time.perf_counter()
        came, said = break_as_thought(thought)
        counts = counted.setdefault(f"{thought.kind}, thought of", Counts())
        counts.add(came, time.perf_counter() - started, f"{thought.name}: {said[-300:]}")
    return counted


def main() -> None:
    """Count, and print a table or one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=300, help="of each kind, by chance")
    parser.add_argument("--seed", type=int, default=0, help="of the chance")
    parser.add_argument("--kind", choices=sorted(KINDS), action="append", help="by chance, this kind alone")
    parser.add_argument("--keep", type=Path, help="a folder for what was misread or ended in a traceback")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    asked = parser.parse_args()
    counted = {} if asked.kind else count_thoughts()
    for name in asked.kind or [name for name in KINDS if not name.endswith("run")]:
        counted[f"{name}, by chance"] = break_by_chance(KINDS[name], asked.turns, asked.seed, asked.keep)
        print(f"{name}: {counted[f'{name}, by chance'].tried}", file=sys.stderr)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    if asked.json:
        print(
            json.dumps({"inputs": {name: asdict(each) for name, each in counted.items()}, "peak_mb": peak_mb}, indent=1)
        )
    else:
        print(f"{'':34}" + "".join(f"{column.replace('_', ' '):>12}" for column in COLUMNS))
        for name, each in counted.items():
            print(f"{name:34}" + "".join(f"{getattr(each, column):>12}" for column in COLUMNS))
        print(f"main memory at most: {peak_mb} MB")
    faults = [f"{name}: {fault}" for name, each in counted.items() for fault in each.faults]
    print(*faults, sep="\n", file=sys.stderr)
    if faults:
        sys.exit(1)


if __name__ == "__main__":
    main()
