"""The Hugging Face hub, as far as we ask it ourselves: which commit a name stands at, and a model's small files."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from spillover.core.errors import HubError

log = logging.getLogger(__name__)


def newest_commit(name: str, kind: Literal["model", "dataset"]) -> str | None:
    """Look up the commit that a repository of the hub stands at now; without network, the newest that was fetched.

    Raises:
        HubError: the hub has no such repository, or it cannot be reached and nothing was fetched before.
    """
    from huggingface_hub import HfApi  # noqa: PLC0415 (loaded only where a hub is used)

    look_up = {"model": HfApi().model_info, "dataset": HfApi().dataset_info}[kind]
    try:
        return look_up(name).sha
    except _known() as error:
        if fetched := _fetched_commit(name, kind):
            log.warning(
                "the hub cannot be asked for %s (%s): its commit %s is here", name, type(error).__name__, fetched
            )
            return fetched
        there = "" if "/" in name else f"there is no folder {name!r}, and "
        of_kind = "--repo-type dataset " if kind == "dataset" else ""
        fetch = f"where the hub can be reached: hf download {of_kind}{name}; or give a local folder"
        raise HubError(
            f"{there}cannot look up the {kind} {name!r} on the hub: {type(error).__name__}",
            hint=fetch if "/" in name else "give a folder that exists, or a name of the hub: OWNER/NAME",
        ) from error


def _fetched_commit(name: str, kind: Literal["model", "dataset"]) -> str | None:
    from huggingface_hub import snapshot_download  # noqa: PLC0415 (loaded only where a hub is used)

    try:
        return Path(snapshot_download(name, repo_type=kind, local_files_only=True)).name
    except _known():
        return None


def download_small_files(name: str, revision: str | None, endings: Sequence[str]) -> Path:
    """Fetch those files of a model whose names end so, or find them where they were fetched before.

    Returns:
        The folder that they are in.

    Raises:
        HubError: the hub cannot be reached, or has no such model.
    """
    from huggingface_hub import snapshot_download  # noqa: PLC0415 (loaded only where a hub is used)

    try:
        newest_commit(name, "model")
        offline = False
    except HubError:  # asked first, since downloading would try again and again
        offline = True
    patterns = [f"*{ending}" for ending in endings]
    try:
        return Path(snapshot_download(name, revision=revision, allow_patterns=patterns, local_files_only=offline))
    except _known() as error:
        raise HubError(
            f"cannot fetch the configuration of {name!r} from the hub: {type(error).__name__}",
            hint=f"where the hub can be reached: hf download {name} --exclude '*.safetensors' --local-dir FOLDER; copy "
            "the folder here and give path: FOLDER",
        ) from error


def _known() -> tuple[type[Exception], ...]:
    """What the hub answers, and what its client's transport raises when nothing does, which share a base."""
    from huggingface_hub.errors import HfHubHTTPError  # noqa: PLC0415 (loaded only where a hub is used)

    transport = [base for base in HfHubHTTPError.__mro__ if base.__name__ == "HTTPError"]
    return (HfHubHTTPError, OSError, ValueError, *transport)
