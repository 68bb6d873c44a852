"""The reference figures of the published tables, exactly (the method's §8)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spillover.analysis import AnalysisSettings, analyze
from spillover.analysis.tables import lay_out_table
from spillover.core.errors import AnalysisError
from spillover.interop.pgf_table import read_pgf_table

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"the published tables are not at {DATA}")

REFERENCE: dict[str, dict[str, Any]] = {
    "3B": {
        "mean": 0.01231,
        "cells": (77, 78),
        "transferability": (0.04323, -0.03362),
        "malleability": (0.03842, -0.03012),
        "with_diagonal": (0.05765, -0.03202),
        "largest": {"positive": ((3, 7), (3, 2)), "negative": ((4, 3), (2, 8))},
        "raw_shares": (0.507, 0.057, 0.370, 0.066),
        "corrected_shares": (0.553, 0.061, 0.386),
        "personas": {"donor": "JG", "pirate": "", "sponge": "VC RD RR FC MR", "sieve": "AS SR CN OL FD"},
        "shared_counts": {"MR": "36 of 48 finetuned models are right exactly 59 of 133 times"},
    },
    "7B": {
        "mean": -0.05108,
        "cells": (81, 74),
        "transferability": (0.04518, -0.08536),
        "malleability": (0.04382, -0.07941),
        "with_diagonal": (0.06421, -0.08034),
        "largest": {"positive": ((4, 1), (2, 9)), "negative": ((3, 5), (2, 7))},
        "raw_shares": (0.254, 0.143, 0.549, 0.055),
        "corrected_shares": (0.272, 0.152, 0.575),
        "personas": {"donor": "VC", "pirate": "RD FC OL", "sponge": "AS RD RR MR OL", "sieve": "VC SC FD"},
        "shared_counts": {
            "SR": "15 of 48 finetuned models are right exactly 128 of 143 times",
            "MR": "14 of 48 finetuned models are right exactly 59 of 133 times",
        },
    },
}


@pytest.fixture(scope="module", params=["3B", "7B"])
def published(request) -> tuple[dict[str, Any], dict[str, Any]]:
    """One table's findings as JSON, and the figures that they must hold."""
    table = read_pgf_table(DATA / f"pgf_{request.param}.csv")
    return analyze(table, AnalysisSettings(replicates=200)).to_json()["models"][0], REFERENCE[request.param]


def both(averages: dict[str, Any]) -> tuple[float, float]:
    return round(averages["average"]["positive"], 5), round(averages["average"]["negative"], 5)


def test_mean_and_signs(published):
    found, expected = published
    assert round(found["mean_off_diagonal"], 5) == expected["mean"]
    assert (found["positive_cells"], found["negative_cells"]) == expected["cells"]
    assert found["cells_counted"] == 156


def test_transferability_and_malleability(published):
    found, expected = published
    assert both(found["transferability"]) == expected["transferability"]
    assert both(found["malleability"]) == expected["malleability"]
    assert both(found["with_diagonal"]["transferability"]) == expected["with_diagonal"]


def test_largest_cliques_of_both_graphs(published):
    found, expected = published
    for sign, (mean, every_seed) in expected["largest"].items():
        largest = found["cliques"]["largest"][sign]
        assert (largest["mean"]["size"], largest["mean"]["count"]) == mean
        assert (largest["every_seed"]["size"], largest["every_seed"]["count"]) == every_seed
        listed = [clique for clique in found["cliques"][sign] if "mean" in clique["maximal_in"]]
        assert len(listed[0]["tasks"]) == mean[0]


def test_cliques_are_no_larger_than_columns_alone_produce(published):
    found, _ = published
    assert all(found["cliques"]["largest"][sign]["mean"]["p"] > 0.5 for sign in ("positive", "negative"))


def test_variance_shares(published):
    found, expected = published
    variance = found["variance"]
    names = ("target", "source_given_target", "interaction", "seed_noise")
    assert tuple(round(variance[name], 3) for name in names) == expected["raw_shares"]
    corrected = variance["corrected"]
    assert (
        tuple(round(corrected[name], 3) for name in ("target", "source", "interaction"))
        == (expected["corrected_shares"])
    )


