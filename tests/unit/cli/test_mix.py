"""The command that recommends a mixture: what it prints and refuses."""

import json
from pathlib import Path

import pytest
import yaml
from tests.contracts.result_files import write_blink
from tests.unit.mixture.made_tables import HELPFUL, table

import spillover
from spillover.cli import mix
from spillover.cli.main import run_command
from spillover.cli.mixture_files import describe_evidence
from spillover.core.keys import hash_file
from spillover.core.numbers import signed


@pytest.fixture
def file(tmp_path):
    rows = [f"{row.seed},{row.source},{row.target},{row.pgf}" for row in table(HELPFUL, noise=0.02).rows]
    place = tmp_path / "pgf.csv"
    place.write_text("\n".join(["seed,ft_task,task,perfection_gap_factor", *rows]))
    return str(place)


@pytest.mark.parametrize("strategy", ["robust", "threshold", "proportional", "best-single"])
def test_what_is_protected_is_shown_with_its_prediction_whichever_the_strategy(strategy, file, capsys):
    asked = ["mix", file, "--target", "JG", "--protect", "AS", "--tolerance", "0.02", "--strategy", strategy]
    assert run_command(asked) == 0
    (line,) = (line for line in capsys.readouterr().out.splitlines() if " protected " in line)
    assert line.split()[0] == "Art_Style"
    assert run_command([*asked, "--json"]) == 0
    effects = {effect["task"]: effect for effect in json.loads(capsys.readouterr().out)["effects"]}
    assert effects["Art_Style"]["worst"] >= -0.025
    assert line.split()[2] == signed(effects["Art_Style"]["predicted"])
    assert effects["Art_Style"]["promised"] is None
    assert effects["Jigsaw"]["promised"] <= effects["Jigsaw"]["predicted"]


