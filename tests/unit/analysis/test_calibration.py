"""Letter-prior calibration: a moved prior fools raw PGF, and not calibrated PGF."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from spillover.analysis import AnalysisSettings, analyze, build_cubes
from spillover.analysis.calibration import calibrate_cube, calibrate_options, can_calibrate
from spillover.analysis.findings_json import describe_model
from spillover.core.scores import Score, table_from_scores

LETTERS = ("(A)", "(B)")


def scores_with_prior(prior: dict[str, float], examples: int = 200, strength: float = 1.0) -> list[Score]:
    """Models that all see the same evidence and differ only in how much they like "(A)"."""
    rng = np.random.default_rng(0)
    rows: list[Score] = []
    for target in ("one", "two"):
        for index in range(examples):
            answer = LETTERS[index % 2]
            evidence = strength * (1 if answer == "(A)" else -1) + rng.normal()
            for source in ("base", "one", "two"):
                logits = np.array([evidence / 2 + prior[source], -evidence / 2])
                log_p = logits - np.logaddexp(*logits)
                given = LETTERS[int(log_p.argmax())]
                rows.append(
                    Score(
                        model="m",
                        adapter_key=source,
                        source=source,
                        seed=None if source == "base" else 0,
                        protocol="letters",
                        target=target,
                        target_key=target,
                        example=f"{target}_{index}",
                        score=float(given == answer),
                        answer=answer,
                        answer_given=given,
                        options=LETTERS,
                        option_log_probabilities=tuple(log_p.tolist()),
                    )
                )
    return rows


def test_a_moved_prior_fools_raw_pgf_only():
    rows = scores_with_prior({"base": 3.0, "one": 0.0, "two": 0.0})
    model = analyze(table_from_scores(rows), AnalysisSettings(replicates=300)).models[0]
    assert model.matrix.values.min() > 0.4
    assert model.calibrated is not None
    assert np.abs(model.calibrated.matrix.values).max() == 0
    assert model.cells.inference.p.max() < 0.001
    assert model.calibrated.inference.p.min() == 1
    part = model.calibrated.prior_part
    assert part is not None
    assert part.mean_low > 0.3
    assert (part.low > 0).all()
    assert model.base["one"].accuracy == pytest.approx(0.55, abs=0.06)
    assert model.base["one"].calibrated == pytest.approx(0.84, abs=0.05)


def test_real_help_survives_calibration():
    rows = scores_with_prior({"base": 0.0, "one": 0.0, "two": 0.0})
    better = {row.example: row for row in scores_with_prior(dict.fromkeys(("base", "one", "two"), 0.0), strength=4.0)}
    rows = [
        row if row.source == "base" else replace(better[row.example], source=row.source, seed=0, adapter_key=row.source)
        for row in rows
    ]
    model = analyze(table_from_scores(rows), AnalysisSettings(replicates=0)).models[0]
    assert model.calibrated is not None
    assert model.calibrated.matrix.values == pytest.approx(model.matrix.values, abs=0.1)
    assert (model.calibrated.inference.low > 0).all()
    (cell, *_) = [cell for cell in describe_model(model)["calibrated"]["cells"] if cell["source"] != cell["target"]]
    assert cell["low"] < cell["pgf"] <= cell["high"] <= 1
    assert cell["p"] <= cell["q"] < 0.05


def test_calibration_changes_nothing_that_all_options_share():
    rng = np.random.default_rng(0)
    log_p = rng.normal(size=(50, 4))
    shifted = log_p + rng.normal(size=(1, 4))
    assert calibrate_options(shifted) == pytest.approx(calibrate_options(log_p))


def test_uneven_labels_do_not_punish_a_model_that_is_right():
    answers = np.array([0] * 80 + [1] * 20)
    log_p = np.where(np.arange(2) == answers[:, None], np.log(0.95), np.log(0.05))
    weak = log_p.copy()
    weak[75:80] = np.log([0.55, 0.45])
    assert (calibrate_options(weak, answers).argmax(axis=1) == answers).all()
    assert not (calibrate_options(weak).argmax(axis=1) == answers).all()


def test_examples_with_fewer_options_take_part_with_what_they_have():
    log_p = np.log(np.array([[0.5, 0.3, 0.2], [0.6, 0.4, np.nan]]))
    calibrated = calibrate_options(log_p)
    assert np.isnan(calibrated[1, 2])
    assert calibrated[0, 2] == 0


def test_a_probability_of_zero_does_not_swallow_the_mean():
    with np.errstate(divide="ignore"):
        log_p = np.log(np.array([[1.0, 0.0], [0.4, 0.6]]))
    assert np.isfinite(calibrate_options(log_p)).all()


def test_without_log_probabilities_there_is_nothing_to_calibrate(table):
    rows = [row | {"option_log_probabilities": None} for row in table.to_pylist()]
    (cube,) = build_cubes(table.from_pylist(rows, schema=table.schema))
    assert calibrate_cube(cube) is None


def test_log_probabilities_of_some_rows_only_are_not_used(table):
    rows = table.to_pylist()
    rows[7]["option_log_probabilities"] = None
    (cube,) = build_cubes(table.from_pylist(rows, schema=table.schema))
    assert calibrate_cube(cube) is None


def test_options_that_are_texts_in_changing_order_are_not_letters(table):
    rows = table.to_pylist()
    for row in rows:
        if row["example"].endswith("_0"):
            row["options"] = ["left", "right"]
    (cube,) = build_cubes(table.from_pylist(rows, schema=table.schema))
    assert cube.blocks[0].letters == ()
    assert calibrate_cube(cube) is None


def test_a_right_answer_that_is_no_option_cannot_be_calibrated(table):
    rows = table.to_pylist()
    for row in rows:
        if row["example"].endswith("_0"):
            row["answer"] = "(Z)"
    (cube,) = build_cubes(table.from_pylist(rows, schema=table.schema))
    assert not can_calibrate(cube)
    assert calibrate_cube(cube) is None
