"""Metrics for Prometheus, in a registry of their own."""

from collections.abc import Iterable

from fastapi import APIRouter, Request
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.responses import Response

from dynamicrag.cost.in_thread import in_thread
from dynamicrag.cost.vector import Cost
from dynamicrag.serve.gate import Gate
from dynamicrag.types import Usage

__all__ = ["Metrics", "router"]

SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320)
router = APIRouter()


class Metrics:
    """The metrics of one application. Amounts are those known at the end of a query."""

    def __init__(self, gate: Gate) -> None:
        self.registry = CollectorRegistry()
        own, by_policy = self.registry, ("policy",)
        about = "Queries by HTTP status; 499: the client left, or stopped it."
        self._queries = Counter("dynamicrag_queries", about, ("policy", "status"), registry=own)
        about = "Duration of queries with their time in the queue."
        self._seconds = Histogram("dynamicrag_query_seconds", about, by_policy, buckets=SECONDS, registry=own)
        about = "Tokens of all models that queries asked."
        self._tokens = Counter("dynamicrag_tokens", about, ("policy", "kind"), registry=own)
        self._joules = Counter("dynamicrag_joules", "Active energy of queries.", by_policy, registry=own)
        about = "Known cost of queries in US dollars."
        self._usd = Counter("dynamicrag_usd", about, by_policy, registry=own)
        about = "Rest of the total budget."
        self._left = Gauge("dynamicrag_budget_left", about, ("dimension",), registry=own)
        running = Gauge("dynamicrag_queries_running", "Queries that run.", registry=own)
        running.set_function(lambda: gate.running)
        waiting = Gauge("dynamicrag_queries_waiting", "Queries in the queue.", registry=own)
        waiting.set_function(lambda: gate.admitted - gate.running)

    def ended(self, policy: str, status: int, seconds: float, cost: Cost, usages: Iterable[Usage]) -> None:
        """Count a query, with its cost also if it failed."""
        for usage in usages:
            self._tokens.labels(policy, "input").inc(usage.input_tokens)
            self._tokens.labels(policy, "output").inc(usage.output_tokens)
        self._queries.labels(policy, status).inc()
        self._seconds.labels(policy).observe(seconds)
        self._joules.labels(policy).inc(cost["joules"])
        self._usd.labels(policy).inc(cost.known("usd") or 0.0)

    def text(self, left: dict[str, float]) -> bytes:
        """Return all metrics in Prometheus's text format, with the rest of the total budget by dimension."""
        for dimension, amount in left.items():
            self._left.labels(dimension).set(amount)
        return generate_latest(self.registry)


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def metrics(request: Request) -> Response:
    """Return the metrics of this server."""
    service = request.app.state.service
    standings = await in_thread(service.rag.budget)
    left = {dimension: row["left"] for dimension, row in standings.items()}
    return Response(service.metrics.text(left), media_type=CONTENT_TYPE_PLAIN_0_0_4)
