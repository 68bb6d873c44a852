"""From a raw reply to an answer, strictly: a reply that does not clearly name one option is not guessed at."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

_BARE = re.compile(r"\(?([A-Z])\)?[.:]?")
_BRACKETED = re.compile(r"\(([A-Z])\)")
_ANNOUNCED = re.compile(r"\b(?:answer|option|choice)(?:\s+is)?\s*:?\s*\(?([A-Z])\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ParsedReply:
    """What a reply says."""

    answer: str | None
    """The option, "(A)", or None."""
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
