"""Why a query went the way it did: its decisions, and its account line by line."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dynamicrag.assembly import Pipeline
from dynamicrag.cost.records import cost_of
from dynamicrag.cost.vector import Cost, Scope
from dynamicrag.errors import InputError
from dynamicrag.graph.policies import Policies
from dynamicrag.routers.base import Router
from dynamicrag.topology import TOPOLOGY
from dynamicrag.types import Decision, Figure

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is known of a query.

    Attributes:
        query_id: Its id.
        path: The option in force at the end, by stage.
        decisions: Its decisions, in order; none where they are not kept any more.
        insights: What is behind the decisions of trained routers, by the decision's id.
        account: Its calls, in order; none where they are known by stage alone.
        stages: What each stage cost, by dimension.
        cost: What all of it cost, by dimension.
    """

    query_id: str
    path: Mapping[str, str]
    decisions: Sequence[Decision]
    insights: Mapping[str, Mapping[str, Any]]
    account: Sequence[Mapping[str, Any]]
    stages: Mapping[str, Mapping[str, Figure]]
    cost: Mapping[str, Figure]


def explain(
    policies: Policies, query_id: str, decisions: Sequence[Decision], question: str | None
) -> Explanation:
    """Return what this process, or else the run database, knows of a query.

    Args:
        policies: The policies, one of which the query went by.
        query_id: Its id.
        decisions: Its decisions, as far as they are kept.
        question: The question as routers saw it; without it, there are no insights. By default the run
            database's, where that keeps texts.

    Raises:
        InputError: Neither knows it.
    """
    pipeline = policies.first
    ledger = pipeline.ledger
    account = lines(pipeline, query_id)
    path = {decision["stage"]: decision["chosen"] for decision in decisions}
    kept = pipeline.bookkeeper.kept(query_id) if not account or question is None else {}
    if not account and not kept:
        raise unknown_query("explain", query_id)
    asked = question if question is not None else kept.get("question")
    own = policies.get(decisions[0].get("policy", "")) if decisions else None
    insights = {} if asked is None or own is None else insights_of(own, decisions, asked)
    if not account:
        path = path or kept.get("path", {})
        return Explanation(query_id, path, decisions, insights, (), kept["stages"], kept["cost"])
    stages = {stage: cost.figures() for stage, cost in ledger.stages(ledger.account(query_id).lines).items()}
    return Explanation(query_id, path, decisions, insights, account, stages, ledger.cost(query_id).figures())


def cost_known(pipeline: Pipeline, query_id: str, timeout: float, scope: Scope) -> Cost:
    """Return what a query cost, from this process's account, or else from the run database.

    Raises:
        InputError: Neither knows it.
    """
    ledger = pipeline.ledger
    account = ledger.account(query_id)
    if account.lines or account.reached:
        ledger.settle(query_id, timeout)
        return ledger.cost(query_id, scope=scope)
    kept = pipeline.bookkeeper.kept(query_id)
    if not kept:
        raise unknown_query("cost", query_id)
    return cost_of(kept["cost" if scope == "active" else "full"], scope)


def unknown_query(where: str, query_id: str) -> InputError:
    """Return the error that says that a query is not known."""
    return InputError(
        f"{where}: no query {query_id!r} is known here; valid: an id as report['query_id'] has it, of "
        "this process or of the run database"
    )


def insights_of(
    pipeline: Pipeline, decisions: Sequence[Decision], question: str
) -> dict[str, Mapping[str, Any]]:
    """Return what is behind the decisions of trained routers, by the decision's id."""
    found, path = dict[str, Mapping[str, Any]](), dict[str, str]()
    for decision in decisions:
        stage = decision["stage"]
        before = list(TOPOLOGY)[: TOPOLOGY.index(stage)]
        path = {name: path[name] for name in before if name in path}
        router = pipeline.points[stage].router
        if decision["router"] == router.registered:
            behind = _behind(router, decision, question, path)
            if behind:
                found[decision["id"]] = behind
        path[stage] = decision["chosen"]
    return found


def _behind(router: Router, decision: Decision, question: str, path: Mapping[str, str]) -> Mapping[str, Any]:
    """Return what a router says of its decision; one that fails takes nothing from the rest."""
    try:
        return router.explain(decision, question, path)
    except Exception as error:  # noqa: BLE001 - anybody's router
        _log.warning("router %s could not explain its decision: %r", decision["router"], error)
        return {}


def lines(pipeline: Pipeline, query_id: str) -> list[dict[str, Any]]:
    """Return the lines of a query's account, in order."""
    ledger = pipeline.ledger
    found = []
    for line in ledger.account(query_id).lines:
        usage = line.usage
        found.append({
            "stage": line.stage, "call": line.label, "failed": line.failed,
            "input_tokens": usage.input_tokens, "cached_tokens": usage.cached_tokens,
            "output_tokens": usage.output_tokens, "seconds": usage.seconds,
            "cpu_seconds": usage.cpu_seconds, "cost": ledger.line_cost(line).figures(),
        })  # fmt: skip
    return found
