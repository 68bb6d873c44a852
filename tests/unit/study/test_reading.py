import re
from importlib.resources import files
from pathlib import Path

import pytest
from pydantic import ValidationError

from spillover.analysis import AnalysisSettings
from spillover.core.errors import StudyError
from spillover.study.opening import load_study_to_run, open_study
from spillover.study.preparing import prepare
from spillover.study.reading import load_analysis_settings, load_study, parse_study
from spillover.study.study import RayExecutorSettings

FILE = Path("study.yaml")


def faults(text):
    with pytest.raises(StudyError) as caught:
        open_study(parse_study(text, FILE))
    return [(fault.where, fault.message) for fault in caught.value.faults]


def test_the_template_is_a_study():
    study = parse_study((files("spillover.study") / "template.yaml").read_text(), FILE)
    assert study.name == "my-study"
    assert len(open_study(study).sources) == 3


def test_the_template_says_what_runs_it_on_a_cluster():
    lines = (files("spillover.study") / "template.yaml").read_text().splitlines()
    (place,) = (number for number, line in enumerate(lines) if line.startswith("executor:"))
    rest = next(number for number in range(place + 1, len(lines)) if not lines[number].startswith(" "))
    (written,) = re.findall(r"\{kind: ray.*?\}", "\n".join(lines[place:rest]))
    study = parse_study("\n".join([*lines[:place], f"executor: {written}", *lines[rest:]]), FILE)
    assert study.executor == RayExecutorSettings(address="auto")


def test_every_fault_is_told_at_once_with_its_line():
    text = "name: x\nseeds: [0, a]\ntraining:\n  epoch: 3\n  batch: 0\nmodels: {path: tiny, precision: float64}\n"
    found = dict(faults(text))
    assert set(found) == {
        "study.yaml:2 seeds[1]",
        "study.yaml:4 training.epoch",
        "study.yaml:5 training.batch",
        "study.yaml:6 models.precision",
    }
    assert "did you mean epochs?" in found["study.yaml:4 training.epoch"]
    assert "not 'float64'" in found["study.yaml:6 models.precision"]


def test_an_executor_of_no_known_kind_is_told_which_there_are():
    (fault,) = faults("name: x\nexecutor: {kind: rai}\n")
    assert fault == ("study.yaml:2 executor.kind", "unknown kind 'rai'; did you mean ray? (allowed: local, ray)")


