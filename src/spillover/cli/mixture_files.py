"""What `mix` writes beside its recommendation: the data in a trainer's format, the study that verifies the mixture."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.progress import Progress

from spillover.analysis.sampling import TransferSample
from spillover.core.errors import AnalysisError, StoreError, nearest
from spillover.core.files import write_atomically
from spillover.core.keys import content_key, hash_file
from spillover.interop.task_names import TaskNames
from spillover.mixture.check import describe_arms, find_rivals, verifying_study, write_study
from spillover.mixture.export.export import MANIFEST, export_mixture, require_empty
from spillover.mixture.export.formats import FORMATS, Format
from spillover.mixture.mixture import Mixture
from spillover.mixture.power import describe_power, find_smallest_differences
from spillover.study.provenance import package_versions
from spillover.study.reading import load_study
from spillover.study.study import Study
from spillover.tasks.data import open_tasks
from spillover.tasks.settings import FileTask, HubTask


def find_format(export: str | None, out: Path | None) -> Format | None:
    """Find the format that --export names, None where the data is not wanted.

    Raises:
        BadParameter: there is no such format, or no folder for the data.
    """
    if export is None:
        return None
    known: dict[str, Format] = {name: name for name in FORMATS}
    kind = known.get(export)
    if kind is None:
        raise typer.BadParameter(f"unknown format {export!r}; {nearest(export, FORMATS)}", param_hint="--export")
    if out is None:
        raise typer.BadParameter("needs a folder: --out DIR", param_hint="--export")
    return kind


def require_new(study: Path | None, data: Path | None) -> None:
    """Refuse to overwrite, before anything is computed.

    Raises:
        StoreError: the study file is there already, or the folder of the data holds something.
    """
    if study is not None and study.exists():
        raise StoreError("the file is there already", where=str(study), hint="give another --study")
    if data is not None:
        require_empty(data)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the data of the sources is."""

    file: Path
    is_path: bool
    """Whether the study is the one that the mixture was chosen by."""
    evidence: frozenset[str]
    """The sources and targets that the mixture was chosen among."""
    names: TaskNames
    """What the tasks of somebody's results are called here."""

    @staticmethod
    def of(path: str, data: Path | None, samples: list[TransferSample], names: TaskNames) -> Origin:
        """Take the study that is named; without one, what the mixture is chosen by."""
        evidence = frozenset(name for sample in samples for name in (*sample.sources, *sample.targets))
        return Origin(data or _file(path), is_path=data is None, evidence=evidence, names=names)

    def study(self) -> Study:
        """Read the study, its tasks called as in the results that the mixture was chosen by.

        Raises:
            AnalysisError: it is a table.
        """
        if self.file.is_file() and self.file.suffix not in (".yaml", ".yml"):
            raise AnalysisError(
                "a table holds no training data", where=str(self.file), hint="name a study: --data study.yaml"
            )
        study = load_study(self.file)
        called = {task.name: self._called(task.name) for task in study.tasks if isinstance(task, FileTask | HubTask)}
        tasks = tuple(
            task.model_copy(update={"name": called[task.name]}) if isinstance(task, FileTask | HubTask) else task
            for task in study.tasks
        )
        targets = study.targets if study.targets == "all" else tuple(called.get(name, name) for name in study.targets)
        return study.model_copy(update={"tasks": tasks, "targets": targets})

    def _called(self, name: str) -> str:
        settled = self.names.settle(name)
        return settled if name not in self.evidence and settled in self.evidence else name


def _file(path: str) -> Path:
    """PATH of PATH or NAME=PATH."""
    return Path(path if Path(path).exists() else path.rpartition("=")[2])


def _only(mixtures: list[Mixture]) -> Mixture:
    if len(mixtures) > 1:
        names = ", ".join(f"{mixture.model} ({mixture.protocol})" for mixture in mixtures)
        raise AnalysisError(
            f"there are several mixtures: {names}", hint="export or verify results of one model and protocol"
        )
    return mixtures[0]


def write_verifying_study(
    samples: list[TransferSample], mixtures: list[Mixture], origin: Origin, file: Path, random_mixtures: int | None
) -> None:
    """Write the study of a mixture and its rivals, and say on stderr what it will compare.

    Raises:
        AnalysisError: there are several mixtures, or the origin is a table.
        MixtureError: the mixture has no rivals.
    """
    chosen = _only(mixtures)
    rivals = find_rivals(samples[0], chosen, random_mixtures)
    origin_study = origin.study()
    study = verifying_study(origin_study, file.stem, chosen, rivals, same_examples=origin.is_path)
    write_atomically(file, write_study(study))
    console = Console(stderr=True)
    power = find_smallest_differences(samples[0], chosen.settings, len(rivals.random))
    for line in (*describe_arms(study, origin_study.training.examples), describe_power(power, len(rivals.random))):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    console.print(f"wrote {file}; next: spillover plan {file}", markup=False, highlight=False, soft_wrap=True)


def export_only(mixtures: list[Mixture], kind: Format, origin: Origin, out: Path, *, evidence: str) -> None:
    """Write the data of the only mixture, and say on stderr what was taken.

    Args:
        mixtures: the one.
        kind: the trainer's format.
        origin: of the data.
        out: its folder.
        evidence: PATH or NAME=PATH of what the mixture was chosen by.

    Raises:
        AnalysisError: there are several mixtures, or the origin is a table.
    """
    mixture, study = _only(mixtures), origin.study()
    console = Console(stderr=True)
    with Progress(console=console) as progress:
        bar = progress.add_task("exporting", total=None)
        drawn = export_mixture(
            mixture,
            open_tasks(study.tasks),
            out,
            kind,
            provenance={
                "evidence": describe_evidence(_file(evidence)),
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
    if kind != "parquet":
        console.print("start the trainer in that folder: its paths are meant from there, wherever it is moved")


def describe_evidence(path: Path) -> dict[str, Any]:
    """Say which results a mixture was chosen by, so that they are known again: their place, and a hash of them.

    Of a study its settings, findings and scores count, of a folder of somebody's results every file.
    """
    if path.is_file():
        return {"path": str(path.resolve()), "hash": hash_file(path)}
    is_study = (path / "study.yaml").is_file()
    patterns = ("study.yaml", "findings.json", "scores/*") if is_study else ("**/*",)
    kept = [file for pattern in patterns for file in path.glob(pattern) if file.is_file()]
    files = {str(file.relative_to(path)): hash_file(file) for file in kept}
    return {"path": str(path.resolve()), "hash": content_key(files)}
