import json
from dataclasses import replace

import numpy as np
import pytest
from tests.unit.analysis.conftest import draw_scores
from tests.unit.mixture.made_tables import HELPFUL, settled, shares, table

from spillover.analysis.carried import carry_analysis
from spillover.analysis.cube import ScoreCube, example_cube
from spillover.analysis.settings import AnalysisSettings
from spillover.cli.main import run_command
from spillover.core.scores import table_from_scores
from spillover.mixture.problem import MixtureError
from spillover.mixture.recommend import recommend
from spillover.tasks.mixed import count_examples
from spillover.tasks.task import Task


def null_cube(rng, sources=8, examples=60, seeds=3):
    """No source does anything: every finetuned model answers like the base, but for noise of its own."""
    names = tuple(f"t{index}" for index in range(sources))
    blocks = []
    for name in names:
        block = example_cube().blocks[0]
        base = (rng.random((1, examples)) < 0.5).astype(float)
        flipped = rng.random((seeds, sources, examples)) < 0.2
        scores = np.where(flipped, rng.random((seeds, sources, examples)) < 0.5, base[:, None]).astype(float)
        blocks.append(
            replace(
                block,
                target=name,
                examples=tuple(map(str, range(examples))),
                answers=np.zeros(examples, dtype=int),
                option_counts=np.full(examples, 2),
                base=base,
                scores=scores,
                base_given=(1 - base).astype(int),
                given=(1 - scores).astype(int),
            )
        )
    return ScoreCube(
        model="null", protocol="letters", sources=names, targets=names, seeds=tuple(range(seeds)), blocks=tuple(blocks)
    )


def test_the_best_source_is_taken_and_the_harmful_one_is_not():
    (mixture,) = recommend(table(HELPFUL, noise=0.01), settled())
    assert shares(mixture)["Jigsaw"] > 0.9
    left_out = {each.source: each.reason for each in mixture.sources if not each.share}
    assert "harms the target" in left_out["Art_Style"]


def test_what_the_scores_carry_of_settings_and_tasks_is_what_counts_unless_others_are_given():
    scores = table_from_scores(draw_scores(("Mine", "Yours")))
    asked = settled(targets=["Mine"], strategy="best-single", replicates=100)
    known = [Task(name=name, abbreviation=name, human=0.9) for name in ("Mine", "Yours")]
    human = AnalysisSettings(ceiling="human")
    carried = carry_analysis(scores, human, known)
    assert recommend(carried, asked) == recommend(scores, asked, human, known)
    assert recommend(carried, asked) != recommend(scores, asked) == recommend(carried, asked, AnalysisSettings())
    lower = [Task(name=name, abbreviation=name, human=0.8) for name in ("Mine", "Yours")]
    assert recommend(carried, asked, tasks=lower) == recommend(scores, asked, human, lower)


def test_gains_are_not_weighed_against_noise_that_nothing_tells():
    with pytest.raises(MixtureError, match=r"nothing tells the noise on Jigsaw: one seed.*\n.*--strategy proportional"):
        recommend(table(HELPFUL, seeds=1), settled())
    (mixture,) = recommend(table(HELPFUL, seeds=1), settled(strategy="proportional"))
    assert any("nothing tells the noise on Jigsaw, so there are no intervals" in note for note in mixture.notes)
    for each in (*mixture.sources, *mixture.effects):
        assert np.isnan([each.low, each.high]).all()
    assert np.isnan(mixture.effects[0].worst)
    assert not any("replicate" in each.reason for each in mixture.sources)


def test_the_targets_own_data_can_be_left_out():
    (mixture,) = recommend(table(HELPFUL), settled(exclude_target_data=True))
    assert shares(mixture) == {"Counting": 1.0}


def test_a_protected_task_changes_the_choice_and_says_so():
    (mixture,) = recommend(table(HELPFUL), settled(protected=["AS"]))
    effects = {effect.task: effect for effect in mixture.effects}
    assert effects["Art_Style"].role == "protected"
    assert effects["Art_Style"].predicted >= -1e-6
    assert effects["Jigsaw"].predicted == pytest.approx(1 / 3, abs=0.01)


