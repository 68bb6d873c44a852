"""Warnings that a careful reviewer would raise."""

from __future__ import annotations

import re
from dataclasses import replace
from io import StringIO

import numpy as np
import pytest
from rich.console import Console

from spillover.analysis import AnalysisSettings, analyze
from spillover.analysis.answers import balance_accuracy, find_shared_count
from spillover.core.scores import table_from_scores
from spillover.report.terminal import findings_in_terminal
from spillover.tasks import labels as labels_of_blink

QUICK = AnalysisSettings(replicates=0, permutations=0)


def kinds(findings) -> set[str]:
    return {warned.kind for warned in findings.models[0].warnings}


def test_answering_one_letter_is_a_collapse_and_flags_the_target(scores):
    rows = [
        replace(row, answer_given="(A)", score=float(row.answer == "(A)"))
        if row.target == "Counting" and row.source == "Jigsaw"
        else row
        for row in scores()
    ]
    model = analyze(table_from_scores(rows), QUICK).models[0]
    (warned,) = [warned for warned in model.warnings if warned.kind == "collapse"]
    assert warned.tasks == ("Counting",)
    assert "(A)" in warned.text
    assert "Counting" in model.without_flagged.frame.excluded
    assert model.without_flagged.cells == 4
    described = next(
        cell
        for cell in analyze(table_from_scores(rows), QUICK).to_json()["models"][0]["cells"]
        if (cell["source"], cell["target"]) == ("Jigsaw", "Counting")
    )
    assert described["letters"]["(A)"] == 1.0
    assert described["balanced_accuracy"] == 0.5
    assert described["collapsed"] == 2


def test_a_collapse_that_the_base_had_before_is_not_laid_to_finetuning(scores):
    def answer(row, letter):
        return replace(row, answer_given=letter, score=float(row.answer == letter))

    always = {"base": "(B)", "Jigsaw": "(B)", "Counting": "(A)"}
    rows = [
        answer(row, always[row.source]) if row.target == "Counting" and row.source in always else row
        for row in scores()
    ]
    model = analyze(table_from_scores(rows), QUICK).models[0]
    (warned,) = [warned for warned in model.warnings if warned.kind == "collapse"]
    inherited, others, learnt = warned.text.split("; ")
    assert inherited.startswith(
        "Counting: the base itself answers (B) nearly always, and 2 of 6 finetuned models still do"
    )
    assert "learnt" not in inherited + others
    assert learnt.startswith("2 of 6 finetuned models answer (A) nearly always, as the base does not")
    seed = next(row.seed for row in rows if row.source == "Jigsaw")
    one = [row for row in rows if row.source == "base" or (row.source == "Jigsaw" and row.seed == seed)]
    model = analyze(table_from_scores(one), QUICK).models[0]
    assert "and the finetuned model still does, right" in " ".join(warned.text for warned in model.warnings)
    lost = [replace(row, answer_given=row.answer, score=1.0) if row.source == "Jigsaw" else row for row in one]
    model = analyze(table_from_scores(lost), QUICK).models[0]
    assert "and no finetuned model still does; what" in " ".join(warned.text for warned in model.warnings)
    kept = [row for row in rows if row.source != "Counting" or row.target != "Counting"]
    kept += [row for row in scores() if row.source == row.target == "Counting"]
    text = next(warned.text for warned in analyze(table_from_scores(kept), QUICK).models[0].warnings)
    assert "a learnt format" not in text


def test_being_right_as_often_as_a_letter_by_chance_is_no_collapse(scores):
    rows = scores()
    findings = analyze(table_from_scores(rows), QUICK)
    assert "collapse" not in kinds(findings)


def test_a_count_that_many_runs_share_is_found():
    correct = np.array([[59, 59, 40], [59, 59, 41], [59, 62, 43]])
    cells = np.ones((3, 1), dtype=bool)
    shared = find_shared_count(correct, cells, 0, 0.25)
    assert shared is not None
    assert (shared.correct, shared.runs, shared.of) == (59, 5, 9)
    assert find_shared_count(correct, cells, 0, 0.6) is None
    assert find_shared_count(correct[:1], cells, 0, 0.25) is None


