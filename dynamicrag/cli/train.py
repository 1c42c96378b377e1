"""``dynamicrag train``: a router of one stage, from an outcome table."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dynamicrag.cli.options import JsonOption
from dynamicrag.errors import PolicyError

if TYPE_CHECKING:
    from dynamicrag.evaluation.outcomes.table import OutcomeTable
    from dynamicrag.features.base import Embed
    from dynamicrag.routers.estimator import Estimator

DEFAULT_FEATURES = "lexical,tfidf,embedding"
DEFAULT_ROUTER = "blend"


def train(
    table: Annotated[Path, typer.Option("--table", "-t", help="Outcome table, .jsonl or .jsonl.gz.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write the trained router to.")],
    stage: Annotated[str, typer.Option(help="Stage to decide; needed for a table of whole paths.")] = "",
    router: Annotated[
        str, typer.Option(help="Predictor: a name, or {name: {parameter: value}}.")
    ] = DEFAULT_ROUTER,
    features: Annotated[str, typer.Option(help="Families of features, with commas.")] = DEFAULT_FEATURES,
    at: Annotated[
        list[str] | None, typer.Option(help="STAGE=OPTION of the other stages to compare at; repeatable.")
    ] = None,
    labels: Annotated[
        str, typer.Option(help="Names of the two options of a file of labels: NAME0,NAME1.")
    ] = "label 0,label 1",
    anonymous: Annotated[
        bool, typer.Option("--anonymous", help="Keep no questions in the file; explain names none then.")
    ] = False,
    json: JsonOption = None,
) -> None:
    """Train the router of a stage on what its options gave, and write it to a file."""
    from dynamicrag.cli.console import human
    from dynamicrag.cli.output import check_target, write_json
    from dynamicrag.evaluation.outcomes.file import read_table
    from dynamicrag.evaluation.training import train_router

    check_target(json)
    console = human(json)
    outcomes = read_table(table, labels.split(","))
    families = [name.strip() for name in features.split(",") if name.strip()]
    with console.status("training …"):
        estimator = train_router(
            outcomes, router=spec(router), features=families, stage=stage, at=settings(at or []),
            embed=embedder(families), keep_questions=not anonymous,
        )  # fmt: skip
        path = estimator.state().save(out)
    described = _described(estimator, outcomes, path)
    if json is not None:
        write_json(json, described)
    if json != "-":
        _show(described)


def spec(text: str) -> object:
    """Read ``name`` or ``{name: {parameter: value}}`` off the command line.

    Raises:
        PolicyError: It is no YAML.
    """
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise PolicyError(
            f"--router {text}: not a name, nor {{name: {{parameter: value}}}}: {error}"
        ) from None


def settings(given: list[str]) -> dict[str, str]:
    """Read ``STAGE=OPTION`` off the command line."""
    pairs = [text.partition("=") for text in given]
    for stage, sign, option in pairs:
        if not (stage and sign and option):
            raise typer.BadParameter(f"--at {stage}{sign}{option}: expected STAGE=OPTION")
    return {stage: option for stage, _, option in pairs}


def embedder(families: list[str]) -> "Embed | None":
    """Return the embedding model, where a family needs one."""
    from dynamicrag.features.base import FEATURES

    if not any(name in FEATURES and FEATURES[name].embeds for name in families):
        return None
    from dynamicrag.assembly import make_embedder

    return make_embedder().embed


def _described(estimator: "Estimator", table: "OutcomeTable", path: Path) -> dict[str, Any]:
    about = estimator.about
    predictor = estimator.predictor
    return {
        "file": str(path), "bytes": path.stat().st_size, "router": predictor.registered,
        "picked": dict(predictor.picked),
        "parameters": predictor.params(), "features": estimator.features.specs,
        "width": len(estimator.features.names), "stage": about.stage, "table": about.table,
        "questions": len(table),
        "options": {
            name: {"quality": quality, **{cost: values[k] for cost, values in about.costs.items()}}
            for k, (name, quality) in enumerate(zip(estimator.options, about.quality, strict=True))
        },
    }  # fmt: skip


def _show(described: dict[str, Any]) -> None:
    from dynamicrag.cli.console import console, plain
    from dynamicrag.cli.tables import plain_table
    from dynamicrag.cli.units import short, size

    out = console()
    costs = list(dict.fromkeys(key for o in described["options"].values() for key in o if key != "quality"))
    table = plain_table("option", "mean quality>", *(f"{cost}>" for cost in costs))
    for name, figures in described["options"].items():
        table.add_row(
            plain(name), f"{figures['quality']:.3f}", *(short(figures.get(cost, 0.0)) for cost in costs)
        )
    out.print(table)
    parts = ", ".join(f"{name} {share:.0%}" for name, share in described["picked"].items())
    picked = f" ({parts})" if parts else ""
    out.print(
        f"{described['router']}{picked} on {', '.join(map(str, described['features']))}: "
        f"{described['width']} features, {described['questions']:,} questions"
    )
    out.print(f"wrote {described['file']}, {size(described['bytes'])}", style="green", soft_wrap=True)
    place = f"stages.{described['stage']}.router" if described["stage"] else "router"
    out.print(
        f"in a policy:  {place}: {{{described['router']}: {{state: {described['file']}}}}}",
        style="dim", soft_wrap=True,
    )  # fmt: skip
