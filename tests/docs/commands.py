"""The commands of a console block, and what is known of each program."""

import re
import shlex
import tomllib
from collections.abc import Iterator
from importlib.util import find_spec

from dynamicrag.cli import _command
from tests.docs.fences import ROOT

OTHERS = {"cd", "chroma", "cp", "curl", "docker", "export", "git", "langgraph", "ls", "mkdir"}
"""Programs that a page may show, and that are not ours to check."""
ENDS = {"|", ">", "&&", ";"}


def commands(text: str) -> Iterator[list[str]]:
    """Yield the words of every command of a block; a line that a quote or a backslash leaves open goes on."""
    lines = iter(text.splitlines())
    for line in lines:
        if not line.startswith("$ "):
            continue
        command = line[2:]
        while True:
            if command.endswith("\\"):
                command = command[:-1] + next(lines)
                continue
            try:
                words = shlex.split(command, comments=True)
                break
            except ValueError:  # a quote is open
                command += "\n" + next(lines)
        while words:
            end = next((n for n, word in enumerate(words) if word in ENDS), len(words))
            yield words[:end]
            words = [] if words[end : end + 1] == [">"] else words[end + 1 :]


def check(words: list[str]) -> None:
    """Fail unless a command is one that a reader can give."""
    program, rest = words[0], words[1:]
    if program == "dynamicrag":
        parse(rest)
    elif program == "make":
        targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        assert set(rest) <= set(targets), f"make {rest}: no such target"
    elif program == "pip":
        assert rest[0] == "install"
        project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
        for extra in re.findall(r"(?:dynamicrag|\.)\[([\w,]+)\]", " ".join(rest)):
            assert set(extra.split(",")) <= set(project["optional-dependencies"]), f"no extra {extra}"
    elif program in ("python", "python3"):
        found = find_spec(rest[1]) if rest[0] == "-m" else (ROOT / rest[0]).is_file()
        assert found, f"{program} {rest}: there is no such module or file"
    elif program == ".":
        assert rest == [".venv/bin/activate"]
    else:
        assert program in OTHERS, f"a program that no test knows: {program}"


def parse(words: list[str]) -> None:
    """Parse the arguments of our command line; Typer raises where a command or an option is unknown."""
    command = _command(debug=False)
    while (children := getattr(command, "commands", None)) is not None:
        if words[:1] == ["--version"]:
            return
        assert words, f"a subcommand is missing: {sorted(children)}"
        assert words[0] in children, f"no command {words[0]}; there are {sorted(children)}"
        command, words = children[words[0]], words[1:]
    command.make_context("dynamicrag", list(words))