@pytest.mark.parametrize(
    ("text", "where", "message"),
    [
        ("name: [", "study.yaml:1", "no YAML"),
        ("- a\n- b", "study.yaml", "mapping"),
        ("", "study.yaml", "mapping"),
        ("seeds: [0]", "study.yaml:1 name", "missing"),
        ("name: x\nname: y", "study.yaml:2 name", "twice"),
        ("name: x\nsources: [Jigsw]", "study.yaml:2 sources[0]", "did you mean Jigsaw?"),
        ("name: x\nsources: [Jigsaw, JG]", "study.yaml:2 sources[1]", "twice"),
        (
            "name: x\nsources: [Jigsaw]\ncontrols:\n- {kind: shuffled, sources: [Counting]}",
            "study.yaml:4 controls[0]",
            "no source",
        ),
        ("name: x\nseeds: [1, 1]", "study.yaml:2 seeds", "1 stands twice"),
        ("name: x\nmodels: [{path: tiny}, {path: tiny}]", "study.yaml:2 models", "'tiny' stands twice"),
        ("name: x\nmodels: [{path: ./nowhere}]", "study.yaml:2 models[0].path", "no model folder"),
        (
            "name: x\ntasks: {kind: perception, names: [Couting]}",
            "study.yaml:2 tasks.names[0]",
            "did you mean Counting?",
        ),
        ("name: x\ntasks: {kind: percept}", "study.yaml:2 tasks.kind", "did you mean perception?"),
        ("name: x\ntasks: {}", "study.yaml:2 tasks.kind", "missing; allowed: perception, blink"),
        ("name: x\nseed: [0]", "study.yaml:2 seed", "here; did you mean seeds? seed belongs under tasks"),
        ("name: x\nseeds: 0-3", "study.yaml:2 seeds", "must be a list of whole numbers, such as [0, 1, 2], not '0-3'"),
        (
            "name: x\nseeds: many",
            "study.yaml:2 seeds",
            "must be a list of whole numbers, such as [0, 1, 2], not 'many'",
        ),
        ("name: x\nseeds: [0-3]", "study.yaml:2 seeds[0]", "greater than or equal to 0"),
        ("name: x\nsources: [all, Jigsaw, JG]", "study.yaml:2 sources[2]", "Jigsaw stands twice"),
        ("name: x\nepochs: 3", "study.yaml:2 epochs", "epochs belongs under training"),
        ("name: x\ntraining: {rank: 8}", "study.yaml:2 training.rank", "rank belongs under training.lora"),
        ("name: x\ntasks: {kind: perception, split: val}", "study.yaml:2 tasks.split", "under tasks of kind blink"),
        ("name: x\nsources: []", "study.yaml:2 sources", "empty"),
        ("name: x\ntargets: 5", "study.yaml:2 targets", "must be 'all' or a list, not 5"),
        ("name: x\ntraining: 3", "study.yaml:2 training", "must be a mapping, not 3"),
        ("name: x\nevaluation: {protocols: [letters, letters]}", "study.yaml:2 evaluation.protocols", "twice"),
        ("name: x\ntraining: {checkpoints: [0.999]}", "study.yaml:2 training.checkpoints", "same of 96 steps"),
        ("name: ../../etc", "study.yaml:1 name", "cannot name a folder"),
        ("name: x\nexecutor: {devices: [tpu]}", "study.yaml:2 executor.devices", "'tpu'"),
        ("name: x\ntraining: {learning_rate: .nan}", "study.yaml:2 training.learning_rate", "finite"),
        ("name: x\ntasks: {kind: files, name: T, train: gone.jsonl}", "study.yaml:2 tasks", "gone.jsonl"),
    ],
)
def test_a_fault_is_placed_and_says_what_is_allowed(text, where, message):
    places = dict(faults(text))
    assert any(place == where and message in said for place, said in places.items()), places


def test_faults_of_form_hide_no_faults_of_content(tmp_path):
    file = tmp_path / "study.yaml"
    file.write_text(
        "name: x\nmodels: ./nowhere\ntasks: [{kind: perception, names: [Couting, Jigsw]}, {kind: files, name: T, "
        "train: gone.jsonl}]\nsources: [Unknown]\nepochs: 3\n"
    )
    with pytest.raises(StudyError) as caught:
        load_study_to_run(file)
    assert [fault.where for fault in caught.value.faults] == [
        "study.yaml:5 epochs",
        "study.yaml:2 models",
        "study.yaml:3 tasks[0].names[0]",
        "study.yaml:3 tasks[0].names[1]",
        "study.yaml:3 tasks[1]",
    ]


@pytest.mark.parametrize("where", ["sources", "targets"])
def test_all_in_a_list_is_every_task_that_is_not_named_beside_it(where):
    names = [data.task.name for data in getattr(open_study(parse_study(f"name: x\n{where}: all", FILE)), where)]
    assert len(names) > 2
    for listed in ("[all]", "[JG, all]", "[all, Jigsaw]"):
        opened = getattr(open_study(parse_study(f"name: x\n{where}: {listed}", FILE)), where)
        assert sorted(data.task.name for data in opened) == sorted(names)


def test_all_stands_beside_a_mixture():
    mixture = "{name: mixed, mixture: {parts: {Jigsaw: 1, Counting: 1}}}"
    sources = open_study(parse_study(f"name: x\nsources: [all, {mixture}]", FILE)).sources
    alone = open_study(parse_study("name: x", FILE)).sources
    assert [data.task.name for data in sources] == [*(data.task.name for data in alone), "mixed"]


def test_one_thing_stands_for_a_list_of_one():
    text = "name: x\nmodels: tiny\ntasks: perception\nsources: Jigsaw\ntargets: Jigsaw\ncontrols: shuffled\nseeds: 3"
    study = parse_study(text, FILE)
    listed = "name: x\nmodels: [{path: tiny}]\ntasks: [{kind: perception}]\nsources: [Jigsaw]\ntargets: [Jigsaw]\n"
    same = parse_study(f"{listed}controls: [{{kind: shuffled}}]\nseeds: [3]", FILE)
    assert study.model_dump() == same.model_dump()


