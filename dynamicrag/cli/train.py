"""``dynamicrag train stage`` and ``train joint``: a router of one stage, or of whole paths."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from dynamicrag.cli import training
from dynamicrag.cli.options import JsonOption
from dynamicrag.cli.result import Output
from dynamicrag.cli.specs import parts_of, texts
from dynamicrag.cost.amounts import digits
from dynamicrag.errors import InputError
from dynamicrag.lab.view.page import Column, Row, Table
from dynamicrag.lab.view.terminal import print_table

if TYPE_CHECKING:
    from dynamicrag.lab.outcomes.table import OutcomeTable
    from dynamicrag.routers.estimator import Estimator


class TrainGroup(TyperGroup):
    """The commands of ``train``. Without a command, the options say which one is meant."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the command before its options."""
        if args and args[0].startswith("-") and args[0] not in ctx.help_option_names:
            args = _with_command(args)
        return super().parse_args(ctx, args)


def _with_command(args: list[str]) -> list[str]:
    given = {argument.partition("=")[0] for argument in args}
    for command in ("policy", "escalation"):
        if f"--{command}" in given:
            return [command, *args]
    if "--joint" in given:
        return ["joint", *(argument for argument in args if argument != "--joint")]
    return ["stage", *args]


def train_stage(
    table: training.TableOption,
    out: training.OutOption,
    stage: Annotated[str, typer.Option(help="Stage to decide; needed for a table of whole paths.")] = "",
    at: Annotated[
        list[str] | None, typer.Option(help="STAGE=OPTION of the other stages to compare at; repeatable.")
    ] = None,
    add_to: Annotated[
        Path | None,
        typer.Option(help="Add the table's new options to this trained router; nothing is trained again."),
    ] = None,
    router: training.RouterOption = training.DEFAULT_ROUTER,
    features: training.StageFeaturesOption = None,
    stages: training.StagesOption = "",
    labels: training.LabelsOption = training.LABELS,
    anonymous: training.AnonymousOption = False,
    json: JsonOption = None,
) -> None:
    """Train the router of a stage, or add new options to a trained router with --add-to."""
    from dynamicrag.lab.training import train_router

    if add_to is not None:
        refused = {"--router": router != training.DEFAULT_ROUTER, "--features": features is not None,
                    "--anonymous": anonymous}  # fmt: skip
        if any(refused.values()):
            given = ", ".join(name for name, is_given in refused.items() if is_given)
            raise InputError(f"--add-to takes the router as it was trained: without {given}")
    console, outcomes = training.begin(table, stages, labels, json)
    settings = texts(at, "--at", "STAGE=OPTION, such as context=short")
    if add_to is not None:
        _report(console, _grown(outcomes, add_to, out, stage, settings))
        return
    families = parts_of(features or training.STAGE_FEATURES)
    with console.status("training …"):
        estimator = train_router(
            outcomes, router=training.spec(router), features=families, stage=stage, at=settings,
            embed=training.embedder(families), keep_questions=not anonymous,
        )  # fmt: skip
        path = estimator.state().save(out)
    _report(console, _described(estimator, outcomes, path))


def train_joint(
    table: training.TableOption,
    out: training.OutOption,
    router: training.RouterOption = training.DEFAULT_ROUTER,
    features: training.PathFeaturesOption = training.PATH_FEATURES,
    stages: training.StagesOption = "",
    labels: training.LabelsOption = training.LABELS,
    anonymous: training.AnonymousOption = False,
    json: JsonOption = None,
) -> None:
    """Train one router over whole paths, for all stages that the table's paths vary."""
    from dynamicrag.lab.training import train_joint as train

    console, outcomes = training.begin(table, stages, labels, json)
    families = parts_of(features)
    with console.status("training …"):
        whole = train(
            outcomes, router=training.spec(router), features=families, embed=training.embedder(families),
            keep_questions=not anonymous,
        )  # fmt: skip
        path = whole.state().save(out)
    after = whole.after or whole.before
    joint = {"stages": list(whole.stages), "width_after": len(after.features.names)}
    _report(console, _described(whole.before, outcomes, path) | joint)


def _grown(
    outcomes: "OutcomeTable", file: Path, out: Path, stage: str, at: Mapping[str, str]
) -> dict[str, Any]:
    """Add the new options of a table to a trained router, write it, and return its description."""
    from dynamicrag.lab.growing import grow
    from dynamicrag.policy.build_embedders import default_embedder
    from dynamicrag.routers.estimator import Estimator

    grown = grow(Estimator.load(file, default_embedder()), outcomes, stage=stage, at=at)
    path = grown.estimator.state().save(out)
    added = {"added": dict(grown.added), "anchors": grown.anchors}
    return _described(grown.estimator, outcomes, path) | added


def _described(estimator: "Estimator", table: "OutcomeTable", path: Path) -> dict[str, Any]:
    """Return a written router as plain data: its kind, its origin, and its options."""
    about, predictor = estimator.about, estimator.predictor
    return {
        "file": str(path), "bytes": path.stat().st_size, "router": predictor.registered,
        "picked": dict(predictor.picked),
        "parameters": predictor.params(), "features": estimator.features.specs,
        "width": len(estimator.features.names), "stage": about.stage, "table": about.table,
        "questions": len(table),
        "options": training.options_of(estimator.options, about.quality, about.costs),
    }  # fmt: skip


def _report(out: Output, made: dict[str, Any]) -> None:
    """Give a router's description as JSON and in words."""
    out.give(made)
    if not out.in_words:
        return
    costs = list(dict.fromkeys(key for o in made["options"].values() for key in o if key != "quality"))
    rows = [
        Row([name, f"{figures['quality']:.3f}", *(digits(figures.get(cost, 0.0)) for cost in costs)])
        for name, figures in made["options"].items()
    ]
    columns = [Column("option", number=False), Column("mean quality"), *map(Column, costs)]
    print_table(out, Table(columns, rows, most=len(rows)))
    parts = ", ".join(f"{name} {share:.0%}" for name, share in made["picked"].items())
    out.print(
        f"{made['router']}{f' ({parts})' if parts else ''} on {', '.join(map(str, made['features']))}: "
        f"{made['width']} features, {made['questions']:,} questions"
        f"{' for the added options' if 'added' in made else ''}"
    )
    for name, count in made.get("added", {}).items():
        out.print(f"added {name}, known at {count:,} of {made['anchors']:,} anchors")
    out.print(f"wrote {made['file']}, {training.file_size(made['bytes'])}", style="green", soft_wrap=True)
    place = f"stages.{made['stage']}.router" if made["stage"] else "router"
    if "stages" in made:
        place = "joint"
        decided = f"decides {', '.join(made['stages'])}; once something is retrieved, from "
        out.print(f"{decided}{made['width_after']} features")
    out.print(
        f"in a policy:  {place}: {{{made['router']}: {{state: {made['file']}}}}}",
        style="dim", soft_wrap=True,
    )  # fmt: skip
