"""``dynamicrag report``: the cost of the queries so far, and the savings of routing."""

import re
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dynamicrag.cli.console import PlainConsole
from dynamicrag.cli.options import JsonOption
from dynamicrag.cli.output import check_apart, check_target, write_text
from dynamicrag.cli.result import Output
from dynamicrag.cli.stores import open_runs
from dynamicrag.errors import InputError, unknown
from dynamicrag.lab.report.selection import BASELINE, By, Selection, grouped

if TYPE_CHECKING:
    from dynamicrag.cost.runs import Runs
    from dynamicrag.lab.report.turns import Turn
    from dynamicrag.policy.calibrated import Calibrated
    from dynamicrag.policy.policy import Policy

_AGO = re.compile(r"(\d{1,5})([mhdw])")
_SECONDS = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}
NONE_YET = (
    'no queries are kept yet: ask one with dynamicrag ask "…" --corpus docs/ (a policy with runs: {keep: 0} '
    "keeps none)"
)


def report(
    policy: Annotated[
        str | None, typer.Option("--policy", "-p", help="Only this policy, by name or by its file.")
    ] = None,
    thread: Annotated[str | None, typer.Option(help="Only this thread.")] = None,
    tag: Annotated[str | None, typer.Option(help="Only queries that were asked with this tag.")] = None,
    user: Annotated[str | None, typer.Option(help="Only this user, as the caller named them.")] = None,
    since: Annotated[
        str | None, typer.Option(help="Only from then on: 7d, 24h, 90m, 2w or 2026-11-01 (UTC).")
    ] = None,
    by: Annotated[By, typer.Option(help="What the rows of the table are.")] = By.policy,
    baseline: Annotated[
        str, typer.Option(help="The policy that savings are against; its queries of any thread count.")
    ] = BASELINE,
    html: Annotated[Path | None, typer.Option("--html", help="Write a page with charts here.")] = None,
    csv: Annotated[Path | None, typer.Option("--csv", help="Write a row a query here.")] = None,
    json: JsonOption = None,
    prune: Annotated[
        str | None,
        typer.Option(
            help="Delete the queries older than this (30d, 2026-11-01) with their feedback, and do nothing "
            "else; with --user only theirs, and all of theirs with 'all'."
        ),
    ] = None,
) -> None:
    """Show what the queries so far cost in energy, money and time, and what routing saved."""
    from dynamicrag.lab.report.export import to_csv, to_json
    from dynamicrag.lab.report.feedback import stored_feedback
    from dynamicrag.lab.report.make import make_report
    from dynamicrag.lab.report.records import load
    from dynamicrag.lab.report.view import page

    now = time.time()
    if prune is not None:
        if any(value is not None for value in (since, policy, thread, tag, html, csv, json)):
            raise typer.BadParameter(
                "--prune deletes queries by age and by user; give it alone, or with --user"
            )
        _prune(open_runs(), prune, user, now)
        return
    named, bands = _policies(policy)
    runs, policy = open_runs(named), policy if named is None else named.name
    out = Output(json, html)
    check_target(None if csv is None else str(csv), "--csv")
    check_apart({"--html": html, "--csv": csv, "--json": json})
    begin = 0.0 if since is None else moment(since, "--since", now)
    selection = Selection(policy, thread, tag, user, begin, by, baseline)
    turns, processes, notes = load(runs)
    chosen = selection.of(turns)
    if not chosen:
        for line in notes if notes and not turns else [_nothing(turns, selection)]:
            out.print(line, soft_wrap=True)
        if html is not None:
            raise InputError(f"--html {html}: there is nothing to show, so no page was written")
    made = make_report(turns, processes, selection, runs.calls(), notes, bands, stored_feedback(runs, chosen))
    # files first: a reader of the table may stop half-way
    if csv is not None:
        write_text(csv, to_csv(chosen))
    data = None if json is None else to_json(made, chosen)
    out.give(data, page(made, chosen) if chosen else None)
    for path in filter(None, (html, csv, None if json in (None, "-") else Path(json))):
        out.print(f"{path}: {len(chosen):,} queries", style="dim", soft_wrap=True)


def moment(text: str, option: str, now: float) -> float:
    """Return the time that ``7d`` (ago) or ``2026-11-01`` (UTC) means, in seconds since the epoch.

    Raises:
        BadParameter: It is no time, or in the future.
    """
    ago = _AGO.fullmatch(text.strip())
    if ago:
        return max(0.0, now - int(ago[1]) * _SECONDS[ago[2]])
    try:
        at = datetime.fromisoformat(text.strip())
        seconds = (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise typer.BadParameter(
            f"{option} {text!r}: give an age (30m, 24h, 7d, 2w) or a date (2026-11-01)"
        ) from None
    if seconds > now:
        raise typer.BadParameter(f"{option} {text}: is yet to come")
    return max(0.0, seconds)


def _policies(policy: str | None) -> "tuple[Policy | None, dict[str, Calibrated]]":
    """Return the policy if it is a file, and what policies were calibrated to, by name.

    Queries are kept with their policy's name alone, so that only presets and a file that is given are known.
    """
    from dynamicrag.policy.file import PRESETS, load_policy

    loaded = [load_policy(preset) for preset in PRESETS]
    named = load_policy(policy) if policy is not None and policy.endswith((".yaml", ".yml")) else None
    loaded += [named] if named is not None else []
    return named, {one.name: one.calibrated for one in loaded if one.calibrated is not None}


def _prune(runs: "Runs", age: str, user: str | None, now: float) -> None:
    from dynamicrag.store.log import Log

    if user == "":  # as of an unset variable of a shell
        raise typer.BadParameter("--user is empty; name the user, or leave --user out")
    if age == "all" and user is None:
        raise typer.BadParameter("--prune all deletes a user's queries; name the user: --user NAME")
    before = None if age == "all" else moment(age, "--prune", now)
    number = Log(runs.database).prune(before=before, user=user)
    what = "query" if number == 1 else "queries"
    owner = f" of {user}" if user else ""
    since = "" if before is None else f" from before {datetime.fromtimestamp(before, UTC):%Y-%m-%d %H:%M} UTC"
    PlainConsole().print(f"{number:,} {what}{owner}{since} deleted")


def _nothing(turns: "Sequence[Turn]", selection: Selection) -> str:
    """Return why there is nothing to show."""
    if not turns:
        return NONE_YET
    for by in (By.policy, By.thread, By.tag, By.user):
        key, wanted = by.value, getattr(selection, by.value)
        names = sorted(grouped(turns, by).keys() - {""})
        if wanted is not None and wanted not in names:
            raise InputError(unknown(f"--{key}", f"{key} with kept queries", wanted, names[:50]))
    last = turns[-1].time
    return f"none of the {len(turns):,} queries kept are meant; the latest is of {last:%Y-%m-%d %H:%M} UTC"
