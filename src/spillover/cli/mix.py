"""The command that recommends a training mixture."""

from __future__ import annotations

import json as json_format
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import Console

from spillover.analysis import AnalysisSettings
from spillover.analysis.sampling import TransferSample, sample_transfers
from spillover.analysis.settings import Measure
from spillover.cli.gathered import gathers
from spillover.cli.importing import show_read
from spillover.cli.mixture_data import Origin, limit_by_data
from spillover.cli.mixture_files import require_folder, require_new, require_of_use, write_export, write_verifying_study
from spillover.cli.paths import read_named_paths
from spillover.cli.reading_options import reads_results
from spillover.core.errors import AnalysisError
from spillover.core.files import write_atomically
from spillover.interop.importing import ImportChoices
from spillover.mixture.check import FEWEST_RANDOM, USUAL_RANDOM
from spillover.mixture.export.formats import Format
from spillover.mixture.mixture import Mixture
from spillover.mixture.recommend import recommend_from
from spillover.mixture.settings import MixtureSettings
from spillover.mixture.strategies import Strategy
from spillover.report.mixture_in_terminal import mixture_in_terminal


def add_commands(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(mix)


def gather_settings(
    *,
    target: Annotated[
        list[str] | None, typer.Option("--target", help="Tasks to become better at: A,B; at least one.")
    ] = None,
    protect: Annotated[
        list[str] | None, typer.Option("--protect", help="Tasks that must not become worse: A,B.")
    ] = None,
    budget: Annotated[int, typer.Option(min=1, help="Training examples in all.")] = 1000,
    strategy: Annotated[Strategy, typer.Option(help="How shares are chosen.")] = "robust",
    max_sources: Annotated[int | None, typer.Option("--max-sources", min=1, help="Sources at most.")] = None,
    max_share: Annotated[float, typer.Option("--max-share", help="Largest share of one source, 0 to 1.")] = 1.0,
    available: Annotated[
        list[str] | None,
        typer.Option("--available", help="SOURCE=N: training examples to take at most; by default what the data hold."),
    ] = None,
    tolerance: Annotated[float, typer.Option(min=0, help="Harm to protected tasks that is accepted, PGF.")] = 0.0,
    threshold: Annotated[float, typer.Option(help="Of the threshold strategy, PGF.")] = 0.0,
    measure: Annotated[Measure, typer.Option(help="PGF as it is, or with the answer prior taken out.")] = "raw",
    seed: Annotated[int, typer.Option(min=0, help="Of halves and of random mixtures.")] = 0,
    exclude_target_data: Annotated[
        bool, typer.Option("--exclude-target-data", help="Leave out the targets' own training data.")
    ] = False,
) -> MixtureSettings:
    """Put what is asked of a mixture together.

    Raises:
        BadParameter: a value is not allowed, or there is no target.
    """
    if not target:
        raise typer.BadParameter(
            "name a task to become better at; --targets is another option, which keeps but some of somebody's results",
            param_hint="--target",
        )
    given: dict[str, Any] = {
        "targets": target,
        "protected": protect or [],
        "budget": budget,
        "strategy": strategy,
        "max_sources": max_sources,
        "max_share": max_share,
        "available": dict(_counted(each) for each in available or []),
        "tolerance": tolerance,
        "threshold": threshold,
        "measure": measure,
        "seed": seed,
        "exclude_target_data": exclude_target_data,
    }
    try:
        return MixtureSettings.model_validate(given)
    except ValidationError as error:
        fault = error.errors()[0]
        name = "--" + str(fault["loc"][0]).replace("_", "-")
        said, ours = fault["msg"], fault["type"] == "value_error"
        message = said.removeprefix("Value error, ") if ours else f"{said}, not {fault['input']!r}"
        raise typer.BadParameter(message, param_hint=name) from error


def _counted(text: str) -> tuple[str, int]:
    name, _, count = text.partition("=")
    if not name or not count.isdigit():
        raise typer.BadParameter(f"{text!r} is not of the form SOURCE=N", param_hint="--available")
    return name, int(count)


@reads_results
@gathers("settings", gather_settings)
def mix(
    path: Annotated[
        str, typer.Argument(help="A study folder, or somebody's results (see import); NAME=PATH names it.")
    ],
    *,
    settings: MixtureSettings,
    export: Annotated[
        Format | None, typer.Option("--export", help="Write the data, too, in the form of a trainer.")
    ] = None,
    study: Annotated[
        Path | None, typer.Option("--study", help="Write the study that verifies the mixture: a study file to run.")
    ] = None,
    random_mixtures: Annotated[
        int | None,
        typer.Option(
            "--random-mixtures",
            min=FEWEST_RANDOM,
            help=f"With --study: random mixtures to compare with; by default {USUAL_RANDOM}, or as many as there are.",
        ),
    ] = None,
    no_doses: Annotated[
        bool,
        typer.Option(
            "--no-doses",
            help="With --study: do not train the best single source on a quarter and on half of the budget, too.",
        ),
    ] = False,
    data: Annotated[
        Path | None,
        typer.Option("--data", help="The study file whose tasks hold the sources' data; by default PATH."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="A file for the mixture as JSON; with --export, the folder of the data.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout, and nothing else there.")] = False,
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            help="Replace what --out, --export or --study wrote there before, and nothing else; export, or write a "
            "study, where the choice is not predicted to help, too.",
        ),
    ] = False,
    choices: ImportChoices,
) -> None:
    """Recommend which data to train on for some targets, and predict what it does to every task."""
    require_folder(export, out)
    require_new(study, out, is_data=export is not None, force=force)
    samples = _samples(path, settings, choices)
    origin = Origin.of(path, data, samples, choices.mapping.tasks)
    settings = limit_by_data(_split_names(settings, samples), list(_sources(samples)), origin)
    mixtures = [recommend_from(sample, settings) for sample in samples]
    if settings.exclude_target_data:
        _tell_of_exclusion(samples, mixtures)
    if (study is not None or export is not None) and not force:
        require_of_use(mixtures)
    if study is not None:
        write_verifying_study(samples, mixtures, origin, study, random_mixtures, doses=not no_doses)
    if export is not None and out is not None:
        write_export(mixtures, export, origin, out, evidence=path, force=force)
    elif out is not None:
        write_atomically(out, _as_json(mixtures))
    if json:
        print(_as_json(mixtures))
        return
    console = Console()
    for mixture in mixtures:
        console.print(mixture_in_terminal(mixture))


