"""What many tests share: the tiny model, loaded once, and small studies."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from spillover.study.study import Study

if (
    signal.getsignal(signal.SIGINT) is signal.SIG_IGN
):  # as in a background job: what tests start would be deaf to Ctrl-C
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What is kept for other runs stays out of the user's own folder."""
    os.environ["SPILLOVER_CACHE"] = str(tmp_path_factory.mktemp("cache"))


def small_study(folder: Path, **changes: Any) -> Study:
    """A study of seconds: two tasks, few examples."""
    settings: dict[str, Any] = {
        "name": "small",
        "models": [{"path": "tiny"}],
        "tasks": [{"kind": "perception", "names": ["Relative_Depth", "Visual_Similarity"], "examples": 40}],
        "training": {"examples": 64, "epochs": 1, "learning_rate": 3e-3},
        "output": str(folder),
    }
    return Study.model_validate(settings | changes)


@pytest.fixture(scope="session")
def base() -> Any:
    """The tiny model."""
    import torch

    from spillover.models.base import load_base
    from spillover.models.settings import ModelSettings

    torch.set_num_threads(1)
    return load_base(ModelSettings(precision="float32"))


@pytest.fixture(scope="session")
def encoded(base: Any) -> list[Any]:
    """Forty prompts of two tasks, of one and of several images, encoded."""
    from itertools import islice

    from spillover.models.encoding import encode_prompts
    from spillover.tasks.perception.suite import draw_examples

    examples = [
        example
        for name in ("Relative_Depth", "Visual_Similarity")
        for example in islice(draw_examples(name, "train"), 20)
    ]
    return encode_prompts(base, [example.as_prompt() for example in examples])


@pytest.fixture(scope="session")
def cluster() -> Iterator[Any]:
    """A Ray cluster of three nodes on this machine: a head that takes no jobs, and two with a core each.

    One of these says that it has two GPUs, which nothing touches.
    """
    from ray.cluster_utils import Cluster

    root = Path(__file__).parents[1]
    os.environ["PYTHONPATH"] = os.pathsep.join([str(root / "src"), str(root), os.environ.get("PYTHONPATH", "")])
    memory = {"object_store_memory": 100 << 20}
    started = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False, **memory})
    for gpus in (0, 2):
        started.add_node(num_cpus=1, num_gpus=gpus, **memory)
    yield started
    started.shutdown()
