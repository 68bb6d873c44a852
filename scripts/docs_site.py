"""What MkDocs does beside reading docs/: the page of all commands from the command line itself, formulas as MathML.

MkDocs calls the functions below by their names (mkdocs.yml: hooks). Formulas become MathML when the site is built:
browsers draw it by themselves, and the site loads nothing from anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import typer

from spillover.cli.main import build_app

COMMANDS_PAGE = "cli.md"
FORMULA = re.compile(r'<(span|div) class="arithmatex">\\[(\[](.*?)\\[)\]]</\1>', re.DOTALL)


def on_files(files: Any, config: Any) -> Any:
    """Add the page of all commands to the files of the site."""
    from mkdocs.structure.files import File  # noqa: PLC0415 (tests of the page of commands do without)

    files.append(File.generated(config, COMMANDS_PAGE, content=commands_page()))
    return files


def on_page_content(html: str, **_: Any) -> str:
    """Turn what `pymdownx.arithmatex` marked as LaTeX into MathML."""
    return FORMULA.sub(_mathml, html)


def _mathml(found: re.Match[str]) -> str:
    from latex2mathml.converter import convert  # noqa: PLC0415 (tests of the page of commands do without)

    shown = "block" if found[1] == "div" else "inline"
    return convert(unescape(found[2]), display=shown)


def commands_page() -> str:
    """Write the Markdown of all commands: usage, what they do, arguments and options."""
    app = typer.main.get_command(build_app())
    lines = [
        "# Commands",
        "",
        "Data goes to stdout, progress to stderr; `spillover --debug COMMAND` shows the traceback of an error. "
        "[Exit codes](clusters.md#an-end-before-the-end) tell what a script should do next.",
    ]
    for name, command in _leaves(app, "spillover"):
        lines += ["", f"## {name}", "", command.help or "", "", *_table(command)]
    return "\n".join(lines) + "\n"


def _leaves(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Go through the commands that do something, in the order in which `--help` lists them."""
    for word, each in getattr(command, "commands", {}).items():
        if hasattr(each, "commands"):
            yield from _leaves(each, f"{name} {word}")
        else:
            yield f"{name} {word}", each


def _table(command: Any) -> list[str]:
    context = command.make_context(command.name, [], resilient_parsing=True)
    shown = [each for each in command.params if not each.hidden]
    rows = [f"| {_written(each)} | {_values(each, context)} | {_said(each)} |" for each in shown]
    return ["| argument | values | what |", "|---|---|---|", *rows] if rows else []


def _written(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        name = parameter.name.upper() + (" …" if parameter.nargs == -1 else "")
        return f"`{name}`" if parameter.required else f"`[{name}]`"
    return ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))


def _values(parameter: Any, context: Any) -> str:
    if getattr(parameter, "is_bool_flag", False):
        return ""
    limits = [f"{sign} {limit:g}" for sign, limit in (("≥", parameter.min), ("≤", parameter.max)) if limit is not None]
    kind = (
        str(parameter.display_type(context)).strip("<>").removeprefix("list[").removesuffix("]").partition(" range")[0]
    )
    return ", ".join([{"str": "text", "Path": "path"}.get(kind, kind.replace("|", " or ")), *limits])


def _said(parameter: Any) -> str:
    text = (parameter.help or "").replace("|", "\\|")
    if parameter.required and parameter.param_type_name == "option":
        text += " Required."
    has_default = parameter.default is not None and not getattr(parameter, "is_bool_flag", False)
    return text + (f" Default: `{parameter.default}`." if has_default else "")
