"""From a raw reply to an answer and its score, strictly: what a reply does not clearly say is not guessed at."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import isclose
from typing import Literal

from spillover.tasks.task import Example, Metric

PARSER_VERSION = 3
"""Part of the key of whatever is scored from replies: raise it whenever a reply may be read differently."""

_SPECIAL = re.compile(r"</?s>|<\|[^<>|]{1,40}\|>|<(?:pad|eos|bos|unk)>|</?(?:answer|think)>", re.IGNORECASE)
_LATEX = re.compile(r"\\(?:boxed|text|mathrm|mathbf|textbf)\s*\{([^{}]{0,80})\}")
_EMPHASIS = re.compile(r"[*`$]|__")
_WHOLE = re.compile(r"[(\[]?([A-Z])[)\]]?[.:]?")
_DECLARATION = re.compile(r"\b(?:answer|choice|option)\s*(?:(?:is|would be|should be|must be)\b\s*:?|:|=)\s*", re.I)
_DECLARED = re.compile(r"(?:(?i:option|choice)\s+)?(?:[(\[]\s*([A-Z])\s*[)\]]|[\"'“]?([A-Z])(?![\w'’]))")
_ONE_MORE = re.compile(r"\s*(?:,|/|&|(?i:and|or)\b)+\s*(?:(?i:and|or)\s+)?[(\[\"'“]?([A-Z])(?![\w'’])[)\]\"'”]?")
_LABEL = re.compile(
    r"[(\[]\s*(?:(?i:option|choice|answer)\s+)?([A-Z])\s*[)\]]"  # (A), [A], (option A)
    r"|^\s*([A-Z])[).:](?=\s|$)"  # A) or A. or A: where a line begins
    r"|\b(?i:option|choice|answer)\s+[\"“]?([A-Z])(?![\w'’])"  # option A
    r"|\b(?i:label+ed)\s+(?i:(?:as|with)\s+)?[\"“]?([A-Z])(?![\w'’])(?![\"”]?\s*(?:,|/|-|(?i:and|or)\b))",  # labeled A
    re.MULTILINE,
)
_REFUSAL = re.compile(
    r"\b(?:not possible|impossible|unable|cannot|can['’]t|difficult|not (?:immediately )?clear)\b[^.\n]{0,40}?"
    r"\b(?:determine|select|choose|identify|tell|say|answer|which|make an?)\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"(?<![\w.])-?(?:(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d+)?")
_PLAIN_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_PRONOUN = re.compile(
    r"\bone\s+(?:can|could|cannot|may|might|must|should|would|will|has|sees|finds|needs|of\s+the)\b"  # one can see
    r"|\b(?:this|that|which|another|other|each|every|any|no|the|first|last|left|right)[\s-]+one\b",  # the left one
    re.IGNORECASE,
)
"""Where "one" counts nothing."""
_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


@dataclass(frozen=True, slots=True)
class ParsedReply:
    """What a reply says."""

    answer: str | None
    """The option, "(A)", the number or the text; None where nothing could be read."""
    parse: Literal["parsed", "ambiguous", "none"]


def parse_reply(reply: str, options: tuple[str, ...], choices: tuple[str, ...] = ()) -> ParsedReply:
    r"""Read the option that a reply names.

    Special tokens (`<s>`, `<|im_end|>`), emphasis and `\boxed{}` are taken off first. Then the first rule that finds
    anything decides:

    1. the whole reply is a letter, with or without brackets: "(A)", "A", "A.";
    2. an option is declared: "the answer is (A)", "Answer: A", "the correct choice is: the second image";
    3. letters in brackets, where a line begins, after "option" or "choice", or "labeled": "(A) or (B)", "A) left";
    4. the options' own words: "Point C", "the second image", "to the right".

    One option found is `parsed`; several are `ambiguous`; letters that are no option, or nothing, are `none`. Where a
    reply ties an option's words to another option's letter ("the second image (B) …" where that is (A)), or names two
    options, it is `ambiguous`: position never settles it. A reply that says that it cannot tell, and declares nothing,
    is `none`, whatever options it mentions.

    Args:
        reply: the raw text.
        options: the options' letters, "(A)", "(B)", …
        choices: their texts.

    >>> parse_reply("The answer is (B).", ("(A)", "(B)")).answer
    '(B)'
    >>> parse_reply("(A) or (B)", ("(A)", "(B)")).parse
    'ambiguous'
    >>> parse_reply("<s> Moving to the right.", ("(A)", "(B)"), ("left", "right")).answer
    '(B)'
    >>> parse_reply("I see a dog", ("(A)", "(B)")).parse
    'none'
    """
    text = _undress(reply)
    if whole := _WHOLE.fullmatch(text):
        return _settle({f"({whole[1]})"}, options)
    words = _Words(text, options, choices)
    if words.contradicted():
        return ParsedReply(None, "ambiguous")
    declared = _declared(text, words)
    if declared or _REFUSAL.search(text):
        return _settle(declared, options)
    return _settle(_letters(_LABEL, text) or words.mentioned(), options)


def _settle(found: set[str], options: tuple[str, ...]) -> ParsedReply:
    named = found & set(options)
    if len(named) == 1 and len(found) == 1:
        return ParsedReply(named.pop(), "parsed")
    return ParsedReply(None, "ambiguous" if named else "none")


def _undress(reply: str) -> str:
    plain = _LATEX.sub(r"\1", _SPECIAL.sub(" ", reply))
    return _EMPHASIS.sub("", plain).strip()


def _letters(pattern: re.Pattern[str], text: str) -> set[str]:
    return {f"({letter})" for match in pattern.finditer(text) for letter in match.groups() if letter}


def _declared(text: str, words: _Words) -> set[str]:
    found: set[str] = set()
    for opening in _DECLARATION.finditer(text):
        spelt = words.beginning_at(opening.end())
        letter = None if spelt else _DECLARED.match(text, opening.end())
        found |= spelt
        while letter:  # "(A) and (B)" declares two
            found |= {f"({each})" for each in letter.groups() if each}
            letter = _ONE_MORE.match(text, letter.end())
    return found


class _Words:
    """The options' own words within a reply: whole words, in any case, an article before them left aside."""

    def __init__(self, text: str, options: tuple[str, ...], choices: tuple[str, ...]) -> None:
        self._text = text.casefold()
        self._phrases = [
            (option, _phrase(choice)) for option, choice in zip(options, choices, strict=False) if choice.strip()
        ]

    def mentioned(self) -> set[str]:
        """Options whose words stand anywhere."""
        return {option for option, phrase in self._phrases if re.search(rf"(?<!\w){phrase}(?!\w)", self._text)}

    def beginning_at(self, place: int) -> set[str]:
        """Options whose words stand at one place; of several, the longest."""
        found: list[tuple[int, str]] = []
        for option, phrase in self._phrases:
            if match := re.compile(rf"[\"'“]?(?:the\s+)?{phrase}(?!\w)").match(self._text, place):
                found.append((match.end(), option))
        return {max(found)[1]} if found else set()

    def contradicted(self) -> bool:
        """Whether an option's words bear another option's letter."""
        letters = {option for option, _ in self._phrases}
        return any(letter in letters and letter != option for option, letter in self._labelled())

    def _labelled(self) -> Iterator[tuple[str, str]]:
        for option, phrase in self._phrases:
            for match in re.finditer(rf"(?<!\w){phrase}\s*\((?:option\s+|choice\s+)?([a-z])\)", self._text):
                yield option, f"({match[1].upper()})"


@lru_cache(maxsize=4096)
def _phrase(choice: str) -> str:
    words = choice.split()
    if len(words) > 1 and words[0] in ("the", "The", "a", "an", "An"):  # not "A is closer": that A is a point
        words = words[1:]
    return r"[\s\"'“”]+".join(re.escape(word.casefold()) for word in words).removesuffix(r"\.")


def parse_number(reply: str) -> ParsedReply:
    """Read the number that a reply gives.

    The rules, in order; the first that finds anything decides:

    1. numbers after "answer": "The answer is 4";
    2. numbers anywhere: "about 2.5 meters", "1,200", ".5", and the words from zero to twelve; "one can see" and "the
       left one" count nothing.

    One number, though it be named twice, is `parsed`; several, digits and words together, are `ambiguous`; nothing is
    `none`.

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
    spelt = re.findall(r"[a-z]+", _PRONOUN.sub(" ", text).casefold())
    return digits | {float(_WORDS.index(word)) for word in spelt if word in _WORDS}


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
