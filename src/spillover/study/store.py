"""A study's folder: plain files that appear whole or not at all, and open in anything.

Only drivers write here. There is no lock and no server: keys do not clash, so the shards of a study may share a folder.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import yaml

from spillover.core.errors import StoreError
from spillover.core.files import (
    existing,
    is_abandoned,
    read_file,
    remove,
    sweep,
    unwritable,
    write_atomically,
    write_once,
)
from spillover.study.adapter_store import copy_given, is_sound, is_there, read_adapter, write_adapter
from spillover.study.catalogue import JOB_ROOMS, read_room, write_catalogue
from spillover.study.kept import Kept, read_answers, read_kept, write_kept
from spillover.study.plan import Asked, Evaluate, Finetune, Job, Plan
from spillover.study.plan_file import dump_plan, read_plan
from spillover.study.reading import PLAN_FILE, is_written_here, put_back, read_study_file
from spillover.study.study import Study
from spillover.study.writable import ADAPTERS, refuse_unwritable

UNFINISHED = "unfinished"
"""The room of what unfinished jobs have kept; it is there while there is any."""
STATE = re.compile(r"[0-9a-f]{32}\.(state|safetensors)")
"""The name of what an unfinished job has kept; the second ending is that of earlier versions."""
DIGEST_BYTES = 32
"""Of the SHA-256 that stands before what an unfinished job has kept."""
HEADING = "# Written by spillover: the study as it was resolved. To change the study, edit your own file.\n"
DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
"""libyaml's, where PyYAML has it."""
FINDINGS = ("findings.json", "report.html")
FIGURES = "figures"
"""What is derived from the scores, and made anew in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a finished job brings back; nothing of it is on disk yet."""

    job: Job
    duration_s: float
    scores: pa.Table | None = None
    """Of an `Evaluate`, in `SCORE_SCHEMA`."""
    adapters: Mapping[int, Mapping[str, bytes]] | None = None
    """Of a `Finetune`: PEFT's files by step."""
    log: pa.Table | None = None
    """Of a `Finetune`: one row an optimiser step."""


