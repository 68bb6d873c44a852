"""Counts recovered from published PGFs, and said so where they cannot be."""

from __future__ import annotations

import numpy as np
import pytest

from spillover.analysis import AnalysisSettings, analyze
from spillover.analysis.accuracies import lay_out_accuracies
from spillover.analysis.bootstrap import replicate_table
from spillover.analysis.counted import infer_table
from spillover.analysis.counts import count_right, recover_counts, smallest_denominator
from spillover.analysis.tables import lay_out_table
from spillover.core.errors import AnalysisError
from spillover.core.published import AccuracyRow, AccuracyTable, PGFRow, PGFTable
from spillover.core.scores import BASE_SOURCE


def table_of(values: dict[tuple[int, str, str], float], examples: dict[str, int] | None = None) -> PGFTable:
    rows = tuple(PGFRow(seed=k, source=s, target=t, pgf=value) for (k, s, t), value in values.items())
    return PGFTable(model="m", rows=rows, examples=examples or {}, origin="table.csv")


def full(seed: int = 0, errors: int = 59, decimals: int | None = None) -> dict[tuple[int, str, str], float]:
    rng = np.random.default_rng(seed)
    values = {(k, s, t): int(rng.integers(-30, errors)) / errors for k in range(4) for s in "abcd" for t in "abcd"}
    return values if decimals is None else {place: round(value, decimals) for place, value in values.items()}


@pytest.mark.parametrize("decimals", [None, 8, 5])
def test_counts_come_back_exactly(decimals):
    laid_out = lay_out_table(table_of(full(decimals=decimals), dict.fromkeys("abcd", 133)))
    assert (laid_out.counts.base_errors == 59).all()
    exact = np.array([full()[k, s, t] for k in range(4) for s in "abcd" for t in "abcd"]).reshape(4, 4, 4)
    assert laid_out.transfers.pgf == pytest.approx(exact, abs=1e-12)
    assert laid_out.transfers.points == pytest.approx(exact * 59 / 133)


def test_too_few_decimals_recover_nothing_and_it_is_said():
    laid_out = lay_out_table(table_of(full(decimals=3), dict.fromkeys("abcd", 133)))
    assert not laid_out.counts.known.any()
    findings = analyze(table_of(full(decimals=3), dict.fromkeys("abcd", 133)), AnalysisSettings(permutations=0))
    assert "counts_not_recovered" in {warned.kind for warned in findings.models[0].warnings}
    assert {cell["basis"] for cell in findings.to_json()["models"][0]["cells"]} == {
        "seeds only: counts could not be recovered"
    }
    assert "right answers of 4 of 4 targets cannot be counted" in findings.sentences[0]


def test_seeds_that_agree_are_no_discovery_where_the_examples_are_unknown():
    same = {(k, s, t): 0.25 for k in range(4) for s in "abcd" for t in "abcd"}
    (model,) = analyze(table_of(same), AnalysisSettings(permutations=0)).models
    assert np.isnan(model.cells.inference.p).all()
    assert np.isnan(model.cells.q).all()


def test_one_lost_cell_makes_no_discovery_of_the_others_in_its_column():
    values = full(errors=59) | {(k, s, "a"): 0.25 for k in range(4) for s in "bcd"} | {(0, "b", "a"): float("nan")}
    (model,) = analyze(table_of(values, dict.fromkeys("abcd", 133)), AnalysisSettings(permutations=0)).models
    column = model.matrix.targets.index("a")
    assert np.isnan(model.cells.q[:, column]).all()
    assert np.isfinite(model.cells.q[:, column + 1]).any()


def test_an_unknown_number_of_examples_recovers_nothing():
    assert not lay_out_table(table_of(full())).counts.known.any()


def test_a_table_that_is_no_fraction_of_counts_recovers_nothing():
    values = np.random.default_rng(0).random((1, 4, 1))
    assert recover_counts(values, np.array([100])).counts.base_errors.item() == 0


def test_a_shared_factor_leaves_a_divisor_that_is_not_taken_for_the_count():
    values = np.array([20, -20, 0]) / 60
    assert smallest_denominator(values, 100, 1e-15) == 3
    counts = recover_counts(values.reshape(1, -1, 1), np.array([11])).counts
    assert counts.possible == ((3, 6),)
    assert not counts.known.any()


def test_seeds_that_share_their_base_know_more_together():
    """78 errors: the first seed alone gives 6, the second 13, and 156 would be more than there are examples."""
    values = np.array([[[13], [-26]], [[6], [-12]]]) / 78
    assert recover_counts(values, np.array([133])).counts.base_errors.ravel().tolist() == [78, 78]


