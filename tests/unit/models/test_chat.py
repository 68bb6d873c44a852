"""How a chat template's own way of writing an answer is found out."""

from __future__ import annotations

from copy import deepcopy

import pytest
from jinja2 import TemplateError

from spillover.core.errors import ModelError
from spillover.core.prompt import Turn
from spillover.models.chat import Chat

QUESTION = [Turn(role="user", text="closer?")]
TURNS = "{%- for turn in messages -%}{{- turn.role + ':' -}}"
WRITTEN = "{%- for part in turn.content -%}{{- ' ' + part.text -}}{%- endfor -%}"
ASKING = "{%- endfor -%}{%- if add_generation_prompt -%}{{- 'assistant:' -}}{%- endif -%}"


def chat_with(base, template, **changes):
    tokenizer = deepcopy(base.tokenizer)
    tokenizer.chat_template = template
    for name, value in changes.items():
        setattr(tokenizer, name, value)
    return Chat(tokenizer, in_parts=True, name="made up")


def spelt(chat, answer):
    return chat.tokenizer.decode(chat.spell(answer))


def test_an_answer_follows_what_the_template_writes_before_it(base):
    chat = chat_with(base, TURNS + WRITTEN + "{{- '<|im_end|>' -}}" + ASKING)
    assert chat.ask(QUESTION) == "user: closer?<|im_end|>assistant:"
    assert spelt(chat, "(A)") == " (A)"
    assert spelt(base.chat, "(A)") == "(A)"


def test_an_empty_train_of_thought_is_part_of_an_answer(base):
    thought = "{%- if turn.role == 'assistant' -%}{{- '<think></think>' -}}{%- endif -%}"
    assert spelt(chat_with(base, TURNS + thought + WRITTEN + ASKING), "(A)") == "<think></think> (A)"


def test_a_turn_ends_with_the_first_special_token_after_it(base):
    ids = base.tokenizer.convert_tokens_to_ids
    other = chat_with(base, TURNS + WRITTEN + "{{- '\\n<|vision_end|><|im_end|>' -}}" + ASKING)
    assert other.end_of_turn == ids("<|vision_end|>")
    assert chat_with(base, TURNS + WRITTEN + ASKING).end_of_turn == base.tokenizer.eos_token_id == ids("<|im_end|>")
    with pytest.raises(ModelError, match="made up has no token that ends an answer"):
        chat_with(base, TURNS + WRITTEN + ASKING, eos_token=None)


def test_a_template_that_only_asks_has_bare_answers(base):
    refusing = "{%- if messages[-1].role == 'assistant' -%}{{- raise_exception('I only ask') -}}{%- endif -%}"
    chat = chat_with(base, refusing + TURNS + WRITTEN + ASKING)
    assert spelt(chat, "(A)") == "(A)"
    assert chat.end_of_turn == base.tokenizer.eos_token_id
    with pytest.raises(TemplateError, match="I only ask"):
        chat.ask([*QUESTION, Turn(role="assistant", text="(A)")])


def test_tokens_that_would_reach_into_the_question_are_those_of_the_answer_alone(base):
    """The question's tokens are there before the answer is: "ho" stays one, though "horse" is "h", "or" and "se"."""
    template = TURNS + "{%- for part in turn.content -%}{{- part.text -}}{%- endfor -%}" + ASKING
    chat = chat_with(base, template.replace("'assistant:'", "'assistant:ho'"))
    assert chat.spell("rse") == tuple(base.tokenizer("rse", add_special_tokens=False)["input_ids"])
