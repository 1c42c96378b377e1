"""``dynamicrag train --escalation``: what decides on drafts, from a table with their signals."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from dynamicrag.lab.calibrate.forecast import Recipe
    from dynamicrag.lab.outcomes.table import OutcomeTable


def teach(
    outcomes: "OutcomeTable", policy: object, out: Path, recipe: "Recipe", keep_questions: bool
) -> dict[str, Any]:
    """Train an escalation, write it, and return what came of it.

    Raises:
        InputError: The table cannot be learnt from.
        PolicyError: A spec names what does not exist, or the file cannot be written.
    """
    from dynamicrag.lab.cascade.train import train_escalation

    taught = train_escalation(
        outcomes, policy=policy, router=recipe.router, features=recipe.families, embed=recipe.embed,
        keep_questions=keep_questions,
    )  # fmt: skip
    judgement = taught.judgement
    path = judgement.state().save(out)
    about = judgement.prior.before.about
    return {
        "file": str(path), "bytes": path.stat().st_size, "policy": judgement.policy.registered,
        "parameters": judgement.policy.params(), "prior": judgement.prior.before.predictor.registered,
        "features": judgement.prior.before.features.specs, "signals": list(judgement.signals),
        "dimension": judgement.dimension, "lambda": judgement.lam, "table": about.table,
        "questions": len(outcomes), "stages": [s for s in judgement.prior.stages if s != "verification"],
        "options": {
            name: {"quality": quality, **{cost: values[k] for cost, values in about.costs.items()}}
            for k, (name, quality) in enumerate(zip(outcomes.options, about.quality, strict=True))
        },
        **taught.figures,
        "notes": list(taught.notes),
    }  # fmt: skip


def show_taught(out: "Console", told: dict[str, Any]) -> None:
    """Print what training an escalation came to."""
    from dynamicrag.cli.console import plain
    from dynamicrag.cli.tables import plain_table
    from dynamicrag.cli.units import percent, short, size

    unit = told["dimension"]
    table = plain_table("path", "mean quality>", f"{unit}>")
    for name, own in told["options"].items():
        table.add_row(plain(name), f"{own['quality']:.3f}", short(own[unit]))
    replayed, single = told["replayed"], told["best_single"]
    table.add_row("best single", f"{single['quality']:.3f}", short(single["cost"]), style="dim")
    table.add_row(told["policy"], f"{replayed['quality']:.3f}", short(replayed["cost"]), style="bold")
    out.print(table)
    out.print(
        f"replayed on what it learnt from, scores out of fold: {percent(replayed['escalated'])} escalated, "
        f"{percent(replayed['abstained'])} abstained; 'eval-cascade' judges it on other questions",
        style="dim",
    )
    out.print(
        f"{told['policy']} on {len(told['signals'])} signals, and {told['prior']} before any draft; "
        f"{told['questions']:,} questions; λ {told['lambda']:.2g} in {unit}, if the objective has no weights"
    )
    for note in told["notes"]:
        out.print(plain(f"note: {note}"), style="yellow")
    out.print(f"wrote {told['file']}, {size(told['bytes'])}", style="green", soft_wrap=True)
    out.print(
        f"in a policy:  stages.verification.router: {{escalation: {{state: {told['file']}}}}}",
        style="dim", soft_wrap=True,
    )  # fmt: skip
