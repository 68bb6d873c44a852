"""Reads a study file and finds everything that is wrong with it, each fault with its line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from spillover.analysis.settings import AnalysisSettings
from spillover.core.errors import Fault, StudyError, shortened
from spillover.core.file_names import STUDY_FILE, YAML
from spillover.core.files import read_text
from spillover.core.printable import CONTROL
from spillover.core.yaml_text import YAMLBoundsError, parse_yaml
from spillover.study.faults import faults_of
from spillover.study.places import settle_paths
from spillover.study.study import Study

PLAN_FILE = "plan.json"
"""Beside the study file in a folder of results."""
WRITTEN = (PLAN_FILE, "findings.json", "report.html")
"""What else stands there that somebody may take for it."""
STUDY_FORM = "a study file is a mapping: name:, models:, tasks:, …"
SETTINGS = "the analysis' settings file"
SETTINGS_FORM = "it must be a mapping of what a study has under analysis: (ceiling:, replicates:, …)"
OTHERS_NAMED = 5
"""Other YAML files, at most, that are named where a study file is not there."""
IMPORTED = (
    "these results were imported: what was trained is not here, so nothing can be planned or run; "
    "use spillover analyze, report or status, or write a study of your own: spillover init; "
    "spillover mix takes training data from that: --data study.yaml"
)


def load_study(path: Path | str) -> Study:
    """Read a study file.

    Args:
        path: a YAML file, or a study folder, whose `study.yaml` is read. Relative paths in it, the output's too, are
            meant from the folder where it stands.

    Returns:
        The study, its paths absolute, checked as far as the file alone allows; `run` looks at tasks and models first.

    Raises:
        StudyError: the file cannot be read or is not a study: all faults at once, with their lines.
    """
    file = Path(path)
    file = file / STUDY_FILE if file.is_dir() else file
    study = read_study_file(file)
    if study.provenance is not None:  # spillover wrote it: the study's folder is where it stands, moved or not
        study = study.model_copy(update={"output": "."})
    return settle_paths(study, file.parent)


def read_study_file(file: Path) -> Study:
    """Read a study file as it stands, its paths as they are written.

    Raises:
        StudyError: the file cannot be read or is not a study; of what spillover wrote, that says how to put it back.
    """
    try:
        return parse_study(read_study_text(file), file)
    except StudyError as error:
        if not is_written_here(file):
            raise
        raise StudyError(error.faults, str(file), put_back(file)) from error


def put_back(file: Path) -> str:
    """Say what to do where the study file in a study's folder is lost."""
    return (
        f"spillover wrote this file: put the one that you gave it in its place, cp YOURS.yaml {file}, "
        "then spillover run YOURS.yaml: nothing that is finished is done again"
    )


def is_written_here(file: Path) -> bool:
    """Whether a study file is the one that spillover wrote into a study's folder, or would be, were it not gone."""
    return file.name == STUDY_FILE and (file.parent / PLAN_FILE).is_file() and (file.parent / "scores").is_dir()


def read_study_text(file: Path) -> str:
    """Read a study file's text.

    Raises:
        StudyError: it cannot be read, or is not UTF-8.
    """
    if file.name in WRITTEN and file.is_file():  # of which every line would be a fault
        message = f"a study has written this, and it is no study file: give the study's folder, {file.parent}"
        raise StudyError([Fault(where=str(file), message=message)])
    if is_written_here(file):  # `read_study_file` knows better than what is said of one's own
        return _read_text(file)
    return _read_text(file, _instead_of(file))


def _instead_of(file: Path) -> str:
    """What there is where a study file is not."""
    others = sorted(other.name for end in YAML for other in file.parent.glob(f"*{end}") if other != file)
    if close := get_close_matches(file.name, others, n=1):
        return f"did you mean {file.with_name(close[0])}?"
    named = others[:OTHERS_NAMED]
    there = f"there {'is' if len(named) == 1 else 'are'} {', '.join(named)}"
    return there if named else "write a study file with: spillover init"


def _read_text(file: Path, hint: str = "") -> str:
    try:
        return read_text(file)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        advice = f"; {hint}" if hint else ""
        raise StudyError([Fault(where=str(file), message=f"cannot read the file: {reason}{advice}")]) from error


def is_imported(folder: Path) -> bool:
    """Whether a folder holds imported results; a study's own file, which may be long, is not parsed for that."""
    try:
        text = read_text(folder / STUDY_FILE)
    except (OSError, UnicodeDecodeError):
        return False
    return re.search(r"^imported:", text, re.MULTILINE) is not None


def study_folder(path: Path) -> Path:
    """Find the folder of a study's results.

    Args:
        path: the folder; or a study file, or the folder of one that was written by hand, whose `output:` is taken.

    Raises:
        StudyError: the study file cannot be read or is not a study.
    """
    file = path / STUDY_FILE if path.is_dir() else path
    if file.suffix not in YAML or not file.is_file() or (path / PLAN_FILE).is_file():
        return path
    if file.name == STUDY_FILE and is_imported(file.parent):
        return file.parent
    folder = Path(load_study(file).output)
    return file.parent if folder.resolve() == file.parent.resolve() else folder


