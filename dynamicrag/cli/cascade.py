"""``dynamicrag eval-cascade``: judge escalation policies and verifiers on recorded drafts."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dynamicrag.cli import judging
from dynamicrag.cli.options import JsonOption
from dynamicrag.cli.output import check_plot
from dynamicrag.cli.progress import bar
from dynamicrag.cli.result import Output
from dynamicrag.cli.specs import choose_families, costs_of, embedding, number_of, parts_of, read_specs
from dynamicrag.errors import InputError

if TYPE_CHECKING:
    from dynamicrag.lab.cascade.trials import Trials


def evaluate_cascade(
    train: Annotated[
        Path | None, typer.Option(help="The table, or agreement samples, to learn from.")
    ] = None,
    test: Annotated[
        Path | None, typer.Option(help="The file to judge by; with one file alone, cross-validation on it.")
    ] = None,
    policies: Annotated[
        list[str] | None,
        typer.Option(
            help="Escalation policies: names joined by commas, or a spec such as '{value: {hope: 0.1}}'; "
            "repeatable. By default all."
        ),
    ] = None,
    routers: Annotated[
        list[str] | None,
        typer.Option(help="The predictor of quality before any draft: a name or a spec; by default linear."),
    ] = None,
    features: Annotated[
        list[str] | None,
        typer.Option(help="Its features, as for --policies; by default lexical,tfidf,embedding."),
    ] = None,
    options: judging.OnlyOption = None,
    weak: Annotated[
        str | None,
        typer.Option(help="The weak model of agreement samples: NAME, or NAME:cot1+pot1 for some prompts."),
    ] = None,
    strong: Annotated[str | None, typer.Option(help="The strong model, likewise.")] = None,
    budget: Annotated[
        float | None, typer.Option(min=0, help="Expected cost that one query may spend on all its drafts.")
    ] = None,
    cost: judging.CostOption = None,
    option_cost: judging.OptionCostOption = None,
    at: judging.AtOption = None,
    folds: judging.FoldsOption = 5,
    bootstrap: judging.BootstrapOption = 1000,
    seed: judging.SeedOption = 0,
    json: JsonOption = None,
    plot: Annotated[
        Path | None, typer.Option(help="Write quality-cost curves here: cascade.png and cascade.html.")
    ] = None,
) -> None:
    """Judge escalation policies and verifiers on recorded drafts.

    Replays policies that accept a draft, escalate or abstain, beside the router alone, single options and the
    oracle. Cross-validates on one file, or learns from --train and judges by --test.
    """
    from dynamicrag.escalation.base import POLICIES
    from dynamicrag.lab.cascade.evaluate import evaluate
    from dynamicrag.lab.cascade.plots import quality_over_cost
    from dynamicrag.lab.cascade.view import build_page
    from dynamicrag.lab.recipe import Recipe

    out = Output(json)
    if plot is not None:
        check_plot(plot)
    given = read_specs(policies, "--policies") if policies else list(POLICIES)
    named, router = judging.named_specs(given, POLICIES, "--policies"), _router(routers or ("linear",))
    files = [path for path in (train, test) if path is not None]
    if not files:
        raise InputError("--train or --test: a file to judge by is needed")
    prices = costs_of(option_cost)
    notes: list[str] = []
    families: list[object] = []
    if weak or strong:
        for flag, value in (("--cost", cost), ("--options", options), ("--features", features)):
            if value:
                raise InputError(
                    f"{flag}: is not for agreement samples; leave it out, or --weak and --strong"
                )
        trials = _samples(files, weak, strong, prices)
    else:
        from dynamicrag.lab.cascade.recorded import from_tables
        from dynamicrag.lab.outcomes.file import read_table

        tables = [read_table(path) for path in files]
        families, notes = choose_families(features, tables[0], tables[-1])
        trials = from_tables(tables, cost=cost, given=prices, only=parts_of(options))
    with bar(out) as progress:
        found = evaluate(
            *trials, policies=named, recipe=Recipe(router, families, embedding(families, progress), seed),
            folds=folds, at=[number_of(part, "--at") for part in parts_of(at)], samples=bootstrap,
            budget=float("inf") if budget is None else budget, progress=progress,
        )  # fmt: skip
    found = replace(found, notes=[*found.notes, *notes])
    judging.give(out, found, build_page(found), quality_over_cost(found).chart, plot, "cascade")


def _router(values: Sequence[str]) -> object:
    from dynamicrag.predictors.base import PREDICTORS

    specs = read_specs(values, "--routers")
    if len(specs) != 1:
        raise InputError("--routers: there is one: it predicts quality before any draft")
    PREDICTORS.build(specs[0], "--routers")
    return specs[0]


def _samples(
    files: Sequence[Path], weak: str | None, strong: str | None, prices: Mapping[str, float]
) -> list["Trials"]:
    from dynamicrag.lab.cascade.agreement import make_trials
    from dynamicrag.lab.cascade.samples import read_samples

    if weak is None or strong is None:
        missing = "--strong" if strong is None else "--weak"
        raise InputError(f"{missing}: agreement samples need both --weak and --strong")
    return make_trials([read_samples(path) for path in files], weak, strong, prices)
