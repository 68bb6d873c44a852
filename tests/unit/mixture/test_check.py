"""The study that verifies a mixture."""

import pytest
import yaml
from tests.conftest import small_study
from tests.unit.study.made_up import record_evaluations

from spillover.analysis.sampling import sample_transfers
from spillover.analysis.settings import AnalysisSettings
from spillover.cli.main import run_command
from spillover.core.published import PGFRow, PGFTable
from spillover.mixture.check import describe_arms, find_rivals, verifying_study, write_study
from spillover.mixture.problem import MixtureError
from spillover.mixture.recommend import recommend_from
from spillover.mixture.settings import MixtureSettings
from spillover.study.preparing import prepare
from spillover.study.reading import load_study
from spillover.study.results import read_study
from spillover.study.study import Study
from spillover.study.together import analyze_results
from spillover.tasks.settings import MixtureSource

TASKS = ("Jigsaw", "Counting", "Art_Style", "Relative_Depth", "Visual_Similarity")
SUITE = {"kind": "perception", "names": list(TASKS), "examples": 30}


def table(on_jigsaw=(0.5, 0.3, 0.28, 0.1, 0.0), names=TASKS):
    rows = tuple(
        PGFRow(seed=seed, source=source, target=target, pgf=gain + 0.01 * seed if target == "Jigsaw" else 0.1)
        for seed in range(3)
        for source, gain in zip(names, on_jigsaw, strict=True)
        for target in names
    )
    return PGFTable(model="m", rows=rows, examples={}, origin="a test")


def sampled(**changes):
    (sample,) = sample_transfers(table(**changes), AnalysisSettings(), replicates=100)
    return sample


def settled(**changes):
    given = {"targets": ["Jigsaw"], "budget": 60, "strategy": "threshold", "threshold": 0.2, "splits": 0}
    return MixtureSettings.model_validate(given | changes)


def parts(mixture):
    return {each.source: each.examples for each in mixture.taken}


def checked(study=None, *, same_examples=True, sample=None, doses=True, **changes):
    sample = sample or sampled()
    chosen = recommend_from(sample, settled(**changes))
    rivals = find_rivals(sample, chosen, 3)
    study = study or Study.model_validate({"name": "x", "tasks": SUITE, "seeds": [7]})
    return verifying_study(study, "check", chosen, rivals, same_examples=same_examples, doses=doses)


def test_random_mixtures_differ_from_each_other_and_from_the_chosen_one():
    chosen = recommend_from(sampled(), settled())
    rivals = find_rivals(sampled(), chosen, 6)
    held = [tuple(sorted(parts(each))) for each in (chosen, *rivals.random)]
    assert len(set(held)) == 7
    assert all(sum(parts(each).values()) == 60 for each in rivals.random)


def test_own_data_is_a_rival_even_where_the_choice_must_do_without():
    settings = settled(exclude_target_data=True)
    rivals = find_rivals(sampled(), recommend_from(sampled(), settings), 3)
    assert parts(rivals.direct) == {"Jigsaw": 60}
    assert parts(rivals.best_single) == {"Counting": 60}
    assert all("Jigsaw" not in parts(each) for each in rivals.random)


@pytest.mark.parametrize("strategy", ["random", "best-single", "direct"])
def test_a_baseline_is_not_verified(strategy):
    with pytest.raises(MixtureError, match="nothing to verify"):
        checked(strategy=strategy, threshold=0.0)


def test_too_few_sources_for_random_mixtures_are_told():
    sample = sampled(on_jigsaw=(0.5, 0.3, 0.28), names=TASKS[:3])
    with pytest.raises(MixtureError, match="only 1 random mixture differs from the chosen one, not 3") as told:
        checked(sample=sample, threshold=0.4)
    assert "--max-sources 2 leaves up to 3" in told.value.hint
    assert "--random-mixtures" not in told.value.hint
    assert len(find_rivals(sample, recommend_from(sample, settled(threshold=0.4, max_sources=2))).random) == 3


def test_that_there_cannot_be_enough_random_mixtures_is_told():
    sample = sampled(on_jigsaw=(0.5, 0.3, 0.28), names=TASKS[:3])
    with pytest.raises(MixtureError, match=r"only [01] random mixtures? differ") as told:
        checked(sample=sample, exclude_target_data=True)
    assert told.value.hint == (
        "2 sources cannot make 3, and fewer than 3 tell nothing: give results of more sources, or leave out "
        "--exclude-target-data"
    )


