"""Explains the path of a query: its decisions, and its account line by line."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from dynamicrag.cost.records import cost_of
from dynamicrag.cost.vector import Cost, Scope
from dynamicrag.errors import InputError, RunsError
from dynamicrag.graph.estimates import EstimateNow, estimates_now
from dynamicrag.graph.in_words import in_words
from dynamicrag.graph.log_entry import decisions_of
from dynamicrag.graph.plans import Replan, replans
from dynamicrag.graph.policies import Policies
from dynamicrag.learning.stored import feedback_on, learnt
from dynamicrag.offers import BudgetAnswer
from dynamicrag.policy.assembly import Pipeline
from dynamicrag.records import Decision, Figure
from dynamicrag.routers.base import Router
from dynamicrag.store.logged import Feedback
from dynamicrag.topology import TOPOLOGY

if TYPE_CHECKING:
    from dynamicrag.store.log import Log

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Explanation:
    """Explanation of a query; ``print`` shows its decisions and its cost.

    Attributes:
        query_id: Its id.
        path: The option in force at the end, by stage.
        decisions: Its decisions, in order; empty if they are no longer stored.
        plans: Its plans, the first one first; each later one has what it changed, and on which evidence.
        insights: The basis of trained routers' decisions, by the decision's id.
        account: Its calls, in order; empty if only the costs by stage are known.
        stages: Cost of each stage, by dimension.
        cost: Total cost, by dimension; like ``stages``, empty while only the decisions are stored.
        feedback: The stored feedback on it, oldest first.
        learnt: Number of stored scores and preferences that a router had read when it decided, by the
            decision's id, for routers that learn online. Their decisions have the estimate before and after
            learning as ``base`` and ``quality``.
        now: The estimates of routers that learn online for the same decisions by now, by the decision's id.
    """

    query_id: str
    path: Mapping[str, str]
    decisions: Sequence[Decision]
    plans: Sequence[Replan]
    insights: Mapping[str, Mapping[str, Any]]
    account: Sequence[Mapping[str, Any]]
    stages: Mapping[str, Mapping[str, Figure]]
    cost: Mapping[str, Figure]
    feedback: Sequence[Feedback] = ()
    learnt: Mapping[str, int] = field(default_factory=dict)
    now: Mapping[str, EstimateNow] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return the decisions, one a line, and the cost."""
        return in_words(self.query_id, self.decisions, self.cost, len(self.account))

    @property
    def asked(self) -> Sequence[BudgetAnswer]:
        """The requests for more budget before its decisions: the offers, and the amounts granted."""
        return [decision["asked"] for decision in self.decisions if "asked" in decision]


def explain(
    policies: Policies, query_id: str, decisions: Sequence[Decision], question: str | None
) -> Explanation:
    """Explain a query from this process's memory, or else from the run database.

    There are insights if the question is known: as given, or from the database, if texts are stored there.

    Raises:
        InputError: Neither knows the query.
    """
    pipeline = policies.first
    ledger = pipeline.ledger
    account = lines(pipeline, query_id)
    path = {decision["stage"]: decision["chosen"] for decision in decisions}
    kept = pipeline.bookkeeper.kept(query_id) if not account or question is None else {}
    if not account and not kept and not decisions:
        raise unknown_query("explain", query_id)
    asked = question if question is not None else kept.get("question")
    own = policies.get(decisions[0].get("policy", "")) if decisions else None
    insights = {} if asked is None or own is None else insights_of(own, decisions, asked)
    if account:
        by_stage = ledger.stages(ledger.account(query_id).lines)
        stages = {stage: cost.figures() for stage, cost in by_stage.items()}
        cost = ledger.cost(query_id).figures()
    else:
        path = path or kept.get("path", {})
        stages, cost = kept.get("stages", {}), kept.get("cost", {})  # empty until the account is settled
    found = Explanation(query_id, path, decisions, replans(decisions), insights, account or (), stages, cost)
    return _with_feedback(found, pipeline.log, own)


def explain_stored(
    log: "Log", kept: Mapping[str, Any], query_id: str, policies: Policies | None = None
) -> Explanation:
    """Explain a query from the run store alone; with its policies, also the present estimates of learners.

    Raises:
        InputError: The store does not have the query.
        RunsError: The store cannot be read.
    """
    query = log.query(query_id)
    if query is None and not kept:
        raise unknown_query("explain", query_id)
    decisions = kept.get("decisions") or (decisions_of(query, "") if query is not None else [])
    return Explanation(
        query_id=query_id,
        path=query.path if query is not None else kept.get("path", {}),
        decisions=decisions,
        plans=replans(decisions),
        insights={},
        account=(),
        stages=kept.get("stages", {}),
        cost=kept.get("cost", {}),
        feedback=feedback_on(log, query_id),
        learnt=learnt(log, decisions),
        now={} if query is None or policies is None else estimates_now(policies.first, query),
    )


def _with_feedback(found: Explanation, log: "Log | None", own: Pipeline | None) -> Explanation:
    """Return an explanation with the feedback on its query; without it if the store cannot be read."""
    if log is None:
        return found
    try:
        query = None if own is None else log.query(found.query_id)
        now = {} if own is None or query is None else estimates_now(own, query)
        read = learnt(log, found.decisions)
        return replace(found, feedback=feedback_on(log, found.query_id), learnt=read, now=now)
    except RunsError as error:
        _log.warning("query %s: its feedback could not be read: %s", found.query_id, error)
        return found


def cost_known(pipeline: Pipeline, query_id: str, timeout: float, scope: Scope) -> Cost:
    """Return the cost of a query from this process's account, or else from the run database.

    Raises:
        InputError: Neither knows the query.
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
    """Return the error for an unknown query."""
    return InputError(
        f"{where}: no query {query_id!r} is known here; valid: a report['query_id'] of "
        "this process or of the run database"
    )


def insights_of(
    pipeline: Pipeline, decisions: Sequence[Decision], question: str
) -> dict[str, Mapping[str, Any]]:
    """Return the basis of trained routers' decisions, by the decision's id."""
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
    """Return a router's explanation of its decision; empty if the router fails."""
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
            "cpu_seconds": usage.cpu_seconds + usage.server_cpu_seconds,
            "cost": ledger.line_cost(line).figures(),
            **({"unmetered": line.unmetered} if line.unmetered else {}),
        })  # fmt: skip
    return found
