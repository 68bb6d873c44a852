"""Miniature results in the true formats of others: three runs on two tasks of BLINK, six examples each.

What is in them is in `GIVEN` and `LABELS` alone: tests change these and write anew, whatever the format.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from xml.sax.saxutils import escape

import pyarrow as pa
import pyarrow.parquet as pq

CHOICES = {"Jigsaw": ("the second image", "the third image"), "Counting": ("1", "2", "3", "4")}
RIGHT = {"Jigsaw": "ABABAB", "Counting": "ABCDAB"}
GIVEN = {
    "base": {"Jigsaw": "AAAAAA", "Counting": "AAAADB"},
    "Jigsaw-seed0": {"Jigsaw": "ABABAA", "Counting": "AABADB"},
    "Counting-seed0": {"Jigsaw": "BBAAAA", "Counting": "ABCDAA"},
}
"""What each run answers, example by example."""
LABELS = dict.fromkeys(GIVEN, RIGHT)
"""What each run's files hold to be right."""


@dataclass(frozen=True)
class Sample:
    """One example with one run's answer."""

    number: int
    task: str
    right: str
    given: str

    @property
    def reply(self) -> str:
        """A reply whose first letter is T: a first-letter rule misreads it."""
        return f"The answer is ({self.given})."

    @property
    def prompt(self) -> str:
        lines = [f"({letter}) {text}" for letter, text in zip("ABCD", CHOICES[self.task], strict=False)]
        return "\n".join([f"Question {self.number} of {self.task}?", "Select from the following choices.", *lines])


def accuracy(run: str, task: str) -> float:
    """What a run scores on a task, by its letters."""
    pairs = list(zip(GIVEN[run][task], LABELS[run][task], strict=True))
    return sum(given == right for given, right in pairs) / len(pairs)


def samples(run: str, task: str) -> list[Sample]:
    """The examples of a task as a run answers them."""
    pairs = zip(GIVEN[run][task], LABELS[run][task], strict=True)
    return [Sample(number, task, right, given) for number, (given, right) in enumerate(pairs, 1)]


def every() -> Iterator[tuple[str, str, list[Sample]]]:
    """Every run and task."""
    for run, tasks in GIVEN.items():
        for task in tasks:
            yield run, task, samples(run, task)


def write_blink(folder: Path) -> None:
    for run, task, rows in every():
        val = [
            {
                "idx": f"val_{task}_{row.number}",
                "answer": f"({row.right})",
                "full_prediction": row.reply,
                "prediction": f"({row.given})",
            }
            for row in rows
        ]
        hidden = [{"idx": f"test_{task}_1", "answer": "hidden", "full_prediction": "(A)", "prediction": "(A)"}]
        put(folder / run / f"{task}.json", json.dumps({"val": val, "test": hidden}))


def write_lmms_eval(folder: Path) -> None:
    for run, task, rows in every():
        name = f"blink_{task.lower()}"
        lines = [
            {
                "doc_id": row.number,
                "target": f"({row.right})",
                "filtered_resps": [row.reply],
                "doc_hash": f"{row.number:064x}",
                "input": row.prompt,
                "blink_acc": {
                    "id": f"val_{task}_{row.number}",
                    "gt_content": row.right,
                    "pred_parsed": row.reply[0],
                    "pred": row.reply,
                    "sub_task": task,
                    "is_correct": row.reply[0] == row.right,
                },
            }
            for row in rows
        ]
        put(folder / run / f"20250907_101500_samples_{name}.jsonl", json_lines(lines))
    for run in GIVEN:
        put(folder / run / "20250907_101500_results.json", json.dumps(results(run, "blink_acc,none", prefix="blink_")))


def results(run: str, metric: str, prefix: str = "") -> dict[str, object]:
    """A results file of a harness."""
    names = {task: f"{prefix}{task.lower()}" for task in GIVEN[run]}
    rows = {
        name: {"alias": name, metric: accuracy(run, task), metric.replace(",", "_stderr,"): 0.2}
        for task, name in names.items()
    }
    return {
        "results": {"blink": {"alias": "blink", metric: 0.5}, **rows},
        "groups": {"blink": {"alias": "blink", metric: 0.5}},
        "group_subtasks": {"blink": list(names.values())},
        "configs": {name: {"task": name} for name in rows},
        "versions": dict.fromkeys(rows, 1),
        "n-shot": dict.fromkeys(rows, 0),
        "higher_is_better": {name: {metric.partition(",")[0]: True} for name in rows},
        "n-samples": {name: {"original": 6, "effective": 6} for name in rows},
        "config": {"model": "hf", "model_args": f"pretrained={run}"},
        "task_hashes": dict.fromkeys(rows, "0a1b"),
        "model_name": run,
    }