def test_eight_are_drawn_or_as_many_as_there_are():
    chosen = recommend_from(sampled(), settled())
    assert len(find_rivals(sampled(), chosen).random) == 8
    four = sampled(on_jigsaw=(0.5, 0.3, 0.28, 0.1), names=TASKS[:4])
    rivals = find_rivals(four, recommend_from(four, settled(threshold=0.4)))
    assert len(rivals.random) == 4
    with pytest.raises(MixtureError, match=r"only 4 random mixtures .* not 5") as told:
        find_rivals(four, recommend_from(four, settled(threshold=0.4)), 5)
    assert told.value.hint.startswith("take fewer: --random-mixtures 4; or let them")
    assert told.value.hint.endswith("--max-sources 2 leaves up to 6")


def test_all_train_alike_on_the_budget_and_on_enough_seeds():
    study = checked()
    assert study.training.examples == 60
    assert study.seeds == (0, 1, 2)
    assert all(sum(mixture.mixture.parts.values()) == 60 for mixture in study.mixtures)


def test_a_single_source_is_a_task_and_stands_once():
    (asked,) = (study := checked()).verification
    assert asked.best_single == asked.direct == "Jigsaw"
    assert [source for source in study.sources if isinstance(source, str)] == ["Jigsaw"]
    names = {mixture.name for mixture in study.mixtures if mixture.mixture.dose == 1}
    assert names == {"chosen", "random-1", "random-2", "random-3"}


def test_the_best_single_source_is_trained_on_a_quarter_and_half_of_the_budget_too(tmp_path):
    study = checked(small_study(tmp_path / "x", tasks=[SUITE], training={"examples": 60, "epochs": 2, "batch": 8}))
    (asked,) = study.verification
    assert asked.doses == ("Jigsaw-25%", "Jigsaw-50%")
    assert [study.training_of(name).examples for name in ("Jigsaw", *asked.doses)] == [60, 15, 30]
    steps = {job.source: job.steps for job in prepare(study).plan.finetunes if job.seed == 0}
    assert [steps[name] for name in ("Jigsaw", *asked.doses)] == [(16,), (4,), (8,)]


def test_doses_cost_what_is_told_and_can_be_left_out():
    (line,) = (line for line in describe_arms(checked(), 60) if "--no-doses" in line)
    assert "Jigsaw-25%, Jigsaw-50%, 15 and 30 examples; that is 6 trainings beside 15, with 15% more examples" in line
    study = checked(doses=False)
    assert study.verification[0].doses == ()
    assert not any("--no-doses" in line for line in describe_arms(study, 60))
    assert len(study.sources) == len(checked().sources) - 2
    assert checked(budget=3).verification[0].doses == ()


def test_doses_of_a_choice_of_one_source_and_of_a_source_that_is_short_are_of_its_task():
    for changes in ({"threshold": 0.4}, {"available": {"Jigsaw": 20}, "max_share": 0.5}):
        (asked,) = (study := checked(**changes)).verification
        assert asked.doses == ("Jigsaw-25%", "Jigsaw-50%")
        assert asked.best_single not in asked.doses
        assert all(set(each.mixture.parts) == {"Jigsaw"} for each in study.mixtures if each.name in asked.doses)


def test_a_choice_of_one_source_keeps_what_was_predicted_of_it():
    (asked,) = (study := checked(threshold=0.4)).verification
    assert asked.chosen == asked.best_single == asked.direct == "chosen-Jigsaw"
    (chosen,) = (each.mixture for each in study.mixtures if each.name == "chosen-Jigsaw")
    assert chosen.parts == {"Jigsaw": 60}
    effect = recommend_from(sampled(), settled(threshold=0.4)).effects[0]
    assert chosen.predicted["Jigsaw"] == pytest.approx((effect.predicted, effect.low, effect.high), abs=1e-4)
    assert any("the choice is one source, chosen-Jigsaw" in line for line in describe_arms(study, 60))


def test_a_study_of_mixtures_alone_is_run_and_judged(tmp_path):
    """Where the choice is one source, the best one and the targets' own, no source of the study is a task."""
    small = small_study(tmp_path / "x", tasks=[SUITE])
    study = checked(small, threshold=0.4).model_copy(update={"output": str(tmp_path / "check")})
    assert all(isinstance(source, MixtureSource) for source in study.sources)
    prepared = prepare(study)
    prepared.store.begin(prepared.plan)
    record_evaluations(prepared.store, prepared.plan)
    (model,) = analyze_results([read_study(prepared.store.folder)]).models
    (verdict,) = model.verdicts
    assert [(each.rival, each.outcome) for each in verdict.contrasts if each.outcome == "same"] == [
        ("best single", "same"),
        ("direct", "same"),
    ]


def test_rivals_may_take_the_whole_budget_whatever_limits_the_choice():
    settings = settled(max_share=0.5, available={"Jigsaw": 20})
    rivals = find_rivals(sampled(), recommend_from(sampled(), settings), 3)
    assert parts(rivals.best_single) == parts(rivals.direct) == {"Jigsaw": 60}
    for each in rivals.random:
        assert parts(each).get("Jigsaw", 0) <= 20
        assert max(parts(each).values()) <= 30


