"""``dynamicrag train policy``: routers for all stages that a table varies, and a policy with them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dynamicrag.cli import training
from dynamicrag.cli.options import JsonOption
from dynamicrag.cli.output import write_text
from dynamicrag.cli.result import Output
from dynamicrag.cost.amounts import digits, percent
from dynamicrag.errors import InputError
from dynamicrag.lab.view.page import Column, Row, Table
from dynamicrag.lab.view.terminal import print_table

if TYPE_CHECKING:
    from dynamicrag.lab.outcomes.table import OutcomeTable
    from dynamicrag.lab.recipe import Recipe

NAME = "policy.yaml"
LEAST = 20


def train_policy(
    policy: Annotated[str, typer.Option("--policy", "-p", help="A preset or a YAML file.")],
    table: training.TableOption,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the policy and its routers.")],
    joint: Annotated[
        bool, typer.Option("--joint", help="One router over whole paths, for all stages that they vary.")
    ] = False,
    router: training.RouterOption = training.DEFAULT_ROUTER,
    features: training.PathFeaturesOption = training.PATH_FEATURES,
    stages: training.StagesOption = "",
    labels: training.LabelsOption = training.LABELS,
    json: JsonOption = None,
) -> None:
    """Train routers for all stages of a policy that the table varies, and write the policy with them.

    Each is judged out of fold; a router that is no better than the present rule is left out.
    """
    from dynamicrag.lab.training import check_families

    console, outcomes = training.begin(table, stages, labels, json)
    recipe = training.recipe(router, features)
    check_families(recipe.families)
    with console.status("training …"):
        made = _train(outcomes, table, policy, out, recipe, joint)
    console.give(made)
    if console.in_words:
        _show(console, made)


def _train(
    outcomes: "OutcomeTable", files: Sequence[Path], policy: str, out: Path, recipe: "Recipe", joint: bool
) -> dict[str, Any]:
    """Train a policy, write it with its routers to a folder, and return the kept routers."""
    from dynamicrag.lab.calibrate.whole_policy import train_policy as train
    from dynamicrag.lab.calibrate.world import World
    from dynamicrag.lab.calibrate.write import content, only, source, text
    from dynamicrag.policy.file import load_policy
    from dynamicrag.registry import parse_spec

    loaded = load_policy(policy)
    world = World.of(outcomes, LEAST)
    made = train(world, loaded, recipe, joint=joint)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--out {out}: the folder cannot be made: {error.strerror or error}") from None
    data, comments = content(loaded, out), {}
    name = parse_spec(recipe.router, "--router")[0]
    if made.joint:
        made.learnt.whole.state().save(out / "joint")
        data["joint"] = {name: {"state": "joint.npz", "features": list(recipe.families)}}
        comments["joint"] = [_comment(made.report["joint"])]
    for stage in world.stages if made.joint else made.kept:
        only(data, stage, world.options(stage))
        if not made.joint:
            made.learnt.stages[stage].state().save(out / stage)
            state = {name: {"state": f"{stage}.npz", "features": list(recipe.families)}}
            data["stages"][stage]["router"] = state
            comments[stage] = [_comment(made.report["stages"][stage])]
    for stage, own in made.report["stages"].items():
        if not made.joint and stage not in made.kept:
            comments[stage] = [f"the rule stays: {_comment(own)}"]
    head = ["Trained by 'dynamicrag train policy'.", f"From {source(world, files)}."]
    write_text(out / NAME, text(data, head, comments))
    return {
        "policy": str(out / NAME),
        "table": world.table,
        "questions": len(world),
        "kept": list(made.kept),
        "kept_joint": made.joint,
        **made.report,
        "notes": list(world.notes),
    }


def _show(out: Output, made: Mapping[str, Any]) -> None:
    options = []
    for stage, own in made["stages"].items():
        for name, figures in own["options"].items():
            cost = digits(figures["joules"]) if "joules" in figures else "–"
            shares = percent(figures["learnt"]), percent(figures["rule"])
            options.append(Row([stage, name, f"{figures['quality']:.3f}", cost, *shares]))
    columns = [Column("stage", number=False), Column("option", number=False)]
    columns += map(Column, ("quality", "joules", "learnt takes", "rule takes"))
    print_table(out, Table(columns, options, most=len(options)))
    out.print(f"all else as on {made['planned']}, at the cost of the whole path", style="dim")
    rows = []
    routers = [*made["stages"].items(), *([("joint", made["joint"])] if "joint" in made else [])]
    for name, own in routers:
        kept = made["kept_joint"] if name == "joint" else name in made["kept"] and not made["kept_joint"]
        quality = [f"{own['figures'][way]['quality']:.3f}" for way in ("learnt", "stands")]
        gains = [cell for to in ("rule", "single") for cell in _gain(own[to])]
        why = "learnt" if kept else "joint decides" if made["kept_joint"] else "the rule stays"
        rows.append(Row([name, *quality, *gains, why], "strong" if kept else ""))
    titles = ("router", "learnt", "stands", "gain", "95 %", "over best single", "95 %")
    print_table(out, Table([*map(Column, titles), Column("", number=False)], rows))
    about = f"{made['questions']:,} questions, out of fold; gain: quality less weighted cost"
    out.print(f"{about}; a router that gains more than a standard error is kept", style="dim")
    for note in made["notes"]:
        out.print(f"note: {note}", style="yellow")
    out.print(f"wrote {made['policy']}", style="green", soft_wrap=True)


def _gain(own: Mapping[str, Any]) -> tuple[str, str]:
    low, high = own["interval"] or (own["gain"], own["gain"])
    return f"{own['gain']:+.3f}", f"{low:+.3f}–{high:+.3f}"


def _comment(own: Mapping[str, Any]) -> str:
    gained, reach = _gain(own["rule"])
    return f"out of fold, quality less cost {gained} [{reach}] against the rule"
