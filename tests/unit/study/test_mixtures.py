"""A mixture as a source: from its file into the plan, the study's folder and what is read of it."""

import json

import pytest
import yaml
from tests.conftest import small_study
from tests.unit.study.made_up import record_evaluations

import spillover
from spillover.cli.main import run_command
from spillover.core.published import PGFRow, PGFTable
from spillover.mixture.recommend import recommend
from spillover.mixture.settings import MixtureSettings
from spillover.study.estimate import estimate_cost
from spillover.study.opening import load_study_to_run
from spillover.study.preparing import prepare
from spillover.study.reading import load_study
from spillover.study.results import read_study
from spillover.study.resume import difference
from spillover.study.together import analyze_results

TASKS = ("Relative_Depth", "Visual_Similarity")


@pytest.fixture
def mixture():
    rows = [PGFRow(seed=seed, source=one, target=other, pgf=0.3) for seed in (0, 1) for one in TASKS for other in TASKS]
    table = PGFTable(model="m", rows=tuple(rows), examples={}, origin="a test")
    settings = MixtureSettings(targets=TASKS[:1], strategy="threshold", budget=48)
    return recommend(table, settings)[0]


@pytest.fixture
def study_file(tmp_path, mixture):
    (tmp_path / "mix.json").write_text(mixture.dump())
    study = small_study(tmp_path / "small").model_dump(mode="json", include={"name", "tasks", "training", "output"})
    file = tmp_path / "study.yaml"
    file.write_text(yaml.safe_dump(study | {"sources": [TASKS[0], {"mixture": "mix.json"}]}))
    return file


def test_a_file_is_read_when_the_study_is_loaded(study_file, mixture):
    (mixed,) = load_study(study_file).mixtures
    assert mixed.name == "mix"
    assert mixed.mixture.parts == {each.source: each.examples for each in mixture.taken}
    effect = mixture.effects[0]
    assert mixed.mixture.predicted[effect.task] == (effect.predicted, effect.low, effect.high)


def test_its_key_holds_what_is_in_it_and_not_what_was_predicted(study_file):
    def key(**changes):
        study = load_study(study_file)
        (mixed,) = study.mixtures
        mixed = mixed.model_copy(update={"mixture": mixed.mixture.model_copy(update=changes)})
        plan = prepare(study.model_copy(update={"sources": (mixed,)})).plan
        return plan.finetunes[0].adapter_key

    assert key(predicted={}) == key()
    assert key(parts={TASKS[0]: 40, TASKS[1]: 8}) != key()
    assert key(seed=5) != key()


def test_findings_say_how_many_examples_a_mixture_was_trained_on(study_file):
    study = load_study(study_file)
    study = study.model_copy(update={"training": study.training.model_copy(update={"examples": 12})})
    prepared = prepare(study)
    prepared.store.begin(prepared.plan)
    record_evaluations(prepared.store, prepared.plan)
    (model,) = analyze_results([read_study(prepared.store.folder)]).models
    assert sum(model.mixtures.recipes["mix"].parts.values()) == 12


def dosed(study, dose):
    (mixed,) = study.mixtures
    mixed = mixed.model_copy(update={"mixture": mixed.mixture.model_copy(update={"dose": dose})})
    return study.model_copy(update={"sources": (mixed,)})


def test_a_smaller_dose_is_the_training_of_a_study_of_fewer_examples(study_file):
    study = load_study(study_file)
    fewer = study.model_copy(update={"training": study.training.model_copy(update={"examples": 16})})
    assert study.training.examples == 64
    smaller, whole, other = (prepare(each).plan.finetunes[0] for each in (dosed(study, 0.25), study, dosed(fewer, 1.0)))
    assert smaller.adapter_key == other.adapter_key
    assert smaller.steps == other.steps < whole.steps


def test_a_smaller_dose_is_counted_everywhere(study_file):
    prepared = prepare(study := dosed(load_study(study_file), 0.25))
    assert estimate_cost(prepared).trained == 16 * study.training.epochs * len(study.seeds)
    prepared.store.begin(prepared.plan)
    record_evaluations(prepared.store, prepared.plan)
    (model,) = analyze_results([read_study(prepared.store.folder)]).models
    assert sum(model.mixtures.recipes["mix"].parts.values()) == 16


def test_the_folder_goes_on_without_the_file(study_file):
    prepared = prepare(load_study(study_file))
    prepared.store.begin(prepared.plan)
    (study_file.parent / "mix.json").unlink()
    again = prepare(load_study_to_run(prepared.store.folder))
    assert [job.key for job in again.plan.jobs] == [job.key for job in prepared.plan.jobs]


