"""``dynamicrag simulate``: how online learners would do on a recorded table, one question at a time."""

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dynamicrag.cli.judging import CostOption, OnlyOption, OptionCostOption, named_specs
from dynamicrag.cli.options import JsonOption
from dynamicrag.cli.progress import bar
from dynamicrag.cli.result import Output
from dynamicrag.cli.specs import EMBEDDER, costs_of, embedding, number_of, numbers, parts_of, read_specs
from dynamicrag.errors import InputError
from dynamicrag.whole_file import is_stream

if TYPE_CHECKING:
    from dynamicrag.lab.record.partial import Partial
    from dynamicrag.lab.simulate.changes.base import Change
    from dynamicrag.predictors.exploration import Exploration

ROUTERS = ("linucb", "thompson")
MOST_SEEDS = 1_000


def simulate(
    table: Annotated[Path | None, typer.Option(help="The outcome table to replay.")] = None,
    router: Annotated[
        list[str] | None,
        typer.Option(
            help="Learners: names joined by commas, or a spec such as '{linucb: {alpha: 0.3}}'; repeatable. "
            f"By default {','.join(ROUTERS)}."
        ),
    ] = None,
    change: Annotated[
        list[str] | None,
        typer.Option(
            help="A change in the stream: new, worse, price, blocks, delay or missing, or a spec such as "
            "'{worse: {option: gpt-4, at: 0.5, by: 0.3}}'; repeatable: several happen in one stream."
        ),
    ] = None,
    start: Annotated[
        str,
        typer.Option(
            metavar="none|prior|FOLDER|TABLE",
            help="The start of the learners: nothing, the shipped prior, the folder of another prior, or a "
            "recorded table.",
        ),
    ] = "prior",
    ability: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=ACCURACY", help="Accuracy of a model on MMLU, for the prior; repeatable."),
    ] = None,
    weight: Annotated[
        list[str] | None,
        typer.Option(
            help="Quality that one unit of cost is worth; several joined by commas, the first with all "
            "seeds. By default three around the trade of the table."
        ),
    ] = None,
    seeds: Annotated[
        int, typer.Option(min=1, max=MOST_SEEDS, help="Orders of the queries at the first weight.")
    ] = 20,
    other_seeds: Annotated[
        int, typer.Option(min=1, max=MOST_SEEDS, help="Orders at the other weights.")
    ] = 3,
    explore: Annotated[
        str | None,
        typer.Option(help="One exploration for all, such as '{epsilon: 0.05}', instead of their own."),
    ] = None,
    options: OnlyOption = None,
    cost: CostOption = None,
    option_cost: OptionCostOption = None,
    json: JsonOption = None,
) -> None:  # fmt: skip
    """Replay an outcome table as a stream, and let online learners choose and learn from their choices alone.

    Beside them: a random option, the best fixed option in hindsight, an offline forest, and the oracle. With
    --json FILE, an interrupted simulation continues where it was.
    """
    if table is None:
        raise InputError("--table: a table to replay is needed")
    from dynamicrag.lab.outcomes.file import read_table
    from dynamicrag.lab.simulate.learners import check_learners
    from dynamicrag.lab.simulate.replays import Setting
    from dynamicrag.lab.simulate.run import simulate as run
    from dynamicrag.lab.simulate.view import build_page
    from dynamicrag.llm.pull import path_of
    from dynamicrag.predictors.base import PREDICTORS

    out = Output(json)
    prices = costs_of(option_cost)
    learners = named_specs(read_specs(router, "--router") if router else ROUTERS, PREDICTORS, "--router")
    check_learners(learners, start, "--router")
    shown, changes = _changes(change)
    weights = [number_of(part, "--weight") for each in weight or () for part in parts_of(each)]
    setting = Setting(
        learners, changes, shown, weights, seeds, other_seeds, start, _abilities(ability), _explore(explore),
        EMBEDDER,
    )  # fmt: skip
    recorded = read_table(table)
    with _partial(json) as kept:
        try:
            with bar(out) as progress:
                embed = None if path_of(EMBEDDER) is None else embedding(["embedding"], progress)
                found = run(
                    recorded, setting, cost=cost, option_cost=prices, options=parts_of(options), embed=embed,
                    progress=progress, kept=kept,
                )  # fmt: skip
        except KeyboardInterrupt:
            if kept is None:
                raise
            raise KeyboardInterrupt("finished replays are kept; the same command continues") from None
        out.give(found.as_json(), build_page(found))
        if kept is not None:
            kept.clear()


def _partial(json: str | None) -> "Partial | nullcontext[None]":
    from dynamicrag.lab.record.partial import Partial

    if json is None or json == "-" or is_stream(Path(json)):
        return nullcontext(None)
    return Partial(Path(json), ("",), "simulation")


def _changes(values: list[str] | None) -> "tuple[list[Any], list[Change]]":
    from dynamicrag.lab.simulate.changes.base import CHANGES

    shown = read_specs(values, "--change") if values else []
    return shown, [CHANGES.build(spec, "--change") for spec in shown]


def _abilities(values: list[str] | None) -> dict[str, float]:
    from dynamicrag.cost.ability import accuracy

    found = numbers(values, "--ability", "NAME=ACCURACY, such as gpt-4=0.86")
    for name, value in found.items():
        try:
            accuracy(value)
        except ValueError as error:
            raise InputError(f"--ability {name[:80]}={value:g}: {error}") from None
    return found


def _explore(text: str | None) -> "Exploration | None":
    from dynamicrag.predictors.exploration import Exploration
    from dynamicrag.registry import checked

    if text is None:
        return None
    specs = read_specs([text], "--explore")
    if len(specs) != 1 or not isinstance(specs[0], dict):
        raise InputError(f"--explore {text}: expected parameters, such as '{{epsilon: 0.05}}'")
    try:
        return Exploration(**checked(Exploration, specs[0], "--explore"))
    except ValueError as error:
        raise InputError(f"--explore: {error}") from None
