"""Differences between matrices of the same runs: controls, protocols, parts of cubes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from spillover.analysis import AnalysisSettings, analyze
from spillover.analysis.context import example_context
from spillover.analysis.contrasts import contrast_scorings
from spillover.analysis.restrict import align_cubes
from spillover.core.scores import table_from_scores


def test_the_contrast_is_over_the_common_gap_never_one_model_over_another(scores):
    rows = scores(examples=60)
    control = [replace(row, control="shuffled") for row in scores(examples=60, rng_seed=9) if row.source != "base"]
    model = analyze(table_from_scores([*rows, *control]), AnalysisSettings(replicates=200, permutations=0)).models[0]
    (contrast,) = model.controls
    base = np.array([model.base[target].accuracy for target in contrast.points.targets])
    assert contrast.difference.matrix.values == pytest.approx(contrast.points.values / (1 - base), abs=1e-9)
    assert contrast.difference.matrix.values == pytest.approx(model.matrix.values - contrast.control.values, abs=1e-9)
    assert (contrast.difference.low < contrast.difference.matrix.values).all()
    assert (contrast.difference.matrix.values < contrast.difference.high).all()
    assert contrast.difference.mean_low < contrast.difference.mean < contrast.difference.mean_high


def test_a_control_equal_to_its_source_adds_nothing(scores):
    rows = scores()
    control = [replace(row, control="own") for row in rows if row.source != "base"]
    model = analyze(table_from_scores([*rows, *control]), AnalysisSettings(replicates=100, permutations=0)).models[0]
    assert (model.controls[0].difference.matrix.values == 0).all()
    assert (model.controls[0].p == 1).all()


def test_a_control_with_one_seed_and_source_is_compared_where_both_are(scores):
    rows = scores()
    control = [replace(r, control="shuffled") for r in rows if (r.source, r.seed) == ("Counting", 1)]
    findings = analyze(table_from_scores([*rows, *control]), AnalysisSettings(replicates=50, permutations=0))
    (contrast,) = findings.models[0].controls
    assert contrast.difference.matrix.sources == ("Counting",)
    assert any("against the shuffled control Counting adds" in said for said in findings.sentences)
    assert len(contrast.difference.matrix.targets) == 3


def test_an_own_control_of_a_base_that_answers_one_letter_is_warned_of(scores):
    rows = [
        replace(row, answer_given="(A)", score=float(row.answer == "(A)"))
        if (row.source, row.target) == ("base", "Jigsaw")
        else row
        for row in scores()
    ]
    control = [replace(row, control="own") for row in rows if row.source != "base"]
    settings = AnalysisSettings(replicates=0, permutations=0)
    warnings = analyze(table_from_scores([*rows, *control]), settings).models[0].warnings
    assert [warned.tasks for warned in warnings if warned.kind == "own_control"] == [("Jigsaw",)]


def test_controls_are_not_among_the_sources(scores):
    rows = scores()
    control = [replace(row, control="shuffled") for row in rows if row.source != "base"]
    described = analyze(table_from_scores([*rows, *control]), AnalysisSettings(replicates=0)).to_json()["models"][0]
    assert described["controls"] == ["shuffled"]
    assert described["sources"] == ["Jigsaw", "Counting", "Relative_Depth"]


def test_format_is_the_difference_between_protocols(scores):
    rows = scores(examples=40)
    generate = [
        replace(row, protocol="generate", score=0.0, answer_given=None, parse="none") if row.source == "base" else row
        for row in (replace(row, protocol="generate") for row in rows)
    ]
    findings = analyze(table_from_scores([*rows, *generate]), AnalysisSettings(replicates=200, permutations=0))
    letters, generated = findings.models
    assert letters.protocols == ()
    (contrast,) = generated.protocols
    expected = generated.matrix.values - letters.matrix.values
    assert contrast.difference.matrix.values == pytest.approx(expected, abs=1e-9)
    assert contrast.difference.mean_low > 0
    assert generated.base["Jigsaw"].unparsed == 1.0
    assert {"unread_replies", "below_chance"} <= {warned.kind for warned in generated.warnings}


def test_a_replicate_whose_base_leaves_no_gap_does_not_widen_a_difference(make_cube):
    names, right = ("Jigsaw", "Counting"), np.ones((2, 2, 2, 4))
    base = np.ones((1, 2, 4))
    base[..., 0] = 0  # one wrong answer: about a third of the replicates draw it never
    perfect = make_cube(right, base, sources=names, targets=names)
    unchanged = make_cube(np.broadcast_to(base[:, None], right.shape), base, sources=names, targets=names)
    contrast = contrast_scorings(perfect, unchanged, "made", example_context())
    assert contrast is not None
    assert (contrast.matrix.values == 1).all()  # and in every replicate that has a PGF
    assert contrast.low == pytest.approx(1)
    assert contrast.high == pytest.approx(1)


def test_cubes_are_cut_to_what_they_share(random_cube):
    cube = random_cube(seeds=3, tasks=4, examples=20)
    other = replace(
        cube,
        sources=cube.sources[::-1],
        seeds=(2, 1, 7),
        blocks=tuple(
            replace(block, examples=block.examples[:10] + tuple(f"x{index}" for index in range(10)))
            for block in cube.blocks
        ),
    )
    aligned = align_cubes(cube, other)
    assert aligned is not None
    first, second = aligned
    assert first.sources == second.sources == cube.sources
    assert first.seeds == second.seeds == (1, 2)
    assert first.blocks[0].scores.shape == second.blocks[0].scores.shape == (2, 4, 10)
    assert np.array_equal(second.blocks[0].scores[0, 0], cube.blocks[0].scores[1, 3, :10])


def test_cubes_that_share_nothing_cannot_be_compared(random_cube):
    cube = random_cube()
    assert align_cubes(cube, replace(cube, seeds=(7, 8, 9))) is None
