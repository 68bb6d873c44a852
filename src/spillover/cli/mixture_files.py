"""What `mix` writes beside its recommendation: the data in a trainer's format, the study that verifies the mixture."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import Progress

from spillover.analysis.sampling import TransferSample
from spillover.core.errors import AnalysisError, StoreError, nearest
from spillover.core.files import write_atomically
from spillover.mixture.check import describe_arms, find_rivals, verifying_study, write_study
from spillover.mixture.export.export import MANIFEST, export_mixture
from spillover.mixture.export.formats import FORMATS, Format
from spillover.mixture.mixture import Mixture
from spillover.mixture.power import describe_power, find_smallest_differences
from spillover.study.provenance import package_versions
from spillover.study.reading import load_study
from spillover.study.study import Study
from spillover.tasks.data import open_tasks


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


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the data of the sources is."""

    file: Path
    is_path: bool
    """Whether the study is the one that the mixture was chosen by."""

    @staticmethod
    def of(path: str, data: Path | None) -> Origin:
        """Take the study that is named; without one, what the mixture is chosen by."""
        return Origin(data or Path(path.rpartition("=")[2]), is_path=data is None)

    def study(self) -> Study:
        """Read the study.

        Raises:
            AnalysisError: it is a table.
        """
        if self.file.is_file() and self.file.suffix not in (".yaml", ".yml"):
            raise AnalysisError(
                "a table holds no training data", where=str(self.file), hint="name a study: --data study.yaml"
            )
        return load_study(self.file)


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
        StoreError: the file is there already.
        AnalysisError: there are several mixtures, or the origin is a table.
        MixtureError: the mixture has no rivals.
    """
    if file.exists():
        raise StoreError("the file is there already", where=str(file), hint="give another --study")
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


def export_only(mixtures: list[Mixture], kind: Format, origin: Origin, out: Path) -> None:
    """Write the data of the only mixture, and say on stderr what was taken.

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
            provenance={"study": study.name, **package_versions()},
            on_progress=lambda done, total: progress.update(bar, completed=done, total=total),
        )
    for each in drawn:
        repeated = f", {each.examples - each.distinct} of them repeated" if each.distinct < each.examples else ""
        console.print(f"{each.source}: {each.examples} examples{repeated}", markup=False, highlight=False)
    console.print(f"wrote {out}: {MANIFEST} says what is in it", markup=False, highlight=False)
