"""``dynamicrag validate``: whether a policy would work, without running it or importing what it names."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dynamicrag.cli.needs import needs
from dynamicrag.cli.options import CorpusOption, JsonOption

if TYPE_CHECKING:
    from rich.console import Console

    from dynamicrag.assembly import Pipeline
    from dynamicrag.policy import Policy

Part = Callable[["Policy", "Pipeline"], dict[str, Any]]
Note = Callable[["Policy", "Pipeline", bool], list[str]]


def validate(
    policy: Annotated[str | None, typer.Argument(help="A preset or a YAML file.")] = None,
    corpus: CorpusOption = None,
    trust: Annotated[
        bool, typer.Option("--trust", help="Import the modules that the policy names; that runs their code.")
    ] = False,
    schema: Annotated[
        bool,
        typer.Option("--schema", help="Print the JSON Schema of policies, for editors."),
    ] = False,
    json: JsonOption = None,
) -> None:
    """Check a policy and show what it comes to; nothing is downloaded, loaded or asked.

    Modules that the policy names are imported with --trust alone: a policy can name any code.
    """
    if schema:
        _print_schema()
        return
    if policy is None:
        raise typer.BadParameter("give a preset or a YAML file, or --schema")
    from dynamicrag.assembly import assemble
    from dynamicrag.cli.console import human
    from dynamicrag.cli.left_out import warn_left_out
    from dynamicrag.cli.output import check_target, write_json
    from dynamicrag.policy_file import PRESETS, load_policy, unimported

    check_target(json)
    bare = policy in PRESETS and not corpus  # a preset's docs/ is the user's to have, not the preset's fault
    loaded = load_policy(policy, Path() if bare else corpus or None, trust=trust)
    with unimported([] if trust else loaded.plugins):
        pipeline = assemble(loaded, trust=trust)
    if bare:
        pipeline = replace(pipeline, corpora={})
    described: dict[str, Any] = {"policy": loaded.name}
    for part in PARTS:
        described |= part(loaded, pipeline)
    described["notes"] = [note for check in NOTES for note in check(loaded, pipeline, trust)]
    write_json(json, described)
    if json != "-":
        _show(described)
    warn_left_out(pipeline.corpora.values(), human(json))


def _print_schema() -> None:
    import json

    from dynamicrag.schema import policy_schema

    typer.echo(json.dumps(policy_schema(), indent=2, ensure_ascii=False))


def _corpora(policy: "Policy", pipeline: "Pipeline") -> dict[str, Any]:
    from dynamicrag.retrieval.names import shown

    del policy
    paths = {name: list(map(shown, corpus.paths)) for name, corpus in pipeline.corpora.items()}
    return {"corpora": paths}


def _models(policy: "Policy", pipeline: "Pipeline") -> dict[str, Any]:
    from datetime import UTC, datetime

    from dynamicrag.cli.prepare import to_pull
    from dynamicrag.cost.prices import price_of
    from dynamicrag.graph.warm import used_models

    del policy
    today = datetime.now(UTC).date()
    used = used_models(pipeline, conversation=True)
    missing = to_pull(pipeline, used)
    models = [
        {
            "name": name, "model": model.spec, "runs": model.runs, "used": name in used,
            "pulled": model.spec.removeprefix("local:") not in missing
            if model.runs == "in_process"
            else None,
            "price": price_of(name, pipeline.profiles[name], today).as_dict(),
        }
        for name, model in pipeline.models.items()
    ]  # fmt: skip
    return {"models": models}


def _stages(policy: "Policy", pipeline: "Pipeline") -> dict[str, Any]:
    del policy
    stages = [
        {
            "stage": name,
            "options": [option.name for option in stage.options],
            "router": stage.router.registered,
        }
        for name, stage in pipeline.stages.items()
    ]
    return {"stages": stages}


def _limits(policy: "Policy", pipeline: "Pipeline") -> dict[str, Any]:
    return {
        "budget": policy.objective.budget.model_dump(),
        "weights": dict(policy.objective.weights),
        "meter": pipeline.ledger.attribution.meter.name,
    }


def _unread(policy: "Policy", pipeline: "Pipeline", trust: bool) -> list[str]:
    """Name the corpora that the embedding model does not read."""
    from dynamicrag.graph.warm import wants_vectors
    from dynamicrag.retrieval.english import notice_of

    del policy, trust
    corpora = pipeline.corpora.values() if wants_vectors(pipeline) else ()
    return list(filter(None, map(notice_of, corpora)))


def _unmeasured(policy: "Policy", pipeline: "Pipeline", trust: bool) -> list[str]:
    """Name the corpora of whose embedding model nobody has measured what its cosines mean."""
    from dynamicrag.graph.warm import wants_vectors

    del policy, trust
    return [
        f"corpus {name}: what the cosines of {corpus.embedder.name} mean was not measured, so whether the "
        f"documents speak of a question depends on words alone; give corpora.{name}.nearness: "
        "{similar: …, strange: …} to go by them too"
        for name, corpus in pipeline.corpora.items()
        if corpus.scale is None and wants_vectors(pipeline)
    ]


def _not_imported(policy: "Policy", pipeline: "Pipeline", trust: bool) -> list[str]:
    """Name the modules that were not looked into."""
    from dynamicrag.registry import parse_spec

    del pipeline
    names = [] if trust else policy.plugins
    found = [f"plugin {name} was not imported, which would run it; --trust does" for name in names]
    for name, spec in policy.stages["retriever"].described.items():
        _, params = parse_spec(spec or name, name)
        if "path" in params and not trust:
            found.append(f"{name}: {params['path']} was not imported, which would run it; --trust does")
    return found


PARTS: tuple[Part, ...] = (_corpora, _models, _stages, _limits)
"""What is described, in this order."""
NOTES: tuple[Note, ...] = (_not_imported, needs, _unread, _unmeasured)
"""What a user should know of a policy that is valid all the same."""


def _show(described: dict[str, Any]) -> None:
    from dynamicrag.cli.console import console

    out = console()
    _show_stages(out, described)
    _show_models(out, described)
    for name, paths in described["corpora"].items():
        out.print(f"corpus {name}: {', '.join(paths)}", style="dim", soft_wrap=True)
    limits = [
        f"{scope.replace('_', ' ')} {dimension} ≤ {limit:g}"
        for scope in ("per_query", "total")
        for dimension, limit in described["budget"][scope].items()
    ]
    out.print(f"limits: {', '.join(limits) or 'none'} · meter: {described['meter']}", style="dim")
    for model in described["models"]:
        if model["price"]["warning"] and model["used"]:
            out.print(model["price"]["warning"], style="yellow", soft_wrap=True)
    for note in described["notes"]:
        out.print(f"note: {note}", style="yellow", soft_wrap=True)
    out.print(f"{described['policy']} is valid", style="green")


def _show_stages(out: "Console", described: dict[str, Any]) -> None:
    from dynamicrag.lab.view.page import Column, Table
    from dynamicrag.lab.view.terminal import print_table

    rows = [
        [stage["stage"], ", ".join(stage["options"]), stage["router"] if len(stage["options"]) > 1 else ""]
        for stage in described["stages"]
    ]
    columns = [Column(title, number=False) for title in ("stage", "options, weakest first", "router")]
    print_table(out, Table(columns, rows))
    out.print()


def _show_models(out: "Console", described: dict[str, Any]) -> None:
    from dynamicrag.lab.view.page import Column, Table
    from dynamicrag.lab.view.terminal import print_table

    rows = []
    for model in described["models"]:
        pulled = {True: "✓", False: "not pulled", None: "–"}[model["pulled"]]
        here = pulled if model["used"] else "not used"
        runs = model["runs"].replace("_", " ")
        rows.append([model["name"], model["model"], runs, here, *_price(model["price"])])
    columns = [Column(title, number=False) for title in ("model", "is", "runs", "here")]
    columns += [Column("usd per 1M in"), Column("out"), Column("as of", number=False)]
    print_table(out, Table(columns, rows))
    out.print()


def _price(price: dict[str, Any]) -> list[str]:
    from dynamicrag.lab.view.amounts import amount

    shown = [amount("usd", price["input"]), amount("usd", price["output"])]
    if price["input"] is not None and not (price["input"] or price["output"]):
        shown = [f"{amount('usd', price['call'])} a call" if price["call"] else "free", ""]
    return [*shown, price["as_of"] or ""]
