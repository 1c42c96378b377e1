"""The page of the command line: every command with its arguments and options, from Typer."""

from collections.abc import Iterator
from typing import Any

from prose import default, in_words, table
from sphinx_roles import as_markdown

from dynamicrag.cli import _command

INTRODUCTION = """# Command line

Every command has `--help`. The exit code is 0 when the command succeeds, 1 after an error, 2 after wrong
usage and 130 after Ctrl-C; `whatif` exits with 1 for a requirement that is not shown, and with 2 after an
error. The option `--debug`, before or behind the command, shows tracebacks and the
libraries' own messages. `dynamicrag --version` prints the version.
[The guide](../commands/index.md) shows the commands by task.
"""


def page() -> str:
    """Return the page."""
    return "\n".join([INTRODUCTION, *(_section(name, command) for name, command in commands())])


def commands() -> Iterator[tuple[str, Any]]:
    """Yield every command with its full name."""
    yield from _below(_command(debug=False), "dynamicrag")


def _below(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    children = getattr(command, "commands", None)
    if children is None:
        yield name, command
        return
    for key, child in children.items():
        yield from _below(child, f"{name} {key}")


def _section(name: str, command: Any) -> str:
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    options = [each for each in command.params if each.param_type_name == "option"]
    usage = " ".join([name, *map(_placeholder, arguments), *(["[OPTIONS]"] if options else [])])
    return "\n".join([
        f"## `{name}`\n", f"{as_markdown(command.help or '')}\n", f"```text\n{usage}\n```\n",
        table(("argument", "type", "default", "what it is"), map(_row, arguments)),
        table(("option", "type", "default", "what it does"), map(_row, options)),
    ])  # fmt: skip


def _placeholder(argument: Any) -> str:
    text = argument.name.upper() + ("..." if argument.nargs != 1 else "")
    return text if argument.required else f"[{text}]"


def _row(param: Any) -> tuple[str, str, str, str]:
    named = param.param_type_name == "argument"
    names = [param.name.upper()] if named else [*param.opts, *param.secondary_opts]
    flag = getattr(param, "is_flag", False)
    kind = "" if flag else in_words(param.type_descriptor.annotation, lambda _: "path")
    if param.multiple or param.nargs == -1:
        kind += ", repeatable"
    given = "required" if param.required else "" if flag and not param.default else default(param.default)
    return ", ".join(f"`{name}`" for name in names), kind, given, as_markdown(param.help or "")