def _sources(samples: list[TransferSample]) -> dict[str, None]:
    return dict.fromkeys(source for sample in samples for source in sample.sources)


def _split_names(settings: MixtureSettings, samples: list[TransferSample]) -> MixtureSettings:
    """Take lists of targets and of protected tasks apart, unless a task's own name has commas."""
    known = {name for sample in samples for target in sample.targets for name in (target, sample.abbreviations[target])}

    def split(names: tuple[str, ...]) -> tuple[str, ...]:
        parts = [[name] if name in known else name.split(",") for name in names]
        return tuple(part.strip() for each in parts for part in each if part.strip())

    return settings.model_copy(update={"targets": split(settings.targets), "protected": split(settings.protected)})


def _tell_of_exclusion(samples: list[TransferSample], mixtures: list[Mixture]) -> None:
    """Say on stderr where there was no target's own data to leave out."""
    for sample, mixture in zip(samples, mixtures, strict=True):
        targets = [effect.task for effect in mixture.effects if effect.role == "target"]
        if set(targets).isdisjoint(sample.sources):
            Console(stderr=True).print(
                f"! --exclude-target-data left nothing out: no source is called {' or '.join(targets)}. Where one is "
                f"that task's own data under another name, say so: --rename SOURCE={targets[0]}",
                style="yellow", markup=False, highlight=False, soft_wrap=True,
            )  # fmt: skip


def _as_json(mixtures: list[Mixture]) -> str:
    """One mixture as it is, several as a list."""
    described = [mixture.to_json() for mixture in mixtures]
    return json_format.dumps(described[0] if len(described) == 1 else described, indent=1, ensure_ascii=False)


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
