"""A folder of imported scores that somebody else may have made."""

import os

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from spillover.core.errors import StoreError
from spillover.core.scores import Score, table_from_scores
from spillover.study.imported import Imported, ImportedRun, ImportedStudy, read_imported

KEY = "0" * 32
ROW = Score(
    model="m",
    adapter_key="k",
    source="base",
    protocol="imported",
    target="T",
    target_key="t",
    example="1",
    score=1.0,
    answer="(A)",
    answer_given="(A)",
)


@pytest.fixture
def folder(tmp_path):
    run = ImportedRun(run="base", source="base", format="table", key=KEY, examples=1)
    study = ImportedStudy(name="s", imported=Imported(kind="scores", model="m", runs=(run,)))
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(study.model_dump(mode="json")))
    (tmp_path / "scores").mkdir()
    return tmp_path


def test_scores_are_read_with_their_replies_or_without(folder):
    table = table_from_scores([ROW])
    pq.write_table(table, folder / "scores" / f"{KEY}.parquet")
    assert read_imported(folder)[0].equals(table)
    assert read_imported(folder, replies=True)[0].equals(table)


def test_imported_scores_that_unpack_without_end_are_not_read(folder, monkeypatch):
    monkeypatch.setattr("spillover.core.parquet.FREE_BYTES", 1 << 20)
    table = table_from_scores([ROW] * 10_000)
    answers = pa.DictionaryArray.from_arrays(pa.array(np.zeros(len(table), np.int32)), ["x" * 1_000_000])
    table = table.set_column(table.schema.get_field_index("answer"), "answer", answers)
    pq.write_table(table, folder / "scores" / f"{KEY}.parquet")
    with pytest.raises(StoreError, match="the scores of base: it unpacks to far more than it could honestly hold"):
        read_imported(folder)


def test_a_pipe_in_a_folder_of_imported_scores_is_not_waited_for(folder):
    os.mkfifo(folder / "scores" / f"{KEY}.parquet")
    with pytest.raises(StoreError, match="it is a pipe or a device, no file"):
        read_imported(folder)


def test_a_pipe_in_a_folder_of_imported_accuracies_is_not_waited_for(folder):
    study = ImportedStudy(name="s", imported=Imported(kind="accuracies", model="m"))
    (folder / "study.yaml").write_text(yaml.safe_dump(study.model_dump(mode="json")))
    os.mkfifo(folder / "accuracies.csv")
    with pytest.raises(StoreError, match="it is a pipe or a device, no file"):
        read_imported(folder)
