"""``dynamicrag validate``: whether a policy would work, without running it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dynamicrag.cli.options import CorpusOption, JsonOption

if TYPE_CHECKING:
    from dynamicrag.assembly import Pipeline
    from dynamicrag.policy import Policy


def validate(
    policy: Annotated[str, typer.Argument(help="A preset or a YAML file.")],
    corpus: CorpusOption = None,
    json: JsonOption = None,
) -> None:
    """Check a policy and show what it comes to; nothing is downloaded, loaded or asked."""
    from dynamicrag.assembly import assemble
    from dynamicrag.cli.console import human
    from dynamicrag.cli.left_out import warn_left_out
    from dynamicrag.cli.output import check_target, write_json
    from dynamicrag.policy_file import PRESETS, load_policy

    check_target(json)
    loaded = load_policy(policy, corpus or None)
    if policy in PRESETS and not corpus:  # a preset's docs/ is the user's to have, not the preset's fault
        loaded = load_policy(policy, Path())
    pipeline = assemble(loaded)
    described = _described(loaded, pipeline)
    if policy in PRESETS and not corpus:
        described["corpora"] = {}
    if json is not None:
        write_json(json, described)
    if json != "-":
        _show(described)
    if described["corpora"]:
        warn_left_out(pipeline.corpora.values(), human(json))


def _described(policy: "Policy", pipeline: "Pipeline") -> dict[str, Any]:
    from dynamicrag.cli.prepare import to_pull, used_models
    from dynamicrag.retrieval.names import shown

    used = used_models(pipeline, conversation=True)
    missing = to_pull(pipeline, used)
    return {
        "policy": policy.name,
        "corpora": {name: list(map(shown, corpus.paths)) for name, corpus in pipeline.corpora.items()},
        "models": [
            {
                "name": name, "model": model.spec, "runs": model.runs, "used": name in used,
                "pulled": model.spec.removeprefix("local:") not in missing
                if model.runs == "in_process"
                else None,
            }
            for name, model in pipeline.models.items()
        ],
        "stages": [
            {
                "stage": name, "options": [option.name for option in stage.options],
                "router": stage.router.registered,
            }
            for name, stage in pipeline.stages.items()
        ],
        "budget": policy.objective.budget.model_dump(),
        "weights": dict(policy.objective.weights),
        "meter": pipeline.ledger.attribution.meter.name,
    }  # fmt: skip


def _show(described: dict[str, Any]) -> None:
    from dynamicrag.cli.console import console, plain
    from dynamicrag.cli.tables import plain_table

    out = console()
    stages = plain_table("stage", "options, weakest first", "router")
    for stage in described["stages"]:
        router = stage["router"] if len(stage["options"]) > 1 else ""
        stages.add_row(stage["stage"], plain(", ".join(stage["options"])), router)
    models = plain_table("model", "is", "runs", "here")
    for model in described["models"]:
        here = {True: "✓", False: "not pulled", None: "–"}[model["pulled"]]
        models.add_row(plain(model["name"]), plain(model["model"]), model["runs"].replace("_", " "),
                       here if model["used"] else "not used")  # fmt: skip
    out.print(stages)
    out.print()
    out.print(models)
    out.print()
    for name, paths in described["corpora"].items():
        out.print(f"corpus {name}: {', '.join(paths)}", style="dim", soft_wrap=True)
    limits = [
        f"{scope.replace('_', ' ')} {dimension} ≤ {limit:g}"
        for scope in ("per_query", "total")
        for dimension, limit in described["budget"][scope].items()
    ]
    out.print(f"limits: {', '.join(limits) or 'none'} · meter: {described['meter']}", style="dim")
    out.print(f"{described['policy']} is valid", style="green")