def test_intervals_of_variance_shares_hold_their_estimates(published):
    found, _ = published
    variance, intervals = found["variance"], found["variance"]["intervals"]
    for name in ("target", "source_given_target", "interaction", "seed_noise"):
        low, high = intervals[name]
        assert low < variance[name] < high
    for name, value in variance["corrected"].items():
        low, high = intervals["corrected"][name]
        assert low < value < high


def test_raw_personas(published):
    found, expected = published
    for kind, tasks in expected["personas"].items():
        named = {found["abbreviations"][task] for task in found["personas"]["raw"][kind]}
        assert named == set(tasks.split())


def test_no_persona_of_a_column_is_tested_from_a_table(published):
    found, _ = published
    assert found["personas"]["columns_tested"] is False
    assert found["personas"]["calibrated"]["sponge"] == found["personas"]["calibrated"]["sieve"] == []


def test_targets_on_which_many_runs_share_one_count(published):
    found, expected = published
    texts = {
        found["abbreviations"][warned["tasks"][0]]: warned["text"]
        for warned in found["warnings"]
        if warned["kind"] == "shared_count"
    }
    assert texts.keys() == expected["shared_counts"].keys()
    assert all(expected["shared_counts"][task] in text for task, text in texts.items())


def test_the_largest_positive_clique_of_7b_is_named():
    found = analyze(read_pgf_table(DATA / "pgf_7B.csv"), AnalysisSettings(replicates=0)).models[0]
    short = found.matrix.abbreviations
    assert sorted(short[task] for task in found.positive_cliques.cliques[0].tasks) == ["MR", "RD", "RR", "VS"]


def test_without_reflectance_the_3b_mean_is_gone():
    found = analyze(read_pgf_table(DATA / "pgf_3B.csv"), AnalysisSettings(replicates=0, permutations=0)).models[0]
    assert found.without_unknown_labels is not None
    assert found.without_unknown_labels.mean == pytest.approx(0.0005, abs=5e-5)


def test_one_7b_target_holds_44_percent_of_the_squares():
    found = analyze(read_pgf_table(DATA / "pgf_7B.csv"), AnalysisSettings(replicates=0, permutations=0)).to_json()
    shares = found["models"][0]["squares_by_target"]
    assert max(shares, key=shares.__getitem__) == "Visual_Similarity"
    assert round(shares["Visual_Similarity"], 2) == 0.44


def test_counts_of_every_base_are_recovered():
    found = analyze(read_pgf_table(DATA / "pgf_7B.csv"), AnalysisSettings(replicates=0, permutations=0)).models[0]
    assert all(record.accuracy is not None for record in found.base.values())
    accuracy = found.base["Spatial_Relation"].accuracy
    assert accuracy == pytest.approx(1 - 16 / 143)


@pytest.mark.parametrize("sources", [1, 2, 3, 5])
@pytest.mark.parametrize("name", ["3B", "7B"])
def test_fewer_sources_recover_no_wrong_count(name, sources):
    """What some of the sources leave of a column recovers the whole column's count, or none."""
    table = read_pgf_table(DATA / f"pgf_{name}.csv")
    whole = lay_out_table(table)
    true = {target: set(whole.counts.base_errors[:, i].tolist()) for i, target in enumerate(whole.transfers.targets)}
    rng = np.random.default_rng(0)
    known = 0
    for _ in range(10):
        kept = set(rng.choice(whole.transfers.sources, sources, replace=False).tolist())
        part = lay_out_table(replace(table, rows=tuple(row for row in table.rows if row.source in kept)))
        for target, errors in zip(part.transfers.targets, part.counts.base_errors.T.tolist(), strict=True):
            assert set(errors) <= true[target] | {0}
            known += all(errors)
    assert known > 0


def test_both_tables_side_by_side_keep_consistent_personas():
    tables = {name: read_pgf_table(DATA / f"pgf_{name}.csv") for name in ("7B", "3B")}
    findings = analyze(tables, AnalysisSettings(replicates=0, permutations=0))
    (comparison,) = findings.comparisons
    assert comparison.models == ("3B", "7B")
    assert comparison.consistent["raw"].sponge == ("Relative_Depth", "Relative_Reflectance", "Multi-view_Reasoning")


def test_the_mean_over_fewer_targets_is_refused_when_misnamed():
    table = read_pgf_table(DATA / "pgf_3B.csv")
    with pytest.raises(AnalysisError, match="not in the data"):
        analyze(table, AnalysisSettings(excluded_targets=("Jigsw",)))