@pytest.mark.parametrize(("replies", "warned"), [("varied", False), ("one letter", True), ("unread", True)])
def test_a_shared_count_is_told_unless_the_replies_are_of_several_letters(scores, replies, warned):
    def reply(row):
        given = {"one letter": "(A)", "unread": None}.get(replies, row.answer if row.example[-1] in "01234" else "(A)")
        return replace(row, answer_given=given, score=float(given == row.answer))

    rows = [row if row.source == "base" else reply(row) for row in scores(seeds=(0, 1, 2))]
    assert ("shared_count" in kinds(analyze(table_from_scores(rows), QUICK))) is warned


def test_unreadable_replies_are_reported(scores):
    rows = [
        replace(row, parse="none", answer_given=None, score=0.0) if row.source == "Jigsaw" else row for row in scores()
    ]
    findings = analyze(table_from_scores(rows), QUICK)
    assert "unread_replies" in kinds(findings)
    cell = findings.to_json()["models"][0]["cells"][0]
    assert (cell["source"], cell["unparsed"]) == ("Jigsaw", 1.0)


def unread(rows, share: float, *, base: bool = False, target: str = "Counting"):
    """Make a share of the replies to one target unreadable: the finetuned models', or the base's."""
    return [
        replace(row, parse="none", answer_given=None, score=0.0)
        if row.target == target
        and (row.source == "base") == base
        and int(row.example.rpartition("_")[2]) % 100 < 100 * share
        else row
        for row in rows
    ]


def test_a_target_that_is_mostly_unread_is_flagged_and_no_sieve_without_a_hedge(scores):
    tasks = ("Jigsaw", "Counting", "Relative_Depth", "Art_Style")
    rows = unread(scores(tasks, examples=100), 0.69)
    findings = analyze(table_from_scores(rows), QUICK)
    model = findings.models[0]
    (warned,) = [warned for warned in model.warnings if warned.kind == "unread_replies"]
    assert warned.tasks == ("Counting",)
    assert "0.0% of the base's replies and 69.0% of the replies after finetuning on" in warned.text
    assert model.without_flagged.frame.excluded == ("Counting",)
    assert model.personas.calibrated.sieve == ("Counting",)
    assert model.personas.without_flagged.sieve == ()
    assert any("sieves Counting (without the flagged targets: " in sentence for sentence in findings.sentences)
    said = " ".join(findings.sentences)
    assert "; 3 of them may be of format, not of skill: many replies could not be read (Counting)" in said
    assert "flagged: many replies could not be read), " in said
    console = Console(width=100, no_color=True, file=StringIO())
    console.print(findings_in_terminal(findings, 100))
    shown = console.file.getvalue()
    assert len(re.findall(r"Counting †  +−", shown)) == 3
    assert "† Counting: many replies could not be read" in shown
    assert "Jigsaw †" not in shown
    described = findings.to_json()["models"][0]["personas"]
    assert (described["calibrated"]["sieve"], described["without_flagged"]["sieve"]) == (["Counting"], [])


@pytest.mark.parametrize(
    ("base", "finetuned", "kind"),
    [
        (0, 0.03, "parse_failures"),
        (0.08, 0.04, "parse_failures"),
        (0.08, 0, "unread_replies"),
        (0.12, 0.1, "unread_replies"),
    ],
)
def test_unread_replies_flag_where_they_can_pass_for_transfer(scores, base, finetuned, kind):
    rows = unread(unread(scores(examples=100), finetuned), base, base=True)
    model = analyze(table_from_scores(rows), QUICK).models[0]
    (found,) = {warned.kind for warned in model.warnings} & {"parse_failures", "unread_replies"}
    assert found == kind
    assert ("Counting" in model.without_flagged.frame.excluded) == (kind == "unread_replies")


def test_a_base_below_chance_is_reported(scores):
    rows = [
        replace(row, score=0.0, answer_given="(B)" if row.answer == "(A)" else "(A)")
        if row.source == "base" and row.target == "Jigsaw"
        else row
        for row in scores()
    ]
    findings = analyze(table_from_scores(rows), QUICK)
    assert ("Jigsaw",) in {w.tasks for w in findings.models[0].warnings if w.kind == "below_chance"}


def test_few_seeds_are_said_and_no_star_is_promised(scores):
    text = next(
        warned.text
        for warned in analyze(table_from_scores(scores(seeds=(0, 1, 2, 3))), QUICK).models[0].warnings
        if warned.kind == "few_seeds"
    )
    assert "0.125" in text
    assert text.endswith("cells are tested over examples and seeds together")


