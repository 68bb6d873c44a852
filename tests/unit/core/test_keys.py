import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spillover.core.keys import canonical_json, content_key, hash_folder, seeded_generator

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)  # a loaded machine is no fault of keys
@given(st.dictionaries(st.text(), plain))
def test_a_key_does_not_depend_on_the_order_of_fields(value):
    assert content_key(value) == content_key(dict(reversed(value.items())))


def test_a_key_is_the_same_in_another_process():
    value = {"b": [1, 2.5, None], "a": "ä"}
    code = f"from spillover.core.keys import content_key; print(content_key({value!r}))"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == content_key(value)


def test_what_is_no_number_has_no_key():
    with pytest.raises(ValueError, match="JSON compliant"):
        canonical_json({"a": float("nan")})


def test_generators_of_different_names_differ():
    draws = {int(seeded_generator("a", index).integers(1 << 60)) for index in range(50)}
    assert len(draws) == 50


def test_a_folder_is_known_by_names_and_content(tmp_path):
    (tmp_path / "a.json").write_text("1")
    first = hash_folder(tmp_path, (".json",))
    (tmp_path / "notes.md").write_text("not hashed")
    assert hash_folder(tmp_path, (".json",)) == first
    (tmp_path / "a.json").rename(tmp_path / "b.json")
    assert hash_folder(tmp_path, (".json",)) != first