def write_lm_eval(folder: Path) -> None:
    for run, task, rows in every():
        lines = []
        for row in rows:
            values = [-0.5 if letter == row.given else -2.25 for letter in "ABCD"[: len(CHOICES[task])]]
            pairs = [[str(value), "False"] for value in values]
            lines.append(
                {
                    "doc_id": row.number,
                    "doc": {"question": row.prompt, "choices": list(CHOICES[task])},
                    "target": str("ABCD".index(row.right)),
                    "arguments": {"gen_args_0": {"arg_0": row.prompt, "arg_1": " A"}},
                    "resps": [[pair] for pair in pairs],
                    "filtered_resps": pairs,
                    "filter": "none",
                    "metrics": ["acc", "acc_norm"],
                    "doc_hash": "d",
                    "prompt_hash": f"{row.number}",
                    "target_hash": "t",
                    "acc": float(row.given == row.right),
                    "acc_norm": 0.0,
                }
            )
        put(folder / run / f"samples_blink_{task.lower()}_2025-09-07T10-15-00.123456.jsonl", json_lines(lines))
    for run in GIVEN:
        put(
            folder / run / "results_2025-09-07T10-15-00.123456.json",
            json.dumps(results(run, "acc,none", prefix="blink_")),
        )


VLM_COLUMNS = ("index", "category", "question", "A", "B", "C", "D", "answer", "prediction")


def vlm_rows(run: str) -> list[list[str]]:
    """VLMEvalKit's table of one run."""
    rows = [[*VLM_COLUMNS]]
    for task in GIVEN[run]:
        for row in samples(run, task):
            texts = [*CHOICES[task], "", ""][:4]
            cells = [f"{len(rows)}", task, f"Question {row.number}?", *texts, row.right, row.reply]
            rows.append(cells)
    return rows


def write_vlmevalkit(folder: Path) -> None:
    for run, tasks in GIVEN.items():
        rows = vlm_rows(run)
        put(folder / run / "T20250907_G0a1b2c3d" / f"{run}_BLINK.xlsx", workbook(rows))
        scored = [[*rows[0], "hit", "log"]]
        scored += [[*row, str(int(f"({row[7]})" in row[8])), "judge: exact"] for row in rows[1:]]
        put(folder / run / "T20250907_G0a1b2c3d" / f"{run}_BLINK_exact_matching_result.xlsx", workbook(scored))
        line = [str(accuracy(run, task)) for task in tasks]
        text = f"split,Overall,{','.join(tasks)}\nnone,0.5,{','.join(line)}\n"
        put(folder / run / "T20250907_G0a1b2c3d" / f"{run}_BLINK_exact_matching_acc.csv", text)
        put(folder / run / "status.json", json.dumps({"BLINK": {"status": "done"}}))


def write_vlmevalkit_tsv(folder: Path) -> None:
    for run in GIVEN:
        put(folder / run / f"{run}_BLINK.tsv", "".join("\t".join(row) + "\n" for row in vlm_rows(run)))


def inspect_log(run: str, task: str) -> tuple[dict[str, object], list[dict[str, object]]]:
    """The header and samples of an inspect log."""
    header = {
        "version": 2,
        "status": "success",
        "eval": {
            "created": "2025-09-07T10:15:00+00:00",
            "task": f"inspect_evals/{task}",
            "task_version": 0,
            "dataset": {"name": "blink", "samples": 6},
            "model": run,
            "config": {"epochs": 1},
        },
        "results": {
            "total_samples": 6,
            "completed_samples": 6,
            "scores": [
                {"name": "choice", "scored_samples": 6, "metrics": {"accuracy": {"value": accuracy(run, task)}}}
            ],
        },
    }
    rows = [
        {
            "id": f"{task}_{row.number}",
            "epoch": 1,
            "input": row.prompt,
            "choices": list(CHOICES[task]),
            "target": row.right,
            "output": {"model": run, "completion": row.reply},
            "scores": {"choice": {"value": "C" if row.given == row.right else "I", "answer": row.given}},
        }
        for row in samples(run, task)
    ]
    return header, rows


def write_inspect(folder: Path, *, zstandard: bool = False) -> None:
    for run, task, _ in every():
        header, rows = inspect_log(run, task)
        members = {"header.json": header, "summaries.json": []}
        members |= {f"samples/{row['id']}_epoch_1.json": row for row in rows}
        texts = {name: json.dumps(value).encode() for name, value in members.items()}
        packed = zstandard_zip(texts) if zstandard else zip_archive(texts)
        put(folder / f"2025-09-07T10-15-00+00-00_{task}_{run}.eval", packed)


def write_inspect_zstandard(folder: Path) -> None:
    write_inspect(folder, zstandard=True)


def write_inspect_json(folder: Path) -> None:
    for run, task, _ in every():
        header, rows = inspect_log(run, task)
        put(folder / f"{task}_{run}.json", json.dumps({**header, "samples": rows}))


def write_long_table(folder: Path) -> None:
    lines = ["source,target,seed,accuracy,n"]
    for run, task, _ in every():
        source, _, seed = run.partition("-seed")
        lines.append(f"{source},{task},{seed},{100 * accuracy(run, task):.2f},6")
    put(folder / "accuracies.csv", "\n".join(lines) + "\n")


