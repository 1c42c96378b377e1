"""``dynamicrag feedback``: rate the answer to a query, or prefer one option to another."""

from typing import Annotated

import typer

from dynamicrag.cli.console import PlainConsole
from dynamicrag.cli.stores import open_log
from dynamicrag.errors import InputError

THUMBS = {"up": 1.0, "down": 0.0}


def feedback(
    query_id: Annotated[str, typer.Argument(help="The query, as ask, chat and report name it.")],
    score: Annotated[str | None, typer.Argument(help="A number from 0 to 1, or up (1) or down (0).")] = None,
    prefer: Annotated[str | None, typer.Option(help="Instead of a score: the better option.")] = None,
    over: Annotated[str | None, typer.Option(help="The option that it is compared with.")] = None,
    tie: Annotated[bool, typer.Option("--tie", help="The two options are equally good.")] = False,
    name: Annotated[str | None, typer.Option(help="Kind; by default thumb, or preference.")] = None,
    source: Annotated[str, typer.Option(help="Source; the policy sets its weight.")] = "user",
    stage: Annotated[
        str | None,
        typer.Option(help="The rated stage; by default the answer, and generator for a preference."),
    ] = None,
    policy: Annotated[
        str | None,
        typer.Option("--policy", "-p", help="The policy, if its runs.address names another store."),
    ] = None,
) -> None:
    """Rate an answer; routers that learn online learn from it."""
    from dynamicrag.learning.writer import FeedbackWriter
    from dynamicrag.policy.file import load_policy

    writer = FeedbackWriter(open_log(None if policy is None else load_policy(policy)))
    if prefer is None:
        if over is not None or tie:
            raise typer.BadParameter("--over and --tie compare; give --prefer as well")
        if score is None:
            raise typer.BadParameter(
                "give a SCORE (a number from 0 to 1, up or down), or --prefer and --over"
            )
        value = _number(score)
        changed = writer.score(query_id, value, name=name or "thumb", source=source, stage=stage)
        what = f"{name or 'thumb'} {value:g} for {stage or 'the answer'}"
    else:
        if over is None:
            raise typer.BadParameter("--prefer compares; give --over as well")
        if score is not None:
            raise typer.BadParameter("give either a SCORE or --prefer")
        at = stage or "generator"
        y = 0.5 if tie else 1.0
        changed = writer.prefer(query_id, prefer, over, y, stage=at, name=name or "preference", source=source)
        what = f"{prefer} {'as good as' if tie else 'better than'} {over} at {at}"
    state = "stored" if changed else "stored before, unchanged"
    PlainConsole().print(f"{state}: {what} (source {source})", soft_wrap=True)


def _number(text: str) -> float:
    if text in THUMBS:
        return THUMBS[text]
    try:
        return float(text)
    except ValueError:
        raise InputError(f"SCORE is {text[:80]!r}; valid: a number from 0 to 1, up or down") from None
