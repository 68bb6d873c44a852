"""Examples in rows: files of a user's own, prepared training sets, BLINK's Parquet files, datasets of the hub."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from spillover.core.errors import TaskError, nearest, shortened
from spillover.core.json_text import parse_json
from spillover.core.prompt import ImageSource
from spillover.tasks.conversations import conversation_example, images_in_turns, is_conversation
from spillover.tasks.image import EncodedImage, ImageFile
from spillover.tasks.rows import PlacedRow, Row, read_rows
from spillover.tasks.settings import Columns
from spillover.tasks.task import MAXIMUM_CHOICES, Example, lay_out_prompt, option_letters

MAXIMUM_FAULTS = 1000
"""Of a file, after which it is not read on."""
OWN_IDX = "give each example an idx of its own, or none at all"
A_ROW_EACH = "a row is an example, with its question and its answer"
LISTED = 20
"""Columns that an error names at most."""
IMAGE_COLUMNS = (*(f"image_{number}" for number in range(1, 65)), "image", "images")
"""Where images are looked for, in order."""
BLINKS_COLUMNS = Columns()
FORMS = (
    "a row is a question (prompt or question, and answer) or a conversation (messages of role and content, "
    "conversations of from and value, or prompt and completion as lists of messages); columns: names other columns"
)
"""Of a row, for whoever comes with another trainer's."""


def read_examples(path: Path, count: int | None = None, columns: Columns = BLINKS_COLUMNS) -> list[Example]:
    """Read the first examples of a file.

    A row is a question: `prompt` (the full text) or `question`, from which the prompt is laid out as BLINK's;
    `choices`, absent for open questions; `answer`; images in `image_1`, `image_2`, …, `image` or `images` (paths beside
    the file, or bytes in Parquet), none for text alone; `idx` optional. Or it is a conversation: `messages`.

    Args:
        path: a .jsonl, .json, .csv or .parquet file.
        count: examples at most; None reads all.
        columns: what they are called there.

    Raises:
        TaskError: the file or one of its rows is not what it should be; file and line are named.
    """
    return collect_examples(read_rows(path), path.parent, path.stem, count, columns)


def find_faults(path: Path, columns: Columns = BLINKS_COLUMNS) -> tuple[list[Example], list[TaskError]]:
    """Read every example of a file and decode every image.

    Returns:
        The examples that are well, and the faults of the others, each with its place. Where the file itself is
        broken, nothing behind that place is read.
    """
    examples: list[Example] = []
    faults: list[TaskError] = []
    said = _said(columns)
    for place, row in _until_broken(path, faults):
        if len(faults) >= MAXIMUM_FAULTS:
            faults.append(
                TaskError(
                    "so many rows are wrong that those below are not looked at",
                    where=place,
                    hint="mend these, and check again",
                )
            )
            break
        try:
            example = _example(_renamed(row, said, place), path.parent, place, f"{path.stem}_{len(examples)}")
            for image in example.images:
                image.load()
        except TaskError as error:
            faults.append(error)
        else:
            examples.append(example)
    repeated = [name for name, number in Counter(example.id for example in examples).items() if number > 1]
    faults += [TaskError(f"the idx {name!r} stands more than once", where=str(path), hint=OWN_IDX) for name in repeated]
    if not examples and not faults:
        faults.append(TaskError("there are no examples", where=str(path), hint=A_ROW_EACH))
    return examples, _each_once(faults)


def _each_once(faults: list[TaskError]) -> list[TaskError]:
    """The same fault of many rows once, where it is first, with how many more have it."""
    alike: dict[tuple[str, str | None], list[TaskError]] = {}
    for fault in faults:
        alike.setdefault((fault.message, fault.hint), []).append(fault)
    return [
        TaskError(
            f"{message} (the same in {len(same) - 1} more)" if len(same) > 1 else message,
            where=same[0].where,
            hint=hint,
        )
        for (message, hint), same in alike.items()
    ]


def _until_broken(path: Path, faults: list[TaskError]) -> Iterator[PlacedRow]:
    """Read rows up to where the file itself is broken, which is the last fault then."""
    try:
        yield from read_rows(path)
    except TaskError as error:
        faults.append(error)


