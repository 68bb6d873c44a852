"""What `mix` writes beside its recommendation: the data in a trainer's format, the study that verifies the mixture."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.progress import Progress

from spillover.analysis.sampling import TransferSample
from spillover.cli.mixture_data import Origin, evidence_file
from spillover.core.errors import AnalysisError, StoreError
from spillover.core.file_names import STUDY_FILE
from spillover.core.files import read_file, write_atomically
from spillover.core.json_text import parse_json
from spillover.core.keys import content_key, hash_file
from spillover.mixture.check import WRITTEN_HERE, Rivals, describe_arms, find_rivals, verifying_study, write_study
from spillover.mixture.export.export import MANIFEST, export_mixture, require_empty
from spillover.mixture.export.formats import Format
from spillover.mixture.export.former import remove_export, require_export
from spillover.mixture.mixture import Mixture
from spillover.mixture.power import describe_power, find_smallest_differences
from spillover.mixture.problem import MixtureError
from spillover.study.opening import study_faults
from spillover.study.provenance import package_versions
from spillover.study.reading import read_study_text
from spillover.study.study import Study
from spillover.tasks.data import open_tasks


def require_folder(export: Format | None, out: Path | None) -> None:
    """Check that data that is wanted has a folder to go to.

    Raises:
        BadParameter: it has none.
    """
    if export is not None and out is None:
        raise typer.BadParameter("needs a folder: --out DIR", param_hint="--export")


def require_new(study: Path | None, out: Path | None, *, is_data: bool, force: bool) -> None:
    """Refuse to overwrite, before anything is computed.

    Args:
        study: the study file to be written.
        out: the mixture's file to be written.
        is_data: it is the folder of the data instead.
        force: whether what this command wrote before may be replaced; nothing else may.

    Raises:
        StoreError: a file is there already, or the folder of the data holds something.
    """
    if study is not None and study.exists():
        _require_own("--study", study, lambda: read_study_text(study).startswith(WRITTEN_HERE), force=force)
    if out is not None and is_data:
        (require_export if force else require_empty)(out)
    elif out is not None and out.exists():
        _require_own("--out", out, lambda: _is_mixture(out), force=force)


def require_of_use(mixtures: list[Mixture]) -> None:
    """Refuse to write the data or the study of a mixture that is not predicted to help.

    Raises:
        MixtureError: one is not.
    """
    for mixture in mixtures:
        if not mixture.helps:
            raise MixtureError(
                mixture.notes[0],
                where=f"{mixture.model} on {', '.join(each.task for each in mixture.targets)}",
                hint="nothing was written, and --force writes it all the same; leave --export and --study out to see "
                "what was chosen, and why",
            )


def _require_own(option: str, file: Path, is_own: Callable[[], bool], *, force: bool) -> None:
    if not force:
        hint = f"give another {option}, or --force, which replaces what spillover mix wrote there"
        raise StoreError("the file is there already", where=str(file), hint=hint)
    if not is_own():
        raise StoreError("spillover mix did not write this file", where=str(file), hint=f"give another {option}")


def _is_mixture(file: Path) -> bool:
    try:
        told = parse_json(read_file(file))
    except (OSError, ValueError):
        return False
    first = told[0] if isinstance(told, list) and told else told
    return isinstance(first, dict) and {"schema", "sources", "effects", "settings"} <= first.keys()


def _only(mixtures: list[Mixture]) -> Mixture:
    if len(mixtures) > 1:
        names = ", ".join(f"{mixture.model} ({mixture.protocol})" for mixture in mixtures)
        raise AnalysisError(
            f"there are several mixtures: {names}", hint="export or verify results of one model and protocol"
        )
    return mixtures[0]


def write_verifying_study(
    samples: list[TransferSample],
    mixtures: list[Mixture],
    origin: Origin,
    file: Path,
    random_mixtures: int | None,
    *,
    doses: bool,
) -> None:
    """Write the study of a mixture and its rivals, and say on stderr what it will compare.

    Args:
        samples: what was chosen from.
        mixtures: the one that was chosen.
        origin: of the data.
        file: the study file.
        random_mixtures: how many to compare with; None takes the usual number.
        doses: whether the best single source is trained at smaller doses, too.

    Raises:
        AnalysisError: there are several mixtures, the origin holds no data, or the study could not be run.
        MixtureError: the mixture has no rivals.
    """
    chosen = _only(mixtures)
    origin_study, alone = origin.study(), Rivals(random=(), best_single=chosen, direct=None)
    try:
        rivals, refused = find_rivals(samples[0], chosen, random_mixtures), None
    except MixtureError as error:
        rivals, refused = alone, error
    doses = doses and refused is None
    study = verifying_study(origin_study, file.stem, chosen, rivals, same_examples=origin.is_path, doses=doses)
    missing = _find_missing(study, chosen, origin)
    if refused is not None:
        missing = [f"{refused.message}\n    {refused.hint}", *missing]
    if missing:
        raise AnalysisError(
            "\n  ".join(["the study of this mixture could not be run:", *missing]),
            where=str(origin.file),
            hint="no study was written",
        )
    write_atomically(file, write_study(study))
    console = Console(stderr=True)
    power = find_smallest_differences(samples[0], chosen.settings, len(rivals.random))
    for line in (*describe_arms(study, origin_study.training.examples), describe_power(power, len(rivals.random))):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    console.print(f"wrote {file}; next: spillover plan {file}", markup=False, highlight=False, soft_wrap=True)


def _find_missing(study: Study, chosen: Mixture, origin: Origin) -> list[str]:
    """What a verifying study lacks; where it is to run is not looked at, since that may be another machine."""
    missing: list[str] = []
    is_known = origin.is_path or origin.names_models()
    if not is_known and all(model.name != chosen.model for model in study.models):
        missing.append(f"models: the results are of {chosen.model}, and no model is named: set models:")
    placed = [(fault.where.rpartition(" ")[2], fault.message) for fault in study_faults(study)]
    return missing + [f"{path}: {message}" for path, message in placed if not path.startswith("executor")]


def write_export(
    mixtures: list[Mixture], kind: Format, origin: Origin, out: Path, *, evidence: str, force: bool
) -> None:
    """Write the data of the only mixture, and say on stderr what was taken.

    Args:
        mixtures: the one.
        kind: the trainer's format.
        origin: of the data.
        out: its folder.
        evidence: PATH or NAME=PATH of what the mixture was chosen by.
        force: whether a former export in the folder is replaced.

    Raises:
        AnalysisError: there are several mixtures, or the origin holds no data.
    """
    mixture, study = _only(mixtures), origin.study()
    if force:
        remove_export(out)
    console = Console(stderr=True)
    with Progress(console=console) as progress:
        bar = progress.add_task("exporting", total=None)
        drawn = export_mixture(
            mixture,
            open_tasks(study.tasks),
            out,
            kind,
            provenance={
                "evidence": describe_evidence(evidence_file(evidence)),
                "study": study.name,
                "tasks": [task.model_dump(mode="json", exclude_none=True) for task in study.tasks],
                **package_versions(),
            },
            on_progress=lambda done, total: progress.update(bar, completed=done, total=total),
        )
    for each in drawn:
        repeated = f", {each.examples - each.distinct} of them repeated" if each.distinct < each.examples else ""
        console.print(f"{each.source}: {each.examples} examples{repeated}", markup=False, highlight=False)
    console.print(f"wrote {out}: {MANIFEST} says what is in it", markup=False, highlight=False, soft_wrap=True)
    for caveat in mixture.notes[: mixture.caveats]:
        console.print(caveat, markup=False, highlight=False, style="yellow", soft_wrap=True)
    if kind != "parquet":
        console.print("start the trainer in that folder: its paths are meant from there, wherever it is moved")


def describe_evidence(path: Path) -> dict[str, Any]:
    """Say which results a mixture was chosen by, so that they are known again: their place, and a hash of them.

    Of a study its settings, findings and scores count, of a folder of somebody's results every file.
    """
    if path.is_file():
        return {"path": str(path.resolve()), "hash": hash_file(path)}
    is_study = (path / STUDY_FILE).is_file()
    patterns = (STUDY_FILE, "findings.json", "scores/*") if is_study else ("**/*",)
    kept = [file for pattern in patterns for file in path.glob(pattern) if file.is_file()]
    files = {str(file.relative_to(path)): hash_file(file) for file in kept}
    return {"path": str(path.resolve()), "hash": content_key(files)}
