"""The Hugging Face hub, as far as planning needs it: which commit a name stands at."""

from __future__ import annotations

from typing import Literal

from spillover.core.errors import HubError


def newest_commit(name: str, kind: Literal["model", "dataset"]) -> str | None:
    """Look up the commit that a repository of the hub stands at now.

    Raises:
        HubError: the hub cannot be reached, or has no such repository.
    """
    from huggingface_hub import HfApi  # noqa: PLC0415 (loaded only where a hub is used)
    from huggingface_hub.errors import HfHubHTTPError  # noqa: PLC0415

    # what the hub answers, and what its client's transport raises when nothing answers, share the client's own base
    known: list[type[Exception]] = [HfHubHTTPError, OSError, ValueError]
    known += [base for base in HfHubHTTPError.__mro__ if base.__name__ == "HTTPError"]
    look_up = {"model": HfApi().model_info, "dataset": HfApi().dataset_info}[kind]
    try:
        return look_up(name).sha
    except tuple(known) as error:
        raise HubError(
            f"cannot look up the {kind} {name!r} on the hub: {type(error).__name__}",
            hint="pin a commit with revision: in the study file, or give a local folder",
        ) from error
