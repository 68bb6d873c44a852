"""From a raw reply to an answer and its score, strictly: what a reply does not clearly say is not guessed at."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import isclose
from typing import Literal

from spillover.tasks.task import Example, Metric

_BARE = re.compile(r"\(?([A-Z])\)?[.:]?")
_BRACKETED = re.compile(r"\(([A-Z])\)")
_NUMBER = re.compile(r"(?<![\w.])-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][-+]?\d+)?")
_PLAIN_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_ANNOUNCED = re.compile(r"\b(?:answer|option|choice)(?:\s+is)?\s*:?\s*\(?([A-Z])\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ParsedReply:
    """What a reply says."""

    answer: str | None
    """The option, "(A)", the number or the text; None where nothing could be read."""
    parse: Literal["parsed", "ambiguous", "none"]


def parse_reply(reply: str, options: tuple[str, ...], choices: tuple[str, ...] = ()) -> ParsedReply:
    """Read the option that a reply names.

    The rules, in order; the first that finds anything decides:

    1. the whole reply is a letter, with or without brackets: "(A)", "A", "A.";
    2. letters in brackets anywhere: "The answer is (A)";
    3. a letter after "answer", "option" or "choice": "Answer: A";
    4. the whole reply is one option's text.

    One option found is `parsed`; several are `ambiguous`; letters that are no option, or nothing, are `none`.

    Args:
        reply: the raw text.
        options: the options' letters, "(A)", "(B)", …
        choices: their texts.

    >>> parse_reply("The answer is (B).", ("(A)", "(B)")).answer
    '(B)'
    >>> parse_reply("(A) or (B)", ("(A)", "(B)")).parse
    'ambiguous'
    >>> parse_reply("I see a dog", ("(A)", "(B)")).parse
    'none'
    """
    text = reply.strip()
    whole = _BARE.fullmatch(text)
    letters = {whole[1]} if whole else set(_BRACKETED.findall(text)) or {m.upper() for m in _ANNOUNCED.findall(text)}
    found = {f"({letter})" for letter in letters}
    if not found:
        plain = text.rstrip(".").casefold()
        found = {option for option, choice in zip(options, choices, strict=False) if choice.casefold() == plain}
    named = sorted(found & set(options))
    if len(named) == 1 and len(found) == 1:
        return ParsedReply(named[0], "parsed")
    return ParsedReply(None, "ambiguous" if named else "none")


def parse_number(reply: str) -> ParsedReply:
    """Read the number that a reply gives.

    The rules, in order; the first that finds anything decides:

    1. numbers after "answer": "The answer is 4";
    2. numbers anywhere: "about 2.5 meters", "1,200"; where there is no digit, the words from zero to twelve.

    One number, though it be named twice, is `parsed`; several are `ambiguous`; nothing is `none`.

    >>> parse_number("I see three chairs.").answer
    '3'
    >>> parse_number("2 or 3").parse
    'ambiguous'
    """
    announced = re.search(r"\banswer\b(.*)", reply, re.IGNORECASE | re.DOTALL)
    found = _numbers(announced[1]) if announced else set[float]()
    found = found or _numbers(reply)
    if len(found) == 1:
        return ParsedReply(repr(found.pop()).removesuffix(".0"), "parsed")
    return ParsedReply(None, "ambiguous" if found else "none")


def _numbers(text: str) -> set[float]:
    digits = {float(number.replace(",", "")) for number in _NUMBER.findall(text)}
    words = {float(_WORDS.index(word)) for word in re.findall(r"[a-z]+", text.casefold()) if word in _WORDS}
    return digits or words


def is_number(example: Example) -> bool:
    """Whether every right answer of an example is a number, and can be compared with one."""
    return all(_PLAIN_NUMBER.fullmatch(answer) for answer in (example.answer, *example.accepted))


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredReply:
    """A reply, read and scored."""

    score: float
    """0–1."""
    said: ParsedReply


def score_reply(reply: str, example: Example, metric: Metric) -> ScoredReply:
    """Read a raw reply and score it.

    - `accuracy`: 1 for the right option, see `parse_reply`.
    - `exact`: 1 for a right answer, whatever its case, spaces, quotation marks and final full stop.
    - `contains`: 1 where a right answer stands in the reply as whole words.
    - `anls`: average normalised Levenshtein similarity (Biten et al., ICCV 2019, arXiv 1905.13648): 1 − distance /
      longer length, and 0 below one half.
    - `number`: 1 for the right number, see `parse_number`.
    - `mra`: mean relative accuracy of a number (Yang et al., VSI-Bench, CVPR 2025, arXiv 2412.14171).

    What cannot be read scores 0. Of several accepted answers the best counts.

    Args:
        reply: the raw text.
        example: what was asked.
        metric: of its task.
    """
    if metric == "accuracy":
        said = parse_reply(reply, example.options, example.choices)
        return ScoredReply(score=float(said.answer == example.answer), said=said)
    right = (example.answer, *example.accepted)
    if metric in ("number", "mra"):
        said = parse_number(reply)
        measure = relative_accuracy if metric == "mra" else _equal
        scores = [measure(float(said.answer), float(answer)) for answer in right] if said.answer else [0.0]
        return ScoredReply(score=max(scores), said=said)
    plain = _plain(reply)
    said = ParsedReply(reply.strip(), "parsed") if plain else ParsedReply(None, "none")
    compare = {"exact": _same, "contains": _contains, "anls": text_similarity}[metric]
    return ScoredReply(score=max(compare(plain, _plain(answer)) for answer in right), said=said)


def relative_accuracy(given: float, right: float) -> float:
    """Mean relative accuracy: the share of θ in .50, .55, …, .95 with |given − right| / |right| ≤ 1 − θ.

    >>> relative_accuracy(9.5, 10), relative_accuracy(5, 10), relative_accuracy(4, 10)
    (1.0, 0.1, 0.0)
    """
    if right == 0:
        return float(given == 0)
    error = abs(given - right) / abs(right)
    limits = [place / 20 for place in range(1, 11)]
    return sum(error <= limit + 1e-12 for limit in limits) / len(limits)


def _equal(given: float, right: float) -> float:
    return float(isclose(given, right, rel_tol=1e-9, abs_tol=1e-9))


def text_similarity(given: str, right: str) -> float:
    """1 − edit distance / longer length, and 0 below one half.

    Complexity: O(length of given · length of right).

    >>> text_similarity("colour", "color") > 0.8, text_similarity("red", "blue")
    (True, 0.0)
    """
    longest = max(len(given), len(right))
    if longest == 0:
        return 1.0
    row = list(range(len(right) + 1))
    for place, letter in enumerate(given, 1):
        previous, row[0] = row[0], place
        for other, expected in enumerate(right, 1):
            substituted = previous + (letter != expected)
            previous, row[other] = row[other], min(row[other] + 1, row[other - 1] + 1, substituted)
    similarity = 1 - row[-1] / longest
    return similarity if similarity >= 0.5 else 0.0


def _plain(text: str) -> str:
    return " ".join(text.casefold().split()).strip("\"'“”‘’` ").removesuffix(".").strip()


def _same(given: str, right: str) -> float:
    return float(given == right)


def _contains(given: str, right: str) -> float:
    return float(bool(right) and re.search(rf"(?<!\w){re.escape(right)}(?!\w)", given) is not None)
