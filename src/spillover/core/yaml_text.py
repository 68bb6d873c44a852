"""YAML that others wrote: plain values alone, of a size that can be walked, and one kind of error for all the rest."""

from __future__ import annotations

from typing import Any

import yaml

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's, where PyYAML has it: ten times as fast, which a study of hundreds of tasks needs."""
MAXIMUM_DEPTH = 40
MAXIMUM_NODES = 100_000
MAXIMUM_DIGITS = 300
WHOLE_NUMBER = "tag:yaml.org,2002:int"
TOO_LONG = f"a whole number of more than {MAXIMUM_DIGITS} digits, which Python would not write out again"
TOO_DEEP = (
    f"this is nested more than {MAXIMUM_DEPTH} deep; an alias (*name) must not stand within what it names (&name)"
)
TOO_MANY = f"these are more than {MAXIMUM_NODES:,} values, counting what aliases (*name) repeat; write fewer"


class YAMLBoundsError(yaml.MarkedYAMLError):
    """YAML that would be walked without end, or for very long."""


def parse_yaml(text: str) -> tuple[yaml.Node | None, Any]:
    """Parse YAML of plain values: tags that would make objects are errors.

    Returns:
        Its nodes, for the lines that they stand in, and its value; None and None for an empty text.

    Raises:
        yaml.YAMLError: it is no YAML, asks for objects, or holds a number or date that is none.
        YAMLBoundsError: an alias stands within what it names, it is too deep or too large, aliases repeated, or a
            number has hundreds of digits.
    """
    _bound_depth(text)
    root = yaml.compose(text, Loader=LOADER)
    if root is None:
        return None, None
    _bound_size(root)
    try:
        return root, yaml.SafeLoader("").construct_document(root)
    except ValueError as error:  # such as 2025-13-01, which looks like a date
        raise yaml.YAMLError(str(error)) from error


def _bound_depth(text: str) -> None:
    """Look at what is written before it is composed, which is recursive: libyaml's stack would end the process."""
    depth = 0
    for event in yaml.parse(text, Loader=LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAXIMUM_DEPTH:
            raise YAMLBoundsError(problem=TOO_DEEP, problem_mark=event.start_mark)


def _bound_size(root: yaml.Node) -> None:
    """Walk the nodes as often as aliases repeat them, which may be for ever."""
    waiting = [(root, 1)]
    count = 0
    while waiting:
        node, depth = waiting.pop()
        count += 1
        if depth > MAXIMUM_DEPTH:
            raise YAMLBoundsError(problem=TOO_DEEP, problem_mark=node.start_mark)
        if count > MAXIMUM_NODES:
            raise YAMLBoundsError(problem=TOO_MANY, problem_mark=node.start_mark)
        if node.tag == WHOLE_NUMBER and len(node.value) > MAXIMUM_DIGITS:
            raise YAMLBoundsError(problem=TOO_LONG, problem_mark=node.start_mark)
        if isinstance(node, yaml.SequenceNode):
            waiting += [(item, depth + 1) for item in node.value]
        elif isinstance(node, yaml.MappingNode):
            waiting += [(part, depth + 1) for pair in node.value for part in pair]
