"""``dynamicrag calibrate``: a policy set to a target, and shown on questions that it has not seen."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dynamicrag.cli import training
from dynamicrag.cli.console import plain
from dynamicrag.cli.options import MOST_SAMPLES, MOST_SEED, CorpusOption, JsonOption, PolicyOption
from dynamicrag.cli.output import check_apart, write_text
from dynamicrag.cli.progress import bar
from dynamicrag.cli.result import Output
from dynamicrag.cli.specs import numbers, parts_of
from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.errors import DynamicRAGError, InputError, unknown

if TYPE_CHECKING:
    from dynamicrag.lab.calibrate.account import Account
    from dynamicrag.lab.calibrate.results import Report
    from dynamicrag.lab.calibrate.world import World
    from dynamicrag.policy.policy import Policy


def calibrate(
    table: Annotated[list[Path], typer.Option("--table", "-t", help="Table of whole paths; repeatable.")],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Policy file to write; its router goes beside it.")
    ],
    policy: PolicyOption = "balanced",
    quality: Annotated[
        float | None, typer.Option(help="Least quality, as a share of the best single path's: 0.98.")
    ] = None,
    joules: Annotated[float | None, typer.Option(help="Most joules a query, on average.")] = None,
    usd_per_1000: Annotated[float | None, typer.Option(help="Most dollars for 1,000 queries.")] = None,
    most: Annotated[
        list[str] | None,
        typer.Option(help="Most of any other cost a query, on average: water=0.001; repeatable."),
    ] = None,
    router: training.RouterOption = "linear",
    features: training.PathFeaturesOption = training.PATH_FEATURES,
    stages: training.StagesOption = "",
    corpus: CorpusOption = None,
    bootstrap: Annotated[
        int, typer.Option(min=100, max=MOST_SAMPLES, help="Samples for the 95 % intervals.")
    ] = 2000,
    seed: Annotated[int, typer.Option(min=0, max=MOST_SEED, help="Seed of halves, routers and samples.")] = 0,
    json: JsonOption = None,
    html: Annotated[Path | None, typer.Option(help="Write the report as a page here.")] = None,
) -> None:
    """Set a policy to a target on recorded paths, show its held-out figures, and write it.

    All is learnt on one half of the questions and judged on the other, and the reverse.
    """
    from dynamicrag.lab.calibrate.run import LEAST
    from dynamicrag.lab.calibrate.run import calibrate as run
    from dynamicrag.lab.calibrate.target import Target
    from dynamicrag.lab.calibrate.view import build_page
    from dynamicrag.lab.calibrate.world import World
    from dynamicrag.lab.calibrate.write import calibrated, source, text
    from dynamicrag.lab.outcomes.caveats import usable
    from dynamicrag.lab.outcomes.whole_paths import read_tables
    from dynamicrag.lab.training import check_families
    from dynamicrag.policy.file import load_policy

    console = Output(json, html)
    _check_out(out)
    check_apart({"--out": out, "--html": html, "--json": json})
    recipe = training.recipe(router, features, seed)
    check_families(recipe.families)
    limits = {"joules": joules, "usd": None if usd_per_1000 is None else usd_per_1000 / 1000}
    given = {name: limit for name, limit in limits.items() if limit is not None}
    target = Target(quality, {**given, **_limits(most)})
    loaded = load_policy(policy, corpus or None)
    outcomes, caveats = usable(read_tables(table, parts_of(stages)))
    world = World.of(outcomes, LEAST)
    if not set(DIMENSIONS) & set(world.costs):
        raise InputError(
            f"{world.table}: has no cost that a policy can weigh ({', '.join(DIMENSIONS)}); record it with "
            "them, or judge routers on it with 'dynamicrag eval'"
        )
    with bar(console) as progress:
        made = run(world, loaded, target, recipe, samples=bootstrap, progress=progress)
    account, remarks = _account(policy, loaded, world)
    notes = [*made.report.notes, *caveats, *remarks]
    report = replace(made.report, notes=notes, account=account, policy=str(out))
    made = replace(made, report=report)
    state = Path("routers") / f"{out.stem}.npz"
    if made.setting.lam is not None:
        made.learnt.whole.state().save(out.parent / state)
    data, comments = calibrated(loaded, world, made, out.parent, str(state))
    head = [
        f"Calibrated by 'dynamicrag calibrate' for {target}.",
        f"From {source(world, table)}.",
        _proof(report),
    ]
    write_text(out, text(data, head, comments))
    console.give(report.as_json(), build_page(made))
    if console.in_words:
        console.print(plain(f"wrote {out}"), style="green", soft_wrap=True)


def _limits(given: Sequence[str] | None) -> dict[str, float]:
    limits = numbers(given, "--most", "NAME=AMOUNT, such as water=0.5")
    for name in limits:
        if name not in DIMENSIONS:
            raise InputError(unknown("--most", "cost dimension", name, DIMENSIONS))
    return limits


def _check_out(out: Path) -> None:
    if out.suffix not in (".yaml", ".yml"):
        raise InputError(f"--out {out}: expected a file that ends in .yaml")
    if not out.parent.is_dir():
        raise InputError(f"--out {out}: there is no folder {out.parent}; make it first")


def _account(name: str, policy: "Policy", world: "World") -> "tuple[Account | None, list[str]]":
    """Return the paths' costs in this host's energy account, ``None`` where it cannot say, and notes."""
    from dynamicrag.lab.calibrate.account import expected_costs, remarks
    from dynamicrag.policy.assembly import assemble
    from dynamicrag.policy.file import PRESETS, load_policy

    try:
        # a preset's docs/ is the user's to have; paths are priced without documents
        pipeline = assemble(load_policy(name, Path()) if name in PRESETS and not _there(policy) else policy)
    except DynamicRAGError as error:
        return None, [f"this host's account was not asked what it expects: {error}"]
    account = expected_costs(world, pipeline.decider)
    return account, remarks(account)


def _there(policy: "Policy") -> bool:
    return all((policy.folder / path).exists() for own in policy.corpora.values() for path in own.path)


def _proof(report: "Report") -> str:
    own, cost = report.policies["calibrated"], report.cost
    kept = "; ".join(
        f"{name} {goal.reached:.4g} of {goal.wanted:g} wanted{'' if goal.ok else ', MISSED'}"
        for name, goal in report.reached.items()
    )
    return f"Held out: quality {own.quality:.3f} at {own.costs[cost]:.4g} {cost} a query ({kept})."
