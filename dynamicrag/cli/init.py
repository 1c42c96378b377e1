"""``dynamicrag init``: copies a preset into a file."""

from pathlib import Path
from typing import Annotated

import typer

from dynamicrag.errors import InputError, PolicyError, unknown


def init(
    path: Annotated[Path, typer.Argument(help="Policy file to write, .yaml.")] = Path("policy.yaml"),
    preset: Annotated[str, typer.Option(help="Name of the preset to copy.")] = "balanced",
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
) -> None:
    """Copy a preset, with its comments, into a policy file of your own."""
    from dynamicrag.cli.console import console
    from dynamicrag.cli.output import write_text
    from dynamicrag.cost.profiles import shipped
    from dynamicrag.policy_file import PRESETS

    if preset not in PRESETS:
        raise PolicyError(unknown("--preset", "preset", preset, PRESETS))
    if path.suffix not in (".yaml", ".yml"):
        raise InputError(f"{path}: a policy's name ends in .yaml; try {path.with_suffix('.yaml')}")
    if path.is_dir() or (path.exists() and not force):
        raise InputError(f"{path}: is there already; choose another name, or --force to replace it")
    if not path.parent.is_dir():
        raise InputError(f"{path}: there is no folder {path.parent}; make it first")
    write_text(path, shipped(f"{preset}.yaml").read_text("utf-8"))
    console().print(f"{path}: the preset {preset}; change it, then: dynamicrag validate {path}")
