"""What a study's folder says beside its scores, and how its scores carry its analysis."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from tests.conftest import small_study

import spillover
from spillover.core.errors import AnalysisError, StoreError
from spillover.core.scores import Score, table_from_scores
from spillover.study.beside import read_beside
from spillover.study.opening import open_study
from spillover.study.overlap import Overlap, keep_overlap, warn_of_overlap
from spillover.study.plan import plan_study
from spillover.study.store import Outcome, Store

OVERLAP = Overlap(source="Relative_Depth", target="Visual_Similarity", examples=3, of=40, pairs=(("a", "b"),))


def scored_study(folder, **changes):
    """A study whose every answer is right after training and wrong before."""
    study = small_study(folder, **changes)
    plan = plan_study(study, open_study(study))
    store = Store(Path(study.output))
    store.begin(plan)
    for job in plan.evaluations:
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
        store.record(Outcome(job=job, duration_s=1.0, scores=table_from_scores(rows)), {})
    return study, folder


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
    with pytest.raises(AnalysisError, match="different settings"):
        spillover.analyze({folder.name: spillover.read_scores(folder) for folder in folders})


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


def test_a_damaged_adapter_is_warned_of_and_one_that_was_removed_is_not(tmp_path):
    from tests.unit.study.made_up import outcome

    study, folder = scored_study(tmp_path / "a", analysis={"replicates": 0, "permutations": 0})
    plan, store = plan_study(study, open_study(study)), Store(folder)
    (first, *_) = plan.finetunes
    store.record(outcome(first), {})
    place = store.adapter(first.adapter_key, first.steps[-1])
    (place / "adapter_config.json").write_bytes(b"2")
    (model,) = read_beside(folder).values()
    (warned,) = [each for each in model.warnings if each.kind == "damaged_adapter"]
    assert warned.tasks == (first.source,)
    assert str(place) in warned.text
    for file in place.iterdir():
        file.unlink()
    place.rmdir()
    (model,) = read_beside(folder).values()
    assert not model.warnings


def test_a_smaller_dose_is_not_called_unequal_for_its_fewer_steps(tmp_path):
    from tests.unit.study.made_up import outcome
    from tests.unit.study.test_updates import write_adapter

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
    from tests.unit.study.made_up import outcome

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
    study, folder = scored_study(tmp_path / "a")
    store = Store(folder)
    job = plan_study(study, open_study(study)).finetunes[0]
    store.record(Outcome(job=job, duration_s=1.0, log=pa.table({"loss": np.zeros(1_000_000, np.float32)})), {})
    assert (folder / "logs" / f"{job.key}.parquet").stat().st_size < 6000
    monkeypatch.setattr("spillover.core.parquet.FREE_BYTES", 1 << 20)
    with pytest.raises(StoreError, match="training's log: it unpacks to far more than it could honestly hold"):
        read_beside(folder)