def test_one_seed_is_said(scores):
    findings = analyze(table_from_scores(scores(seeds=(0,))), QUICK)
    assert any("one training seed" in warned.text for warned in findings.models[0].warnings)
    assert {cell["basis"] for cell in findings.to_json()["models"][0]["cells"]} == {"examples only: one seed"}


def test_a_nearly_saturated_target_says_what_one_answer_is_worth(scores):
    rows = [
        replace(row, score=float(not row.example.endswith("_0"))) if row.source == "base" else row
        for row in scores(examples=40)
    ]
    texts = [w.text for w in analyze(table_from_scores(rows), QUICK).models[0].warnings if w.kind == "saturated"]
    assert any("one answer is worth 1.000 PGF" in text for text in texts)


def test_relative_reflectance_needs_a_known_label_revision(scores):
    tasks = ("Relative_Reflectance", "Jigsaw", "Counting")
    rows = [replace(row, example=f"val_{row.example}") for row in scores(tasks)]
    findings = analyze(table_from_scores(rows), QUICK)
    assert "label_revision" in kinds(findings)
    unsure = findings.models[0].without_unknown_labels
    assert unsure is not None
    assert unsure.cells == 2
    trusted = analyze(table_from_scores(rows), QUICK.model_copy(update={"trusted_labels": ("Relative_Reflectance",)}))
    assert "label_revision" not in kinds(trusted)


def test_labels_that_are_all_there_tell_their_revision(scores, monkeypatch):
    rows = [
        replace(row, example=f"val_{row.target}_{int(row.example.split('_')[-1]) + 1}")
        for row in scores(("Relative_Reflectance", "Jigsaw"), examples=labels_of_blink.EXAMPLES)
    ]
    assert "label_revision" not in kinds(analyze(table_from_scores(rows), QUICK))
    part = [row for row in rows if not row.example.endswith("_1")]
    assert "label_revision" in kinds(analyze(table_from_scores(part), QUICK))
    labels = {row.example: row.answer for row in rows if row.target == labels_of_blink.RELABELLED}
    monkeypatch.setattr(labels_of_blink, "OLD_LABELS", labels_of_blink.hash_labels(labels))
    warned = analyze(table_from_scores(rows), QUICK).models[0].warnings
    assert any("before BLINK's correction" in each.text for each in warned if each.kind == "label_revision")


def test_our_own_suite_is_not_blinks_labels(scores):
    tasks = ("Relative_Reflectance", "Jigsaw")
    rows = [replace(row, example=f"validation_{row.target}_0_{row.example.split('_')[-1]}") for row in scores(tasks)]
    assert "label_revision" not in kinds(analyze(table_from_scores(rows), QUICK))


def test_excluded_targets_are_left_out_of_the_second_summary(table):
    model = analyze(table, QUICK.model_copy(update={"excluded_targets": ("Jigsaw",)})).models[0]
    assert model.summary.frame.excluded == ()
    assert "Jigsaw" in model.without_flagged.frame.excluded


def test_balanced_accuracy_counts_letters_equally():
    scores = np.array([[1, 1, 1, 0], [1, 1, 1, 1]], dtype=float)
    assert balance_accuracy(scores, np.array([0, 0, 0, 1])).tolist() == [0.5, 1.0]
    assert np.isnan(balance_accuracy(scores, np.full(4, -2))).all()


@pytest.mark.parametrize("protocol", ["letters", "generate"])
def test_open_questions_have_no_letters(scores, protocol):
    rows = [
        replace(
            row,
            options=None,
            option_log_probabilities=None,
            answer="3.5",
            answer_given="4",
            score=0.6,
            protocol=protocol,
        )
        for row in scores()
    ]
    model = analyze(table_from_scores(rows), QUICK).models[0]
    assert model.base["Jigsaw"].letters == {}
    assert model.base["Jigsaw"].balanced is None
    assert (model.matrix.values == 0).all()


def test_a_very_large_matrix_gets_fewer_replicates_and_says_so(scores):
    table = table_from_scores(scores())
    asked = AnalysisSettings(replicates=300, permutations=0, replicated_values=1)
    found = analyze(table, asked)
    (warned,) = [warned for warned in found.models[0].warnings if warned.kind == "fewer_replicates"]
    assert "200 bootstrap replicates were drawn and not 300" in warned.text
    assert len(found.models[0].summary.spread.replicates.mean) == 200
    assert found.provenance["settings"]["replicates"] == 300, "what was asked for"
    assert "fewer_replicates" not in kinds(analyze(table, AnalysisSettings(replicates=300, permutations=0)))