def load_analysis_settings(path: Path) -> AnalysisSettings:
    """Read how to analyse: a YAML file with what stands under `analysis:` in a study file, or a study file itself.

    Raises:
        StudyError: the file cannot be read or has faults: all at once, with their lines.
    """
    try:
        root, values = _settings_in(*_read_yaml(_read_text(path, SETTINGS_FORM), path, SETTINGS_FORM), path)
    except StudyError as error:
        raise StudyError(error.faults, of=SETTINGS) from error
    try:
        return AnalysisSettings.model_validate(values)
    except ValidationError as error:
        raise StudyError(faults_of(error.errors(), root, path.name, AnalysisSettings), of=SETTINGS) from error


def _settings_in(root: yaml.Node, values: dict[Any, Any], file: Path) -> tuple[yaml.Node, dict[Any, Any]]:
    """Go down to what stands under `analysis:`, where that is a key."""
    if "analysis" not in values or not values.keys() <= Study.model_fields.keys():
        return root, values
    key, inner = next(pair for pair in root.value if pair[0].value == "analysis")
    if not isinstance(values["analysis"], dict):
        raise StudyError([Fault(where=f"{file.name}:{key.start_mark.line + 1} analysis", message=SETTINGS_FORM)])
    return inner, values["analysis"]


@lru_cache(maxsize=8)
def parse_study(text: str, file: Path) -> Study:
    """Parse the text of a study file; `file` is only named in faults. A command looks at the same text several times.

    Raises:
        StudyError: the text is not a study.
    """
    root, values = _read_yaml(text, file)
    faults = [*_repeated_keys(root, file.name), *_control_characters(root, file.name)]
    try:
        study = _validate(values, root, file)
    except ValidationError as error:
        faults += faults_of(error.errors(), root, file.name, Study)
    else:
        if not faults:
            return study
    raise StudyError(faults)


def sound_part(path: Path) -> Study | None:
    """Read what can be read of a study file in spite of faults in its form, so that the rest can be checked as well.

    What is faulty is as if it were not written; with faulty tasks go the names of sources and targets.

    Returns:
        None where nothing is left to check.
    """
    file = path / STUDY_FILE if path.is_dir() else path
    try:
        root, values = _read_yaml(read_study_text(file), file)
    except StudyError:
        return None
    try:
        return settle_paths(_validate(values, root, file), file.parent)
    except ValidationError as error:
        faulty = {str(detail["loc"][0]) for detail in error.errors()}
    if "tasks" in faulty:
        faulty |= {"sources", "targets", "controls"}
    if faulty & {"sources", "targets"}:
        faulty |= {"verification"}
    kept = {"name": "unnamed", **{key: value for key, value in values.items() if key not in faulty}}
    try:
        return settle_paths(_validate(kept, root, file), file.parent)
    except ValidationError:
        return None


def _validate(values: dict[Any, Any], root: yaml.Node, file: Path) -> Study:
    study = Study.model_validate(_dated_names_are_text(values))
    study.remember_places({path: f"{file.name}:{line} {path}" for path, line in _lines(root, "")})
    return study


def _read_yaml(text: str, file: Path, form: str = STUDY_FORM) -> tuple[yaml.Node, dict[Any, Any]]:
    try:
        root, values = parse_yaml(text)
    except yaml.MarkedYAMLError as error:
        said = str(error.problem or error.context)
        message = said if isinstance(error, YAMLBoundsError) else f"this is no YAML: {said}"
        last = text.count("\n")  # the place may be past the end
        line = f":{min(error.problem_mark.line, last) + 1}" if error.problem_mark else ""
        raise StudyError([Fault(where=f"{file.name}{line}", message=message)]) from error
    except yaml.YAMLError as error:
        raise StudyError([Fault(where=file.name, message=f"this is no YAML: {error}")]) from error
    if not isinstance(values, dict) or root is None:
        raise StudyError([Fault(where=file.name, message=form)])
    if "imported" in values:
        raise StudyError([Fault(where=f"{file.name} imported", message=IMPORTED)])
    return root, values


def _dated_names_are_text(values: dict[Any, Any]) -> dict[str, Any]:
    return {str(key): str(value) if key == "name" and value is not None else value for key, value in values.items()}


def _repeated_keys(node: yaml.Node, file: str) -> Iterator[Fault]:
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _repeated_keys(item, file)
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                yield Fault(where=f"{file}:{key.start_mark.line + 1} {key.value}", message="this key stands twice")
            seen.add(key.value)
            yield from _repeated_keys(value, file)


def _control_characters(node: yaml.Node, file: str) -> Iterator[Fault]:
    """Find names that would steer a terminal; texts of examples are not in a study file."""
    parts: list[yaml.Node] = []
    if isinstance(node, yaml.ScalarNode) and CONTROL.search(node.value):
        message = f"a control character stands in {shortened(node.value)}"
        yield Fault(where=f"{file}:{node.start_mark.line + 1}", message=message)
    elif isinstance(node, yaml.SequenceNode):
        parts = node.value
    elif isinstance(node, yaml.MappingNode):
        parts = [part for pair in node.value for part in pair]
    for part in parts:
        yield from _control_characters(part, file)


def _lines(node: yaml.Node, path: str) -> Iterator[tuple[str, int]]:
    if path:
        yield path, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _lines(value, f"{path}.{key.value}".lstrip("."))
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _lines(value, f"{path}[{index}]")
