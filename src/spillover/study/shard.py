"""A part of a study for one machine of several, such as one task of a Slurm array."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from spillover.core.errors import SpilloverError
from spillover.study.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """One of several parts; together they are the whole, and no job is in two."""

    number: int
    """Counted from 1."""
    of: int
    """How many parts there are."""

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    def part(self, plan: Plan) -> Plan:
        """Keep this part of a plan: finetunes, each with the evaluations that need it. A base is a part's alone.

        It depends on the plan and nothing else: not on the machine, nor on what is done. Adapters are dealt out in
        turn, so that each part has about as many of every model.
        """
        adapters = list(dict.fromkeys(job.adapter_key for job in plan.jobs))
        ours = set(adapters[self.number - 1 :: self.of])
        return replace(plan, jobs=tuple(job for job in plan.jobs if job.adapter_key in ours))


def read_shard(text: str) -> Shard:
    """Read which part is meant: `3/16` is the third of sixteen.

    Raises:
        SpilloverError: it is none.

    >>> str(read_shard("3/16"))
    '3/16'
    """
    match = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text)
    if match is None:
        raise SpilloverError(f"{text!r} is no shard", where="--shard", hint="write NUMBER/OF, such as 3/16")
    number, of = int(match[1]), int(match[2])
    if not 1 <= number <= of:
        hint = "shards are counted from 1 to the number of them: sbatch --array=1-16, --shard $SLURM_ARRAY_TASK_ID/16"
        raise SpilloverError(f"{text!r} is no shard: there is no number {number} of {of}", where="--shard", hint=hint)
    return Shard(number=number, of=of)
