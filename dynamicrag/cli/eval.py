"""``dynamicrag eval``: judge routers on an outcome table, beside the baselines they have to beat."""

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from dynamicrag.cli import judging, training
from dynamicrag.cli.options import JsonOption
from dynamicrag.cli.output import check_plot
from dynamicrag.cli.progress import bar
from dynamicrag.cli.result import Output
from dynamicrag.cli.specs import (
    choose_families,
    costs_of,
    embedding,
    number_of,
    pair_of,
    parts_of,
    read_specs,
)
from dynamicrag.errors import InputError
from dynamicrag.registry import parse_spec

ROUTERS = ("linear", "knn", "kmeans", "forest", "blend")
"""The default routers: one of each kind that trains in seconds."""
BASELINES = ("random", "fixed", "cheapest", "best_single")
"""Predictors that are always there, as baselines."""


class Split(StrEnum):
    """The unit that a fold leaves out."""

    random = "random"
    group = "group"


def evaluate(
    train: Annotated[Path | None, typer.Option(help="The outcome table to learn from.")] = None,
    test: Annotated[
        Path | None, typer.Option(help="The table to judge by; without it, cross-validation on --train.")
    ] = None,
    routers: Annotated[
        list[str] | None,
        typer.Option(
            help="Names joined by commas, or a spec such as '{knn: {k: 20}}'; repeatable. By default "
            f"{','.join(ROUTERS)}."
        ),
    ] = None,
    features: Annotated[
        list[str] | None, typer.Option(help="Families, as for --routers; by default lexical,tfidf,embedding.")
    ] = None,
    options: judging.OnlyOption = None,
    cost: judging.CostOption = None,
    option_cost: judging.OptionCostOption = None,
    at: judging.AtOption = None,
    folds: judging.FoldsOption = 5,
    split: Annotated[Split, typer.Option(help="Leave out rows, or whole groups.")] = Split.random,
    labels: training.LabelsOption = training.LABELS,
    bootstrap: judging.BootstrapOption = 1000,
    seed: judging.SeedOption = 0,
    json: JsonOption = None,
    plot: Annotated[
        Path | None,
        typer.Option(help="Write quality-cost curves here: eval.png and eval.html."),
    ] = None,
) -> None:
    """Judge routers on an outcome table, beside random, the cheapest, the best single option and the oracle.

    Cross-validates on --train, or learns from it and judges by --test.
    """
    if train is None:
        raise InputError("--train: a table to learn from is needed")
    from dynamicrag.lab.outcomes.file import read_table
    from dynamicrag.lab.routing.evaluate import evaluate as run
    from dynamicrag.lab.routing.plot import quality_over_cost
    from dynamicrag.lab.routing.view import build_page

    out = Output(json)
    if plot is not None:
        check_plot(plot)
    named = _routers(routers)
    given = costs_of(option_cost)
    prices = [number_of(part, "--at") for part in parts_of(at)]
    pair = pair_of(labels)
    learn = read_table(train, pair)
    judge = None if test is None else read_table(test, pair)
    families, notes = choose_families(features, learn, judge)
    with bar(out) as progress:
        found = run(
            learn, judge, routers=named, families=families, cost=cost, option_cost=given,
            options=parts_of(options), folds=folds, split=split.value, at=prices, samples=bootstrap,
            seed=seed, embed=embedding(families, progress), progress=progress,
        )  # fmt: skip
    if plot is not None and found.data.cost is None:
        notes.append("no cost is known, so there is no curve: no eval.png, and eval.html without it")
    found = replace(found, notes=[*found.notes, *notes])
    figure = quality_over_cost(found)
    judging.give(out, found, build_page(found), None if figure is None else figure.chart, plot, "eval")


def _routers(values: Sequence[str] | None) -> dict[str, object]:
    """Return the specs by the names that are shown, without the baselines that are always there."""
    from dynamicrag.predictors.base import PREDICTORS

    given = read_specs(values, "--routers") if values else ROUTERS
    specs = judging.named_specs(given, PREDICTORS, "--routers")
    named = {shown: spec for shown, spec in specs.items() if parse_spec(spec, "")[0] not in BASELINES}
    if not named:
        valid = ", ".join(name for name in PREDICTORS if name not in BASELINES)
        raise InputError(f"--routers: at least one is needed; valid: {valid}")
    return named
