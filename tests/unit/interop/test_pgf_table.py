"""The reader of published PGF tables is strict, and says what to do."""

from __future__ import annotations

import math

import pytest

from spillover.core.errors import ImportFileError
from spillover.interop.pgf_table import read_pgf_table

HEADER = "seed,ft_task,task,perfection_gap_factor\n"


@pytest.fixture
def write(tmp_path):
    """Write a table and give its path."""

    def write_text(text: str, name: str = "pgf_3B.csv"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write_text


def test_a_table_is_read_as_it_stands(write):
    path = write(HEADER + "initial,Jigsaw,Counting,0.5\n1,Jigsaw,my task,-1e-2\n")
    table = read_pgf_table(path)
    assert table == read_pgf_table(str(path))
    assert table.model == "3B"
    assert [(row.seed, row.source, row.target, row.pgf) for row in table.rows] == [
        ("initial", "Jigsaw", "Counting", 0.5),
        (1, "Jigsaw", "my task", -0.01),
    ]
    assert table.examples == {"Counting": 120}
    assert table.origin.endswith("pgf_3B.csv")


def test_a_name_can_be_given(write):
    assert read_pgf_table(write(HEADER + "0,a,b,0\n"), model="mine").model == "mine"


def test_columns_in_another_order_quotes_a_byte_order_mark_and_blank_lines_are_fine(write):
    text = '\ufeffperfection_gap_factor,task,ft_task,seed\n0.25,"b, c",a,0\n\n'
    (row,) = read_pgf_table(write(text)).rows
    assert (row.seed, row.source, row.target, row.pgf) == (0, "a", "b, c", 0.25)


@pytest.mark.parametrize("word", ["nan", "NaN", "", "NA", "null"])
def test_a_cell_without_a_number_is_nan(write, word):
    assert math.isnan(read_pgf_table(write(f"{HEADER}0,a,b,{word}\n")).rows[0].pgf)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("seed,ft_task,task,pgf\n", r"csv:1: unknown column 'pgf'"),
        ("seed,ft_task,taks,perfection_gap_factor\n", r"did you mean task\?"),
        ("seed,ft_task,task\n", "columns missing or twice: perfection_gap_factor"),
        ("seed,seed,task,perfection_gap_factor\n", "columns missing or twice: seed, ft_task"),
        ("", "columns missing"),
        (HEADER, "no rows"),
        (HEADER + "0,a,b\n", r"csv:2: 3 cells where 4 are expected"),
        (HEADER + "0,a,b,0.1\n0,a,b,half\n", r"csv:3: 'half' is no number"),
        (HEADER + '0,a,b,"0,5"\n', r"'0,5' is no number"),
        (HEADER + "0,a,b,inf\n", "infinite"),
        (HEADER + "0,,b,0.1\n", "no name"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(write, text, words):
    with pytest.raises(ImportFileError, match=words):
        read_pgf_table(write(text))


def test_a_missing_file_and_another_encoding_are_refused(tmp_path):
    with pytest.raises(ImportFileError, match="cannot read the file"):
        read_pgf_table(tmp_path / "none.csv")
    (tmp_path / "latin.csv").write_bytes(HEADER.encode() + b"0,caf\xe9,b,0.1\n")
    with pytest.raises(ImportFileError, match="UTF-8"):
        read_pgf_table(tmp_path / "latin.csv")
