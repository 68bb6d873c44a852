"""Options that amount to one value: a function declares and reads them, a command takes what it returns."""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, Signature, signature

Command = Callable[..., None]


def gathers(keyword: str, gather: Callable[..., object]) -> Callable[[Command], Command]:
    """Give a command the options of a function; it gets what the function returns as a keyword.

    Args:
        keyword: a keyword-only parameter of the command; the options stand in its place.
        gather: its parameters, all keyword-only, are the options.
    """
    options = signature(gather, eval_str=True).parameters

    def decorate(command: Command) -> Command:
        parameters: list[Parameter] = []
        for each in signature(command, eval_str=True).parameters.values():
            parameters += options.values() if each.name == keyword else [each]

        def run(**given: object) -> None:
            taken = {name: given.pop(name) for name in options}
            command(**given, **{keyword: gather(**taken)})

        run.__name__, run.__doc__ = command.__name__, command.__doc__
        run.__signature__ = Signature(parameters)  # pyright: ignore[reportFunctionMemberAccess]
        run.__annotations__ = {each.name: each.annotation for each in parameters}
        return run

    return decorate
