"""The paths that options of the command line name."""

from collections.abc import Sequence
from pathlib import Path

from dynamicrag.errors import InputError
from dynamicrag.lab.record.paths import Paths, Steps
from dynamicrag.plain_yaml import parse_yaml, read_text


def chosen_paths(
    paths: Paths, grid: Sequence[str], single: Sequence[str], file: Path | None, vary: str | None
) -> list[Steps]:
    """Return all paths that are asked for, each once; without any option, each stage varied by itself.

    Args:
        paths: The policy's paths.
        grid: ``stage=option,option`` each; together they give their product.
        single: ``stage=option,stage=option`` each.
        file: A YAML list of paths.
        vary: Stages to vary, joined by commas, or ``all``.

    Raises:
        InputError: A path has another form, or names an unknown stage or option.
    """
    chosen = paths.grid(_grid_of(grid)) if grid else []
    chosen += [paths.complete(_path_of(text), f"--path {text!r}") for text in single]
    if file is not None:
        listed = enumerate(paths_in(file), 1)
        chosen += [paths.complete(steps, f"{file}, path {number}") for number, steps in listed]
    if vary or not chosen:
        chosen += paths.vary(None if vary in (None, "all") else [s.strip() for s in vary.split(",")])
    return paths.ordered(chosen)


def _grid_of(texts: Sequence[str]) -> dict[str, list[str]]:
    choices: dict[str, list[str]] = {}
    for text in texts:
        stage, _, options = (part.strip() for part in text.partition("="))
        names = [name.strip() for name in options.split(",") if name.strip()]
        if not names:
            raise InputError(f"--grid {text!r}: expected stage=option,option, as generator=small,large")
        if stage in choices:
            raise InputError(f"--grid: {stage} occurs twice; name all of its options at once")
        choices[stage] = names
    return choices


def _path_of(text: str) -> Steps:
    steps: Steps = {}
    for part in text.split(","):
        stage, _, option = (piece.strip() for piece in part.partition("="))
        if not option or stage in steps:
            raise InputError(
                f"--path {text!r}: expected stage=option,stage=option, each stage once, as "
                "retrieval=single,generator=large"
            )
        steps[stage] = option
    return steps


def paths_in(file: Path) -> list[Steps]:
    """Read a YAML list of ``{stage: option}``.

    Raises:
        InputError: The file cannot be read, or holds something else.
    """
    try:
        found = parse_yaml(read_text(file))
    except FileNotFoundError:
        raise InputError(f"{file}: cannot be read: there is no such file") from None
    except ValueError as error:
        raise InputError(f"{file}: {error}") from None
    if not isinstance(found, list) or not found or not all(isinstance(item, dict) for item in found):
        raise InputError(f"{file}: expected a list of paths, as - {{retrieval: single, generator: large}}")
    return [{str(stage): str(option) for stage, option in item.items()} for item in found]
