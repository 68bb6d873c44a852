"""No name in a file of somebody else's reaches a terminal with what it would act upon."""

import json

import pytest
import yaml
from tests.conftest import small_study
from tests.unit.study.made_up import record_evaluations

from spillover.analysis import analyze
from spillover.cli.main import run_command
from spillover.core.errors import AnalysisError
from spillover.core.scores import Score, table_from_scores
from spillover.study.imported import read_imported
from spillover.study.preparing import prepare

STEERS = "x\x1b]0;mine\x07\x9b2Jy"
"""It would rename the terminal's window, and clear it."""
SAID = "a control character stands in"
ACCURACIES = "source,seed,target,accuracy,n\nbase,,{target},0.5,20\n{source},0,{target},0.6,20\n"
PGF = "seed,ft_task,task,perfection_gap_factor\n0,{source},{target},0.5\n0,{target},{source},0.5\n"


def says_nothing_that_steers(arguments, capsys):
    """The exit code of a command, and what it said."""
    code = run_command(arguments)
    captured = capsys.readouterr()
    said = captured.out + captured.err
    assert not {"\x1b", "\x07", "\x9b"} & set(said), said
    assert "Traceback" not in said
    return code, said


@pytest.mark.parametrize("names", [{"source": STEERS, "target": "b"}, {"source": "a", "target": STEERS}])
@pytest.mark.parametrize("table", [ACCURACIES, PGF])
@pytest.mark.parametrize("command", ["analyze", "compare", "mix --target b", "import --out {folder}/out"])
def test_a_table_of_somebody_elses(tmp_path, capsys, command, table, names):
    file = tmp_path / "table.csv"
    file.write_text(table.format(**names), encoding="utf-8")
    name, *rest = command.format(folder=tmp_path).split()
    code, said = says_nothing_that_steers([name, str(file), *rest], capsys)
    assert (code, SAID in said) == (2, True)
    assert not (tmp_path / "out").exists()


def test_runs_of_another_tool(tmp_path, capsys):
    for run, model in (("base", "m"), (f"Counting{STEERS}-seed0", "n")):
        (tmp_path / "results" / run).mkdir(parents=True)
        results = {"blink_counting": {"alias": "x", "acc,none": 0.5}}
        text = json.dumps({"results": results, "model_name": model, "config": {}, "n-samples": {}})
        (tmp_path / "results" / run / "results_2026-01-01.json").write_text(text)
    code, said = says_nothing_that_steers(["import", str(tmp_path / "results"), "--dry-run"], capsys)
    assert code == 2
    assert "Counting" in said


@pytest.mark.parametrize("command", ["status", "analyze", "mix --target b"])
def test_a_folder_of_imported_results(tmp_path, capsys, command):
    table, folder = tmp_path / "table.csv", tmp_path / "folder"
    table.write_text(ACCURACIES.format(source="a", target="b"))
    assert run_command(["import", str(table), "--out", str(folder)]) == 0
    capsys.readouterr()
    name, *rest = command.split()
    whole = yaml.safe_load((folder / "study.yaml").read_text())
    for change in ({"model": STEERS}, {"notes": [STEERS]}):
        (folder / "study.yaml").write_text(yaml.safe_dump(whole | {"imported": whole["imported"] | change}))
        assert SAID in says_nothing_that_steers([name, str(folder), *rest], capsys)[1]
    (folder / "study.yaml").write_text(yaml.safe_dump(whole))
    assert read_imported(folder)
    (folder / "accuracies.csv").write_text(ACCURACIES.format(source=STEERS, target="b"))
    code, said = says_nothing_that_steers([name, str(folder), *rest], capsys)
    assert (code, SAID in said) == ((0, False) if command == "status" else (2, True))


@pytest.mark.parametrize("field", ["model", "source", "target", "protocol", "control", "options"])
def test_scores_of_somebody_elses(field):
    given = {"model": "m", "protocol": "letters", "source": "a", "target": "b", "control": "shuffled"}
    given |= {"options": ("(A)", "(B)")}
    given[field] = ("(A)", STEERS) if field == "options" else STEERS
    row = Score(**given, adapter_key="k", target_key="q", example="1", score=1.0, answer="(A)", answer_given="(A)")
    with pytest.raises(AnalysisError, match=SAID):
        analyze(table_from_scores([row]))


def test_columns_of_a_file_of_questions(tmp_path, capsys):
    file = tmp_path / "d.jsonl"
    file.write_text(json.dumps({"question": "x", "choices": ["a", "b"], "answer": "(A)", STEERS: 1}) + "\n")
    code, said = says_nothing_that_steers(["tasks", "check", str(file)], capsys)
    assert (code, "not read: x�]0;mine��2Jy" in said) == (0, True)


def test_names_that_are_markup_elsewhere_are_printed_as_they_are(tmp_path, capsys):
    names = "[bold]a", "[/x]b"
    pgf = [f"{seed},{source},{target},0.{seed + 3}" for seed in (0, 1) for source in names for target in names]
    (tmp_path / "table.csv").write_text("\n".join(["seed,ft_task,task,perfection_gap_factor", *pgf]))
    assert run_command(["analyze", str(tmp_path / "table.csv")]) == 0
    said = capsys.readouterr().out
    matrix, givers = said.split("givers and takers")
    for name in names:
        assert name in matrix.partition("what it says")[0]
        assert name in givers


def test_a_study_whose_name_is_markup_elsewhere_is_planned(tmp_path, capsys):
    file = tmp_path / "study.yaml"
    file.write_text(small_study(tmp_path / "[x]", name="a [bold]b :cat:").model_dump_json(exclude={"provenance"}))
    assert run_command(["plan", str(file)]) == 0
    assert "a [bold]b :cat:" in capsys.readouterr().out


def test_a_plan_ends_in_the_command_that_carries_it_out(tmp_path, capsys):
    file = tmp_path / "my study.yaml"
    file.write_text(small_study(tmp_path / "small").model_dump_json(exclude={"provenance"}))
    assert run_command(["plan", str(file), "--only", "source=RD", "--limit", "3"]) == 0
    *_, last = capsys.readouterr().err.splitlines()
    assert last == f"next: spillover run '{file}' --only source=RD --limit 3"


def test_a_plan_of_what_is_done_and_analysed_says_where_to_read_it(tmp_path, capsys):
    def plan(**changes):
        file.write_text(small_study(tmp_path / "small", **changes).model_dump_json(exclude={"provenance"}))
        assert run_command(["plan", str(file)]) == 0
        said = capsys.readouterr()
        return said.out, said.err.splitlines()[-1]

    file = tmp_path / "study.yaml"
    prepared = prepare(small_study(tmp_path / "small"))
    prepared.store.begin(prepared.plan)
    record_evaluations(prepared.store, prepared.plan)
    analyses = f"nothing is to be done, and this analyses it: spillover run {file}"
    assert plan()[1] == analyses
    for name in ("findings.json", "report.html"):
        (tmp_path / "small" / name).touch()
    told, then = plan()
    assert then == f"done: open {tmp_path / 'small'}/report.html"
    assert "evaluations" in told
    assert "estimated" not in told, "nothing would be all that it says"
    assert plan(analysis={"replicates": 9})[1] == analyses, "what is there is of other settings"