def test_counts_sum_to_the_budget():
    (mixture,) = recommend(table(HELPFUL), settled(strategy="proportional", budget=1001))
    assert sum(each.examples for each in mixture.sources) == 1001
    assert count_examples([0.5, 0.5], 3) == [2, 1]


def test_a_source_gives_no_more_than_it_has():
    (mixture,) = recommend(table(HELPFUL), settled(available={"Jigsaw": 250}))
    assert shares(mixture)["Jigsaw"] == pytest.approx(0.25)
    assert "as much as it has" in mixture.taken[-1].reason


def test_where_nothing_transfers_the_promise_is_not_flattered():
    flattered, promised = [], []
    for seed in range(12):
        cube = null_cube(np.random.default_rng(seed))
        (mixture,) = recommend(cube, settled(targets=["t0"], strategy="best-single", replicates=100))
        flattered.append(mixture.effects[0].predicted)
        promised.append(mixture.effects[0].promised)
    assert np.mean(flattered) > 0.05
    assert abs(np.mean(promised)) < 0.5 * np.mean(flattered)


def test_an_undefined_target_is_refused():
    values = [[np.nan, 0.0, 0.1], [np.nan, 0.3, 0.1], [np.nan, 0.1, 0.2]]
    with pytest.raises(MixtureError, match="no PGF on Jigsaw"):
        recommend(table(values), settled())


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"targets": ["Jigsw"]}, "did you mean Jigsaw?"),
        ({"protected": ["Jigsaw"]}, "both a target and protected"),
        ({"available": {"Nothing": 3}}, "unknown source 'Nothing'"),
    ],
)
def test_what_does_not_fit_the_data_is_named(changes, word):
    with pytest.raises(MixtureError, match=word.replace("?", r"\?")):
        recommend(table(HELPFUL), settled(**changes))


def test_a_table_of_one_seed_says_that_its_prediction_is_optimistic():
    (mixture,) = recommend(table(HELPFUL, seeds=1), settled(strategy="proportional"))
    assert "optimistic" in mixture.notes[mixture.caveats]


def test_a_table_cannot_be_calibrated_and_examples_of_scores_can_be_halved():
    (mixture,) = recommend(example_cube(), settled(strategy="proportional"), AnalysisSettings())
    assert shares(mixture) == {"Jigsaw": 1.0}
    assert any("half of the examples" in note for note in mixture.notes)


def test_the_command_prints_shares_in_words_and_as_json(tmp_path, capsys):
    file = tmp_path / "pgf.csv"
    rows = [f"{row.seed},{row.source},{row.target},{row.pgf}" for row in table(HELPFUL).rows]
    file.write_text("\n".join(["seed,ft_task,task,perfection_gap_factor", *rows]))
    assert run_command(["mix", str(file), "--target", "JG", "--out", str(tmp_path / "mixture.json")]) == 0
    assert "Counting" in capsys.readouterr().out
    assert run_command(["mix", str(file), "--target", "JG", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads((tmp_path / "mixture.json").read_text())
    assert printed["sources"][0]["source"] == "Jigsaw"
    assert run_command(["mix", str(file), "--target", "Jigsw"]) == 2
    assert "did you mean Jigsaw?" in capsys.readouterr().err


def test_the_command_exports_what_it_recommends(tmp_path, capsys):
    file = tmp_path / "pgf.csv"
    rows = [f"{row.seed},{row.source},{row.target},{row.pgf}" for row in table(HELPFUL).rows]
    file.write_text("\n".join(["seed,ft_task,task,perfection_gap_factor", *rows]))
    (tmp_path / "study.yaml").write_text("name: x\ntasks: perception\n")
    asked = ["mix", str(file), "--target", "JG", "--budget", "4", "--export", "jsonl"]
    assert run_command(asked) == 2
    assert "--out DIR" in capsys.readouterr().err
    assert run_command([*asked, "--out", str(tmp_path / "out")]) == 2
    assert "a table holds no training data" in capsys.readouterr().err
    assert run_command([*asked, "--out", str(tmp_path / "out"), "--data", str(tmp_path / "study.yaml")]) == 0
    assert len((tmp_path / "out" / "train.jsonl").read_text().splitlines()) == 4
    assert run_command([*asked[:-1], "jsnl", "--out", str(tmp_path / "out")]) == 2
    assert "not one of" in capsys.readouterr().err