@pytest.mark.parametrize(
    ("source", "where", "message"),
    [
        ("{adapters: {Jigsaw: 5}}", "sources[0].adapters.Jigsaw", "must be a list, not 5"),
        ("{adapters: {No: a}}", "sources[0].adapters", "the name false must be text: write it in quotation marks"),
        ("{mixture: a.json, nam: b}", "sources[0].nam", "unknown key; did you mean name?"),
    ],
)
def test_a_source_is_judged_as_the_kind_that_its_key_names(tmp_path, source, where, message):
    (tmp_path / "v.jsonl").write_text('{"choices": ["x", "y"], "answer": "(A)", "question": "Which?"}')
    file = tmp_path / "study.yaml"
    file.write_text(f"name: x\ntasks: {{kind: files, name: T, validation: v.jsonl}}\nsources:\n- {source}\n")
    with pytest.raises(StudyError) as caught:
        load_study_to_run(file)
    (fault,) = caught.value.faults
    assert fault.where == f"study.yaml:4 {where}"
    assert fault.message.startswith(message)


def test_a_task_without_training_data_cannot_be_a_source(tmp_path):
    (tmp_path / "v.jsonl").write_text('{"choices": ["x", "y"], "answer": "(A)", "question": "Which?"}')
    text = f"name: x\nsources: [T]\ntasks: {{kind: files, name: T, validation: {tmp_path}/v.jsonl}}"
    assert faults(text) == [("study.yaml:2 sources[0]", "T has no train data, so it cannot be a source")]


def test_a_model_folder_without_a_processor_is_named(tmp_path):
    (tmp_path / "config.json").write_text('{"vision_config": {}}')
    ((where, message),) = faults(f"name: x\nmodels: [{{path: {tmp_path}}}]")
    assert where == "study.yaml:2 models[0].path"
    assert "preprocessor_config.json" in message


def test_a_model_in_a_folder_of_the_folder_is_named(tmp_path):
    (tmp_path / "checkpoint").mkdir()
    (tmp_path / "checkpoint" / "config.json").write_text("{}")
    ((_, message),) = faults(f"name: x\nmodels: [{{path: {tmp_path}}}]")
    assert "no config.json" in message
    assert f"its folder checkpoint has one: give {tmp_path / 'checkpoint'}" in message


def test_a_model_that_is_not_there_is_one_fault(tmp_path):
    study = parse_study("name: x\nmodels: [tiny, {path: othr}]", FILE)
    with pytest.raises(StudyError) as caught:
        prepare(study.model_copy(update={"output": str(tmp_path / "x")}))
    (fault,) = caught.value.faults
    assert "there is no model folder 'othr'" in fault.message


def test_of_blinks_two_folders_one_hides_no_fault_of_the_other(tmp_path):
    for name in ("blink", "train"):
        (tmp_path / name).mkdir()
    found = faults(f"name: x\ntasks: {{kind: blink, path: {tmp_path}/blink, train: {tmp_path}/train}}")
    assert [where for where, _ in found] == ["study.yaml:2 tasks"] * 2
    assert "this is not BLINK" in found[0][1]
    assert "no training file of any task" in found[1][1]


def test_a_missing_file_says_how_to_make_one(tmp_path):
    with pytest.raises(StudyError, match="spillover init"):
        load_study(tmp_path / "none.yaml")


def test_shared_tasks_stand_first_in_the_same_order():
    study = parse_study("name: x\nsources: [Jigsaw, Counting]\ntargets: [Art_Style, Counting, Jigsaw]", FILE)
    tasks = open_study(study)
    assert [data.task.name for data in tasks.sources] == ["Jigsaw", "Counting"]
    assert [data.task.name for data in tasks.targets] == ["Jigsaw", "Counting", "Art_Style"]