def collect_examples(
    rows: Iterable[PlacedRow], folder: Path, name: str, count: int | None, columns: Columns = BLINKS_COLUMNS
) -> list[Example]:
    """Make examples of the first rows.

    Args:
        rows: as they were read.
        folder: where paths of images begin.
        name: of the whole, for examples without an idx, and for errors.
        count: examples at most; None takes all.
        columns: what they are called in the rows.

    Raises:
        TaskError: there is no row, a row is not what it should be, or an idx stands twice.
    """
    examples: list[Example] = []
    seen: dict[str, str] = {}
    said = _said(columns)
    for place, row in rows:
        if count is not None and len(examples) >= count:
            break
        example = _example(_renamed(row, said, place), folder, place, f"{name}_{len(examples)}")
        if example.id in seen:
            raise TaskError(f"the idx {example.id!r} stands at {seen[example.id]} too", where=place, hint=OWN_IDX)
        seen[example.id] = place
        examples.append(example)
    if not examples:
        raise TaskError("there are no examples", where=str(folder / name), hint=A_ROW_EACH)
    return examples


Renamed = dict[str, Any]
"""BLINK's names of columns, each with what it is called in the rows."""


def _said(columns: Columns) -> Renamed:
    return columns.model_dump(exclude_defaults=True)


def _renamed(row: Row, said: Renamed, place: str) -> Row:
    """Give a row BLINK's names; columns that are not spoken of keep theirs."""
    if not said:
        return row
    renamed = {key: value for key, value in row.items() if "images" not in said or key not in IMAGE_COLUMNS}
    for key, names in said.items():
        listed = (names,) if isinstance(names, str) else names
        missing = [name for name in listed if name not in row]
        if missing:
            raise TaskError(f"there is no column {missing[0]!r}; {nearest(missing[0], row)}", where=place)
        renamed[key] = row[names] if isinstance(names, str) else [row[name] for name in names if row[name] is not None]
    return renamed


def _example(row: Row, folder: Path, place: str, default_id: str) -> Example:
    name = _identity(row.get("idx"), default_id, place)
    if is_conversation(row):
        held = [*_held_images(row), *images_in_turns(row)]
        return conversation_example(row, _open_all(held, folder, place), place, name)
    choices = listed_choices(row.get("choices"), place)
    key, text = next(((key, row[key]) for key in ("prompt", "question") if row.get(key) not in (None, "")), ("", None))
    if text is None:
        message = f"the example has neither prompt nor question; {_listing(row)}"
        raise TaskError(message, where=place, hint=FORMS)
    if not isinstance(text, str):
        message = f"the {key} is {shortened(text)}, not text"
        raise TaskError(message, where=place, hint='write it in quotation marks: "…"')
    if row.get("answer") in (None, "", []):
        hint = 'columns needed: answer ("(A)"), prompt or question'
        raise TaskError(f"the example has no answer; {_listing(row)}", where=place, hint=hint)
    answers = _answers(row["answer"], choices, place)
    return Example(
        id=name,
        images=_open_all(_held_images(row), folder, place),
        prompt=text if key == "prompt" else lay_out_prompt(text, choices),
        choices=choices,
        answer=answers[0],
        accepted=answers[1:],
    )


def _listing(row: Row) -> str:
    names = [name for name in row if row[name] not in (None, "", [])]
    return f"there are: {', '.join(names[:LISTED])}{', …' if len(names) > LISTED else ''}"


def _identity(given: Any, default: str, place: str) -> str:
    if given is None or given == "":
        return default
    if not isinstance(given, str | int | float):
        raise TaskError(f"the idx is {shortened(given)}, neither text nor a number", where=place)
    return str(given)


def listed_choices(given: Any, place: str) -> tuple[str, ...]:
    """The texts of a question's choices, as a row holds them; none for an open question.

    Raises:
        TaskError: they are no list of texts or numbers, there is but one, or there are more than letters.
    """
    if given is None:
        return ()
    given = _unpacked(given)
    if not isinstance(given, list | tuple):
        raise TaskError(
            f"the choices are {shortened(given)}, not a list",
            where=place,
            hint='write ["left", "right"], or leave choices out of an open question',
        )
    listed: list[Any] = list(given)
    for choice in listed:
        if not isinstance(choice, str | int | float):
            raise TaskError(f"the choice {shortened(choice)} is neither text nor a number", where=place)
    if len(listed) == 1:
        raise TaskError(
            f"there is one choice, {shortened(listed[0])}, and so nothing to choose",
            where=place,
            hint="give at least two, or leave choices out of an open question",
        )
    if len(listed) > MAXIMUM_CHOICES:
        raise TaskError(
            f"{len(listed)} choices, more than the {MAXIMUM_CHOICES} letters from A to Z",
            where=place,
            hint="give fewer, or leave choices out and score the open answer",
        )
    return tuple(map(str, listed))


