"""An answered question on the terminal: the answer, its decisions, and its cost."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from dynamicrag.cli.console import joined, plain
from dynamicrag.cost.amounts import amount
from dynamicrag.lab.view.amounts import cost_line
from dynamicrag.records import Decision

if TYPE_CHECKING:
    from dynamicrag.lab.run import Record

CHOSEN = "●"
OUTSIDE = "not from the documents"
CLAUSE_END = re.compile(r"[;,] ")
"""The end of a reason's first clause."""


def panel(record: "Record", *, verbose: bool = False) -> Panel:
    """Return the panel of a record.

    Args:
        record: A record from :func:`dynamicrag.lab.run.ask_all`.
        verbose: Whether stages with a single option, the passages and the query's id are shown, too.
    """
    title = " · ".join(part for part in (record["query_id"], record.get("type", "")) if part)
    lines: list[RenderableType] = [joined((plain(record["question"]), "bold")), answer(record), ""]
    shown = [decision for decision in record["decisions"] if verbose or len(decision["options"]) > 1]
    if shown:
        lines += [decisions(shown, whole=verbose), ""]
    for step in record.get("escalations", ()):
        text = plain(f"↑ {step['stage']} → {step['option']}  {step['reason']}")
        lines.append(joined((text, "yellow")))
    if verbose and record.get("passages"):
        lines.append(joined(("passages  " + plain(", ".join(record["passages"])), "dim")))
    lines.append(joined((cost_line(record["cost"], record.get("tokens")), "dim")))
    if verbose and record.get("turn"):
        lines.append(joined((f"query  {record['turn']}", "dim")))
    return Panel(
        Group(*lines), title=joined((title, "dim")), title_align="left",
        border_style="red" if "error" in record else "bright_black", padding=(0, 1),
    )  # fmt: skip


def answer(record: "Record") -> Text:
    """Return the answer, with its scores where there are gold answers."""
    if "error" in record:
        return joined((f"✗ {plain(record['error'])}", "red"))
    scores = ""
    if "f1" in record:
        right = "✓" if record["contains"] else "✗"
        scores = f"   {right} F1 {record['f1']:.2f}, expected {plain(' / '.join(record['answers'][:2]))}"
    beyond = f"   ({OUTSIDE})" if record.get("outside") and not record["abstained"] else ""
    style = "yellow" if record["abstained"] else "green"
    return joined((plain(record["answer"]), style), (beyond, "yellow"), (scores, "dim"))


def decisions(made: Sequence[Decision], *, whole: bool) -> Table:
    """Return a line per decision: stage, options with the chosen one marked, cost, reason.

    A second line of the cost has the joules that a cold prompt cache adds.

    Args:
        made: The decisions.
        whole: Whether to show the whole reason, and not its first clause.
    """
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(ratio=3)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(ratio=3, style="dim")
    for decision in made:
        expected = decision["expected"][decision["options"].index(decision["chosen"])]["joules"]
        binding = f" (limit: {decision['binding']})" if decision["binding"] else ""
        cost = f"≈ {amount('joules', expected)}" if expected else ""
        if more := decision.get("colder"):
            cost += f"\n+ {amount('joules', more)} cold"
        reason = decision["reason"] if whole else CLAUSE_END.split(decision["reason"], maxsplit=1)[0]
        table.add_row(decision["stage"], options(decision), cost, plain(reason) + binding)
    return table


def options(decision: Decision) -> Text:
    """Return a decision's options in a row; the chosen one stands out without colours as well."""
    parts: list[tuple[str, str]] = []
    for name, allowed in zip(decision["options"], decision["allowed"], strict=True):
        if name == decision["chosen"]:
            parts.append((f"{CHOSEN}{plain(name)}  ", "bold cyan"))
        else:
            parts.append((f"{plain(name)}  ", "dim" if allowed else "dim strike"))
    return joined(*parts)
