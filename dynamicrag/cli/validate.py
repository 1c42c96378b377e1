"""``dynamicrag validate``: checks a policy without running it or importing its modules."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dynamicrag.cli.left_out import warn_left_out
from dynamicrag.cli.options import CorpusOption, JsonOption
from dynamicrag.cli.result import Output
from dynamicrag.cost.amounts import amount
from dynamicrag.lab.view.page import Column, Table
from dynamicrag.lab.view.terminal import print_table

if TYPE_CHECKING:
    from dynamicrag.cli.policy_facts import ModelFacts, PolicyFacts


def validate(
    policy: Annotated[str | None, typer.Argument(help="Name of a preset, or a YAML file.")] = None,
    corpus: CorpusOption = None,
    trust: Annotated[
        bool, typer.Option("--trust", help="Import the modules that the policy names, which runs their code.")
    ] = False,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema of policies, for editors, and exit.")
    ] = False,
    json: JsonOption = None,
) -> None:
    """Check a policy and show its stages, models and limits; nothing is downloaded, loaded or asked.

    Modules that the policy names are imported only with --trust: a policy can name any code.
    """
    if schema:
        _print_schema()
        return
    if policy is None:
        raise typer.BadParameter("give a preset or a YAML file, or --schema")
    from dynamicrag.cli.policy_facts import facts_of
    from dynamicrag.policy.assembly import assemble
    from dynamicrag.policy.file import PRESETS, load_policy, unimported

    out = Output(json)
    bare = policy in PRESETS and not corpus  # a preset is valid without its docs/ folder
    loaded = load_policy(policy, Path() if bare else corpus or None, trust=trust)
    with unimported([] if trust else loaded.plugins):
        pipeline = assemble(loaded, trust=trust)
    if bare:
        pipeline = replace(pipeline, corpora={})
    facts = facts_of(loaded, pipeline, trust=trust)
    out.give(facts.as_json())
    if out.in_words:
        _show(facts, out)
    warn_left_out(pipeline.corpora.values(), out)


def _print_schema() -> None:
    import json

    from dynamicrag.policy.schema import policy_schema

    typer.echo(json.dumps(policy_schema(), indent=2, ensure_ascii=False))


def _show(facts: "PolicyFacts", out: Output) -> None:
    columns = [Column(title, number=False) for title in ("stage", "options, weakest first", "router")]
    stages = [
        [stage.stage, ", ".join(stage.options), stage.router if len(stage.options) > 1 else ""]
        for stage in facts.stages
    ]
    print_table(out, Table(columns, stages))
    out.print()
    columns = [Column(title, number=False) for title in ("model", "is", "runs", "here")]
    columns += [Column("MMLU", number=False), Column("usd per 1M in"), Column("out")]
    columns.append(Column("as of", number=False))
    print_table(out, Table(columns, list(map(_row, facts.models))))
    out.print()
    for name, paths in facts.corpora.items():
        out.print(f"corpus {name}: {', '.join(paths)}", style="dim", soft_wrap=True)
    limits = [
        f"{scope.replace('_', ' ')} {dimension} ≤ {limit:g}"
        for scope in ("per_query", "total")
        for dimension, limit in facts.budget[scope].items()
    ]
    out.print(f"limits: {', '.join(limits) or 'none'} · meter: {facts.meter}", style="dim")
    for model in facts.models:
        if model.price.warning and model.used:
            out.print(model.price.warning, style="yellow", soft_wrap=True)
    for note in facts.notes:
        out.print(f"note: {note}", style="yellow", soft_wrap=True)
    out.print(f"{facts.policy} is valid", style="green")


def _row(model: "ModelFacts") -> list[str]:
    pulled = {True: "✓", False: "not pulled", None: "–"}[model.pulled]
    price = model.price
    prices = [amount("usd", price.input), amount("usd", price.output)]
    if price.input is not None and not (price.input or price.output):
        prices = [f"{amount('usd', price.call)} a call" if price.call else "free", ""]
    as_of = price.as_of.isoformat() if price.as_of else ""
    here = pulled if model.used else "not used"
    ability = "?" if model.ability is None else f"{'~' if model.estimated else ''}{model.ability:.2f}"
    return [model.name, model.model, model.runs.replace("_", " "), here, ability, *prices, as_of]