def _unpacked(given: Any) -> Any:
    """A list that is written as JSON in a text, as tables hold it; anything else as it is."""
    if not isinstance(given, str) or not given.lstrip().startswith("["):
        return given
    try:
        return parse_json(given)
    except ValueError:
        return given


def _answers(given: Any, choices: tuple[str, ...], place: str) -> tuple[str, ...]:
    """The right answer and, of an open question, the others that are accepted."""
    listed: list[Any] = given if isinstance(given, list) else [given]
    if wrong := [value for value in listed if not isinstance(value, str | int | float) or value == ""]:
        raise TaskError(f"the answer {shortened(wrong[0])} is neither text nor a number", where=place)
    if not choices:
        return tuple(str(value) for value in listed)
    if len(listed) > 1:
        raise TaskError(
            f"{len(listed)} answers to a question with choices",
            where=place,
            hint="give the right one alone, or leave choices out: an open question may have several",
        )
    return (_letter(listed[0], choices, place),)


def _letter(answer: str | float, choices: tuple[str, ...], place: str) -> str:
    """The letter of the right choice: given as "(B)" or "B", as the choice's own text, or as its place from 0.

    Only "(B)" says by itself which of these it is; an answer that may be read in two ways is not guessed at.
    """
    letters = option_letters(len(choices))
    if answer in letters:
        return str(answer)
    found = {letter for letter, text in zip(letters, choices, strict=True) if text == str(answer)}
    found |= {f"({answer})"} & set(letters)
    if isinstance(answer, int) and not isinstance(answer, bool) and 0 <= answer < len(choices):
        found.add(letters[answer])
    if len(found) == 1:
        return found.pop()
    if found:
        message = f"the answer {shortened(answer)} may be {' or '.join(sorted(found))}: by its text, letter or place"
        raise TaskError(message, where=place, hint=f'write the letter in brackets: "{min(found)}"')
    if answer == "hidden":
        raise TaskError(
            "the answer is hidden: this is a test split whose answers its authors keep",
            where=place,
            hint="use the validation split",
        )
    raise TaskError(
        f"the answer {shortened(answer)} is not among the choices", where=place, hint=f"allowed: {', '.join(letters)}"
    )


def _held_images(row: Row) -> Iterator[tuple[str, Any]]:
    """Each image as the row holds it, with the name of its column."""
    for name in IMAGE_COLUMNS:
        if name in row:
            yield from ((name, image) for image in _flat(row[name]))


def _flat(held: Any) -> Iterator[Any]:
    """A column holds an image, a list of them, or, where several columns were named, a list of either."""
    held = _unpacked(held)
    if isinstance(held, list):
        for each in held:
            yield from _flat(each)
    elif held is not None:
        yield held


def _open_all(held: Iterable[tuple[str, Any]], folder: Path, place: str) -> tuple[ImageSource, ...]:
    return tuple(open_image(image, folder, f"{place} {name}") for name, image in held)


def open_image(held: object, folder: Path, place: str) -> ImageSource:
    """Open an image as a row holds it: a path, bytes, or either in a struct as `datasets` writes it.

    Raises:
        TaskError: it is something else, or there is no such file.
    """
    match held:
        case str(name):
            return _image_file(name, folder, place)
        case bytes(data) | {"bytes": bytes(data)}:
            return EncodedImage(data, place)
        case {"path": str(name)}:
            return _image_file(name, folder, place)
        case other:
            raise TaskError(f"the image is {type(other).__name__}, neither a path nor bytes", where=place)


def _image_file(name: str, folder: Path, place: str) -> ImageFile:
    image = folder / name
    try:
        is_there = image.is_file()
    except OSError:  # such as a name that is too long to be one
        is_there = False
    if not is_there:
        raise TaskError(f"there is no image {shortened(name)}", where=place, hint=f"paths are read from {folder}")
    return ImageFile(image)
