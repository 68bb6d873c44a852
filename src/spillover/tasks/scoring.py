"""From a raw reply to an answer, strictly: a reply that does not clearly name one option is not guessed at."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

PARSER_VERSION = 2
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


@dataclass(frozen=True, slots=True)
class ParsedReply:
    """What a reply says."""

    answer: str | None
    """The option, "(A)", or None."""
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
