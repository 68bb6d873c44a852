"""Curves for TensorBoard are those of the log, and are read back by its own reader."""

from pathlib import Path
from unittest.mock import Mock

import pytest
from tests.conftest import small_study

from spillover.core.errors import ModelError
from spillover.study.plan import Finetune
from spillover.study.preparing import prepare
from spillover.study.run import carry_out
from spillover.study.tracking import run_folder
from spillover.study.work import LOG_COLUMNS, start_worker


def test_without_the_package_a_run_is_refused_before_it_begins(tmp_path, monkeypatch):
    monkeypatch.setattr("spillover.study.devices.find_spec", lambda _: None)
    prepared = prepare(small_study(tmp_path / "small", executor={"tensorboard": True}))
    with pytest.raises(ModelError, match=r"tensorboard needs TensorBoard: pip install '\.\[tensorboard\]'"):
        carry_out(prepared, lambda _: None)
    assert not prepared.store.folder.exists()


def test_every_finetune_has_a_place_of_its_own_that_leads_nowhere_else():
    jobs = [
        Finetune(model=model, source=source, control=control, seed=seed, adapter_key=key * 32, steps=(1,))
        for model, source, control, seed, key in (
            ("org/m", "../x", None, 0, "a"),
            ("org/m", "../x", "shuffled", 0, "b"),
            ("org/m", ".._x", None, 0, "c"),
        )
    ]
    places = [run_folder(job, Path("study")) for job in jobs]
    assert len(set(places)) == 3
    assert all(place.parent == Path("study/tensorboard/org_m") and ".." not in place.name for place in places)


def test_the_curves_are_those_of_the_log(tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    study = small_study(tmp_path / "small", executor={"tensorboard": True, "feature_cache_gb": 0})
    plan = prepare(study).plan
    job = plan.finetunes[0]
    for _ in range(2):  # the second attempt replaces the first
        log = start_worker(plan.study, "cpu")(job, None, Mock(stopping=False)).log
    curves = EventAccumulator(str(run_folder(job, tmp_path / "small")))
    curves.Reload()
    assert set(curves.Tags()["scalars"]) == set(LOG_COLUMNS) - {"step"}
    for name in curves.Tags()["scalars"]:
        points = curves.Scalars(name)
        assert [point.step for point in points] == log["step"].to_pylist()
        assert [point.value for point in points] == pytest.approx(log[name].to_pylist(), rel=1e-6)
