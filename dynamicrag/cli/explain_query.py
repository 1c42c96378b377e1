"""The explanation of a stored query, read from the run store: its question is not asked again."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dynamicrag.cli.console import joined
from dynamicrag.cli.decisions import show_decisions
from dynamicrag.cli.result import Output
from dynamicrag.cli.stores import open_log, open_runs
from dynamicrag.cost.amounts import amount
from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.lab.view.amounts import cost_line
from dynamicrag.lab.view.page import Column, Table
from dynamicrag.lab.view.terminal import print_table
from dynamicrag.records import Figure

if TYPE_CHECKING:
    from dynamicrag.graph.explain import Explanation
    from dynamicrag.policy.policy import Policy
    from dynamicrag.store.log import Log
    from dynamicrag.store.logged import Feedback


def explain_query(query_id: str, policy: "Policy", out: Output) -> None:
    """Show the decisions of a stored query, its feedback and its cost.

    Args:
        query_id: Its id.
        policy: The policy, whose ``runs.address`` names the store. If it is the query's own, the present
            estimates of its learners are shown too.
        out: The console.

    Raises:
        InputError: The store does not have the query.
        RunsError: The store cannot be read.
    """
    kept = open_runs(policy).turn(query_id) or {}
    found = _explained(open_log(policy), kept, query_id, policy)
    result = {
        "turn": query_id,
        "path": dict(found.path),
        "decisions": list(found.decisions),
        "stages": found.stages,
        "cost": found.cost,
        "account": [],
        "insights": {},
        "learnt": dict(found.learnt),
        "now": {name: asdict(estimate) for name, estimate in found.now.items()},
        "feedback": [asdict(item) for item in found.feedback],
    }
    out.give({**result, **{key: kept[key] for key in ("question", "answer") if key in kept}})
    if out.in_words:
        _show(out, found, kept)


def _explained(log: "Log", kept: Mapping[str, Any], query_id: str, policy: "Policy") -> "Explanation":
    """Return the explanation; with the learners' present estimates if the query is of this policy."""
    from dynamicrag.graph.explain import explain_stored
    from dynamicrag.graph.learning import started
    from dynamicrag.graph.policies import Policies
    from dynamicrag.policy.assembly import assemble

    query = log.query(query_id)
    if query is None or query.policy != policy.name:
        return explain_stored(log, kept, query_id)
    policies = Policies(assemble(policy), ())
    folder = started(policies)
    try:
        return explain_stored(log, kept, query_id, policies)
    finally:
        if folder is not None:
            folder.close()


def _show(out: Output, found: "Explanation", kept: Mapping[str, Any]) -> None:
    out.print(joined((kept.get("question") or f"query {found.query_id}", "bold")))
    if "answer" in kept:
        out.print(kept["answer"], style="green")
    if kept.get("waiting"):
        out.print("it waits for more budget: nobody has answered its request", style="yellow")
    if not all(decision["reason"] for decision in found.decisions):
        out.print("the reasons of decisions are stored only with runs: {text: true}", style="dim")
    show_decisions(out, found.decisions, found.insights, found.learnt, found.now)
    if found.feedback:
        out.print()
        out.rule("feedback", style="bright_black", align="left")
        for item in found.feedback:
            out.print(feedback_line(item))
    if found.stages:
        out.print()
        out.rule("cost by stage", style="bright_black", align="left")
        print_table(out, _stages(found.stages))
        out.print()
        out.print(cost_line(found.cost), style="bold")


def feedback_line(item: "Feedback") -> str:
    """Return one piece of feedback in words."""
    when = datetime.fromtimestamp(item.at, UTC)
    if item.score is None:
        a, b, y = item.a, item.b, item.y if item.y is not None else 0.5
        what = f"{a} and {b} equally good" if y == 0.5 else f"{a} over {b}" if y > 0.5 else f"{b} over {a}"
        value = "" if y in (0.0, 0.5, 1.0) else f" ({max(y, 1.0 - y):.2f})"
        said = f"{what}{value} at {item.stage}"
    else:
        said = f"{item.score:.2f} for {item.stage or 'the answer'}"
    return f"{when:%Y-%m-%d %H:%M} UTC  {item.source}: {item.name} {said}"


def _stages(stages: Mapping[str, Mapping[str, Figure]]) -> Table:
    rows: list[Sequence[str]] = [
        [stage, *(amount(d, cost[d]["value"]) if d in cost else "–" for d in DIMENSIONS)]
        for stage, cost in stages.items()
    ]
    return Table([Column("stage"), *map(Column, DIMENSIONS)], rows, most=1000)
