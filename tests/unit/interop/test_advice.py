"""A fault of somebody's file says what to do about it."""

import pytest

from spillover.core.errors import ImportFileError
from spillover.interop.discovery import find_results
from spillover.interop.importing import import_results


@pytest.mark.parametrize(
    ("name", "text", "message", "hint"),
    [
        ("pgf.csv", "", "the file is empty", "write it anew, or leave it out"),
        ("a.csv", "source,target,accuracy\n", "there are no rows after the header", "write it anew, or leave it out"),
        (
            "a.csv",
            "source,target,seed\nbase,Jigsaw,0\n",
            "the column 'accuracy' is missing",
            "source, target, accuracy",
        ),
        ("a.csv", "source,target,accuracy,n,n\n", "the column 'n' stands twice", "call one of the two otherwise"),
    ],
)
def test_a_table_that_cannot_be_read_says_what_to_do(tmp_path, name, text, message, hint):
    (tmp_path / name).write_text(text)
    with pytest.raises(ImportFileError) as caught:
        import_results([tmp_path / name])
    assert caught.value.message == message
    assert hint in caught.value.hint


def test_a_table_of_answers_without_any_says_what_to_do(tmp_path):
    (tmp_path / "m_MMStar.tsv").write_text("index\tanswer\tprediction\n")
    (run,) = find_results([tmp_path]).runs
    with pytest.raises(ImportFileError, match="the table has no rows\n  write it anew, or leave it out"):
        list(run.read())
