"""A study's folder that cannot be written is planned and, where nothing is left to do, read."""

import json
import os

import pytest
from tests.conftest import small_study
from tests.unit.study.made_up import record_evaluations

from spillover.cli.main import run_command
from spillover.study.preparing import prepare


@pytest.fixture
def study_file(tmp_path):
    file = tmp_path / "study.yaml"
    file.write_text(small_study(tmp_path / "small", seeds=[0, 1]).model_dump_json(exclude={"provenance"}))
    return file


def forbid_writing(folder, monkeypatch):
    """As on a medium that is read-only for root, too; say what stands in the folder."""
    access = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: not mode & os.W_OK and access(path, mode))
    return content(folder)


def content(folder):
    return {file: file.lstat().st_mtime_ns for file in [folder, *folder.rglob("*")]}


def begin(tmp_path, leave_out=lambda _: False):
    prepared = prepare(small_study(tmp_path / "small", seeds=[0, 1]))
    prepared.store.begin(prepared.plan)
    record_evaluations(prepared.store, prepared.plan, leave_out)


def test_a_finished_study_is_planned_and_run_to_read_it(study_file, monkeypatch, capsys):
    begin(study_file.parent)
    before = forbid_writing(study_file.parent, monkeypatch)
    assert run_command(["plan", str(study_file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["obstacles"] == []
    assert run_command(["run", str(study_file)]) == 0
    said = capsys.readouterr()
    assert "no job is left to do" in said.err
    assert "Relative_Depth" in said.out
    assert "small, which cannot be written: what stands there stays as it is" in said.err
    assert content(study_file.parent) == before


@pytest.mark.parametrize("is_begun", [True, False])
def test_one_with_jobs_left_is_planned_and_not_run(study_file, monkeypatch, capsys, is_begun):
    if is_begun:
        begin(study_file.parent, leave_out=lambda job: job.seed == 1)
    before = forbid_writing(study_file.parent, monkeypatch)
    assert run_command(["plan", str(study_file)]) == 0
    assert "it cannot be run here: " in (said := capsys.readouterr().err)
    assert "small: cannot write into the study's folder" in said
    assert run_command(["run", str(study_file)]) == 2
    assert "small: cannot write into the study's folder" in capsys.readouterr().err
    assert content(study_file.parent) == before