def test_what_was_protected_is_asked_of_the_study():
    (asked,) = (study := checked(protected=["CN"], tolerance=0.05)).verification
    assert (asked.protected, asked.tolerance) == (("Counting",), 0.05)
    (line,) = (line for line in describe_arms(study, 60) if "harmed" in line)
    assert line == "not to be harmed by more than 0.05 PGF: Counting"
    (bare,) = checked().verification
    assert (bare.protected, bare.tolerance) == ((), 0.0)


def test_the_suite_is_drawn_anew_and_other_tasks_cannot_be():
    study = checked()
    assert (study.tasks[0].seed, study.verification[0].fresh) == (1, True)
    files = {"kind": "files", "name": "Mine", "train": "a.jsonl"}
    assert not checked(Study.model_validate({"name": "x", "tasks": [SUITE, files]})).verification[0].fresh
    assert not checked(same_examples=False).verification[0].fresh


def test_a_recipe_says_how_many_examples_its_prediction_comes_from():
    study = Study.model_validate({"name": "x", "tasks": SUITE, "training": {"examples": 2000}})
    doses = {same: checked(study, same_examples=same).mixtures[0].mixture.measured_with for same in (True, False)}
    assert doses == {True: 2000, False: None}


def test_the_file_is_a_study_that_can_be_planned(tmp_path):
    study = checked(Study.model_validate({"name": "x", "tasks": SUITE, "evaluation": {"limit": 20}}))
    (tmp_path / "check.yaml").write_text(write_study(study))
    read = load_study(tmp_path / "check.yaml")
    assert read.verification == study.verification
    assert read.sources == study.sources
    assert read.evaluation.limit == 20
    plan = prepare(read).plan
    assert len(plan.finetunes) == len(study.sources) * 3
    assert {question.target for job in plan.evaluations for question in job.questions} == set(TASKS)


def write_table(file):
    rows = [f"{row.seed},{row.source},{row.target},{row.pgf}" for row in table().rows]
    file.write_text("\n".join(["seed,ft_task,task,perfection_gap_factor", *rows]))
    return str(file)


def test_a_table_is_verified_by_a_study_that_is_named(tmp_path, capsys):
    (tmp_path / "s.yaml").write_text(yaml.safe_dump({"name": "s", "models": "tiny", "tasks": SUITE}))
    out = tmp_path / "check.yaml"
    command = ["mix", write_table(tmp_path / "t.csv"), "--target", "JG", "--max-share", "0.5", "--study", str(out)]
    assert run_command(command) == 2
    assert "--data study.yaml" in capsys.readouterr().err
    assert run_command([*command, "--data", str(tmp_path / "s.yaml"), "--budget", "60"]) == 0
    said = " ".join(capsys.readouterr().err.split())
    assert "good luck is not told apart" in said
    assert "trains on 60 examples, and the study on 1000" in said
    assert "finds a difference from 8 random mixtures four times in five where that is about 0." in said
    assert load_study(out).verification[0].targets == ("Jigsaw",)
    assert load_study(out).verification[0].doses == ("Jigsaw-25%", "Jigsaw-50%")
    assert run_command(command) == 2
    assert "there already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ({"chosen": "Jigsw"}, "verification[0].chosen: 'Jigsw' is no source of this study; did you mean Jigsaw?"),
        ({"random": ["a", "Counting"]}, "verification[0].random: 'a' is no source"),
        ({"targets": ["JG"]}, "verification[0].targets: 'JG' is no target"),
        ({"protected": ["CN"]}, "verification[0].protected: 'CN' is no target"),
        ({"doses": ["a"], "best_single": "Jigsaw"}, "verification[0].doses: 'a' is no source"),
        ({"doses": ["Jigsaw"], "best_single": "Jigsaw"}, "'Jigsaw' is trained on as many examples as the others"),
        ({"doses": ["Jigsaw"]}, "verification[0].doses: smaller doses are held against the best single source"),
        ({"direct": 5}, "verification[0].direct: must be text, not 5"),
        ({"other": 5}, "verification[0].other: unknown key"),
    ],
)
def test_a_verification_that_names_what_is_not_there_is_refused(written, message, tmp_path, capsys):
    asked = {"targets": ["Jigsaw"], "chosen": "Jigsaw"} | written
    (tmp_path / "s.yaml").write_text(yaml.safe_dump({"name": "s", "tasks": SUITE, "verification": [asked]}))
    assert run_command(["plan", str(tmp_path / "s.yaml")]) == 2
    assert message in " ".join(capsys.readouterr().err.split())
