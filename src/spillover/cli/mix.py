"""The command that recommends a training mixture."""

from __future__ import annotations

import json as json_format
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import Progress

from spillover.analysis import AnalysisSettings
from spillover.analysis.sampling import TransferSample, sample_transfers
from spillover.cli.importing import show_read
from spillover.cli.paths import read_named_paths
from spillover.cli.reading_options import reads_results
from spillover.core.errors import AnalysisError, StoreError, nearest
from spillover.core.files import write_atomically
from spillover.interop.importing import ImportChoices
from spillover.mixture.check import FEWEST_RANDOM, describe_arms, find_rivals, verifying_study, write_study
from spillover.mixture.export.export import MANIFEST, export_mixture
from spillover.mixture.export.formats import FORMATS, Format
from spillover.mixture.mixture import Mixture
from spillover.mixture.recommend import recommend_from
from spillover.mixture.settings import MixtureSettings
from spillover.report.mixture_in_terminal import mixture_in_terminal
from spillover.study.provenance import package_versions
from spillover.study.reading import load_study
from spillover.study.study import Study
from spillover.tasks.data import open_tasks


def add_commands(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(mix)


@reads_results
def mix(
    path: Annotated[
        str, typer.Argument(help="A study folder, or somebody's results (see import); NAME=PATH names it.")
    ],
    target: Annotated[list[str], typer.Option("--target", help="A task to become better at; may be repeated.")],
    protect: Annotated[
        list[str] | None, typer.Option("--protect", help="A task that must not become worse; may be repeated.")
    ] = None,
    budget: Annotated[int, typer.Option(min=1, help="Training examples in all.")] = 1000,
    strategy: Annotated[
        str, typer.Option(help="robust, threshold, proportional, best-single, random or direct.")
    ] = "robust",
    max_sources: Annotated[int | None, typer.Option("--max-sources", min=1, help="Sources at most.")] = None,
    max_share: Annotated[float, typer.Option("--max-share", help="Largest share of one source, 0 to 1.")] = 1.0,
    available: Annotated[
        list[str] | None, typer.Option("--available", help="SOURCE=N: training examples that it has; may be repeated.")
    ] = None,
    tolerance: Annotated[float, typer.Option(min=0, help="Harm to protected tasks that is accepted, PGF.")] = 0.0,
    threshold: Annotated[float, typer.Option(help="Of the threshold strategy, PGF.")] = 0.0,
    measure: Annotated[str, typer.Option(help="raw, or calibrated: with the answer prior taken out.")] = "raw",
    seed: Annotated[int, typer.Option(min=0, help="Of halves and of random mixtures.")] = 0,
    export: Annotated[
        str | None, typer.Option("--export", help="Write the data, too: llama-factory, swift, trl, jsonl or parquet.")
    ] = None,
    study: Annotated[
        Path | None, typer.Option("--study", help="Write the study that verifies the mixture: a study file to run.")
    ] = None,
    random_mixtures: Annotated[
        int, typer.Option("--random-mixtures", min=FEWEST_RANDOM, help="With --study: random mixtures to compare with.")
    ] = 4,
    data: Annotated[
        Path | None,
        typer.Option("--data", help="With --export or --study: the study whose tasks are meant; by default PATH."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="A file for the mixture as JSON; with --export, the folder of the data.")
    ] = None,
    *,
    exclude_target_data: Annotated[
        bool, typer.Option("--exclude-target-data", help="Leave out the targets' own training data.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout, and nothing else there.")] = False,
    choices: ImportChoices,
) -> None:
    """Recommend which data to train on for some targets, and predict what it does to every task."""
    settings = _settings(
        targets=target,
        protected=protect or [],
        budget=budget,
        strategy=strategy,
        max_sources=max_sources,
        max_share=max_share,
        available=dict(_counted(each) for each in available or []),
        tolerance=tolerance,
        threshold=threshold,
        measure=measure,
        seed=seed,
        exclude_target_data=exclude_target_data,
    )
    kind = _format(export, out)
    samples = _samples(path, settings, choices)
    mixtures = [recommend_from(sample, settings) for sample in samples]
    if study is not None:
        _write_study(samples, mixtures, _Origin.of(path, data), study, random_mixtures)
    if kind is not None and out is not None:
        _export(_only(mixtures), kind, _Origin.of(path, data).study(), out)
    if out is not None and kind is None:
        write_atomically(out, _as_json(mixtures))
    if json:
        print(_as_json(mixtures))
        return
    console = Console()
    for mixture in mixtures:
        console.print(mixture_in_terminal(mixture))


def _as_json(mixtures: list[Mixture]) -> str:
    """One mixture as it is, several as a list."""
    described = [mixture.to_json() for mixture in mixtures]
    return json_format.dumps(described[0] if len(described) == 1 else described, indent=1, ensure_ascii=False)


def _settings(**given: Any) -> MixtureSettings:
    try:
        return MixtureSettings.model_validate(given)
    except ValidationError as error:
        fault = error.errors()[0]
        name = "--" + str(fault["loc"][0]).replace("_", "-")
        raise typer.BadParameter(f"{fault['msg']}, not {fault['input']!r}", param_hint=name) from error


def _format(export: str | None, out: Path | None) -> Format | None:
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
class _Origin:
    """Where the data of the sources is."""

    file: Path
    is_path: bool
    """Whether the study is the one that the mixture was chosen by."""

    @staticmethod
    def of(path: str, data: Path | None) -> _Origin:
        return _Origin(data or Path(path.rpartition("=")[2]), is_path=data is None)

    def study(self) -> Study:
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


def _write_study(
    samples: list[TransferSample], mixtures: list[Mixture], origin: _Origin, file: Path, random_mixtures: int
) -> None:
    if file.exists():
        raise StoreError("the file is there already", where=str(file), hint="give another --study")
    chosen = _only(mixtures)
    rivals = find_rivals(samples[0], chosen, random_mixtures)
    origin_study = origin.study()
    study = verifying_study(origin_study, file.stem, chosen, rivals, same_examples=origin.is_path)
    write_atomically(file, write_study(study))
    console = Console(stderr=True)
    for line in describe_arms(study, origin_study.training.examples):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    console.print(f"wrote {file}; next: spillover plan {file}", markup=False, highlight=False, soft_wrap=True)


def _export(mixture: Mixture, kind: Format, study: Study, out: Path) -> None:
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


def _counted(text: str) -> tuple[str, int]:
    name, _, count = text.partition("=")
    if not name or not count.isdigit():
        raise typer.BadParameter(f"{text!r} is not of the form SOURCE=N", param_hint="--available")
    return name, int(count)


def _samples(path: str, settings: MixtureSettings, choices: ImportChoices) -> list[TransferSample]:
    (read,) = read_named_paths([path], choices)
    show_read(Console(stderr=True), [read])
    results = read.results
    analysis = results.settings or AnalysisSettings()
    samples = [
        sample
        for data in results.data
        for sample in sample_transfers(
            data, analysis, results.tasks, measure=settings.measure, replicates=settings.replicates
        )
    ]
    if not samples:
        raise AnalysisError(
            "there is no source to choose from that is a single task: all are mixtures",
            where=path,
            hint="give the study that the mixture was chosen by",
        )
    return samples
