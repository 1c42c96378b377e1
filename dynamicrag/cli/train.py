"""``dynamicrag train``: a router of one stage, of whole paths, or of drafts, from outcome tables."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dynamicrag.cli.options import JsonOption
from dynamicrag.cli.specs import outcomes_in, pair_of
from dynamicrag.errors import InputError, PolicyError

if TYPE_CHECKING:
    from dynamicrag.features.base import Embed

STAGE_FEATURES = "lexical,tfidf,embedding"
PATH_FEATURES = "lexical,retrieval"
"""What holds for corpora that were not learnt from; topics do not."""
DEFAULT_ROUTER = "blend"


def train(
    table: Annotated[list[Path], typer.Option("--table", "-t", help="Outcome table; repeatable.")],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="File of the trained router; with --policy, a folder.")
    ],
    stage: Annotated[str, typer.Option(help="Stage to decide; needed for a table of whole paths.")] = "",
    joint: Annotated[
        bool, typer.Option("--joint", help="One router over whole paths, for all stages that they vary.")
    ] = False,
    escalation: Annotated[
        str | None,
        typer.Option(
            help="Train what decides on drafts: an escalation policy, such as value, or "
            "{name: {parameter: value}}."
        ),
    ] = None,
    policy: Annotated[
        str | None,
        typer.Option("--policy", "-p", help="Train all stages of this policy that the table varies."),
    ] = None,
    add_to: Annotated[
        Path | None,
        typer.Option(help="Add the table's new options to this trained router; nothing is trained again."),
    ] = None,
    router: Annotated[
        str, typer.Option(help="Predictor: a name, or {name: {parameter: value}}.")
    ] = DEFAULT_ROUTER,
    features: Annotated[
        str | None,
        typer.Option(
            help=f"Families of features, with commas; {STAGE_FEATURES} by default, {PATH_FEATURES} for "
            "whole paths."
        ),
    ] = None,
    at: Annotated[
        list[str] | None, typer.Option(help="STAGE=OPTION of the other stages to compare at; repeatable.")
    ] = None,
    stages: Annotated[
        str, typer.Option(help="What the parts of options' names are: retrieval,generator of none/small.")
    ] = "",
    labels: Annotated[
        str, typer.Option(help="Names of the two options of a file of labels: NAME0,NAME1.")
    ] = "label 0,label 1",
    anonymous: Annotated[
        bool, typer.Option("--anonymous", help="Keep no questions in the file; explain names none then.")
    ] = False,
    json: JsonOption = None,
) -> None:
    """Train the router of a stage, of whole paths, of drafts, or a whole policy's, and write it.

    With --policy, each is judged out of fold, and what is no better than the rule that stands there is left.
    With --add-to, the table's new options are added to a router that was trained before.
    """
    from dynamicrag.cli.console import human, plain
    from dynamicrag.cli.output import check_target, write_json
    from dynamicrag.cli.train_escalation import show_taught, teach
    from dynamicrag.cli.train_grow import check_alone, extend
    from dynamicrag.cli.train_policy import show_whole, train_whole
    from dynamicrag.cli.trained import described
    from dynamicrag.lab.calibrate.forecast import Recipe
    from dynamicrag.lab.training import check_families, train_joint, train_router

    check_target(json)
    _check_scope(bool(stage or at), joint or bool(policy), escalation is not None)
    if add_to is not None:
        check_alone(
            joint=joint, policy=policy is not None, escalation=escalation is not None,
            router=router != DEFAULT_ROUTER, features=features is not None, anonymous=anonymous,
        )  # fmt: skip
    console = human(json)
    outcomes, caveats = outcomes_in(table, listed(stages), pair_of(labels), mended=escalation is not None)
    for note in caveats if json != "-" else ():
        console.print(f"note: {plain(note)}", style="yellow")
    if add_to is not None:
        _tell(json, extend(outcomes, add_to, out, stage, settings(at or [])))
        return
    families = listed(features or (PATH_FEATURES if joint or policy or escalation else STAGE_FEATURES))
    embed = embedder(families)
    if policy is not None:
        check_families(families)
        with console.status("training …"):
            told = train_whole(outcomes, table, policy, out, Recipe(spec(router), families, embed), joint)
        write_json(json, told)
        if json != "-":
            show_whole(console, told)
        return
    if escalation is not None:
        recipe = Recipe(spec(router), families, embed)
        with console.status("training …"):
            told = teach(outcomes, spec(escalation, "--escalation"), out, recipe, not anonymous)
        write_json(json, told)
        if json != "-":
            show_taught(console, told)
        return
    with console.status("training …"):
        if joint:
            whole = train_joint(outcomes, router=spec(router), features=families, embed=embed,
                                keep_questions=not anonymous)  # fmt: skip
            path, estimator = whole.state().save(out), whole.before
        else:
            estimator = train_router(
                outcomes, router=spec(router), features=families, stage=stage, at=settings(at or []),
                embed=embed, keep_questions=not anonymous,
            )  # fmt: skip
            path = estimator.state().save(out)
    told = described(estimator, outcomes, path)
    if joint:
        told["stages"] = list(whole.stages)
        told["width_after"] = len((whole.after or whole.before).features.names)
    _tell(json, told)


def _check_scope(of_a_stage: bool, of_all_stages: bool, of_drafts: bool) -> None:
    if of_drafts and (of_a_stage or of_all_stages):
        raise InputError("--escalation is of drafts: without --joint, --policy, --stage and --at")
    if of_all_stages and of_a_stage:
        raise InputError(
            "--joint and --policy are for all stages that the table's paths vary: without --stage and --at"
        )


def listed(text: str) -> list[str]:
    """Read names that are joined by commas."""
    return [name.strip() for name in text.split(",") if name.strip()]


def spec(text: str, option: str = "--router") -> object:
    """Read ``name`` or ``{name: {parameter: value}}`` off the command line.

    Raises:
        PolicyError: It is no YAML.
    """
    from dynamicrag.plain_yaml import parse_yaml

    try:
        return parse_yaml(text)
    except ValueError as error:
        raise PolicyError(
            f"{option} {text[:80]}: not a name, nor {{name: {{parameter: value}}}}: {error}"
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
    from dynamicrag.embedders import default_embedder

    return default_embedder()


def _tell(json: str | None, told: dict[str, Any]) -> None:
    from dynamicrag.cli.output import write_json

    write_json(json, told)
    if json != "-":
        _show(told)


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
    whose = " for what was added" if "added" in described else ""
    out.print(
        f"{described['router']}{picked} on {', '.join(map(str, described['features']))}: "
        f"{described['width']} features, {described['questions']:,} questions{whose}"
    )
    for name, count in described.get("added", {}).items():
        out.print(plain(f"added {name}, known at {count:,} of {described['anchors']:,} anchors"))
    out.print(f"wrote {described['file']}, {size(described['bytes'])}", style="green", soft_wrap=True)
    place = f"stages.{described['stage']}.router" if described["stage"] else "router"
    if "stages" in described:
        place = "joint"
        out.print(
            f"decides {', '.join(described['stages'])}; once something is retrieved, from "
            f"{described['width_after']} features"
        )
    out.print(
        f"in a policy:  {place}: {{{described['router']}: {{state: {described['file']}}}}}",
        style="dim", soft_wrap=True,
    )  # fmt: skip