@dataclass(frozen=True, slots=True)
class Store:
    """A study's folder."""

    folder: Path

    @property
    def study_file(self) -> Path:
        """The study as it was last resolved."""
        return self.folder / "study.yaml"

    @property
    def plan_file(self) -> Path:
        """The plan as it was last resolved: with it, reading needs no data and no model."""
        return self.folder / PLAN_FILE

    def stored_study(self) -> Study | None:
        """The study that the folder belongs to; None where there is none yet.

        Raises:
            StoreError: the folder holds something else.
            StudyError: its study file is broken.
        """
        if self.study_file.is_file():
            study = read_study_file(self.study_file)
            if study.provenance is None and not self.plan_file.is_file():
                raise StoreError(
                    "the folder holds a study file that was written by hand, and no study's results",
                    where=str(self.folder),
                    hint="leave output: out of it, or let it name another folder, and give it to spillover run",
                )
            return study
        if is_written_here(self.study_file):
            raise StoreError("the study file is gone", where=str(self.study_file), hint=put_back(self.study_file))
        if self.folder.is_dir() and any(not file.name.endswith(".part") for file in self.folder.iterdir()):
            raise StoreError(
                "the folder is not empty and holds no study", where=str(self.folder), hint="choose another folder"
            )
        return None

    def stored_plan(self) -> Plan:
        """The plan as it stands in the folder.

        Raises:
            StoreError: the folder holds no study, or its plan cannot be read.
            StudyError: its study file is broken.
        """
        study = self.stored_study()
        if study is None:
            hint = "spillover run STUDY makes it"
            raise StoreError("there is no study here", where=str(self.folder), hint=hint)
        return read_plan(self.plan_file, study)

    def begun(self, study: Study) -> Study | None:
        """The version of a study that the folder holds; None where the study is not begun.

        Raises:
            StoreError: the folder belongs to a study of another name, holds something else, or is none.
            StudyError: its study file is broken.
        """
        stored = self.stored_study()
        if not (there := existing(self.folder)).is_dir():
            hint = "choose another folder, output: in a study file"
            raise StoreError(f"{there} is a file, no folder", where=str(self.folder), hint=hint)
        if stored is not None and stored.name != study.name:
            raise StoreError(
                f"the folder belongs to the study {stored.name!r}, not {study.name!r}",
                where=str(self.folder),
                hint="choose another output: or give the study its old name:",
            )
        return stored

    def begin(self, plan: Plan) -> bool:
        """Make the folder this study's, or go on with it.

        Of several that begin a study at once the first settles it: what each resolved by itself may differ.

        Returns:
            Whether there was none, or another version of it, whose findings are not this one's.

        Raises:
            StoreError: it belongs to a study of another name, cannot be written, has a link in the place of a folder,
                or was begun meanwhile otherwise.
        """
        here = plan.study.model_copy(update={"output": "."})  # the folder may be moved
        values, planned = here.model_dump(mode="json"), dump_plan(plan)
        stored = self.begun(plan.study)
        refuse_unwritable(self.folder)
        is_same = stored is not None and stored.model_dump(mode="json") == values
        is_new = not (is_same and _holds(self.plan_file, planned))
        if is_new:
            content = HEADING + yaml.dump(values, Dumper=DUMPER, sort_keys=False, allow_unicode=True)
            if stored is not None:
                write_atomically(self.study_file, content)
            elif not write_once(self.study_file, content):
                self._check_same_models(plan)
            write_atomically(self.plan_file, planned)
        for room in ("scores", ADAPTERS, "logs"):  # after the study: a folder that has rooms says whose it is
            try:
                (self.folder / room).mkdir(exist_ok=True)
            except OSError as error:
                raise unwritable(self.folder / room, error) from error
        self._remove_unfinished(plan)
        sweep(self.folder)
        self.settle()
        return is_new

    def settle(self) -> None:
        """Write down what is there, so that it is found without opening every file; nothing depends on it."""
        write_catalogue(self.folder)
        with suppress(OSError):  # something is in it, or nothing was ever kept
            (self.folder / UNFINISHED).rmdir()

    def remove_findings(self) -> None:
        """Remove what was found before, once there is something new: it would look like this version's."""
        for name in FINDINGS:
            remove(self.folder / name)
        for file in (self.folder / FIGURES).rglob("*.*"):
            remove(file)

    def _remove_unfinished(self, plan: Plan) -> None:
        """Remove what no job will go on from: it is not planned any more, or was finished by another process."""
        planned = {job.key: job for job in plan.finetunes}
        for file in (self.folder / UNFINISHED).glob("*.*"):
            if not STATE.fullmatch(file.name):
                continue
            job = planned.get(file.stem)
            with suppress(FileNotFoundError):  # another process was first
                if self.has_adapter(job) if job else is_abandoned(file):
                    remove(file)

    def _check_same_models(self, plan: Plan) -> None:
        stored = self.begun(plan.study)
        if stored is not None and stored.models != plan.study.models:
            raise StoreError(
                "another process has begun the study at this moment, and has resolved its models otherwise",
                where=str(self.folder),
                hint="give the same command again: it goes on with the study as it was begun",
            )

    def record(self, outcome: Outcome, versions: Mapping[str, str]) -> None:
        """Keep what a job brought back, unless another process was first; what tells that it is done comes last.

        What is there may have been read already, and a training's log is that of the adapter which is there.

        Raises:
            StoreError: the disk is full or the folder cannot be written.
        """
        job, name = outcome.job, f"{outcome.job.key}.parquet"
        if outcome.scores is not None:
            file, content = self.folder / "scores" / name, write_kept(outcome.scores, job, outcome.duration_s, versions)
            if not write_once(file, content) and read_kept(file) is None:  # what is there is damaged
                write_atomically(file, content)
        if outcome.log is not None and not (isinstance(job, Finetune) and self._holds_adapters(job)):
            write_atomically(self.folder / "logs" / name, write_kept(outcome.log, job, outcome.duration_s, versions))
        for step, files in sorted((outcome.adapters or {}).items()):  # last: an adapter says that its job is done
            write_adapter(self.adapter(job.adapter_key, step), files)
        remove(self._unfinished(job))

    def keep_unfinished(self, job: Job, state: bytes) -> None:
        """Keep what a job that goes on could go on from.

        Raises:
            StoreError: the disk is full or the folder cannot be written.
        """
        write_atomically(self._unfinished(job), hashlib.sha256(state).digest() + state)

    def unfinished(self, job: Job) -> bytes | None:
        """What a job may go on from; None where it begins anew, since there is nothing or it is damaged."""
        try:
            content = read_file(self._unfinished(job))
        except OSError:  # most often there is none
            return None
        digest, state = content[:DIGEST_BYTES], content[DIGEST_BYTES:]
        return state if hashlib.sha256(state).digest() == digest else None

    def _unfinished(self, job: Job) -> Path:
        return self.folder / UNFINISHED / f"{job.key}.state"

    def has_adapter(self, finetune: Finetune) -> bool:
        """Whether an adapter is there, with its files, at every step that is wanted of it."""
        return all(is_there(self.adapter(finetune.adapter_key, step)) for step in finetune.steps)

    def _holds_adapters(self, finetune: Finetune) -> bool:
        return all(self.holds_adapter(finetune.adapter_key, step) for step in finetune.steps)

    def holds_adapter(self, adapter_key: str, step: int) -> bool:
        """Whether an adapter is there at a step, with its files as they were written."""
        return is_sound(self.adapter(adapter_key, step))

    def adopt(self, job: Evaluate) -> None:
        """Copy an adapter that was trained elsewhere into the folder, which is complete in itself, unless it is there.

        Raises:
            StoreError: it cannot be read, has changed since the study was planned, the disk is full or the folder
                cannot be written.
        """
        if job.given is None or job.step is None or self.holds_adapter(job.adapter_key, job.step):
            return
        copy_given(Path(job.given), job.content, self.adapter(job.adapter_key, job.step))

    def score_files(self, job: Evaluate) -> list[Path]:
        """The files that hold a job's answers."""
        return list(_files_of(job, self.answered()))

    def adapter(self, adapter_key: str, step: int) -> Path:
        """The folder of an adapter at a step."""
        return self.folder / ADAPTERS / adapter_key / f"step-{step}"

    def adapter_files(self, adapter_key: str, step: int) -> dict[str, bytes]:
        """Read an adapter's files.

        Raises:
            StoreError: it is not there, or is not as it was written.
        """
        return read_adapter(self.adapter(adapter_key, step))

    def answered(self) -> dict[Asked, dict[str, Path]]:
        """The file of every answered target key, by who was asked; broken files are passed over and computed again."""
        found: dict[Asked, dict[str, Path]] = {}
        for kept in read_room(self.folder, "scores"):
            found.setdefault(kept.asked, {}).update(dict.fromkeys(kept.target_keys, kept.file))
        return found

    def durations_s(self, plan: Plan) -> dict[str, float]:
        """How long each finished job of a plan took, by its label."""
        return {kept.label: kept.duration_s for kept in self.kept(plan)}

    def kept(self, plan: Plan) -> Iterator[Kept]:
        """What the files of the plan's adapters say of themselves, of trainings and then of scores."""
        wanted = {job.adapter_key for job in plan.jobs}
        yield from (kept for room in JOB_ROOMS for kept in read_room(self.folder, room) if kept.asked[0] in wanted)

    def versions(self, plan: Plan) -> dict[str, list[str]]:
        """The versions of each package that the plan's adapters and scores were made with; more than one is mixed."""
        made: dict[str, set[str]] = {}
        for kept in self.kept(plan):
            for package, version in kept.versions.items():
                made.setdefault(package, set()).add(version)
        return {package: sorted(found) for package, found in made.items()}

    def leftovers(self, plan: Plan) -> list[Path]:
        """Files of jobs that are not in the plan, of a trial or an earlier version; they are kept and not read."""
        wanted = {job.asked: job.questions for job in plan.evaluations}

        def is_used(kept: Kept) -> bool:
            return not set(kept.target_keys).isdisjoint(each.target_key for each in wanted.get(kept.asked, ()))

        return [kept.file for kept in read_room(self.folder, "scores") if not is_used(kept)]

    def read(self, plan: Plan) -> pa.Table:
        """Read the plan's scores, and no others, under the names that the plan gives them.

        Raises:
            StoreError: nothing of the plan is scored yet.
        """
        answered = self.answered()
        tables = [
            read_answers(file, job, keys) for job in plan.evaluations for file, keys in _files_of(job, answered).items()
        ]
        if not tables:
            raise StoreError("there are no scores of this study yet", where=str(self.folder), hint="spillover run it")
        return pa.concat_tables(tables).unify_dictionaries()


def _holds(file: Path, content: bytes) -> bool:
    try:
        return read_file(file) == content
    except OSError:  # most often there is none
        return False


def _files_of(job: Evaluate, answered: Mapping[Asked, Mapping[str, Path]]) -> dict[Path, list[str]]:
    """The files that hold a job's answers, each with the target keys that are read from it."""
    found = answered.get(job.asked, {})
    files: dict[Path, list[str]] = {}
    for question in job.questions:
        if question.target_key in found:
            files.setdefault(found[question.target_key], []).append(question.target_key)
    return files
