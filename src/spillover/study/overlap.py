"""Is anything that a study asks about already in what it trains on? The same images, or nearly, source by target."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from spillover.analysis.warned import Warned
from spillover.core.errors import StoreError
from spillover.core.files import read_file, write_atomically
from spillover.core.json_text import parse_json
from spillover.core.keys import content_key
from spillover.study.opening import StudyTasks, open_study
from spillover.study.study import Study
from spillover.tasks.fingerprints import fingerprint_examples, match_fingerprints

KEPT_IN = "overlap.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """Examples of a target with an image that is nearly one of a source's training images."""

    source: str
    target: str
    examples: int
    """So many of the target's evaluation examples."""
    of: int
    """Of so many that are asked."""
    pairs: tuple[tuple[str, str], ...]
    """(training example, evaluation example)."""

    def __str__(self) -> str:
        trained, asked = self.pairs[0]
        text = f"{self.source} → {self.target}: {self.examples} of {self.of} examples show an image that is trained on"
        return f"{text}, such as {asked} (as in {trained})"


def find_overlap(study: Study, on_task: Callable[[str], None] = lambda _: None) -> list[Overlap]:
    """Look for near-duplicate images between every source's training set and every target's evaluation set.

    What transfers to such a target may be remembered rather than seen. Nothing is trained.

    Args:
        study: as loaded from its file.
        on_task: called with each task's name before its images are read.

    Returns:
        Only the pairs that overlap, those with the largest share first.

    Raises:
        StudyError: the study has faults.
        TaskError: an image cannot be read.
    """
    opened = open_study(study)
    asked = {}
    for data in opened.targets:
        on_task(data.task.name)
        asked[data.task.name] = fingerprint_examples(data.read("validation", study.evaluation.limit))
    found: list[Overlap] = []
    for data in opened.sources:
        on_task(data.task.name)
        trained = fingerprint_examples(data.read("train", study.training.examples))
        for target, prints in asked.items():
            if pairs := match_fingerprints(trained, prints):
                found.append(
                    Overlap(
                        source=data.task.name,
                        target=target,
                        examples=len(pairs),
                        of=len(prints.examples),
                        pairs=tuple(pairs),
                    )
                )
    return sorted(found, key=_share)


def find_same_images(study: Study, tasks: StudyTasks) -> list[Overlap]:
    """Look for the very images that a study both trains on and asks about, by the hashes that its plan has taken.

    Near-duplicates, and images that the embedded suite draws, take `find_overlap`.

    Args:
        study: how many examples it takes.
        tasks: its own, opened.

    Returns:
        As `find_overlap`.

    Complexity: O(images).
    """
    trained: dict[str, dict[str, str]] = {}
    for data in tasks.sources:
        for example, image in _each(data.images("train", study.training.examples)):
            trained.setdefault(image, {}).setdefault(data.task.name, example)
    found: list[Overlap] = []
    for data in tasks.targets:
        asked = data.images("validation", study.evaluation.limit)
        pairs: dict[str, dict[str, str]] = {}
        for example, image in _each(asked):
            for source, taught in trained.get(image, {}).items():
                pairs.setdefault(source, {}).setdefault(example, taught)
        for source, same in pairs.items():
            listed = tuple((taught, example) for example, taught in same.items())
            found.append(Overlap(source=source, target=data.task.name, examples=len(same), of=len(asked), pairs=listed))
    return sorted(found, key=_share)


def _each(images: Mapping[str, Iterable[str]]) -> Iterator[tuple[str, str]]:
    return ((example, image) for example, digests in images.items() for image in digests)


def _share(overlap: Overlap) -> float:
    """What is sorted by, so that the largest share stands first."""
    return -overlap.examples / overlap.of


def keep_overlap(folder: Path, study: Study, found: Sequence[Overlap]) -> None:
    """Keep what was found in a study's folder, where its analysis and report will warn of it.

    Raises:
        StoreError: the folder cannot be written.
    """
    about = {"of": _asked(study), "overlaps": [asdict(overlap) for overlap in found]}
    write_atomically(folder / KEPT_IN, json.dumps(about, indent=1, ensure_ascii=False))


def warn_of_overlap(folder: Path, study: Study) -> Iterator[Warned]:
    """Warn of what `keep_overlap` kept, unless the study's tasks or examples have changed since.

    Raises:
        StoreError: the file was changed so that it cannot be read.
    """
    file = folder / KEPT_IN
    if not file.is_file():
        return
    try:
        about = parse_json(read_file(file))
        found = [Overlap(**overlap) for overlap in about["overlaps"]] if about["of"] == _asked(study) else []
        shares = [(each, f"{each.examples} of its {each.of} examples") for each in found]
    except (OSError, ValueError, TypeError, KeyError) as error:
        hint = "remove it, or give spillover tasks overlap again"
        raise StoreError(f"cannot read what overlaps: {error}", where=str(file), hint=hint) from error
    for each, share in shares:
        text = f"{each.target}: {share} show an image that {each.source} trains on, or nearly so"
        yield Warned(kind="overlap", tasks=(each.target,), text=f"{text}; what transfers may be remembered, not seen")


def _asked(study: Study) -> str:
    """A hash of what decides which images are trained on and asked about."""
    about = study.model_dump(mode="json", include={"tasks", "sources", "targets"})
    return content_key({**about, "examples": study.training.examples, "limit": study.evaluation.limit})
