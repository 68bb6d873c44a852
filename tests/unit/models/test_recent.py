"""Nothing that is kept grows without bound."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from spillover.models.recent import Recent


@given(limit=st.integers(0, 30), kept=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 12))))
def test_as_much_is_kept_as_the_limit_allows_the_last_first(limit, kept):
    recent = Recent(limit)
    there = {}
    for key, size in kept:
        recent.keep(key, (key, size), size)
        there.pop(key, None)
        if size <= limit:
            there[key] = size
        while sum(there.values()) > limit:
            del there[next(iter(there))]
    assert {key: recent.get(key) for key in range(6)} == {
        key: (key, there[key]) if key in there else None for key in range(6)
    }
    recent.clear()
    assert all(recent.get(key) is None for key in range(6))
    recent.keep(0, "all of it", limit)
    assert recent.get(0) == "all of it"


def test_a_use_is_remembered():
    recent = Recent(2)
    for key in "ab":
        recent.keep(key, key, 1)
    recent.get("a")
    recent.keep("c", "c", 1)
    assert [recent.get(key) for key in "abc"] == ["a", None, "c"]
