"""Where a model's files are and what identifies them. Free of torch, so that planning needs none."""

from __future__ import annotations

from pathlib import Path

from spillover.core.errors import ModelError
from spillover.core.hub import newest_commit
from spillover.core.keys import content_key, hash_file, hash_folder
from spillover.models.settings import TINY, ModelSettings
from spillover.models.tiny import CHECKPOINT

MODEL_FILES = (".safetensors", ".json", ".jinja", ".txt", ".model")


def locate_model(settings: ModelSettings) -> Path | str:
    """Find the folder of a model, or its name on the hub.

    Raises:
        ModelError: the path looks like a folder and there is none.
    """
    if settings.path == TINY:
        return CHECKPOINT
    folder = Path(settings.path).expanduser()
    if folder.is_dir():
        return folder
    if settings.path.startswith((".", "/", "~")) or settings.path.count("/") != 1:
        raise ModelError(
            f"there is no model folder {settings.path!r}",
            hint="give a folder that exists, a hub name such as Qwen/Qwen2.5-VL-3B-Instruct, or tiny",
        )
    return settings.path


def _own_code(settings: ModelSettings, folder: Path) -> dict[str, str]:
    """What a folder's own code is, where it may run: files beside and below, since one may import another."""
    code = sorted(folder.rglob("*.py")) if settings.trust_remote_code else []
    return {"code": content_key([[str(file.relative_to(folder)), hash_file(file)] for file in code])} if code else {}


def pin_revision(settings: ModelSettings) -> ModelSettings:
    """Pin a hub model to its current commit; local models are known by their content.

    Raises:
        HubError: the hub cannot be reached or has no such model.
    """
    if settings.revision is not None or isinstance(locate_model(settings), Path):
        return settings
    return settings.model_copy(update={"revision": newest_commit(settings.path, "model")})


def model_identity(settings: ModelSettings) -> dict[str, str | int | None]:
    """Everything about a model's files that changes its answers.

    Raises:
        ModelError: the model cannot be found.
    """
    place = locate_model(settings)
    identity: dict[str, str | int | None] = {
        "precision": settings.precision,
        "minimum_pixels": settings.minimum_pixels,
        "maximum_pixels": settings.maximum_pixels,
    }
    if settings.quantisation == "4bit":
        identity["quantisation"] = settings.quantisation
    if isinstance(place, Path):
        return identity | {"content": hash_folder(place, MODEL_FILES)} | _own_code(settings, place)
    return identity | {"hub": place, "revision": settings.revision}
