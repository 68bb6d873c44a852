"""Nothing that is kept grows without bound."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from spillover.models.recent import Recent


@given(limit=st.integers(0, 30), kept=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 12))))
def test_the_limit_holds_and_what_was_used_last_is_there(limit, kept):
    recent = Recent(limit)
    sizes = {}
    for key, size in kept:
        recent.keep(key, (key, size), size)
        sizes[key] = size
        assert recent.kept_bytes <= limit
        assert recent.get(key) == ((key, size) if size <= limit else None)
        there = [each for each in sizes if recent.get(each) is not None]
        assert recent.kept_bytes == sum(sizes[each] for each in there)
    recent.clear()
    assert recent.kept_bytes == 0
    assert all(recent.get(key) is None for key in sizes)


def test_a_use_is_remembered():
    recent = Recent(2)
    for key in "ab":
        recent.keep(key, key, 1)
    recent.get("a")
    recent.keep("c", "c", 1)
    assert [recent.get(key) for key in "abc"] == ["a", None, "c"]
