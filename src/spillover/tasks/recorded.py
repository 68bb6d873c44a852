"""A task whose examples were written down somewhere: in files, or in a dataset of the Hugging Face hub."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from spillover.core.errors import TaskError
from spillover.core.keys import content_key
from spillover.tasks.perception.suite import Split
from spillover.tasks.sound import check_images
from spillover.tasks.task import Example, Task


class Reader(Protocol):
    """Reads the first examples of one split; None reads all there are."""

    def __call__(self, count: int | None) -> list[Example]:
        """Read them.

        Raises:
            TaskError: an example is broken, or there is none.
        """
        ...


@dataclass(frozen=True, eq=False, kw_only=True)
class RecordedTask:
    """A task whose examples are read from where they were written down."""

    task: Task
    train: Reader | None
    """None where there is nothing to train on."""
    validation: Reader | None
    """None where there is nothing to evaluate on."""
    _hashes: dict[tuple[Split, int | None], str] = field(default_factory=dict, init=False, repr=False)
    """Of what was read; a study's plan asks for each several times."""
    _images: dict[tuple[Split, int | None], dict[str, frozenset[str]]] = field(
        default_factory=dict, init=False, repr=False
    )
    """Digests of each example's images, which are taken for the hash."""
    _sizes: dict[tuple[Split, int | None], int] = field(default_factory=dict, init=False, repr=False)
    """How much was read."""

    def offers(self, split: Split) -> bool:
        """Whether there is anything to read."""
        return self._reader(split) is not None

    def read(self, split: Split, count: int | None) -> list[Example]:
        """Read the first examples of a split."""
        reader = self._reader(split)
        if reader is None:
            raise TaskError(f"the task {self.task.name} has no {split} examples", hint=f"add {split}: FILE to it")
        examples = reader(count)
        if split == "train" and count is not None and len(examples) < count:
            raise TaskError(
                f"the task {self.task.name} has {len(examples)} training examples, fewer than {count}",
                hint="lower training.examples: every source is trained on the same number",
            )
        self._sizes[split, count] = len(examples)
        return examples

    def size(self, split: Split, count: int | None) -> int:
        """How many examples were read, or else are."""
        if (split, count) not in self._sizes:
            self.read(split, count)
        return self._sizes[split, count]

    def identity(self, split: Split, count: int | None) -> Any:
        """A hash of everything that a model is shown and told, wherever it was read from."""
        if not self.offers(split):
            return None
        if (split, count) not in self._hashes:
            self._hash(split, count, self.read(split, count))
        return {"examples": self._hashes[split, count], "split": split}

    def check(self, split: Split, count: int | None) -> None:
        """Read every example, see that what is to be chosen from has choices, and that every image can be decoded."""
        examples = self.read(split, count)
        for example in examples:
            if split == "validation" and self.task.metric == "accuracy" and not example.choices:
                raise TaskError(
                    f"the example {example.id} of {self.task.name} has no choices, and the task is one of choosing",
                    hint="add choices to it, or leave it out",
                )
        check_images(image for example in examples for image in example.images)
        self._hash(split, count, examples)

    def images(self, split: Split, count: int | None) -> Mapping[str, frozenset[str]]:
        """Digests of the images of every example, by its id."""
        self.identity(split, count)
        return self._images.get((split, count), {})

    def _hash(self, split: Split, count: int | None, examples: Sequence[Example]) -> None:
        """Hash ids, texts, answers and images, in order."""
        described = [example.describe() for example in examples]
        self._hashes[split, count] = content_key(described)
        self._images[split, count] = {each.id: frozenset(each.images) for each in described}

    def _reader(self, split: Split) -> Reader | None:
        return self.train if split == "train" else self.validation
