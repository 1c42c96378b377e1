"""``dynamicrag whatif``: what a policy would have given on the logged queries."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dynamicrag.cli.options import JsonOption
from dynamicrag.cli.report import moment
from dynamicrag.cli.result import Output
from dynamicrag.cli.stores import open_log

if TYPE_CHECKING:
    from dynamicrag.policy.policy import Policy

NOT_SHOWN, REFUSED = 1, 2
"""Exit codes: a requirement is not shown; there is no estimate, or the input is invalid."""


def whatif(
    candidate: Annotated[str, typer.Argument(metavar="POLICY", help="The policy: a preset, or a YAML file.")],
    policy: Annotated[
        str | None,
        typer.Option(
            "--policy", "-p",
            help="Only queries of this policy: its name, or its file, which shows the stages left alone.",
        ),
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="Only queries from then on: 7d, 24h, 90m, 2w or 2026-11-01 (UTC).")
    ] = None,
    stage: Annotated[str | None, typer.Option(help="Only this stage, with the others as logged.")] = None,
    require: Annotated[
        list[str] | None,
        typer.Option(
            help="A bound on the difference to the logged policy, as in quality>=-0.02 or joules<=0; "
            "repeatable. By default utility>=-0.01."
        ),
    ] = None,
    json: JsonOption = None,
) -> None:  # fmt: skip
    """Estimate what a policy would have given on the logged queries, without asking any model.

    Exits with 0 if every requirement is shown, 1 if one is not, and 2 if the log cannot tell.
    """
    from dynamicrag.lab.whatif.evidence import read
    from dynamicrag.lab.whatif.make import compare_policies
    from dynamicrag.lab.whatif.requirement import DEFAULT, requirement
    from dynamicrag.lab.whatif.view import build_page
    from dynamicrag.policy.file import load_policy

    out = Output(json)
    wanted = [requirement(text) for text in require or [DEFAULT]]
    loaded = load_policy(candidate)
    name, logged = _logged(policy)
    begin = 0.0 if since is None else moment(since, "--since", time.time())
    log = open_log(loaded)
    evidence = read(log, loaded.learning.weight, name, begin)
    report = compare_policies(loaded, log, evidence, wanted, logged=logged, stage=stage)
    out.give(report.as_json(), build_page(report))
    if not report.shown:
        raise typer.Exit(REFUSED if report.shown is None else NOT_SHOWN)


def _logged(given: str | None) -> "tuple[str | None, Policy | None]":
    """Return the name of the logged policy, and the policy if its file is given."""
    from dynamicrag.policy.file import PRESETS, load_policy

    if given is None:
        return None, None
    if given in PRESETS or Path(given).suffix in (".yaml", ".yml"):
        loaded = load_policy(given)
        return loaded.name, loaded
    return given, None
