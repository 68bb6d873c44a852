"""VLMEvalKit's folders of several datasets: which tasks they are."""

from __future__ import annotations

import pytest
from tests.contracts.result_files import workbook, write_vlmevalkit

from spillover.cli.main import run_command
from spillover.interop.importing import ImportChoices, import_results, plan_import

CATEGORIES = {"MMStar": ["math", "coarse perception"], "MathVista": ["math", "math"], "BLINK": ["Jigsaw", "Counting"]}


def write(folder):
    """Three datasets, two of which have a category `math`; of MMStar the file of scores is there, too."""
    for run in ("base", "charts-seed0"):
        place = folder / run / "T20250907_G0a1b2c3d"
        place.mkdir(parents=True)
        for dataset, categories in CATEGORIES.items():
            header = ["index", "category", "question", "A", "B", "answer", "prediction"]
            rows = [[str(n), category, f"{n}?", "x", "y", "A", "A"] for n, category in enumerate(categories)]
            (place / f"{run}_{dataset}.xlsx").write_bytes(workbook([header, *rows]))
            scored = [[*header, "hit"], *([*row, "1"] for row in rows)]
            if dataset == "MMStar":
                (place / f"{run}_{dataset}_exact_matching_result.xlsx").write_bytes(workbook(scored))
    return folder


def test_a_dataset_is_a_task_and_of_blink_alone_the_categories_are(tmp_path):
    choices = ImportChoices()
    assert set(plan_import([write(tmp_path)], choices).tasks) == {"MMStar", "MathVista", "Jigsaw", "Counting"}
    tallies = import_results([tmp_path], choices).gathered.by_task()
    assert {task: tally.examples for task, tally in tallies.items()} == {
        "MMStar": 4, "MathVista": 4, "Jigsaw": 2, "Counting": 2,
    }  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "split,Overall,math,coarse perception\nnone,0.5,0.25,0.75\n",
        "Category,Total,Hit,Accuracy\nmath,4,1,25\ncoarse perception,4,3,75\nOverall,8,4,50\n",
    ],
)
def test_of_accuracies_the_datasets_own_is_taken(tmp_path, text):
    for run in ("base", "charts-seed0"):
        (tmp_path / run).mkdir()
        (tmp_path / run / f"{run}_MMStar_exact_matching_acc.csv").write_text(text)
    (table,) = import_results([tmp_path]).data
    assert {(row.target, row.accuracy) for row in table.rows} == {("MMStar", 0.5)}


def test_replies_that_were_read_are_counted_where_the_files_have_no_score(tmp_path, capsys):
    assert run_command(["import", str(write(tmp_path / "results")), "--out", str(tmp_path / "study")]) == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith(" MathVista ")]
    assert line.split() == ["MathVista", "4", "–", "1.0000", "–", "0", "0"]


def test_what_the_kit_writes_beside_its_results_is_not_spoken_of(tmp_path):
    write_vlmevalkit(tmp_path)
    assert plan_import([tmp_path], ImportChoices()).passed_over == ()
