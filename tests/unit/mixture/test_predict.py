"""What a mixture is predicted to do, and what of it is promised."""

from dataclasses import replace

import numpy as np
import pytest
from tests.unit.mixture.made_tables import HELPFUL, TASKS, recommended, settled, shares, table

from spillover.analysis.cube import example_cube
from spillover.analysis.sampling import Half, TransferSample, sample_transfers
from spillover.analysis.settings import AnalysisSettings
from spillover.mixture.pose import Pose
from spillover.mixture.predict import estimate_optimism, split_evidence
from spillover.mixture.recommend import recommend_from
from spillover.tasks.recipes import recipe_from


def effects(mixture):
    return {each.task: each for each in mixture.effects}


@pytest.mark.parametrize("strategy", ["robust", "threshold", "proportional", "best-single", "random", "direct"])
def test_the_prediction_is_the_sum_of_effects_whoever_chose(strategy):
    mixture = recommended(HELPFUL, noise=0.1, strategy=strategy, budget=90)
    given = shares(mixture)
    assert [share * 90 for share in given.values()] == pytest.approx([each.examples for each in mixture.taken])
    (sample,) = sample_transfers(table(HELPFUL, noise=0.1), AnalysisSettings())
    for column, task in enumerate(TASKS):
        added = sum(share * sample.mean[TASKS.index(source), column] for source, share in given.items())
        effect = effects(mixture)[task]
        assert effect.predicted == pytest.approx(added, abs=1e-12)
        assert effect.low <= effect.predicted <= effect.high
        assert effect.worst <= effect.predicted


def test_luck_is_discounted_on_targets_alone():
    mixture = recommended([[0.1] * 3] * 3, noise=0.5, strategy="threshold", protected=["AS"], tolerance=9)
    found = effects(mixture)
    assert found["Jigsaw"].promised < found["Jigsaw"].predicted
    assert found["Art_Style"].promised is found["Counting"].promised is None
    recipe = recipe_from(mixture.to_json())
    assert set(recipe.predicted) == set(TASKS)
    other = found["Counting"]
    assert recipe.predicted["Counting"] == (other.predicted, other.low, other.high)
    optimism = found["Jigsaw"].predicted - found["Jigsaw"].promised
    assert set(recipe.promised) == {"Jigsaw"}
    assert recipe.promised["Jigsaw"] == pytest.approx([value - optimism for value in recipe.predicted["Jigsaw"]])


@pytest.mark.parametrize("strategy", ["random", "direct"])
def test_what_was_not_chosen_by_its_effect_is_promised_as_it_is(strategy):
    effect = recommended(HELPFUL, noise=0.3, strategy=strategy).effects[0]
    assert effect.promised == effect.predicted


def test_without_splits_nothing_is_promised():
    mixture = recommended(HELPFUL, splits=0)
    assert mixture.effects[0].promised is None
    assert "optimistic, and nothing tells by how much" in mixture.notes[mixture.caveats]
    assert recipe_from(mixture.to_json()).promised == {}


def test_evidence_that_is_split_beforehand_makes_no_difference():
    (sample,) = sample_transfers(table(HELPFUL, noise=0.3), AnalysisSettings(), replicates=200)
    halves = tuple(split_evidence(sample, settled(splits=3)))
    assert len(halves) == 3
    for target in TASKS:
        asked = settled(targets=[target], splits=3, exclude_target_data=True)
        assert recommend_from(sample, asked, halves) == recommend_from(sample, asked)


def drawn(truth, noise, rng, items=60):
    """Effects of sources on one target, measured on items with noise."""
    seen = truth + noise * np.sqrt(items) * rng.standard_normal((items, len(truth)))

    def replicates(rows, count, generator):
        weights = generator.multinomial(len(rows), np.full(len(rows), 1 / len(rows)), count) / len(rows)
        return (weights @ rows)[..., None]

    def split(generator, size):
        order = generator.permutation(items)
        first, second = seen[order[: items // 2]], seen[order[items // 2 :]]
        means = [half.mean(axis=0)[:, None] for half in (first, second)]
        return Half(replicates=replicates(first, size, generator), mean=means[0], held_out=means[1], share=0.5)

    names = tuple(f"s{place}" for place in range(len(truth)))
    return TransferSample(
        model="m",
        protocol="letters",
        sources=names,
        targets=("t",),
        abbreviations={name: name for name in (*names, "t")},
        mean=seen.mean(axis=0)[:, None],
        replicates=replicates(seen, 100, rng),
        split=split,
        split_over="examples",
    )


@pytest.mark.parametrize("strategy", ["best-single", "proportional"])
@pytest.mark.parametrize("truth", [np.zeros(8), np.array([0.1, 0.08, *[0.0] * 6])], ids=["nothing helps", "two help"])
def test_promises_are_right_on_average_where_sums_flatter(strategy, truth):
    rng = np.random.default_rng(5)
    flattered, missed = [], []
    for _ in range(40):
        mixture = recommend_from(drawn(truth, 0.06, rng), settled(targets=["t"], strategy=strategy, splits=10))
        real = sum(each.share * truth[int(each.source[1:])] for each in mixture.taken)
        flattered.append(mixture.effects[0].predicted - real)
        missed.append(mixture.effects[0].promised - real)
    assert np.mean(flattered) > 0.03
    assert abs(np.mean(missed)) < 0.35 * np.mean(flattered)


def test_optimism_is_scaled_by_how_much_of_the_evidence_was_chosen_by():
    (sample,) = sample_transfers(table(HELPFUL, seeds=3, noise=0.3), AnalysisSettings(), replicates=100)
    halves = list(split_evidence(sample, settled(splits=4)))
    assert {half.share for half in halves} == {1 / 3}
    asked = settled(strategy="best-single")
    pose = Pose.of(sample, asked)
    shares = np.array([0.0, 0.0, 1.0])
    (of_a_third,) = estimate_optimism(pose, shares, halves).by_target
    (of_a_half,) = estimate_optimism(pose, shares, [replace(half, share=0.5) for half in halves]).by_target
    assert of_a_third > 0
    assert of_a_third / of_a_half == pytest.approx(np.sqrt((1 / 3) / (1 / 2)))


@pytest.mark.parametrize("known", [True, False])
def test_calibration_is_advised_only_where_log_probabilities_are_known(known):
    sample = replace(drawn(np.full(8, 0.2), 0.01, np.random.default_rng(0)), can_calibrate=known)
    mixture = recommend_from(sample, settled(targets=["t"], splits=2))
    (common,) = (note for note in mixture.notes if "8 of 8 sources gain on t" in note)
    assert ("prefer --measure calibrated or" in common) == known


def test_answers_without_log_probabilities_cannot_be_calibrated():
    cube = example_cube()
    options = [replace(block, base_log_probabilities=np.zeros((1, 4, 2))) for block in cube.blocks]
    known = [replace(block, log_probabilities=np.zeros((1, 2, 4, 2))) for block in options]
    told = [replace(cube, blocks=tuple(blocks)) for blocks in (cube.blocks, options, known)]
    assert [sample_transfers(each, AnalysisSettings())[0].can_calibrate for each in told] == [False, False, True]
