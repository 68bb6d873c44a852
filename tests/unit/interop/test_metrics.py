"""Which number of a file is read: what is not clear is left out aloud, and refused only where it is wanted."""

from __future__ import annotations

import json

import pytest
from tests.contracts.result_files import json_lines, write_inspect_json

from spillover.core.errors import ImportFileError
from spillover.interop.found import ReadingOptions
from spillover.interop.gather import GatherSettings
from spillover.interop.importing import ImportChoices, import_results, plan_import

JIGSAW = ImportChoices(gathering=GatherSettings(targets=("Jigsaw",)))


def write_results(folder, results):
    for run in ("base", "Jigsaw-seed0"):
        (folder / run).mkdir(parents=True)
        higher = {task: dict.fromkeys((key.partition(",")[0] for key in row), True) for task, row in results.items()}
        document = {"results": results, "configs": {}, "higher_is_better": higher}
        (folder / run / "20250907_101500_results.json").write_text(json.dumps(document))
    return folder


def test_a_task_of_several_metrics_does_not_stand_in_the_way_of_others(tmp_path):
    folder = write_results(
        tmp_path, {"blink_jigsaw": {"blink_acc,none": 0.5}, "mme": {"perception,none": 1500.0, "cognition,none": 300.0}}
    )
    plan = plan_import([folder], ImportChoices())
    assert plan.runs[0].run.tasks == ("blink_jigsaw",)
    assert "mme is left out: it has several metrics, perception,none, cognition,none" in plan.notes[-1]
    chosen = plan_import([folder], ImportChoices(reading=ReadingOptions(metric="cognition")))
    assert chosen.runs[0].run.tasks == ("mme",)
    assert "blink_jigsaw is left out: it has no metric 'cognition'" in " ".join(chosen.notes)


@pytest.mark.parametrize("metric", [None, "word_perplexity"])
def test_a_metric_without_a_maximum_leaves_no_gap(tmp_path, metric):
    folder = write_results(tmp_path, {"wikitext": {"word_perplexity,none": 0.7}})
    with pytest.raises(ImportFileError, match="word_perplexity,none has no maximum"):
        plan_import([folder], ImportChoices(reading=ReadingOptions(metric=metric)))


def test_samples_of_several_metrics_are_refused_only_where_they_are_wanted(tmp_path):
    for run in ("base", "Jigsaw-seed0"):
        (tmp_path / run).mkdir()
        for task, measured in (("blink_jigsaw", {"acc": 1.0}), ("rouge", {"rouge1": 0.4, "rouge2": 0.2})):
            row = {"doc_id": 0, "target": ["a", "b"], "filtered_resps": ["a"], "doc_hash": "", **measured}
            (tmp_path / run / f"20250907_101500_samples_{task}.jsonl").write_text(json_lines([row]))
    with pytest.raises(ImportFileError, match=r"several metrics are there: rouge1, rouge2\n.*--metric rouge=rouge1"):
        import_results([tmp_path])
    results = import_results([tmp_path], JIGSAW)
    assert {task for _, task in results.gathered.tallies} == {"Jigsaw"}
    assert results.data[0]["answer"].to_pylist() == ["a | b"] * 2


def test_a_log_of_several_scorers_is_refused_only_where_it_is_wanted(tmp_path):
    write_inspect_json(tmp_path)
    for file in tmp_path.glob("Counting*.json"):
        log = json.loads(file.read_text())
        for sample in log["samples"]:
            sample["scores"]["judge"] = {"value": "C"}
        file.write_text(json.dumps(log))
    with pytest.raises(ImportFileError, match=r"several scorers: choice, judge\n.*--metric Counting=choice"):
        import_results([tmp_path])
    assert {task for _, task in import_results([tmp_path], JIGSAW).gathered.tallies} == {"Jigsaw"}
    for reading in (ReadingOptions(metric="choice"), ReadingOptions(metrics={"Counting": "judge"})):
        chosen = import_results([tmp_path], ImportChoices(reading=reading))
        assert {task for _, task in chosen.gathered.tallies} == {"Jigsaw", "Counting"}
    judged = import_results([tmp_path], ImportChoices(reading=ReadingOptions(metric="judge")))
    assert {task for _, task in judged.gathered.tallies} == {"Counting"}
    assert "left out, as 'judge' is no metric of theirs: Jigsaw;" in " ".join(judged.gathered.notes)
    with pytest.raises(ImportFileError, match="no log has a scorer 'juge'; did you mean judge"):
        import_results([tmp_path], ImportChoices(reading=ReadingOptions(metric="juge")))


def test_the_plan_names_the_metric_of_the_examples(tmp_path):
    rows = [{"doc_id": 0, "doc": {}, "target": "0", "arguments": {}, "metrics": ["acc", "acc_norm"], "acc": 1.0}]
    rows[0] |= {"acc_norm": 0.0, "filtered_resps": [["-1", "False"], ["-2", "False"]]}
    for run in ("base", "Jigsaw-seed0"):
        (tmp_path / run).mkdir()
        (tmp_path / run / "samples_jigsaw_2025-09-07T10-15-00.1.jsonl").write_text(json_lines(rows))
    for metric, name in ((None, "acc,none"), ("acc_norm", "acc_norm,none")):
        plan = plan_import([tmp_path], ImportChoices(reading=ReadingOptions(metric=metric)))
        assert {each.run.metric.name for each in plan.runs} == {name}
