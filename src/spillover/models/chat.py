"""What a chat template makes of a conversation, and how it frames an answer.

Models differ in what ends a turn and in what stands before an answer: a space, or an empty train of thought. Both are
read off the template itself, which writes what the model was trained on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jinja2 import TemplateError

from spillover.core.errors import ModelError
from spillover.core.prompt import Turn

QUESTION = Turn(role="user", text="?")
ANSWER = "(A)"
"""A conversation to see how the template frames any other."""


class Chat:
    """A model's conversations.

    Args:
        tokenizer: with its chat template.
        in_parts: whether the template reads a turn as a list of texts and images, as those of vision-language models
            do, or as a string.
        name: the model's, for errors.

    Raises:
        ModelError: neither the template nor the tokenizer says what ends a turn.
    """

    def __init__(self, tokenizer: Any, *, in_parts: bool, name: str) -> None:
        self.tokenizer = tokenizer
        self._in_parts = in_parts
        self._opening = self.ask([QUESTION])
        self._lead, after = self._frame()
        special = {token for token, added in tokenizer.added_tokens_decoder.items() if added.special}
        ending = (token for token in self._tokens(after) if token in special)
        end: int | None = next(ending, tokenizer.eos_token_id)
        if end is None:
            raise ModelError(f"the tokenizer of {name} has no token that ends an answer", hint="set its eos_token")
        self.end_of_turn = end
        """The token that ends an answer."""

    def ask(self, turns: Sequence[Turn]) -> str:
        """Write a conversation up to where the model's answer begins.

        Raises:
            jinja2.TemplateError: the template cannot write it.
        """
        return self._render(turns, answering=True)

    def spell(self, answer: str) -> tuple[int, ...]:
        """The tokens of an answer where answers stand, with whatever the template writes before it.

        A text's tokens may depend on what it follows, so they are taken from a text that has the question as well.
        """
        before, whole = self._tokens(self._opening), self._tokens(self._opening + self._lead + answer)
        if whole[: len(before)] == before:
            return whole[len(before) :]
        return self._tokens(self._lead + answer)  # the answer's first token would reach into the question

    def _frame(self) -> tuple[str, str]:
        """What stands between question and answer, and what follows the answer."""
        try:
            written = self._render([QUESTION, Turn(role="assistant", text=ANSWER)], answering=False)
        except TemplateError:  # it only ever asks
            return "", ""
        before, _, after = written.rpartition(ANSWER)
        return (before.removeprefix(self._opening) if before.startswith(self._opening) else ""), after

    def _render(self, turns: Sequence[Turn], *, answering: bool) -> str:
        messages = [{"role": turn.role, "content": _parts(turn) if self._in_parts else turn.text} for turn in turns]
        return self.tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=answering)

    def _tokens(self, text: str) -> tuple[int, ...]:
        return tuple(self.tokenizer(text, add_special_tokens=False)["input_ids"])


def _parts(turn: Turn) -> list[dict[str, str]]:
    """Write a turn in the form that chat templates read."""
    return [{"type": "image"} if part is None else {"type": "text", "text": part} for part in turn.parts]
