"""Score files that were damaged on disk: never read as other scores."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.unit.study.made_up import EXAMPLES

from spillover.core.errors import StoreError
from spillover.core.keys import content_key
from spillover.core.scores import Score, table_from_scores
from spillover.study.labelled import LABEL, label_table, read_label, read_scores_file

ABOUT = {"job": {"job": "evaluate"}}


@pytest.fixture
def table():
    return table_from_scores(
        Score(
            model="m",
            adapter_key="k",
            source="base",
            protocol="letters",
            target="T",
            target_key="t",
            example=str(number),
            score=number / EXAMPLES,
            answer="(A)",
            answer_given=None,
        )
        for number in range(EXAMPLES)
    )


@pytest.fixture
def file(table, tmp_path):
    path = tmp_path / f"{content_key(ABOUT['job'])}.parquet"
    path.write_bytes(label_table(table, ABOUT))
    return path


def test_what_was_written_is_read(file, table):
    assert read_label(file) == ABOUT
    assert read_scores_file(file).to_pylist() == table.to_pylist()


def test_a_flipped_bit_anywhere_is_found(file, table):
    whole, rng = file.read_bytes(), np.random.default_rng(0)
    found = 0
    for place in rng.choice(len(whole), 500, replace=False).tolist():
        damaged = bytearray(whole)
        damaged[place] ^= 1 << int(rng.integers(8))
        file.write_bytes(damaged)
        if read_label(file) is None:
            found += 1
        else:  # the bit was of the name under which the digest stands
            assert read_scores_file(file).to_pylist() == table.to_pylist()
    assert found >= 495


@pytest.mark.parametrize("share", [0.0, 0.5, 0.999])
def test_a_truncated_file_is_found(file, share):
    whole = file.read_bytes()
    file.write_bytes(whole[: int(share * len(whole))])
    assert read_label(file) is None


def test_a_file_of_an_earlier_version_has_no_digest_and_is_read(file, table):
    pq.write_table(table.replace_schema_metadata({LABEL: json.dumps(ABOUT)}), file)
    assert read_label(file) == ABOUT
    whole = file.read_bytes()
    file.write_bytes(whole[:4] + bytes(200) + whole[204:])
    with pytest.raises(StoreError, match="cannot be read"):
        read_scores_file(file)


def test_a_job_that_is_no_object_is_no_label(file, table):
    file.write_bytes(label_table(table, {"job": 7}))
    assert read_label(file) is None
    pq.write_table(table.replace_schema_metadata({LABEL: "[]"}), file)
    assert read_label(file) is None


def test_scores_that_unpack_without_end_are_not_read(file, table, monkeypatch):
    monkeypatch.setattr("spillover.core.parquet.FREE_BYTES", 1 << 20)
    rows = 10_000
    whole = pa.concat_tables([table] * (rows // EXAMPLES)).combine_chunks()
    reply = pa.DictionaryArray.from_arrays(pa.array(np.zeros(len(whole), np.int32)), ["x" * 1_000_000])
    file.write_bytes(label_table(whole.set_column(whole.schema.get_field_index("reply"), "reply", reply), ABOUT))
    assert file.stat().st_size < 10_000
    assert read_label(file) == ABOUT
    with pytest.raises(StoreError, match="unpacks to far more than it could honestly hold"):
        read_scores_file(file)