def test_bases_of_their_own_are_told_apart():
    values = np.array([[[7], [-3]], [[5], [2]]]) / np.array([96, 97])[:, None, None]
    assert recover_counts(values, np.array([130])).counts.base_errors.ravel().tolist() == [96, 97]


def test_no_model_is_wrong_more_often_than_there_are_examples():
    """Of 100 examples 42 errors and a PGF of -1 make 84; with 84 errors they would make 168."""
    harmless, harmful = np.array([[[1], [2]]]) / 42, np.array([[[1], [-42]]]) / 42
    assert recover_counts(harmless, np.array([100])).counts.possible == ((42, 84),)
    assert recover_counts(harmful, np.array([100])).counts.base_errors.item() == 42


def test_many_different_counts_share_no_factor_by_chance():
    few, many = (np.arange(1, count + 1).reshape(1, -1, 1) / 24 for count in (2, 12))
    assert recover_counts(few, np.array([143])).counts.possible == ((24, 48, 72, 96, 120),)
    assert recover_counts(many, np.array([143])).counts.base_errors.item() == 24


def test_counts_come_back_from_the_cells_that_are_there():
    values = full() | {(1, "a", "b"): float("nan"), (2, "c", "b"): float("nan")}
    table = table_of(values, dict.fromkeys("abcd", 133))
    laid_out = lay_out_table(table)
    assert (laid_out.counts.base_errors == 59).all()
    assert np.isnan(laid_out.transfers.points[1, 0, 1])
    (model,) = analyze(table, AnalysisSettings(replicates=200, permutations=0)).models
    assert model.base["b"].accuracy == pytest.approx(1 - 59 / 133)
    assert np.isnan(model.cells.inference.p[0, 1])
    assert np.isnan(model.cells.accuracy[0, 1])
    assert np.isfinite(model.cells.inference.p[3, 1])


def test_an_ambiguous_count_is_said_and_nothing_is_built_on_it():
    values = {(k, s, t): value for k in range(4) for s, value in (("a", 2 / 3), ("b", -1 / 3)) for t in "ab"}
    findings = analyze(table_of(values, dict.fromkeys("ab", 15)), AnalysisSettings(permutations=0))
    model = findings.models[0]
    (warned,) = [warned for warned in model.warnings if warned.kind == "counts_ambiguous"]
    assert warned.tasks == ("a", "b")
    assert "a: 3, 6 or 9" in warned.text
    record = findings.to_json()["models"][0]["base"]["a"]
    assert (record["accuracy"], record["possible_errors"]) == (None, [3, 6, 9])
    assert np.isnan(model.cells.inference.p).all()
    assert np.isnan(model.cells.accuracy).all()
    assert np.isnan(model.transfers.points).all()
    assert set(model.cells.basis) == {"seeds only: several counts fit the PGFs"}
    assert model.matrix.values == pytest.approx(np.array([[2, 2], [-1, -1]]) / 3)


def test_floats_that_should_be_zero_are_zero():
    values = full() | {(k, "a", "b"): -1e-16 for k in range(4)}
    assert lay_out_table(table_of(values)).transfers.mean[0, 1] == 0


def test_missing_and_repeated_cells_are_listed():
    values = full()
    del values[2, "a", "b"]
    with pytest.raises(AnalysisError, match=r"seed 2, a → b: missing"):
        lay_out_table(table_of(values))
    complete = table_of(full())
    doubled = PGFTable(model="m", rows=(*complete.rows, complete.rows[0]), examples={}, origin="t")
    with pytest.raises(AnalysisError, match=r"seed 0, a → a: 2 times"):
        lay_out_table(doubled)


def test_an_impossible_pgf_is_named_with_its_place():
    with pytest.raises(AnalysisError, match=r"table\.csv: seed 1, b → c: .*1\.5 is impossible") as raised:
        lay_out_table(table_of(full() | {(1, "b", "c"): 1.5}))
    assert "divide percent by 100" in str(raised.value)


def accuracies(changed: dict[tuple[str, str], AccuracyRow]) -> AccuracyTable:
    """Three tasks, one seed, ten examples; some cells changed."""
    plain = {
        (s, t): AccuracyRow(source=s, seed=None if s == BASE_SOURCE else 0, target=t, accuracy=0.6, examples=10)
        for s in (BASE_SOURCE, *"abc")
        for t in "abc"
    }
    return AccuracyTable(model="m", rows=tuple((plain | changed).values()), origin="here")


