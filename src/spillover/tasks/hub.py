"""Datasets of the Hugging Face hub, through `datasets` (an extra): rows as they are stored, images left encoded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from spillover.core.errors import TaskError
from spillover.core.hub import newest_commit
from spillover.tasks.rows import PlacedRow


def read_hub_rows(dataset: str, config: str | None, split: str, revision: str | None) -> Iterator[PlacedRow]:
    """Read the rows of one split, downloaded or from `datasets`' cache.

    Args:
        dataset: its name on the hub, or a local folder in the same layout.
        config: one of its configurations; None for its default.
        split: such as `train` or `val`.
        revision: the commit; None for the newest.

    Raises:
        TaskError: `datasets` is not installed, the hub cannot be reached, or there is no such dataset, configuration
            or split.
    """
    loaded = _load(dataset, config, split, revision)
    labels = {name: feature for name, feature in loaded.features.items() if hasattr(feature, "int2str")}
    place = f"{dataset}{f' {config}' if config else ''}, split {split}"
    number = 0
    for batch in loaded.with_format("arrow").iter(batch_size=64):
        for row in batch.to_pylist():
            number += 1
            for name, feature in labels.items():
                if row[name] is not None and row[name] >= 0:
                    row[name] = feature.int2str(row[name])
            yield f"{place}, row {number}", row


def _load(dataset: str, config: str | None, split: str, revision: str | None) -> Any:
    try:
        from datasets import load_dataset, load_from_disk  # noqa: PLC0415 (an extra, and slow to load)
        from datasets.exceptions import DatasetsError  # noqa: PLC0415
    except ImportError as error:
        raise TaskError(
            f"{dataset!r} is read through the package `datasets`, which is not installed",
            hint="pip install '.[hub]' in spillover's clone, or give a local folder",
        ) from error
    try:
        if (Path(dataset).expanduser() / "state.json").is_file():
            return _named(load_from_disk(str(Path(dataset).expanduser())), dataset, split)
        return load_dataset(dataset, config, split=split, revision=revision)
    except (OSError, ValueError, DatasetsError) as error:
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise TaskError(
            f"cannot load the split {split!r} of {dataset!r}: {reason[0]}",
            hint="check the names of dataset, config and split, and that the hub can be reached, or give a folder",
        ) from error


def _named(saved: Any, dataset: str, split: str) -> Any:
    """A single split that `datasets` saved, to be asked for by its name; without one it is train."""
    name = str(saved.split or "train")
    if name != split:
        hint = f"write train: {name} or validation: {name}"
        raise TaskError(f"there is one split in the folder, {name!r}, not {split!r}", where=dataset, hint=hint)
    return saved


def pin_dataset(dataset: str, revision: str | None) -> str | None:
    """Look up the commit that a hub dataset stands at; local folders are known by their content, and have none.

    Raises:
        HubError: the hub cannot be reached or has no such dataset.
    """
    if revision is not None or Path(dataset).expanduser().is_dir():
        return revision
    return newest_commit(dataset, "dataset")