def test_a_file_that_changed_is_told_of(study_file):
    before = load_study(study_file)
    described = json.loads((study_file.parent / "mix.json").read_text())
    described["sources"][0]["examples"] += 8
    (study_file.parent / "mix.json").write_text(json.dumps(described))
    assert difference(before, load_study(study_file)) == ["sources[mix].mixture.parts.Relative_Depth: 24 → 32"]


def recorded(study):
    prepared = prepare(study)
    prepared.store.begin(prepared.plan)
    record_evaluations(prepared.store, prepared.plan)
    return prepared.store.folder


@pytest.fixture
def verifying(study_file):
    """A finished study that verifies a mixture against the target's own data."""
    asked = {"targets": [TASKS[0]], "protected": [TASKS[1]], "chosen": "mix", "direct": TASKS[0]}
    study_file.write_text(study_file.read_text() + yaml.safe_dump({"verification": asked}))
    return recorded(load_study(study_file))


def test_it_is_analysed_beside_the_tasks(study_file):
    (model,) = spillover.analyze_study(recorded(load_study(study_file))).models
    assert model.matrix.sources == TASKS[:1]
    assert model.matrix.targets == TASKS
    assert model.mixtures.matrix.sources == ("mix",)


def test_python_and_the_command_line_find_the_same(verifying, capsys):
    assert run_command(["analyze", str(verifying), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == spillover.analyze_study(verifying).to_json()
    (verdict,) = printed["models"][0]["verdicts"]
    assert verdict["protected"][0]["task"] == TASKS[1]


def test_scores_carry_the_verdict_with_them(verifying):
    of_scores = spillover.analyze(spillover.read_scores(verifying)).to_json()
    of_folder = spillover.analyze_study(verifying).to_json()
    assert of_scores["sentences"] == of_folder["sentences"]
    for name in ("sources", "pgf", "mixtures", "verdicts", "additivity"):
        assert of_scores["models"][0][name] == of_folder["models"][0][name]


def test_no_mixture_is_chosen_from_mixtures(verifying, capsys):
    assert run_command(["mix", str(verifying), "--target", TASKS[0], "--json"]) == 0
    assert {each["source"] for each in json.loads(capsys.readouterr().out)["sources"]} == {TASKS[0]}


def test_where_every_source_is_a_mixture_there_is_nothing_to_choose(study_file, capsys):
    study_file.write_text(study_file.read_text().replace(f"- {TASKS[0]}\n- m", "- m"))
    folder = recorded(load_study(study_file))
    assert run_command(["mix", str(folder), "--target", TASKS[0]]) == 2
    assert "all are mixtures" in " ".join(capsys.readouterr().err.split())
    assert run_command(["analyze", str(folder)]) == 0
    assert run_command(["report", str(folder), "--no-figures", "--out", str(folder / "page")]) == 0


def test_every_fault_of_a_mixture_is_told_beside_the_others(study_file, capsys):
    text = study_file.read_text().replace("mix.json", "gone.json").replace("- Relative_Depth\n- m", "- Jigsw\n- m")
    study_file.write_text(text)
    assert run_command(["plan", str(study_file)]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "gone.json: cannot read the mixture" in said
    assert "sources[0]: unknown task 'Jigsw'" in said


def test_a_mixture_that_is_written_out_needs_a_name(study_file, capsys):
    study_file.write_text(study_file.read_text().replace("mix.json", "{parts: {Relative_Depth: 1}}"))
    assert run_command(["plan", str(study_file)]) == 2
    assert "needs a name" in capsys.readouterr().err


def test_repetition_is_warned_of(tmp_path):
    row = {"question": "Which?", "choices": ["x", "y"], "answer": "(A)"}
    (tmp_path / "few.jsonl").write_text(json.dumps(row))
    few = {"kind": "files", "name": "Few", "train": str(tmp_path / "few.jsonl")}
    suite = {"kind": "perception", "names": list(TASKS), "examples": 40}
    sources = [{"name": "both", "mixture": {"parts": {"Few": 1, TASKS[0]: 1}}}]
    prepared = prepare(small_study(tmp_path / "small", tasks=[suite, few], sources=sources))
    prepared.store.begin(prepared.plan)
    record_evaluations(prepared.store, prepared.plan)
    (model,) = analyze_results([read_study(prepared.store.folder)]).models
    assert "both: repeats training examples, since its parts have too few: 31 of Few" in [
        warned.text for warned in model.warnings
    ]
