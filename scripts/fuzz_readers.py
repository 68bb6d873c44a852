"""Feed broken files to every reader: each must end in a clear error or be read, in bounded memory.

    PYTHONPATH=.:src python scripts/fuzz_readers.py --turns 10000 [--format lmms-eval]

Mutates the miniatures of `tests/contracts/result_files.py`, one file a turn, and imports the folder. Anything but an
`ImportFileError` or a result ends the run, and the offending file is kept.
"""

from __future__ import annotations

import argparse
import random
import resource
import tempfile
import time
from pathlib import Path

from tests.contracts.mutations import mutate
from tests.contracts.result_files import FORMATS

from spillover.core.errors import ImportFileError
from spillover.interop.importing import import_results


def fuzz(name: str, turns: int, seed: int, keep: Path) -> tuple[int, int]:
    """Break a format's files so many times.

    Returns:
        How often they were refused, and how often read.
    """
    rng = random.Random(seed)  # noqa: S311 (mutations need no secrets)
    refused = 0
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "results"
        FORMATS[name].write(folder)
        files = sorted(file for file in folder.rglob("*") if file.is_file())
        for turn in range(turns):
            target = rng.choice(files)
            original = target.read_bytes()
            broken = mutate(original, rng)
            target.write_bytes(broken)
            try:
                import_results([folder])
            except ImportFileError:
                refused += 1
            except BaseException:
                kept = keep / f"{name}-{seed}-{turn}-{target.name}"
                kept.write_bytes(broken)
                print(f"kept {kept}")
                raise
            target.write_bytes(original)
    return refused, turns - refused


def main() -> None:
    """Fuzz one format or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--format", choices=sorted(FORMATS), action="append")
    parser.add_argument("--keep", type=Path, default=Path())
    arguments = parser.parse_args()
    for name in arguments.format or FORMATS:
        started = time.perf_counter()
        refused, read = fuzz(name, arguments.turns, arguments.seed, arguments.keep)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(
            f"{name}: {refused} refused, {read} read, {time.perf_counter() - started:.0f} s, peak {peak} MB", flush=True
        )


if __name__ == "__main__":
    main()
