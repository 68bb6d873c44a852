"""Reads what a study has found so far, run here or imported: the folder alone is enough."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from spillover.analysis import Findings
from spillover.analysis.carried import carry_analysis
from spillover.analysis.warned import Warned
from spillover.core.errors import StoreError
from spillover.core.published import AccuracyTable, PGFTable
from spillover.core.scores import BASE_SOURCE
from spillover.study.beside import beside_of
from spillover.study.imported import open_imported, read_imported
from spillover.study.origin import origin_of_import, origin_of_study
from spillover.study.plan import Evaluate
from spillover.study.reading import is_imported
from spillover.study.resume import finished_part, unanswered
from spillover.study.stored import StoredStudy, open_stored_study
from spillover.study.study import Study
from spillover.study.together import StudyResults, analyze_results

CUT_WORTH_SAYING = 0.01
"""Share of a target's replies."""
LISTED = 10
"""Missing evaluations that a message lists at most."""


def read_study(folder: Path | str) -> StudyResults:
    """Read a study's folder for analysis.

    Raises:
        StoreError: the folder holds no study, or no source of it is finished.
    """
    place = Path(folder)
    if not is_imported(place):
        return results_of(open_stored_study(place))
    imported = open_imported(place)
    data, origin = tuple(read_imported(place)), origin_of_import(place, imported)
    return StudyResults(data=data, settings=imported.analysis, origin=origin)


def analyze_study(folder: Path | str) -> Findings:
    """Analyse a study's folder, run here or imported, as `spillover analyze` does and as its `findings.json` says.

    Raises:
        StoreError: the folder holds no study, or no source of it is finished.
        AnalysisError: its scores cannot be analysed as its `analysis:` asks.
    """
    return analyze_results([read_study(folder)])


def results_of(stored: StoredStudy) -> StudyResults:
    """Gather what is finished of a study: the base and every source that is scored in all its seeds and cells.

    A source with a hole is left out whole, and warned of: a matrix has no silent gaps.

    Raises:
        StoreError: no model's base and at least one of its sources are finished.
    """
    finished = replace(stored, plan=finished_part(stored.plan, stored.store))
    lacking = [job for job in unanswered(stored.plan, stored.store) if job.questions]
    if not finished.plan.jobs:
        shown = [*(job.label for job in lacking[:LISTED]), *(["…"] if len(lacking) > LISTED else [])]
        raise StoreError(
            "there is nothing to analyse yet: the base and at least one source must be finished; missing are:\n  "
            + "\n  ".join(shown),
            where=str(stored.store.folder),
            hint="spillover run it, or go on with it",
        )
    scores = finished.scores()
    missing = tuple(_warn_of_missing(lacking))
    beside = {
        model: replace(known, warnings=(*missing, *_warn_of_cut_replies(scores, model, stored.study), *known.warnings))
        for model, known in beside_of(finished).items()
    }
    return StudyResults(
        data=(scores,),
        settings=stored.study.analysis,
        tasks=stored.plan.tasks,
        beside=beside,
        origin=origin_of_study(stored),
    )


def _warn_of_missing(lacking: Iterable[Evaluate]) -> Iterable[Warned]:
    """Name each source that is left out; without its base, a model is left out whole."""
    units: dict[tuple[str, str, str | None], list[Evaluate]] = {}
    for job in lacking:
        units.setdefault((job.model, job.source, job.control), []).append(job)
    for (model, source, control), jobs in units.items():
        what = f"{source} ({control})" if control else source
        what = (
            f"the base of {model} is missing, and all of {model}"
            if source == BASE_SOURCE
            else (f"{what} of {model} is missing, and")
        )
        text = f"{what} left out: {len(jobs)} of its evaluations are not done"
        places = ", ".join(dict.fromkeys(_place(job) for job in jobs[:LISTED]))
        yield Warned(kind="missing_source", tasks=(source,), text=f"{text} ({places})")


def _warn_of_cut_replies(scores: pa.Table, model: str, study: Study) -> Iterator[Warned]:
    """Say how many replies without an answer were cut: a model that explains first has not come to it."""
    written = (pc.field("model") == model) & (pc.field("protocol") == "generate")
    asked = scores.select(["model", "protocol", "target", "parse"]).filter(written)
    of = _count_targets(asked)
    for target, count in _count_targets(asked.filter(pc.field("parse") == "cut")).items():
        if count / of[target] > CUT_WORTH_SAYING:
            text = (
                f"{target}: {count / of[target]:.1%} of all replies were cut at evaluation.maximum_new_tokens "
                f"({study.evaluation.maximum_new_tokens}) before an answer could be read, and count as wrong: raise it"
            )
            yield Warned(kind="cut_replies", tasks=(target,), text=text)


def _count_targets(asked: pa.Table) -> dict[str, int]:
    """Rows of each target; there may be millions."""
    counted = asked["target"].cast(pa.string()).value_counts().to_pylist()
    return {each["values"]: each["counts"] for each in counted}


def _place(job: Evaluate) -> str:
    share = f" at {job.fraction:.0%}" if job.fraction < 1 else ""
    return "the base" if job.seed is None else f"seed {job.seed}{share}"


def read_scores(folder: Path | str) -> pa.Table:
    """Read every score of a study, run here or imported, one row an example, in `SCORE_SCHEMA`.

    Args:
        folder: the study's; what other versions of the study left there is not read. What is scored of an unfinished
            source is read too, so that `analyze` refuses these scores and lists what is missing.

    Returns:
        The table; it carries the study's `analysis:` settings, what is known of its tasks, and which sources are
        mixtures and what they verify, so that `spillover.analyze` of it, or of some of its rows, reads it as the study
        is meant. What lies beside the scores, such as adapters and what overlaps, is not in it: see `analyze_study`.

    Raises:
        StoreError: the folder holds no study, no score of it yet, or only tables without examples.
    """
    place = Path(folder)
    if not is_imported(place):
        return open_stored_study(place).scores()
    (data, *_) = read_imported(place, replies=True)
    if isinstance(data, PGFTable | AccuracyTable):
        raise StoreError("only tables without examples were imported here", where=str(folder), hint="spillover analyze")
    return carry_analysis(data, open_imported(place).analysis)