def write_wide_table(folder: Path) -> None:
    lines = [f"model,{','.join(RIGHT)}"]
    lines += [f"{run},{','.join(f'{accuracy(run, task):.4f}' for task in RIGHT)}" for run in GIVEN]
    put(folder / "matrix.csv", "\n".join(lines) + "\n")


def write_parquet_table(folder: Path) -> None:
    rows = [
        {"source": run.partition("-")[0], "target": task, "seed": None if run == "base" else 0, "n": 6}
        | {"accuracy": accuracy(run, task)}
        for run, task, _ in every()
    ]
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows), folder / "accuracies.parquet")


def write_pgf_table(folder: Path) -> None:
    lines = ["seed,ft_task,task,perfection_gap_factor"]
    for run, task, _ in every():
        base = accuracy("base", task)
        if run != "base":
            lines.append(f"0,{run.partition('-')[0]},{task},{(accuracy(run, task) - base) / (1 - base)!r}")
    put(folder / "pgf.csv", "\n".join(lines) + "\n")


@dataclass(frozen=True)
class Written:
    """A format, and how its miniature is written."""

    format: str
    write: Callable[[Path], None]
    """Writes what `every` gives, into a folder."""
    holds: Literal["replies", "scores", "accuracies", "effects"] = "replies"
    """The most that the format holds: the text of every answer, only its score, accuracies, or PGFs."""

    @property
    def examples(self) -> bool:
        """Whether it holds every answer; tables say themselves what their runs are."""
        return self.holds in ("replies", "scores")


FORMATS = {
    "blink": Written("blink", write_blink),
    "lmms-eval": Written("lmms-eval", write_lmms_eval),
    "lm-eval": Written("lm-eval", write_lm_eval, holds="scores"),
    "vlmevalkit": Written("vlmevalkit", write_vlmevalkit),
    "vlmevalkit-tsv": Written("vlmevalkit", write_vlmevalkit_tsv),
    "inspect": Written("inspect", write_inspect),
    "inspect-zstandard": Written("inspect", write_inspect_zstandard),
    "inspect-json": Written("inspect", write_inspect_json),
    "long-table": Written("accuracy-table", write_long_table, holds="accuracies"),
    "wide-table": Written("accuracy-table", write_wide_table, holds="accuracies"),
    "parquet-table": Written("accuracy-table", write_parquet_table, holds="accuracies"),
    "pgf-table": Written("pgf-table", write_pgf_table, holds="effects"),
}


def put(path: Path, content: str | bytes) -> None:
    """Write a file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def json_lines(rows: list[dict[str, object]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def zip_archive(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return stream.getvalue()


def zstandard_zip(members: dict[str, bytes]) -> bytes:
    """A zip whose members are packed with Zstandard (method 93), as inspect_ai writes them."""
    codec = pa.Codec("zstd")
    plain = io.BytesIO()
    with zipfile.ZipFile(plain, "w", zipfile.ZIP_STORED) as archive:
        for name, data in members.items():
            archive.writestr(name, codec.compress(data, asbytes=True))
    raw = bytearray(plain.getvalue())
    with zipfile.ZipFile(plain) as archive:
        entries = [(entry.header_offset, members[entry.filename]) for entry in archive.infolist()]
    places = [(offset, 8, 14, 22, data) for offset, data in entries]
    start = 0
    for _, data in entries:  # the central directory repeats method, checksum and size
        start = raw.index(b"PK\x01\x02", start)
        places.append((start, 10, 16, 24, data))
        start += 4
    for offset, method, checksum, size, data in places:
        raw[offset + method : offset + method + 2] = (93).to_bytes(2, "little")
        raw[offset + checksum : offset + checksum + 4] = zipfile.crc32(data).to_bytes(4, "little")
        raw[offset + size : offset + size + 4] = len(data).to_bytes(4, "little")
    return bytes(raw)


def workbook(rows: list[list[str]]) -> bytes:
    """A minimal Excel workbook, with shared texts and numbers as XlsxWriter and openpyxl write them."""
    shared: dict[str, int] = {}
    lines: list[str] = []
    for number, row in enumerate(rows, 1):
        cells: list[str] = []
        for column, text in zip("ABCDEFGHIJKLMNOP", row, strict=False):
            if text.isdecimal():
                cells.append(f'<c r="{column}{number}"><v>{text}</v></c>')
            elif text:
                cells.append(f'<c r="{column}{number}" t="s"><v>{shared.setdefault(text, len(shared))}</v></c>')
        lines.append(f'<row r="{number}">{"".join(cells)}</row>')
    space = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    body = "".join(lines)
    texts = "".join(f'<si><t xml:space="preserve">{escape(text)}</t></si>' for text in shared)
    return zip_archive(
        {
            "xl/worksheets/sheet1.xml": f"<worksheet {space}><sheetData>{body}</sheetData></worksheet>".encode(),
            "xl/sharedStrings.xml": f"<sst {space}>{texts}</sst>".encode(),
        }
    )
