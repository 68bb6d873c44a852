"""Of several evaluations of one run and task the newest is read where that is asked for, and it is said."""

from __future__ import annotations

import json
import zipfile

import pytest
from tests.contracts.result_files import FORMATS, accuracy

from spillover.cli.main import run_command
from spillover.core.errors import ImportFileError
from spillover.interop.found import ReadingOptions
from spillover.interop.importing import ImportChoices, import_results, plan_import

LATEST = ImportChoices(reading=ReadingOptions(latest=True))


def older(text):
    """What another evaluation may have had: other answers."""
    return text.replace("The answer is (A).", "The answer is (B).")


def write_twice(name, folder):
    FORMATS[name].write(folder)
    for file in [file for file in folder.rglob("*") if file.is_file() and file.name != "status.json"]:
        earlier = file.with_name(file.name.replace("2025", "2024", 1))
        if name == "vlmevalkit-tsv":
            for date in ("T20240907", "T20250907"):
                (file.parent / date).mkdir(exist_ok=True)
            written, earlier = (file.parent / date / file.name for date in ("T20250907", "T20240907"))
            earlier.write_text(older(file.read_text()))
            file.rename(written)
        elif name == "inspect":
            with zipfile.ZipFile(file) as archive, zipfile.ZipFile(earlier, "w") as copy:
                for each in archive.namelist():
                    text = archive.read(each).decode().replace("2025-09-07T", "2024-09-07T")
                    copy.writestr(each, older(text))
        else:
            earlier.write_text(older(file.read_text()))
    return folder


@pytest.mark.parametrize(("name", "files"), [("lmms-eval", 6), ("lm-eval", 6), ("vlmevalkit-tsv", 3), ("inspect", 6)])
def test_the_newest_evaluation_is_read_and_told(name, files, tmp_path):
    folder = write_twice(name, tmp_path)
    with pytest.raises(ImportFileError, match="twice"):
        import_results([folder])
    results = import_results([folder], LATEST)
    for (run, task), tally in results.gathered.tallies.items():
        assert tally.correct / tally.examples == pytest.approx(accuracy(run, task))
    (note,) = [each for each in plan_import([folder], LATEST).notes if "newest" in each]
    assert f"are left out: {files} files, the first " in note


def test_a_rerun_names_the_option(tmp_path, capsys):
    folder = write_twice("lmms-eval", tmp_path / "results")
    assert run_command(["import", str(folder), "--dry-run"]) == 2
    assert "--latest" in capsys.readouterr().err
    assert run_command(["import", str(folder), "--dry-run", "--latest"]) == 0


def test_newest_results_without_their_samples_are_refused(tmp_path):
    folder = write_twice("lmms-eval", tmp_path)
    (folder / "base" / "20250907_101500_samples_blink_jigsaw.jsonl").unlink()
    with pytest.raises(
        ImportFileError, match=r"newest results of blink_jigsaw have no samples.* 20240907_101500_samples"
    ):
        import_results([folder], LATEST)


def test_one_task_may_be_evaluated_anew(tmp_path):
    folder = write_twice("lmms-eval", tmp_path)
    for file in folder.glob("*/2025*_samples_blink_counting.jsonl"):
        file.unlink()
    for file in folder.glob("*/2025*_results.json"):
        document = json.loads(file.read_text())
        for table in ("results", "n-samples"):
            document[table].pop("blink_counting", None)
        file.write_text(json.dumps(document))
    results = import_results([folder], LATEST)
    tally = results.gathered.tallies["base", "Jigsaw"]
    assert tally.correct / tally.examples == pytest.approx(accuracy("base", "Jigsaw"))
    assert ("base", "Counting") in results.gathered.tallies


def test_the_newest_results_without_samples_are_read(tmp_path):
    for year, value in (("2024", 0.25), ("2025", 0.5)):
        for run in ("base", "Jigsaw-seed0"):
            (tmp_path / run).mkdir(exist_ok=True)
            document = {"results": {"blink_jigsaw": {"blink_acc,none": value}}, "configs": {}}
            (tmp_path / run / f"{year}0907_101500_results.json").write_text(json.dumps(document))
    with pytest.raises(ImportFileError, match="there twice"):
        import_results([tmp_path])
    results = import_results([tmp_path], LATEST)
    assert {row.accuracy for row in results.data[0].rows} == {0.5}
    assert "the newest of several results are read of blink_jigsaw" in plan_import([tmp_path], LATEST).notes
