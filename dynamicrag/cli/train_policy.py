"""``dynamicrag train --policy``: routers for all stages that a table varies, and a policy with them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dynamicrag.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from dynamicrag.lab.calibrate.forecast import Recipe
    from dynamicrag.lab.outcomes.table import OutcomeTable

NAME = "policy.yaml"
LEAST = 20


def train_whole(
    outcomes: "OutcomeTable", files: Sequence[Path], policy: str, out: Path, recipe: "Recipe", joint: bool
) -> dict[str, Any]:
    """Train a policy, write it with its routers to a folder, and return what came of it.

    Raises:
        InputError: The folder cannot be made, or the table cannot be learnt from.
    """
    from dynamicrag.cli.output import write_text
    from dynamicrag.lab.calibrate.whole_policy import train_policy
    from dynamicrag.lab.calibrate.world import World
    from dynamicrag.lab.calibrate.write import content, only, source, text
    from dynamicrag.policy_file import load_policy
    from dynamicrag.registry import parse_spec

    loaded = load_policy(policy)
    world = World.of(outcomes, LEAST)
    made = train_policy(world, loaded, recipe, joint=joint)
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
            spec = {name: {"state": f"{stage}.npz", "features": list(recipe.families)}}
            data["stages"][stage]["router"] = spec
            comments[stage] = [_comment(made.report["stages"][stage])]
    for stage, own in made.report["stages"].items():
        if not made.joint and stage not in made.kept:
            comments[stage] = [f"the rule stays: {_comment(own)}"]
    head = ["Trained by 'dynamicrag train --policy'.", f"From {source(world, files)}."]
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


def show_whole(out: "Console", told: Mapping[str, Any]) -> None:
    """Print what training a policy came to."""
    from dynamicrag.cli.console import plain
    from dynamicrag.cli.tables import plain_table
    from dynamicrag.cli.units import percent, short

    options = plain_table("stage", "option", "quality>", "joules>", "learnt takes>", "rule takes>")
    for stage, own in told["stages"].items():
        for name, figures in own["options"].items():
            cost = short(figures["joules"]) if "joules" in figures else "–"
            shares = percent(figures["learnt"]), percent(figures["rule"])
            options.add_row(stage, plain(name), f"{figures['quality']:.3f}", cost, *shares)
    out.print(options)
    out.print(f"all else as on {told['planned']}, at what the whole path costs", style="dim")
    table = plain_table("router", "learnt>", "stands>", "gain>", "95 %>", "over best single>", "95 %>", "")
    table.columns[0].no_wrap = True
    rows = [*told["stages"].items(), *([("joint", told["joint"])] if "joint" in told else [])]
    for name, own in rows:
        kept = told["kept_joint"] if name == "joint" else name in told["kept"] and not told["kept_joint"]
        quality = [f"{own['figures'][way]['quality']:.3f}" for way in ("learnt", "stands")]
        gains = [cell for to in ("rule", "single") for cell in _gain(own[to])]
        why = "learnt" if kept else "joint decides" if told["kept_joint"] else "the rule stays"
        table.add_row(name, *quality, *gains, why, style="bold" if kept else "")
    out.print(table)
    about = f"{told['questions']:,} questions, out of fold; gain: quality less weighted cost"
    out.print(f"{about}; what is learnt is taken if it gains more than a standard error", style="dim")
    for note in told["notes"]:
        out.print(plain(f"note: {note}"), style="yellow")
    out.print(plain(f"wrote {told['policy']}"), style="green", soft_wrap=True)


def _gain(own: Mapping[str, Any]) -> tuple[str, str]:
    low, high = own["interval"] or (own["gain"], own["gain"])
    return f"{own['gain']:+.3f}", f"{low:+.3f}–{high:+.3f}"


def _comment(own: Mapping[str, Any]) -> str:
    gained, reach = _gain(own["rule"])
    return f"out of fold, quality less cost {gained} [{reach}] against the rule"
