import pytest

from spillover.core.json_text import parse_json


@pytest.mark.parametrize(
    "text",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"1" * 5000,
        b"[NaN]",
        b"[1e999]",
        b"[-Infinity]",
        b'"\\ud800"',
        b'{"\\udfff": 1}',
        b"\xff",
        b"",
    ],
)
def test_json_that_would_surprise_is_one_kind_of_error(text):
    with pytest.raises(ValueError, match=r"."):
        parse_json(text)


def test_what_is_whole_is_read():
    assert parse_json(b'\xef\xbb\xbf{"a": "\\ud83d\\ude00", "b": 1.5}') == {"a": "😀", "b": 1.5}
    assert parse_json("[Infinity]", finite=False) == [float("inf")]
