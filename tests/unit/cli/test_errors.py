"""Bad input ends with exit code 2, a clear word and no traceback; a fault of ours with 70; what is cut off with 75."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from spillover.cli.main import run_command
from spillover.core.errors import InterruptedRunError, SpilloverError
from spillover.models.tiny import CHECKPOINT
from spillover.study import run as run_module
from spillover.study.executors.executor import JobFailed

TASK = "tasks: [{{kind: files, name: Mine, train: {folder}/d.jsonl, validation: {folder}/d.jsonl}}]\n"
BOMB = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 7))


def plan(tmp_path, text, capsys, command="plan"):
    file = tmp_path / "study.yaml"
    file.write_text(text.format(folder=tmp_path))
    code = run_command([command, str(file)])
    return code, capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("name: x\nsources: [Couting]", "did you mean Counting?"),
        ("name: x\nepoch: 3", "unknown key"),
        ("name: [x", "study.yaml:1"),
        ("name: x\nmodels: {{path: /nowhere}}", "no model folder"),
        ("name: x\nexecutor: {{devices: ['cuda:99']}}", "CUDA device"),
        ("name: x\nexecutor: {{devices: [gpu]}}", "study.yaml:2 executor.devices: 'gpu' is no device"),
        ("name: x\nexecutor: {{devices: [mps]}}", "list of cpu, cuda"),
        ("name: x\nmodels: &them [*them]", "study.yaml:2: this is nested more than 40 deep"),
        ("name: x\nsources:\n  " + 2000 * "- ", "nested more than 40 deep"),
        ("name: x\n" + BOMB, "more than 100,000 values"),
        ("name: x\nseeds: [0x" + 4000 * "f" + "]", "study.yaml:2: a whole number of more than 300 digits"),
    ],
)
def test_a_study_that_cannot_be_run(tmp_path, capsys, text, word):
    code, said = plan(tmp_path, text, capsys)
    assert code == 2
    assert word in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("row", "word"),
    [
        ({"answer": "(C)"}, "not among the choices"),
        ({"image_1": "broken.png"}, "no image that is read here"),
        ({"image_1": "cut.png"}, "the image is broken"),
        ({"image_1": "long.png"}, "long.png: the image has 4000 × 8 pixels, one side more than 200 times the other"),
        ({"choices": "left"}, "d.jsonl:1: the choices are 'left', not a list"),
        ({"choices": 5}, "d.jsonl:1: the choices are 5, not a list"),
        ({"choices": ["x"]}, "d.jsonl:1: there is one choice, 'x', and so nothing to choose"),
        ({"choices": [["x"], "y"]}, "d.jsonl:1: the choice ['x'] is neither text nor a number"),
        ({"choices": list("abcdefghijklmnopqrstuvwxyz0")}, "d.jsonl:1: 27 choices, more than the 26 letters"),
        ({"choices": None}, "add generate to the protocols"),
        ({"question": 7}, "d.jsonl:1: the question is 7, not text"),
        ({"idx": {"a": 1}}, "d.jsonl:1: the idx is {'a': 1}, neither text nor a number"),
    ],
)
def test_broken_examples_are_found_before_anything_runs(tmp_path, capsys, row, word):
    Image.effect_noise((64, 64), 50).save(tmp_path / "good.png")
    Image.new("RGB", (4000, 8)).save(tmp_path / "long.png")
    (tmp_path / "broken.png").write_bytes(b"no image")
    (tmp_path / "cut.png").write_bytes((tmp_path / "good.png").read_bytes()[:-900])
    example = {"image_1": "good.png", "choices": ["x", "y"], "answer": "(A)", "question": "Which?"}
    (tmp_path / "d.jsonl").write_text(json.dumps(example | row))
    code, said = plan(tmp_path, "name: x\noutput: {folder}/out\n" + TASK + "training: {{examples: 1}}\n", capsys, "run")
    assert code == 2
    assert word in said
    assert "Traceback" not in said
    assert not (tmp_path / "out").exists()


def cut_in_half(file):
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def write(text):
    return lambda file: file.write_text(text)


def change(key, value):
    return lambda file: file.write_text(json.dumps(json.loads(file.read_text()) | {key: value}))


@pytest.mark.parametrize(
    ("name", "damage", "word"),
    [
        ("model.safetensors", cut_in_half, "weights in model.safetensors are broken or cut short"),
        ("model.safetensors", write(""), "weights in model.safetensors are broken or cut short"),
        ("model.safetensors", Path.unlink, "no safetensors weights"),
        (
            "preprocessor_config.json",
            write("{broken"),
            "preprocessor_config.json:1: preprocessor_config.json is no JSON",
        ),
        ("preprocessor_config.json", write("[1]"), "holds a list, not an object"),
        ("preprocessor_config.json", change("image_processor_type", "Nonsense"), "cannot load the processor"),
        ("preprocessor_config.json", change("patch_size", "eight"), "a blank image cannot be read"),
        ("tokenizer.json", Path.unlink, "no tokenizer.json (its vocabulary)"),
        ("tokenizer.json", write("{}"), "cannot load the processor"),
        ("tokenizer_config.json", write(""), "tokenizer_config.json is no JSON"),
        ("config.json", change("model_type", "nonsense"), "does not recognize this architecture"),
        ("chat_template.jinja", Path.unlink, "has no chat template"),
        (
            "model.safetensors.index.json",
            write('{"weight_map": {"a": "gone.safetensors"}}'),
            "gone.safetensors are missing",
        ),
    ],
)
def test_a_damaged_model_folder_is_found_before_anything_runs(tmp_path, capsys, name, damage, word):
    shutil.copytree(CHECKPOINT, tmp_path / "model")
    damage(tmp_path / "model" / name)
    text = "name: x\nmodels: [{{path: {folder}/model}}]\noutput: {folder}/out\n"
    code, said = plan(tmp_path, text + "tasks: {{kind: perception, names: [Counting], examples: 5}}\n", capsys, "run")
    assert code == 2
    assert word in said
    assert "study.yaml:2 models[0].path" in said
    assert "Traceback" not in said
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written(tmp_path, capsys):
    tmp_path.chmod(0o500)
    assert run_command(["init", str(tmp_path / "study.yaml")]) == 2
    assert "cannot write" in capsys.readouterr().err


def test_a_folder_that_is_a_file(tmp_path, capsys):
    (tmp_path / "out").write_text("")
    text = "name: x\noutput: {folder}/out\ntasks: {{kind: perception, names: [Counting], examples: 5}}\n"
    code, said = plan(tmp_path, text, capsys, "run")
    assert code == 2
    assert "is a file, no folder" in said


def test_init_does_not_overwrite(tmp_path, capsys):
    file = tmp_path / "study.yaml"
    assert run_command(["init", str(file)]) == 0
    assert run_command(["init", str(file)]) == 2
    assert "--force" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["analyze", "nowhere.csv"],
        ["status", "nowhere"],
        ["run", "nowhere.yaml"],
        ["plan", "--only", "x", "y"],
        ["nonsense"],
    ],
)
def test_what_is_not_there_is_said(arguments, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert run_command(arguments) == 2
    assert capsys.readouterr().err


def test_a_fault_of_ours_is_told_as_one(capsys, monkeypatch):
    def stumble(*_, **__):
        raise ZeroDivisionError("ours")

    monkeypatch.setattr(Path, "exists", stumble)
    assert run_command(["init"]) == 70
    assert "fault of spillover" in capsys.readouterr().err


def test_a_fault_of_ours_that_fails_every_job_is_told_once_and_its_traceback_kept(tmp_path, capsys, monkeypatch):
    class Executor:
        def run(self, jobs, *_):
            for job in jobs:
                yield JobFailed(job, SpilloverError("internal error: IndexError: 280"), f"Traceback of {job.label}")

    monkeypatch.setattr(run_module, "executor_of", lambda _: Executor())
    text = "name: x\noutput: {folder}/out\ntasks: {{kind: perception, names: [Counting], examples: 5}}\n"
    code, said = plan(tmp_path, text, capsys, "run")
    assert code == 70
    assert [line for line in said.splitlines() if line.startswith("failed: ")] == [
        "failed: evaluate tiny and 2 more: internal error: IndexError: 280"
    ]
    assert "Traceback" not in said
    log = Path(re.search(r"the traceback stands in (.*)", said)[1])
    assert "Traceback of evaluate tiny" in log.read_text()


def test_a_broken_pipe_that_is_not_stdouts_is_a_fault_of_ours(capsys, monkeypatch):
    def stumble(*_, **__):
        raise BrokenPipeError

    monkeypatch.setattr(Path, "exists", stumble)
    assert run_command(["init"]) == 70
    assert "fault of spillover" in capsys.readouterr().err


def test_a_reader_that_has_had_enough_is_no_fault():
    code = "import sys; from spillover.cli.main import run_command; print('x'); sys.stdout.flush(); sys.stdin.read(); "
    code += "sys.exit(run_command(['tasks', 'list']))"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        process.stdout.readline()
        process.stdout.close()
        process.stdin.close()
        said = process.stderr.read()
    assert "Traceback" not in said
    assert "fault of spillover" not in said


def test_an_error_does_not_steer_the_terminal(tmp_path, capsys):
    file = tmp_path / "d.jsonl"
    file.write_text(json.dumps({"messages": [{"role": "\x1b[2J", "content": "x"}]}) + "\n")
    (tmp_path / "\x1b[2J.jsonl").write_text("")
    for each in (file, tmp_path / "\x1b[2J.jsonl"):
        assert run_command(["tasks", "check", str(each)]) == 2
        assert "\x1b[2J" not in capsys.readouterr().err


def test_a_run_that_is_cut_off_from_outside_ends_with_the_code_that_says_to_try_again(tmp_path, capsys, monkeypatch):
    def lose(*_, **__):
        raise InterruptedRunError("the head of the cluster is lost", hint="give the same command again")

    monkeypatch.setattr("spillover.cli.running.prepare", lose)
    code, said = plan(tmp_path, "name: x", capsys, "run")
    assert code == 75
    assert "error: the head of the cluster is lost\n  give the same command again" in said
