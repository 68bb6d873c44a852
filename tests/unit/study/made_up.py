"""Results of jobs that nobody did, so that keeping and reading them can be tested without a model."""

import pyarrow as pa

from spillover.core.scores import Score, table_from_scores
from spillover.study.plan import Evaluate
from spillover.study.store import Outcome

EXAMPLES = 8


def answers(job):
    """Every third answer of the base is right, and every second of the others'."""
    step = 3 if job.source == "base" else 2
    return table_from_scores(
        Score(
            model=job.model,
            adapter_key=job.adapter_key,
            source=job.source,
            control=job.control,
            seed=job.seed,
            fraction=job.fraction,
            protocol=question.protocol,
            target=question.target,
            target_key=question.target_key,
            example=str(number),
            score=float(number % step == 0),
            answer="(A)",
            answer_given="(A)" if number % step == 0 else "(B)",
            options=("(A)", "(B)"),
        )
        for question in job.questions
        for number in range(EXAMPLES)
    )


def outcome(job):
    if isinstance(job, Evaluate):
        return Outcome(job=job, duration_s=1.0, scores=answers(job))
    log = pa.table({"step": [1], "loss": [1.0], "learning_rate": [0.1], "gradient_norm": [2.0]})
    files = {"adapter_config.json": b"1", "adapter_model.safetensors": (2).to_bytes(8, "little") + b"{}"}
    return Outcome(job=job, duration_s=1.0, adapters=dict.fromkeys(job.steps, files), log=log)


def record_evaluations(store, plan, leave_out=lambda _: False):
    """Keep made-up scores of a plan, but for some of its jobs."""
    for job in plan.evaluations:
        if not leave_out(job):
            store.record(outcome(job), {"torch": "x"})
