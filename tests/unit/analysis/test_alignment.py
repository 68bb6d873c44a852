"""A table of scores becomes cubes without holes, or an error that lists what is wrong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from spillover.analysis import AnalysisSettings, analyze, build_cubes
from spillover.core.errors import AnalysisError
from spillover.core.scores import table_from_scores

QUICK = AnalysisSettings(replicates=0, permutations=0)


def test_a_table_becomes_one_cube_in_the_order_of_its_rows(table):
    (cube,) = build_cubes(table)
    assert cube.sources == cube.targets == ("Jigsaw", "Counting", "Relative_Depth")
    assert cube.seeds == (0, 1)
    assert cube.accuracy.shape == (2, 3, 3)


def test_rows_in_any_order_give_the_same_cube(table, scores):
    rows = scores()
    shuffled = [rows[index] for index in np.random.default_rng(1).permutation(len(rows))]
    straight = build_cubes(table)[0]
    (mixed,) = build_cubes(table_from_scores(shuffled), order=straight.sources)
    assert np.array_equal(mixed.accuracy, straight.accuracy)
    assert np.array_equal(mixed.base_accuracy, straight.base_accuracy)


def test_pieces_with_their_own_dictionaries_are_joined(table, scores):
    rows = scores()
    pieces = pa.concat_tables([table_from_scores(rows[:100]), table_from_scores(rows[100:])])
    assert np.array_equal(build_cubes(pieces)[0].accuracy, build_cubes(table)[0].accuracy)


def test_the_given_order_of_tasks_is_kept(table):
    assert build_cubes(table, order=["Relative_Depth"])[0].targets == ("Relative_Depth", "Jigsaw", "Counting")


def test_tasks_that_are_both_come_first_in_both(scores):
    rows = [row for row in scores() if row.target != "Jigsaw" and row.source != "Counting"]
    (cube,) = build_cubes(table_from_scores(rows))
    assert cube.sources == ("Relative_Depth", "Jigsaw")
    assert cube.targets == ("Relative_Depth", "Counting")


def test_a_missing_cell_is_listed_with_its_job(scores):
    rows = [r for r in scores() if (r.source, r.seed, r.target) != ("Jigsaw", 1, "Counting")]
    with pytest.raises(AnalysisError, match=r"Jigsaw seed 1 → Counting: no scores"):
        build_cubes(table_from_scores(rows))


def test_a_missing_base_is_listed(scores):
    rows = [r for r in scores() if (r.source, r.target) != ("base", "Counting")]
    with pytest.raises(AnalysisError, match=r"base → Counting: no scores"):
        build_cubes(table_from_scores(rows))


def test_unequal_examples_of_base_and_finetuned_are_listed(scores):
    rows = [r for r in scores() if not (r.source == "base" and r.example == "Jigsaw_3")]
    with pytest.raises(AnalysisError, match=r"base → Jigsaw: lacks 1 of 30 examples, such as Jigsaw_3"):
        build_cubes(table_from_scores(rows))


def test_a_duplicate_is_listed(scores):
    rows = scores()
    with pytest.raises(AnalysisError, match=r"base → Jigsaw: has twice 1 of 30 examples"):
        build_cubes(table_from_scores([*rows, rows[0]]))


def test_many_faults_are_cut_short(scores):
    rows = [r for r in scores(tuple("abcdef")) if r.source in {"base", r.target}]
    with pytest.raises(AnalysisError, match=r"… and 40 more"):
        build_cubes(table_from_scores(rows))


@pytest.mark.parametrize(("value", "words"), [(85.0, "percent"), (float("nan"), "not in 0–1"), (-0.1, "not in 0–1")])
def test_a_score_outside_0_to_1_is_refused(scores, value, words):
    rows = scores()
    with pytest.raises(AnalysisError, match=words):
        build_cubes(table_from_scores([replace(rows[0], score=value), *rows[1:]]))


def test_fractions_divided_by_100_are_asked_about_not_guessed(scores):
    rows = [replace(row, score=row.score / 100) for row in scores()]
    with pytest.raises(AnalysisError, match=r"no score is above 0\.01"):
        build_cubes(table_from_scores(rows))


def test_a_target_asked_in_two_ways_is_refused(scores):
    rows = scores()
    with pytest.raises(AnalysisError, match="asked in two ways"):
        build_cubes(table_from_scores([replace(rows[0], target_key="other revision"), *rows[1:]]))


def test_only_base_scores_are_refused(scores):
    with pytest.raises(AnalysisError, match="nothing was finetuned"):
        build_cubes(table_from_scores([row for row in scores() if row.source == "base"]))


def test_an_empty_table_is_refused():
    with pytest.raises(AnalysisError, match="empty"):
        build_cubes(table_from_scores([]))


def test_a_table_without_the_columns_is_refused(table):
    with pytest.raises(AnalysisError, match="lacks the columns parse"):
        build_cubes(table.drop_columns(["parse"]))


def test_a_base_measured_per_seed_belongs_to_its_seed(scores):
    rows = scores()
    per_seed = [replace(row, seed=seed) for row in rows if row.source == "base" for seed in (0, 1)]
    flipped = [replace(row, score=1 - row.score) if row.seed == 1 else row for row in per_seed]
    (cube,) = build_cubes(table_from_scores([*flipped, *(row for row in rows if row.source != "base")]))
    assert cube.blocks[0].base.shape == (2, 30)
    assert np.allclose(cube.base_accuracy[0] + cube.base_accuracy[1], 1)


def test_a_base_lacking_one_seed_is_listed(scores):
    rows = [replace(row, seed=0) if row.source == "base" else row for row in scores()]
    with pytest.raises(AnalysisError, match=r"base seed 1 → Jigsaw: no scores"):
        build_cubes(table_from_scores(rows))


def test_models_protocols_controls_and_fractions_are_told_apart(scores):
    base = [row for row in scores() if row.source == "base"]
    tuned = [row for row in scores() if row.source != "base"]
    rows = [
        *(base + tuned),
        *(replace(row, control="shuffled") for row in tuned if row.seed == 0),
        *(replace(row, fraction=0.5) for row in tuned),
        *(replace(row, protocol="generate") for row in base + tuned),
        *(replace(row, model="large 7B") for row in base + tuned),
    ]
    findings = analyze(table_from_scores(rows), QUICK)
    assert [(m.model, m.protocol) for m in findings.models] == [
        ("tiny", "letters"),
        ("tiny", "generate"),
        ("large 7B", "letters"),
    ]
    first = findings.models[0]
    assert [control.kind for control in first.controls] == ["shuffled"]
    assert [step.fraction for step in first.progress] == [0.5, 1.0]
    assert first.transfers.seeds == (0, 1)
    assert [contrast.other for contrast in findings.models[1].protocols] == ["letters"]


def test_only_checkpoints_without_the_end_are_refused(scores):
    rows = [replace(row, fraction=1.0 if row.source == "base" else 0.5) for row in scores()]
    with pytest.raises(AnalysisError, match="no scores of real sources at the end"):
        analyze(table_from_scores(rows), QUICK)


def test_the_same_model_twice_is_refused(table):
    with pytest.raises(AnalysisError, match="given twice"):
        analyze([table, table], QUICK)


def test_a_mapping_names_the_models(table):
    findings = analyze({"one": table, "two": table}, QUICK)
    assert [model.model for model in findings.models] == ["one", "two"]


def test_nothing_is_refused():
    with pytest.raises(AnalysisError, match="nothing to analyse"):
        analyze([], QUICK)