def test_every_fault_of_a_tasks_file_is_told(tmp_path):
    rows = [
        '{"question": "Which?", "choices": ["x", "y"], "answer": "(C)"}',
        '{"question": "Which?", "choices": ["x", "y"], "answer": "(A)", "image_1": "none.png"}',
    ]
    (tmp_path / "rows.jsonl").write_text("\n".join(rows))
    found = faults(f"name: x\ntasks: {{kind: files, name: T, validation: {tmp_path}/rows.jsonl}}\nmodels: ./nowhere")
    assert [where for where, _ in found] == ["study.yaml:3 models", "study.yaml:2 tasks", "study.yaml:2 tasks"]
    assert "not among the choices" in found[1][1]
    assert "none.png" in found[2][1]


def test_control_characters_are_refused_in_a_study_file():
    text = 'name: x\ntasks:\n- {kind: files, name: "\\e]0;title\\a", validation: x.jsonl}\n'
    with pytest.raises(StudyError, match=r"study\.yaml:3: a control character stands in '\\x1b"):
        parse_study(text, FILE)


def test_a_study_that_is_not_there_names_those_that_are(tmp_path):
    with pytest.raises(StudyError, match=r"No such file or directory; write a study file with: spillover init"):
        load_study(tmp_path / "study.yaml")
    (tmp_path / "paper.yaml").write_text("name: x")
    with pytest.raises(StudyError, match=r"No such file or directory; there is paper\.yaml$"):
        load_study(tmp_path / "study.yaml")
    for number in range(9):
        (tmp_path / f"a{number}.yaml").write_text("name: x")
    with pytest.raises(StudyError, match=r"there are a0\.yaml, a1\.yaml, a2\.yaml, a3\.yaml, a4\.yaml$"):
        load_study(tmp_path)


def test_of_many_the_one_whose_name_is_nearest_is_named(tmp_path):
    for name in ("a1.yaml", "a2.yaml", "study.yaml", "tudy.txt"):
        (tmp_path / name).write_text("name: x")
    with pytest.raises(StudyError, match=re.escape(f"did you mean {tmp_path / 'study.yaml'}?")):
        load_study(tmp_path / "study.yml")


@pytest.mark.parametrize("name", ["findings.json", "plan.json", "report.html"])
def test_what_a_study_wrote_is_no_study_file(tmp_path, name):
    file = tmp_path / name
    file.write_text('{"schema": 1, "models": [], "name": 3}')
    with pytest.raises(StudyError, match="has a fault") as caught:
        load_study_to_run(file)
    (fault,) = caught.value.faults
    assert fault.message.endswith(f"give the study's folder, {tmp_path}")


def test_a_setting_of_the_analysis_that_is_mistyped_in_python_is_told_the_nearest():
    with pytest.raises(ValidationError) as caught:
        AnalysisSettings(replicate=0, confidence=3, ceiling=95.3)
    said = str(caught.value)
    assert "did you mean replicates?" in said
    assert "less than 1" in said
    assert "write 0.953" in said


@pytest.mark.parametrize(
    "text",
    [
        "replicates: 500\n",
        "analysis: {replicates: 500}\n",
        "name: x\ntasks: perception\nanalysis:\n  replicates: 500\n",
    ],
)
def test_an_analysis_is_set_with_its_key_without_or_in_a_study(tmp_path, text):
    file = tmp_path / "settings.yaml"
    file.write_text(text)
    assert load_analysis_settings(file) == AnalysisSettings(replicates=500)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "settings.yaml: it must be a mapping of what a study has under analysis:"),
        ("analysis:\n", "settings.yaml:1 analysis: it must be a mapping"),
        ("analysis:\n  ceilling: 1\n", "settings.yaml:2 ceilling: unknown key; did you mean ceiling?"),
        ("analysis: {}\nceiling: 1\n", "settings.yaml:1 analysis: unknown key"),
        (None, "settings.yaml: cannot read the file: No such file or directory; it must be a mapping"),
    ],
)
def test_faults_of_an_analysis_settings_are_not_called_a_studys(tmp_path, text, fault):
    file = tmp_path / "settings.yaml"
    if text is not None:
        file.write_text(text)
    with pytest.raises(StudyError) as caught:
        load_analysis_settings(file)
    assert str(caught.value).startswith("the analysis' settings file has a fault:")
    assert fault in str(caught.value)
