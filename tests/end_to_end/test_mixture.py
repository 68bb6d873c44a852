"""From a study to a mixture, and to the study that verifies it, through the command line."""

import json

import pytest
import yaml

import spillover

STUDY = {
    "name": "small",
    "tasks": {
        "kind": "perception",
        "names": ["Relative_Depth", "Visual_Similarity", "Jigsaw", "Counting"],
        "examples": 24,
        "difficulty": 0.5,
    },
    "training": {"examples": 32, "epochs": 1, "learning_rate": 3e-3},
    "executor": {"processes": 1},
}


@pytest.mark.slow
def test_a_mixture_is_chosen_run_and_judged(tmp_path, monkeypatch, give):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(STUDY))
    assert give("run", "study.yaml").returncode == 0
    command = ["mix", "small", "--target", "RD", "--max-share", "0.5", "--max-sources", "2", "--budget", "32"]
    # by force, for so small a study may foretell that no choice helps
    mixed = give(*command, "--study", "check.yaml", "--random-mixtures", "3", "--out", "mix.json", "--force")
    assert mixed.returncode == 0, mixed.stderr
    ran = give("run", "check.yaml")
    assert ran.returncode == 0, ran.stderr
    assert "the mixture for Relative_Depth, verified" in ran.stdout
    assert "<svg" in (tmp_path / "check" / "report.html").read_text()

    (model,) = json.loads((tmp_path / "check" / "findings.json").read_text())["models"]
    (verdict,) = model["verdicts"]
    assert verdict["settings"]["fresh"]
    assert [arm["name"] for arm in verdict["arms"]] == ["chosen", "random", "best single", "direct"]
    assert [point["examples"] for point in verdict["dose_curve"]["points"]] == [8, 16]
    did = {each["mixture"]: {cell["target"]: cell for cell in each["cells"]} for each in model["mixtures"]}
    assert verdict["arms"][0]["overall"]["pgf"] == pytest.approx(did["chosen"]["Relative_Depth"]["observed"]["pgf"])
    assert not {"chosen", "random-1"} & set(model["sources"])

    chosen = json.loads((tmp_path / "mix.json").read_text())
    predicted = {effect["task"]: effect["predicted"] for effect in chosen["effects"]}
    for cell in model["additivity"]["cells"]:
        if cell["source"] == "chosen":
            assert cell["predicted"]["pgf"] == pytest.approx(predicted[cell["target"]], abs=1e-4)

    (tmp_path / "moved").mkdir()
    (tmp_path / "check").rename(tmp_path / "moved" / "check")  # and read without its mixture's file or its data
    again = give("analyze", tmp_path / "moved" / "check", "--json")
    assert json.loads(again.stdout)["models"][0]["verdicts"] == [verdict]
    kept = json.loads((tmp_path / "moved" / "check" / "findings.json").read_text())
    assert spillover.analyze_study(tmp_path / "moved" / "check").to_json() == kept


@pytest.mark.slow
def test_a_study_of_a_mixture_goes_on_where_it_was_left(tmp_path, monkeypatch, give):
    monkeypatch.chdir(tmp_path)
    mixture = {"name": "both", "mixture": {"parts": {"Jigsaw": 16, "Counting": 16}}}
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(STUDY | {"sources": ["Jigsaw", mixture], "targets": ["CN"]}))
    assert give("run", "study.yaml", "--only", "source=both").returncode == 0
    assert json.loads(give("plan", "study.yaml", "--json").stdout)["finetunes"] == "1 to do, 1 done"
    assert give("run", "small").returncode == 0
    (model,) = json.loads((tmp_path / "small" / "findings.json").read_text())["models"]
    assert model["sources"] == ["Jigsaw"]
    assert [each["mixture"] for each in model["mixtures"]] == ["both"]
