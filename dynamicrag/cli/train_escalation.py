"""``dynamicrag train escalation``: a policy that decides on drafts, from a table with their signals."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dynamicrag.cli import training
from dynamicrag.cli.options import JsonOption
from dynamicrag.cli.result import Output
from dynamicrag.cli.specs import parts_of
from dynamicrag.cost.amounts import SPACE, digits, percent
from dynamicrag.lab.view.page import Column, Row, Table
from dynamicrag.lab.view.terminal import print_table

if TYPE_CHECKING:
    from dynamicrag.lab.outcomes.table import OutcomeTable
    from dynamicrag.lab.recipe import Recipe


def train_escalation(
    policy: Annotated[
        str,
        typer.Option("--escalation", help="Escalation policy: value, …, or {name: {parameter: value}}."),
    ],
    table: training.TableOption,
    out: training.OutOption,
    router: training.RouterOption = training.DEFAULT_ROUTER,
    features: training.PathFeaturesOption = training.PATH_FEATURES,
    stages: training.StagesOption = "",
    labels: training.LabelsOption = training.LABELS,
    anonymous: training.AnonymousOption = False,
    json: JsonOption = None,
) -> None:
    """Train a policy that decides on drafts: accept, continue with another path, or abstain."""
    from dynamicrag.lab.recipe import Recipe

    console, outcomes = training.begin(table, stages, labels, json, mended=True)
    families = parts_of(features)
    recipe = Recipe(training.spec(router), families, training.embedder(families))
    with console.status("training …"):
        made = _train(outcomes, training.spec(policy, "--escalation"), out, recipe, not anonymous)
    console.give(made)
    if console.in_words:
        _show(console, made)


def _train(
    outcomes: "OutcomeTable", policy: object, out: Path, recipe: "Recipe", keep_questions: bool
) -> dict[str, Any]:
    """Train an escalation policy, write it, and return its description.

    Raises:
        InputError: The table cannot be learnt from.
        PolicyError: A spec names what does not exist, or the file cannot be written.
    """
    from dynamicrag.lab.cascade.train import train_escalation as train

    taught = train(outcomes, policy, recipe, keep_questions=keep_questions)
    judgement = taught.judgement
    path = judgement.state().save(out)
    about = judgement.prior.before.about
    return {
        "file": str(path), "bytes": path.stat().st_size, "policy": judgement.policy.registered,
        "parameters": judgement.policy.params(), "prior": judgement.prior.before.predictor.registered,
        "features": judgement.prior.before.features.specs, "signals": list(judgement.signals),
        "dimension": judgement.dimension, "lambda": judgement.lam, "table": about.table,
        "questions": len(outcomes), "stages": [s for s in judgement.prior.stages if s != "verification"],
        "options": training.options_of(outcomes.options, about.quality, about.costs),
        **taught.figures,
        "notes": list(taught.notes),
    }  # fmt: skip


def _show(out: Output, made: dict[str, Any]) -> None:
    unit, replayed, single = made["dimension"], made["replayed"], made["best_single"]
    rows = [Row([name, f"{own['quality']:.3f}", digits(own[unit])]) for name, own in made["options"].items()]
    rows.append(Row(["best single", f"{single['quality']:.3f}", digits(single["cost"])], "faint"))
    rows.append(Row([made["policy"], f"{replayed['quality']:.3f}", digits(replayed["cost"])], "strong"))
    columns = [Column("path", number=False), Column("mean quality"), Column(unit)]
    print_table(out, Table(columns, rows, most=len(rows)))
    shares = [percent(replayed[name]).replace(SPACE, " ") for name in ("escalated", "abstained")]
    out.print(
        f"replayed on its training data, scores out of fold: {shares[0]} escalated, {shares[1]} abstained; "
        "'eval-cascade' judges it on other questions",
        style="dim",
    )
    out.print(
        f"{made['policy']} on {len(made['signals'])} signals, and {made['prior']} before any draft; "
        f"{made['questions']:,} questions; λ {made['lambda']:.2g} in {unit}, if the objective has no weights"
    )
    for note in made["notes"]:
        out.print(f"note: {note}", style="yellow")
    out.print(f"wrote {made['file']}, {training.file_size(made['bytes'])}", style="green", soft_wrap=True)
    out.print(
        f"in a policy:  stages.verification.router: {{escalation: {{state: {made['file']}}}}}",
        style="dim", soft_wrap=True,
    )  # fmt: skip
