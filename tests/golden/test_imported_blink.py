"""BLINK's own answers of two models: read exactly as the files have them, and read again by our parser."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from spillover.interop.blink_answers import TEXTS
from spillover.interop.gather import GatherSettings
from spillover.interop.importing import ImportChoices, import_results
from spillover.interop.run_mapping import read_mapping
from spillover.interop.task_names import options_of
from spillover.tasks.scoring import parse_reply

PLACES = [parent / "shared" / "data" / "blink-outputs" for parent in Path(__file__).resolve().parents]
ANSWERS = next((place for place in PLACES if place.is_dir()), PLACES[3])
pytestmark = pytest.mark.skipif(not ANSWERS.is_dir(), reason=f"BLINK's published answers are not at {ANSWERS}")
LETTERS = ("(A)", "(B)", "(C)", "(D)")
MODELS = ("GPT4o", "llava_v1.5_7b")
MAPPING = read_mapping(["llava_v1.5_7b"], ["GPT4o=Spatial_Relation:0"], None)


def rows(model):
    files = sorted((ANSWERS / model).glob("*.json"))
    return {file.stem: json.loads(file.read_text(encoding="utf-8"))["val"] for file in files}


@pytest.fixture(scope="module", params=["parsed", "file"])
def imported(request):
    settings = GatherSettings(scoring=request.param)
    return request.param, import_results([ANSWERS], ImportChoices(mapping=MAPPING, gathering=settings))


@pytest.mark.parametrize("model", MODELS)
def test_accuracies_are_exactly_those_of_the_files(imported, model):
    scoring, results = imported
    for task, answers in rows(model).items():
        tally = results.gathered.tallies[model, task]
        right = sum(answer["prediction"] == answer["answer"] for answer in answers)
        assert (tally.examples, tally.own, tally.own_correct) == (len(answers), len(answers), right)
        if scoring == "file":
            assert tally.correct == right
            assert tally.differing == 0
            assert tally.none == sum(answer["prediction"] not in (options_of(task) or LETTERS) for answer in answers)


def read_again(model):
    counts = Counter()
    for task, answers in rows(model).items():
        for answer in answers:
            said = parse_reply(answer["full_prediction"], options_of(task), TEXTS.get(task, ()))
            counts[said.parse] += 1
            counts["unanswered by the file"] += answer["prediction"] == "(Z)"
            counts["named and parsed"] += said.parse == "parsed" and answer["prediction"] != "(Z)"
            counts["equal"] += said.answer == answer["prediction"]
    return counts


def test_most_of_gpt4os_replies_are_parsed_as_the_files_have_them():
    counts = read_again("GPT4o")
    assert counts["parsed"] / 1901 >= 0.85
    assert counts["equal"] / counts["parsed"] >= 0.97


def test_all_but_few_of_llavas_answers_are_parsed_as_the_files_have_them():
    """139 of its 1,901 replies say that nothing can be told; the files have them as (Z), and `none` is right."""
    counts = read_again("llava_v1.5_7b")
    assert counts["unanswered by the file"] == 139
    assert counts["named and parsed"] / (1901 - 139) >= 0.95
    assert counts["equal"] / counts["parsed"] >= 0.97


def test_flat_answers_are_scored_by_the_labels_of_the_others(tmp_path):
    for task, answers in rows("GPT4o").items():
        flat = {answer["idx"]: answer["prediction"] for answer in answers}
        (tmp_path / "flat").mkdir(exist_ok=True)
        (tmp_path / "flat" / f"{task}.json").write_text(json.dumps(flat))
    mapping = read_mapping(["llava_v1.5_7b"], ["flat=Spatial_Relation:0"], None)
    results = import_results([ANSWERS / "llava_v1.5_7b", tmp_path / "flat"], ImportChoices(mapping=mapping))
    for task, answers in rows("GPT4o").items():
        right = sum(answer["prediction"] == answer["answer"] for answer in answers)
        assert results.gathered.tallies["flat", task].correct == right
