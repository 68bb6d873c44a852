"""Ways in which a file may be broken, by chance or on purpose."""

from __future__ import annotations

import random
import re

HOSTILE = (
    *(
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"1" * 5000,
        b"1e999",
        b"-1e999",
        b"NaN",
        b"Infinity",
        b"null",
        b"true",
        b"[]",
    ),
    *(b'"\\ud800"', b'"\\u0000"', b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b'"../../../etc/passwd"', b"{}", b'""', b"-1"),
    *(b"99999999999999999999999999", b"0.1234567", b'"(Z)"', b"[[[]]]", b'{"a":{"b":[1]}}', b"\n", b"\r", b",", b"\t"),
)
PLAIN = (b"0", b"1", b"-1", b"2.5", b"1e-300", b"null", b"true", b'""', b'"x"', b"[]", b'["x"]', b"{}", b'{"x": 1}')
VALUE = re.compile(rb'"[^"\n]{0,60}"|-?\d+(?:\.\d+)?|true|false|null')


def mutate(data: bytes, rng: random.Random) -> bytes:
    """Break a file in one to three ways."""
    for _ in range(rng.randint(1, 3)):
        data = rng.choice((cut, flip, insert, exchange_value, drop, double, reencode))(data, rng)
    return data


def cut(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def flip(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 3, 30))):
        if changed:
            changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def insert(data: bytes, rng: random.Random) -> bytes:
    place = rng.randrange(len(data) + 1)
    return data[:place] + rng.choice(HOSTILE) + data[place:]


def exchange_value(data: bytes, rng: random.Random) -> bytes:
    """Put something hostile in the place of one value of a text format."""
    places = [match.span() for match in VALUE.finditer(data)]
    if not places:
        return insert(data, rng)
    start, end = rng.choice(places)
    return data[:start] + rng.choice(HOSTILE) + data[end:]


def exchange_plainly(data: bytes, rng: random.Random) -> bytes:
    """Put a plain value in the place of one of a text format, often one from elsewhere in it; flip other files."""
    spans = [match.span() for match in VALUE.finditer(data)]
    if not spans or b"\x00" in data:
        return flip(data, rng)
    (start, end), (other, its_end) = rng.choice(spans), rng.choice(spans)
    return data[:start] + rng.choice((*PLAIN, data[other:its_end], data[other:its_end])) + data[end:]


def drop(data: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(data) + 1)
    return data[:start] + data[start + rng.randint(1, 200) :]


def double(data: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(data) + 1)
    return data[:start] + data[start : start + rng.randint(1, 500)] * 2 + data[start:]


def reencode(data: bytes, rng: random.Random) -> bytes:
    return data.decode("latin-1").encode(rng.choice(("utf-16", "utf-8-sig", "utf-32")))
