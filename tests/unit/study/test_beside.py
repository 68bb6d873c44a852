"""What a study's folder says beside its scores, and how its scores carry its analysis."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from tests.conftest import small_study
from tests.unit.study.made_up import outcome
from tests.unit.study.test_updates import write_adapter

import spillover
from spillover.core.errors import AnalysisError, StoreError
from spillover.core.scores import Score, table_from_scores
from spillover.study.beside import read_beside
from spillover.study.labelled import LOG_SCHEMA
from spillover.study.opening import open_study
from spillover.study.overlap import Overlap, keep_overlap, warn_of_overlap
from spillover.study.plan import plan_study
from spillover.study.results import read_study
from spillover.study.resume import pending
from spillover.study.store import Outcome, Store
from spillover.study.together import analyze_results

OVERLAP = Overlap(source="Relative_Depth", target="Visual_Similarity", examples=3, of=40, pairs=(("a", "b"),))


def scored_study(folder, **changes):
    """A study whose every answer is right after training and wrong before."""
    study = small_study(folder, **changes)
    plan = plan_study(study, open_study(study))
    store = Store(Path(study.output))
    store.begin(plan)
    for job in plan.evaluations:
        store.record(right_answers(job), {})
    return study, folder


def right_answers(job):
    """After training, but for every fourth."""
    rows = [
        Score(
            model=job.model,
            adapter_key=job.adapter_key,
            source=job.source,
            seed=job.seed,
            protocol=question.protocol,
            target=question.target,
            target_key=question.target_key,
            example=str(index),
            score=float(job.source != "base" and index % 4 > 0),
            answer="(A)",
            answer_given="(A)",
        )
        for question in job.questions
        for index in range(8)
    ]
    return Outcome(job=job, duration_s=1.0, scores=table_from_scores(rows))


def test_scores_are_analysed_as_their_study_says(tmp_path):
    analysis = {"ceiling": 0.75, "replicates": 0, "permutations": 0}
    _, folder = scored_study(tmp_path / "a", analysis=analysis)
    findings = spillover.analyze(spillover.read_scores(folder))
    assert findings.models[0].base["Relative_Depth"].ceiling == 0.75
    assert findings.models[0].matrix.value("Relative_Depth", "Visual_Similarity") == 1.0
    assert findings.provenance["settings"]["replicates"] == 0
    assert findings.provenance["task_facts"] != "BLINK's catalogue, by name"
    described = findings.to_json()["models"][0]["base"]["Relative_Depth"]
    assert described["ceiling"] == 0.75


def test_given_settings_go_before_those_that_scores_carry(tmp_path):
    _, folder = scored_study(tmp_path / "a", analysis={"ceiling": 0.75})
    settings = spillover.AnalysisSettings(replicates=0, permutations=0)
    findings = spillover.analyze(spillover.read_scores(folder), settings)
    assert findings.models[0].base["Relative_Depth"].ceiling == 1.0


def test_scores_with_different_settings_are_not_mixed(tmp_path):
    folders = [
        scored_study(tmp_path / name, analysis={"ceiling": ceiling})[1] for name, ceiling in (("a", 1), ("b", 0.9))
    ]
    with pytest.raises(AnalysisError, match=r"different settings of analysis: ceiling is 1.0 or 0.9"):
        spillover.analyze({folder.name: spillover.read_scores(folder) for folder in folders})


def test_studies_with_different_settings_are_told_which(tmp_path):
    folders = [
        scored_study(tmp_path / name, name=name, analysis=settings)[1]
        for name, settings in (("a", {"confidence": 0.9}), ("b", {"replicates": 9}))
    ]
    with pytest.raises(AnalysisError, match=r"analysis: confidence is 0\.9 or 0\.95; replicates is 2000 or 9\n"):
        analyze_results([read_study(folder) for folder in folders])


def test_what_overlaps_is_warned_of_in_the_findings(tmp_path):
    study, folder = scored_study(tmp_path / "a")
    keep_overlap(folder, study, [OVERLAP])
    settings = spillover.AnalysisSettings(replicates=0, permutations=0)
    beside = spillover.read_beside(folder)
    warnings = spillover.analyze(spillover.read_scores(folder), settings, beside=beside).models[0].warnings
    (warned,) = [each for each in warnings if each.kind == "overlap"]
    assert warned.tasks == ("Visual_Similarity",)
    assert "3 of its 40 examples show an image that Relative_Depth trains on" in warned.text


def test_what_overlapped_before_the_study_changed_is_not_warned_of(tmp_path):
    study, folder = scored_study(tmp_path / "a")
    keep_overlap(folder, study, [OVERLAP])
    limited = study.model_copy(update={"evaluation": study.evaluation.model_copy(update={"limit": 5})})
    assert list(warn_of_overlap(folder, limited)) == []


@pytest.mark.parametrize("text", ["{", "[]", '{"of": OF}', '{"of": OF, "overlaps": [{"source": 1}]}'])
def test_a_broken_list_of_overlaps_is_told(tmp_path, text):
    study, folder = scored_study(tmp_path / "a")
    keep_overlap(folder, study, [])
    known = json.loads((folder / "overlap.json").read_text())["of"]
    (folder / "overlap.json").write_text(text.replace("OF", json.dumps(known)))
    with pytest.raises(StoreError, match="cannot read what overlaps"):
        list(warn_of_overlap(folder, study))


HARMS = {
    "adapter": lambda adapter, _: (adapter / "adapter_config.json").write_bytes(b"2"),
    "no adapter": lambda adapter, _: shutil.rmtree(adapter),
    "log": lambda _, log: log.write_bytes(log.read_bytes()[:1000]),
    "a bit of the log": lambda _, log: log.write_bytes(log.read_bytes()[:10] + b"\0" + log.read_bytes()[11:]),
    "no log": lambda _, log: log.unlink(),
}


def trained_study(folder, **changes):
    """A study that is scored, and whose adapters and logs are there."""
    study, folder = scored_study(folder, analysis={"replicates": 0, "permutations": 0}, **changes)
    plan, store = plan_study(study, open_study(study)), Store(folder)
    for job in plan.finetunes:
        _train(store, job)
    return plan, store


def _train(store, job, **changes):
    store.record(replace(outcome(job), **changes), {})
    place = store.adapter(job.adapter_key, job.steps[-1])
    shutil.rmtree(place)
    write_adapter(place)


def _warnings(folder):
    (model,) = read_beside(folder).values()
    return model.warnings


@pytest.mark.parametrize("harm", HARMS)
def test_an_adapter_or_log_that_is_lost_is_told_and_had_again_as_is_advised(tmp_path, harm):
    plan, store = trained_study(tmp_path / "a")
    whole = spillover.analyze_study(store.folder).models[0]
    assert not _warnings(store.folder)
    job = plan.finetunes[0]
    HARMS[harm](store.adapter(job.adapter_key, job.steps[-1]), store.folder / "logs" / f"{job.key}.parquet")
    (warned,) = _warnings(store.folder)
    kind = "damaged_log" if "log" in harm else "damaged_adapter"
    assert (warned.kind, warned.tasks) == (kind, (job.source,))
    assert f"{'gone' if harm.startswith('no') else 'damaged'}, so its" in warned.text
    harmed = spillover.analyze_study(store.folder).models[0]
    assert warned in harmed.warnings
    assert (harmed.training == whole.training) == (kind != "damaged_log")
    assert pending(plan, store) == []
    for name in re.findall(r"rm -r (.*);", warned.text)[0].split():
        place = store.folder / name
        shutil.rmtree(place) if place.is_dir() else place.unlink()
    again = pending(plan, store)
    assert [each.label for each in again] == [job.label, job.label.replace("finetune", "evaluate")]
    _train(store, job)
    store.record(right_answers(again[1]), {})
    assert not _warnings(store.folder)
    assert spillover.analyze_study(store.folder).models[0].training == whole.training


def test_of_many_adapters_that_are_gone_the_first_are_told(tmp_path):
    plan, store = trained_study(tmp_path / "a", seeds=(0, 1, 2))
    shutil.rmtree(store.folder / "adapters")
    warned = _warnings(store.folder)
    assert [each.kind for each in warned] == ["damaged_adapter"] * 4
    assert warned[-1].text == f"{len(plan.finetunes) - 3} more adapters are damaged or gone"


def test_an_adapter_of_before_there_were_sums_that_cannot_be_read_is_told(tmp_path):
    plan, store = trained_study(tmp_path / "a")
    job = plan.finetunes[0]
    (store.adapter(job.adapter_key, job.steps[-1]) / "adapter_config.json").write_text("{}")
    assert [each.kind for each in _warnings(store.folder)] == ["damaged_adapter"]


def test_the_log_of_a_training_of_which_other_checkpoints_were_kept_is_its_log(tmp_path):
    training = {"examples": 64, "epochs": 1, "learning_rate": 3e-3, "checkpoints": [0.5, 1.0]}
    before, store = trained_study(tmp_path / "a", training=training)
    study, _ = scored_study(tmp_path / "a", analysis={"replicates": 0, "permutations": 0})
    after = plan_study(study, open_study(study))
    assert {job.key for job in after.finetunes}.isdisjoint(job.key for job in before.finetunes)
    assert not _warnings(store.folder)


def test_a_smaller_dose_is_not_called_unequal_for_its_fewer_steps(tmp_path):
    half = {"name": "half", "mixture": {"parts": {"Relative_Depth": 64}, "dose": 0.5}}
    study, folder = scored_study(tmp_path / "a", sources=["Relative_Depth", "Visual_Similarity", half])
    plan, store = plan_study(study, open_study(study)), Store(folder)

    def train(steps):
        for job in plan.finetunes:
            made = outcome(job)
            log = pa.concat_tables([made.log] * steps[job.source])
            place = store.adapter(job.adapter_key, job.steps[-1])
            shutil.rmtree(place, ignore_errors=True)  # else it keeps its log
            store.record(replace(made, log=log), {})
            shutil.rmtree(place)
            write_adapter(place)
        (model,) = read_beside(folder).values()
        return [warned.text for warned in model.warnings if warned.kind == "unequal_training"]

    assert not train({"Relative_Depth": 2, "Visual_Similarity": 2, "half": 1})
    assert train({"Relative_Depth": 2, "Visual_Similarity": 3, "half": 1}) == [
        "sources were not trained alike: steps is 2 for Relative_Depth, 3 for Visual_Similarity"
    ]


def test_the_logs_of_finetunes_are_told_as_curves_though_their_adapters_are_gone(tmp_path):
    study, folder = scored_study(tmp_path / "a", analysis={"replicates": 0, "permutations": 0})
    plan, store = plan_study(study, open_study(study)), Store(folder)
    (first, *_) = plan.finetunes
    made = outcome(first)
    store.record(made, {})
    shutil.rmtree(folder / "adapters")
    (model,) = read_beside(folder).values()
    (curve,) = model.training
    assert (curve.source, curve.seed) == (first.source, first.seed)
    assert list(curve.loss) == made.log["loss"].to_pylist()
    assert spillover.analyze_study(folder).models[0].training == (curve,)


def test_a_log_that_unpacks_without_end_is_not_read(tmp_path, monkeypatch):
    plan, store = trained_study(tmp_path / "a")
    job = plan.finetunes[0]
    log = pa.table({name: np.zeros(1_000_000, np.float32) for name in LOG_SCHEMA.names})
    file = store.folder / "logs" / f"{job.key}.parquet"
    file.unlink()
    shutil.rmtree(store.folder / "adapters" / job.adapter_key)  # a log is of the training whose adapter is there
    _train(store, job, log=log)
    assert file.stat().st_size < 20_000
    told = [each.kind for each in _warnings(store.folder)]
    assert told == ["unequal_training"] * 2  # it was read: its steps and learning rate are others
    monkeypatch.setattr("spillover.core.parquet.FREE_BYTES", 1 << 20)
    assert [each.kind for each in _warnings(store.folder)] == ["damaged_log"]