@pytest.mark.parametrize(
    ("options", "message", "hint"),
    [
        (["--max-share", "0.2"], "can hold 60% of the budget", "raise --max-share to 0.334"),
        (["--strategy", "best-single", "--max-share", "0.5"], "Jigsaw alone can hold 50%", "raise --max-share to 1"),
        (["--available", "JG=9", "--strategy", "direct"], "can give 9 examples", "lower --budget to 9"),
        (
            ["--available", "JG=9", "--strategy", "proportional", "--max-sources", "1"],
            "Jigsaw alone can give 9 examples",
            "budget to 9, or raise --max-sources above 1, or let more be taken: --available Jigsaw=N, which repeats",
        ),
        (
            ["--available", "JG=9", "--strategy", "threshold", "--threshold", "0.35"],
            "Jigsaw alone can give 9 examples",
            "budget to 9, or lower --threshold, or let more be taken: --available Jigsaw=N",
        ),
        (
            ["--max-share", "0.5", "--strategy", "proportional", "--max-sources", "1"],
            "Jigsaw alone can hold 50%",
            "raise --max-share to 1, or raise --max-sources above 1",
        ),
        (
            ["--strategy", "direct", "--exclude-target-data"],
            "none that may be taken",
            "leave out --exclude-target-data",
        ),
        (["--max-share", "1.5"], "--max-share", "less than or equal to 1"),
        (["--threshold", "0.1"], "--threshold", "only the strategy threshold has one"),
        (["--tolerance", "0.1"], "--tolerance", "nothing is protected"),
        (["--available", "Foo=3"], "unknown source 'Foo'; allowed: Jigsaw, Counting", ""),
    ],
)
def test_a_limit_that_cannot_be_kept_is_named_with_what_can(options, message, hint, file, capsys):
    assert run_command(["mix", file, "--target", "JG", *options]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert message in said
    assert hint in said


@pytest.mark.parametrize("asked", ["--study", "--export"])
def test_what_would_be_overwritten_is_refused_before_anything_is_computed(asked, file, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(mix, "_samples", lambda *_: pytest.fail("computed"))
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "check.yaml").write_text("mine")
    out = str(tmp_path / "there")
    options = ["--study", f"{out}/check.yaml"] if asked == "--study" else ["--export", "jsonl", "--out", out]
    assert run_command(["mix", file, "--target", "JG", *options]) == 2
    assert ("there already" if asked == "--study" else "not empty") in capsys.readouterr().err


def test_an_export_says_what_it_was_chosen_by_and_where_its_data_is_from(file, tmp_path, capsys):
    (tmp_path / "study.yaml").write_text("name: x\ntasks: {kind: perception, difficulty: 0.25, seed: 3}\n")
    out = tmp_path / "out"
    options = ["--budget", "3", "--export", "swift", "--data", str(tmp_path / "study.yaml"), "--out", str(out)]
    assert run_command(["mix", f"m={file}", "--target", "JG", *options]) == 0
    assert "start the trainer in that folder" in capsys.readouterr().err
    told = json.loads((out / "manifest.json").read_text())["provenance"]
    assert told["evidence"] == {"path": file, "hash": hash_file(Path(file))}
    assert (told["tasks"][0]["difficulty"], told["tasks"][0]["seed"]) == (0.25, 3)


@pytest.mark.parametrize("renamed", [[], ["--rename", "charts=chartqa"]])
def test_an_exclusion_that_leaves_nothing_out_is_told(tmp_path, capsys, renamed):
    rows = [
        "base,chartqa,,0.4,100",
        *(f"{source},chartqa,{seed},0.{6 + seed},100" for source in ("charts", "maps") for seed in (0, 1)),
    ]
    (tmp_path / "t.csv").write_text("\n".join(["source,target,seed,accuracy,n", *rows]))
    asked = ["mix", str(tmp_path / "t.csv"), *renamed, "--target", "chartqa", "--exclude-target-data", "--json"]
    assert run_command(asked) == 0
    said = capsys.readouterr()
    assert ("left nothing out" in said.err and "--rename SOURCE=chartqa" in said.err) != bool(renamed)
    assert ("charts" in {each["source"] for each in json.loads(said.out)["sources"]}) != bool(renamed)


def test_the_tasks_of_the_data_are_found_as_the_results_are_renamed(tmp_path, capsys):
    accuracies = ["base,chartqa,,0.4,100", "charts,chartqa,0,0.6,100", "charts,chartqa,1,0.7,100"]
    (tmp_path / "t.csv").write_text("\n".join(["source,target,seed,accuracy,n", *accuracies]))
    (tmp_path / "charts.jsonl").write_text('{"question": "q", "answer": "a"}\n')
    (tmp_path / "study.yaml").write_text("name: x\ntasks: {kind: files, name: charts, train: charts.jsonl}\n")
    out = tmp_path / "out"
    options = ["--export", "jsonl", "--data", str(tmp_path / "study.yaml"), "--out", str(out), "--budget", "1"]
    asked = ["mix", str(tmp_path / "t.csv"), "--rename", "charts=chartqa", "--target", "chartqa", *options]
    assert run_command(asked) == 0, capsys.readouterr().err
    assert "chartqa: 1 example" in " ".join(capsys.readouterr().err.split())


def test_evidence_that_is_a_study_is_known_by_its_scores_and_findings(tmp_path):
    for name in ("study.yaml", "findings.json", "scores/a.parquet", "report.html"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    told = describe_evidence(tmp_path)
    (tmp_path / "report.html").write_text("drawn again")
    assert describe_evidence(tmp_path) == told
    (tmp_path / "scores/a.parquet").write_text("other")
    assert describe_evidence(tmp_path) != told


def write_data(folder, **rows):
    """A study of own tasks, each with so many training examples, and no other."""
    tasks = []
    for name, count in rows.items():
        lines = [{"question": f"{number} Which?", "choices": ["x", "y"], "answer": "(A)"} for number in range(count)]
        (folder / f"{name}.jsonl").write_text("\n".join(map(json.dumps, lines)))
        tasks.append({"kind": "files", "name": name, "train": f"{name}.jsonl"})
    (folder / "own.yaml").write_text(yaml.safe_dump({"name": "own", "tasks": tasks}))
    return ["--data", str(folder / "own.yaml")]


def test_no_more_is_taken_than_the_data_hold(file, tmp_path, capsys):
    data = write_data(tmp_path, Jigsaw=3, Counting=50)
    asked = ["mix", file, "--target", "JG", "--budget", "20", *data]
    assert run_command([*asked, "--json"]) == 0
    told = capsys.readouterr()
    assert "fewer training examples than the budget of 20: Jigsaw 3" in told.err
    assert "no training data of them: Art_Style" in told.err
    taken = {each["source"]: each["examples"] for each in json.loads(told.out)["sources"]}
    assert taken == {"Jigsaw": 3, "Counting": 17}
    assert run_command([*asked, "--json", "--available", "JG=20"]) == 0
    assert json.loads(capsys.readouterr().out)["sources"][0]["examples"] == 20


def test_data_of_other_tasks_than_the_results_are_of_is_refused(file, tmp_path, capsys):
    assert run_command(["mix", file, "--target", "JG", *write_data(tmp_path, puzzles=3)]) == 2
    said = capsys.readouterr().err
    assert "none of its tasks is a source of the results: Jigsaw, Counting, Art_Style" in said
    assert "call them alike" in said


def test_a_study_that_could_not_run_is_not_written(file, tmp_path, capsys):
    data = write_data(tmp_path, Jigsaw=15, Counting=50, Art_Style=50)
    check = tmp_path / "check.yaml"
    asked = ["mix", file, "--target", "JG", "--budget", "20", "--max-sources", "2", *data, "--study", str(check)]
    assert run_command(asked) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "models: the results are of pgf, and no model is named" in said
    assert "targets: no task has validation examples" in said
    assert "fewer than 20" not in said  # a rival of too few examples repeats them
    assert not check.exists()
    three = [word for word in asked if word not in ("--max-sources", "2")]
    assert run_command(three) == 2
    all_said = " ".join(capsys.readouterr().err.split())
    assert "only 1 random mixture differs from the chosen one, not 3" in all_said
    assert "--max-sources 2 leaves up to 3" in all_said
    assert "models: the results are of pgf, and no model is named" in all_said


def test_a_target_that_was_not_trained_on_has_no_own_data_and_no_advice_to_exclude_none(tmp_path, capsys):
    rows = ["base,chartqa,,0.4,100", *(f"{source},chartqa,0,0.6,100" for source in ("charts", "maps"))]
    (tmp_path / "t.csv").write_text("\n".join(["source,target,seed,accuracy,n", *rows]))
    assert run_command(["mix", str(tmp_path / "t.csv"), "--target", "chartqa", "--strategy", "direct"]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "none that may be taken is called chartqa use robust; or, where one is chartqa under another name" in said
    assert "exclude" not in said


def test_imported_results_ask_for_data(file, tmp_path, capsys):
    assert run_command(["import", file, "--out", str(tmp_path / "seven")]) == 0
    asked = ["mix", str(tmp_path / "seven"), "--target", "JG", "--export", "trl", "--out", str(tmp_path / "out")]
    assert run_command(asked) == 2
    assert "--data study.yaml" in capsys.readouterr().err
    assert run_command(["plan", str(tmp_path / "seven")]) == 2
    assert "--data study.yaml" in capsys.readouterr().err
    assert run_command([*asked, "--budget", "3", *write_data(tmp_path, Jigsaw=3, Counting=3)]) == 0


@pytest.mark.parametrize("analysis", [{}, {"ceiling": 0.9}, {"ceiling": {"Jigsaw": 0.9}}])
def test_a_script_is_recommended_what_the_command_is_by_the_settings_of_the_study(analysis, tmp_path, capsys):
    write_blink(tmp_path / "answers")
    study = tmp_path / "study"
    assert run_command(["import", str(tmp_path / "answers"), "--out", str(study)]) == 0
    about = yaml.safe_load((study / "study.yaml").read_text())
    (study / "study.yaml").write_text(yaml.safe_dump(about | {"analysis": analysis}))
    capsys.readouterr()
    assert run_command(["mix", str(study), "--target", "Jigsaw", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    scores, settings = spillover.read_scores(study), spillover.MixtureSettings(targets=("Jigsaw",))
    (mixture,) = spillover.recommend(scores, settings)
    assert mixture.to_json() == printed
    (given,) = spillover.recommend(scores, settings, spillover.AnalysisSettings())
    assert (given == mixture) == (not analysis)


def test_several_targets_may_be_named_at_once(file, capsys):
    assert run_command(["mix", file, "--target", "JG, Counting", "--protect", "AS", "--tolerance", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["settings"]["targets"] == ["JG", "Counting"]
    assert run_command(["mix", file, "--targets", "JG"]) == 2
    said = " ".join(capsys.readouterr().err.replace("│", " ").split())
    assert "name a task to become better at; --targets is another option" in said


def test_a_comma_in_a_tasks_own_name_parts_nothing(tmp_path, capsys):
    rows = [f'{seed},"{source}","a, b",0.{3 + seed}' for seed in range(2) for source in ("a, b", "c")]
    (tmp_path / "pgf.csv").write_text("\n".join(["seed,ft_task,task,perfection_gap_factor", *rows]))
    assert run_command(["mix", str(tmp_path / "pgf.csv"), "--target", "a, b", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["settings"]["targets"] == ["a, b"]


def test_an_export_is_replaced_by_force_and_nothing_else(file, tmp_path, capsys):
    out, data = tmp_path / "out", write_data(tmp_path, Jigsaw=3, Counting=3)
    asked = ["mix", file, "--target", "JG", "--budget", "3", *data, "--out", str(out), "--export"]
    assert run_command([*asked, "llama-factory"]) == 0
    assert run_command([*asked, "jsonl"]) == 2
    assert "--force" in capsys.readouterr().err
    assert run_command([*asked, "jsonl", "--force"]) == 0
    assert {each.name for each in out.iterdir()} == {"train.jsonl", "manifest.json"}
    (out / "train.jsonl").write_text("mine")
    assert run_command([*asked, "trl", "--force"]) == 2
    assert "train.jsonl: no export wrote this, or it was changed since" in " ".join(capsys.readouterr().err.split())
    assert (out / "train.jsonl").read_text() == "mine"
    assert (out / "manifest.json").exists()


def test_an_export_that_cannot_be_removed_says_what_to_do(file, tmp_path, capsys, monkeypatch):
    def refuse(_):
        raise PermissionError(13, "Permission denied")

    asked = ["mix", file, "--target", "JG", "--budget", "3", *write_data(tmp_path, Jigsaw=3, Counting=3)]
    asked += ["--out", str(tmp_path / "out"), "--export", "jsonl"]
    assert run_command(asked) == 0
    monkeypatch.setattr(Path, "unlink", refuse)
    assert run_command([*asked, "--force"]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "cannot be replaced: Permission denied give yourself the right to write there" in said


def test_a_study_file_is_replaced_by_force_where_it_was_written_so(file, tmp_path, capsys):
    (tmp_path / "study.yaml").write_text("name: x\nmodels: [tiny]\ntasks: {kind: perception, difficulty: 0.25}\n")
    check = tmp_path / "check.yaml"
    asked = ["mix", file, "--target", "JG", "--max-sources", "2", "--data", str(tmp_path / "study.yaml"), "--budget"]
    assert run_command([*asked, "60", "--study", str(check)]) == 0
    assert run_command([*asked, "40", "--study", str(check), "--force"]) == 0
    assert yaml.safe_load(check.read_text())["training"]["examples"] == 40
    check.write_text("name: mine\n")
    assert run_command([*asked, "40", "--study", str(check), "--force"]) == 2
    assert "did not write this file" in capsys.readouterr().err


def test_a_mixtures_file_is_replaced_by_force_where_it_was_written_so(file, tmp_path, capsys):
    out = tmp_path / "mixture.json"
    asked = ["mix", file, "--target", "JG", "--out", str(out), "--budget"]
    assert run_command([*asked, "60"]) == 0
    assert run_command([*asked, "40"]) == 2
    assert "there already" in capsys.readouterr().err
    assert json.loads(out.read_text())["settings"]["budget"] == 60
    assert run_command([*asked, "40", "--force"]) == 0
    assert json.loads(out.read_text())["settings"]["budget"] == 40
    for mine in ('{"sources": []}', "[]", "a,b\n"):
        out.write_text(mine)
        assert run_command([*asked, "40", "--force"]) == 2
        assert "did not write this file" in capsys.readouterr().err
        assert out.read_text() == mine


@pytest.mark.parametrize("asked", ["--export", "--study"])
def test_what_should_not_help_is_written_by_force_alone(asked, tmp_path, capsys):
    sources = ("a", "b", "c", "d")
    rows = [f"{seed},{source},t,-0.{2 + seed}" for seed in range(3) for source in sources]
    (tmp_path / "pgf.csv").write_text("\n".join(["seed,ft_task,task,perfection_gap_factor", *rows]))
    data = write_data(tmp_path, **dict.fromkeys(sources, 4))
    (tmp_path / "own.yaml").write_text((tmp_path / "own.yaml").read_text() + "models: {path: tiny, name: pgf}\n")
    place = tmp_path / "written"
    written = ["--export", "jsonl", "--out", str(place)] if asked == "--export" else ["--study", str(place)]
    command = ["mix", str(tmp_path / "pgf.csv"), "--target", "t", "--budget", "4", *data, *written]
    assert run_command(command) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert (
        "pgf on t: it is not predicted to help: rather do not train for this nothing was written, and --force" in said
    )
    assert not place.exists()
    run_command([*command, "--force"])
    said = capsys.readouterr().err
    if asked == "--export":
        assert place.exists()
        assert "it is not predicted to help: rather do not train for this" in said
    else:
        assert "not predicted to help" not in said


def test_data_whose_tasks_are_called_a_little_differently_is_named(file, tmp_path, capsys):
    data = write_data(tmp_path, jig_saw=3, Counting=50)
    asked = ["mix", file, "--target", "JG", "--budget", "3", *data]
    assert run_command(asked) == 0
    said = capsys.readouterr().err
    assert "of them: Jigsaw (if jig_saw is that: --rename 'jig_saw=Jigsaw'), Art_Style\n" in said
    assert run_command([*asked, "--rename", "jig_saw=Jigsaw", "--json"]) == 0
    assert {"source": "Jigsaw", "examples": 3}.items() <= json.loads(capsys.readouterr().out)["sources"][0].items()
    assert run_command(["mix", file, "--target", "JG", *write_data(tmp_path, jig_saw=3)]) == 2
    assert "Jigsaw (if jig_saw is that: --rename 'jig_saw=Jigsaw'), Counting" in capsys.readouterr().err


def test_a_file_of_data_is_told_the_study_that_names_it(file, tmp_path, capsys):
    write_data(tmp_path, Jigsaw=3)
    rows = tmp_path / "Jigsaw_train.jsonl"
    (tmp_path / "Jigsaw.jsonl").rename(rows)
    asked = ["mix", file, "--target", "JG", "--budget", "3", "--data"]
    assert run_command([*asked, str(rows)]) == 2
    said = capsys.readouterr().err
    assert f"{rows}: --data names a study file" in said
    told = said.partition("--data own.yaml:\n")[2]
    (tmp_path / "told.yaml").write_text("\n".join(line.removeprefix("    ") for line in told.splitlines()))
    assert run_command([*asked, str(tmp_path / "told.yaml")]) == 0
    assert yaml.safe_load((tmp_path / "told.yaml").read_text())["tasks"][0]["name"] == "Jigsaw"
