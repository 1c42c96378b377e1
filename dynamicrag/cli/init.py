"""``dynamicrag init``: writes a policy to start from."""

from pathlib import Path
from typing import Annotated

import typer

from dynamicrag.cli.console import PlainConsole
from dynamicrag.cli.output import write_text
from dynamicrag.errors import InputError, PolicyError, unknown


def init(
    path: Annotated[Path, typer.Argument(help="Policy file to write, .yaml.")] = Path("policy.yaml"),
    preset: Annotated[
        str | None, typer.Option(help="Name of a preset to copy, instead of --provider and --style.")
    ] = None,
    provider: Annotated[
        str | None,
        typer.Option(
            help="Provider of the models: local (default), openai, anthropic, google, ollama, vllm."
        ),
    ] = None,
    style: Annotated[
        str | None, typer.Option(help="Trade-off of quality and cost: frugal, balanced (default), quality.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
) -> None:
    """Write a policy of your own, with comments: a preset, or the models of a provider in a style."""
    from dynamicrag.cli.starter import starter
    from dynamicrag.cost.profiles import shipped
    from dynamicrag.policy.file import PRESETS

    if preset is None:
        provider, style = provider or "local", style or "balanced"
        text, what = starter(provider, style), f"style {style}, models of {provider}"
    elif provider is not None or style is not None:
        raise InputError("--preset: a preset has its own models and style; leave out --provider and --style")
    elif preset not in PRESETS:
        raise PolicyError(unknown("--preset", "preset", preset, PRESETS))
    else:
        text, what = shipped(f"{preset}.yaml").read_text("utf-8"), f"the preset {preset}"
    if path.suffix not in (".yaml", ".yml"):
        raise InputError(f"{path}: a policy's name ends in .yaml; try {path.with_suffix('.yaml')}")
    if path.is_dir() or (path.exists() and not force):
        raise InputError(f"{path}: is there already; choose another name, or --force to replace it")
    if not path.parent.is_dir():
        raise InputError(f"{path}: there is no folder {path.parent}; make it first")
    write_text(path, text)
    PlainConsole().print(f"{path}: {what}; change it, then: dynamicrag validate {path}")
