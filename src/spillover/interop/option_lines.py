"""The options of a question, from its prompt's own lines."""

from __future__ import annotations

import re

LINE = re.compile(r"^[ \t]*(?:\(([A-Z])\)|([A-Z])[.):])[ \t]+(\S[^\n]*)$", re.MULTILINE)


def find_options(prompt: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    r"""Find option lines, "(A) left" or "A. left", lettered from A on; the last such list of a prompt counts.

    >>> find_options("Which?\n(A) left\n(B) right\n")
    (('(A)', '(B)'), ('left', 'right'))
    >>> find_options("No options here.")
    ((), ())
    """
    texts: list[str] = []
    for match in LINE.finditer(prompt):
        letter = match[1] or match[2]
        if letter == "A":
            texts = []
        if ord(letter) - ord("A") == len(texts):
            texts.append(match[3].strip())
    if len(texts) < 2:
        return (), ()
    return tuple(f"({chr(ord('A') + index)})" for index in range(len(texts))), tuple(texts)


def right_letter(target: str, letters: tuple[str, ...], texts: tuple[str, ...] = ()) -> str:
    """Write a right answer as its letter where it is one of the options; other answers stay as they are.

    >>> right_letter("B", ("(A)", "(B)")), right_letter("7", ())
    ('(B)', '7')
    >>> right_letter("right", ("(A)", "(B)"), ("left", "right"))
    '(B)'
    """
    bare = target.strip().strip("().")
    if f"({bare})" in letters:
        return f"({bare})"
    folded = [text.casefold() for text in texts]
    if folded.count(target.strip().casefold()) == 1:
        return letters[folded.index(target.strip().casefold())]
    return target.strip()
