"""Training sets that keep the dress of a task and take its perception away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from spillover.analysis.answers import ONE_LETTER
from spillover.core.errors import TaskError
from spillover.core.keys import seeded_generator
from spillover.models.encoding import Encoded


def shuffle_answers(encoded: Sequence[Encoded], source: str) -> list[Encoded]:
    """Permute the answers among examples with the same options: same letters as often, and nothing to be seen."""
    rng = seeded_generator("shuffled", source, len(encoded))
    groups: dict[tuple[str, ...], list[int]] = {}
    for index, each in enumerate(encoded):
        groups.setdefault(each.prompt.options, []).append(index)
    shuffled = list(encoded)
    for group in groups.values():
        for index, other in zip(group, rng.permutation(group).tolist(), strict=True):
            shuffled[index] = _answering(encoded[index], encoded[other].prompt.answer)
    return shuffled


def take_answers(encoded: Sequence[Encoded], given: Sequence[str | None], source: str) -> list[Encoded]:
    """Replace the answers by those that the base gives itself: nothing is taught but the dress.

    Args:
        encoded: the source's training examples.
        given: what the base answers to each; None or "" where it gives no answer.
        source: the task's name, for errors.

    Raises:
        TaskError: the base gives one answer to nearly everything, so that the control would teach this collapse, or it
            gives none.
    """
    answer, count = Counter(given).most_common(1)[0]
    share = count / len(given)
    remedy = f"leave {source} out: controls: [{{kind: own, sources: [...]}}], or use kind: shuffled"
    if share >= ONE_LETTER:
        raise TaskError(
            f"no control of kind own for {source}: the base answers {answer or 'nothing'} to {share:.0%} of its "
            "training examples, so the control would teach that collapse",
            hint=remedy,
        )
    if empty := sum(not each for each in given):
        raise TaskError(
            f"no control of kind own for {source}: the base gives no answer to {empty} of its {len(given)} training "
            "examples",
            hint=remedy,
        )
    return [_answering(each, answer or "") for each, answer in zip(encoded, given, strict=True)]


def _answering(encoded: Encoded, answer: str) -> Encoded:
    return replace(encoded, prompt=replace(encoded.prompt, answer=answer))