def test_a_base_that_is_right_on_everything_is_known_and_leaves_no_gap():
    perfect = AccuracyRow(source=BASE_SOURCE, seed=None, target="b", accuracy=1.0, examples=10)
    (model,) = analyze(accuracies({(BASE_SOURCE, "b"): perfect}), AnalysisSettings(permutations=0)).models
    warned = {warned.kind: warned for warned in model.warnings}
    assert warned["undefined"].tasks == ("b",)
    assert "there is no gap to close" in warned["undefined"].text
    assert "counts_not_recovered" not in warned
    assert model.base["b"].accuracy == 1.0
    assert np.isnan(model.cells.inference.p[:, 1]).all()


def test_a_number_of_examples_that_differs_between_cells_counts_nothing():
    other = AccuracyRow(source="a", seed=0, target="b", accuracy=0.6, examples=20)
    (model,) = analyze(accuracies({("a", "b"): other}), AnalysisSettings(permutations=0)).models
    (warned,) = [warned for warned in model.warnings if warned.kind == "counts_not_recovered"]
    assert warned.tasks == ("b",)
    assert "not one number for all models" in warned.text


def test_percent_is_asked_about_not_guessed():
    with pytest.raises(AnalysisError, match="impossible with a ceiling of 1"):
        lay_out_table(table_of({place: 100 * value for place, value in full().items()}))


def test_a_cell_without_a_number_is_undefined_with_its_reason():
    values = full() | {(1, "a", "b"): float("nan")}
    transfers = lay_out_table(table_of(values, dict.fromkeys("abcd", 133))).transfers
    assert [(cell.source, cell.target) for cell in transfers.undefined] == [("a", "b")]
    findings = analyze(table_of(values, dict.fromkeys("abcd", 133)), AnalysisSettings(replicates=200, permutations=9))
    assert findings.models[0].summary.cells == 11


def test_another_ceiling_cannot_be_applied_to_a_table():
    with pytest.raises(AnalysisError, match="another ceiling cannot be applied"):
        analyze(table_of(full()), AnalysisSettings(ceiling=0.9))


def test_two_tables_of_one_model_are_refused():
    with pytest.raises(AnalysisError, match="two tables of the same model"):
        analyze([table_of(full()), table_of(full())])


def test_one_seed_without_counts_has_no_interval():
    values = {place: value for place, value in full().items() if place[0] == 0}
    cells = analyze(table_of(values), AnalysisSettings(permutations=0)).to_json()["models"][0]["cells"]
    assert {(cell["low"], cell["p"]) for cell in cells} == {(None, None)}


def test_a_table_of_sources_that_are_no_targets():
    values = {(k, s, t): value for (k, s, t), value in full().items() if s != "d" and t != "a"}
    transfers = lay_out_table(table_of(values)).transfers
    assert transfers.sources == ("b", "c", "a")
    assert transfers.targets == ("b", "c", "d")
    described = analyze(table_of(values), AnalysisSettings(replicates=0)).to_json()["models"][0]
    assert described["tasks"] == ["b", "c"]
    assert set(described["transferability"]["positive"]) == {"a", "b", "c"}
    assert described["cells_counted"] == 2


def soft_table(rng: np.random.Generator, examples: int) -> tuple[AccuracyTable, float]:
    """Means of soft scores of a base and of what was finetuned, on the same examples; and the PGF."""
    answered = rng.random(examples)
    scores = {BASE_SOURCE: answered**2, "a": np.sqrt(answered)}
    rows = tuple(
        AccuracyRow(
            source=s, seed=None if s == BASE_SOURCE else 0, target="a", accuracy=float(v.mean()), examples=examples
        )
        for s, v in scores.items()
    )
    before, after = (float(scores[s].mean()) for s in (BASE_SOURCE, "a"))
    return AccuracyTable(model="m", rows=rows, origin="here"), (after - before) / (1 - before)


def test_soft_scores_have_no_more_noise_than_the_bound_that_stands_for_it():
    rng = np.random.default_rng(0)
    laid_out = lay_out_accuracies(soft_table(rng, 200)[0])
    assert not laid_out.counts.whole.any()
    assert laid_out.counts.known.all()
    true = float(np.std([soft_table(rng, 200)[1] for _ in range(500)]))
    (piece,) = replicate_table(laid_out, 500, rng)
    assert true < piece.pgf.std() < 6 * true
    inference = infer_table(laid_out, 0.95)
    assert float(inference.high[0, 0] - inference.low[0, 0]) > 2 * 1.96 * true
    assert float(inference.p[0, 0]) < 0.05


def test_whole_counts_are_found_behind_rounded_accuracies():
    percent = np.array([61.3, 70.67, 100.0]) / 100
    assert count_right(percent, 150).tolist() == pytest.approx([91.95, 106.005, 150])
    assert count_right(np.array([61.33, 70.67, 100.0]) / 100, 150).tolist() == [92, 106, 150]
