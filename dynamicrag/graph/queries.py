"""The past queries of an object: their decisions, their cost, and feedback on them."""

import asyncio

from dynamicrag.cost.account import Account
from dynamicrag.cost.vector import Cost, Scope
from dynamicrag.graph.explain import Explanation, cost_known, explain
from dynamicrag.graph.log_entry import decisions_of
from dynamicrag.graph.policies import Policies
from dynamicrag.learning.sources import USER
from dynamicrag.policy.assembly import Pipeline
from dynamicrag.records import Decision


class Queries:
    """The queries that an object has answered, by the id in their reports."""

    pipeline: Pipeline
    policies: Policies

    def decisions(self, query_id: str) -> list[Decision]:
        """Return the decisions of a query, in order; empty if they are no longer stored. May block.

        Decisions of recent queries are in memory, and with ``runs: {text: true}`` in the run database. The
        decision log has the rest, without reasons, binding limits and the cost of choosing.

        Args:
            query_id: The id in the report and in the final message.
        """
        books = self.pipeline.bookkeeper
        found = self.policies.recent.get(query_id) or books.kept(query_id).get("decisions")
        if found:
            return found
        logged = books.logged(query_id)
        if logged is None:
            return []
        return decisions_of(logged, "" if logged.policy == self.pipeline.policy.name else logged.policy)

    def explain(self, query_id: str, question: str | None = None) -> Explanation:
        """Explain a query by its decisions and its account. May block.

        Reads this process's memory, or else the run database, which has the path and the cost by stage.

        Args:
            query_id: ``report["query_id"]``.
            question: ``report["question"]``, for insight into the decisions of trained routers.

        Raises:
            InputError: Neither knows the query.
        """
        return explain(self.policies, query_id, self.decisions(query_id), question)

    async def aexplain(self, query_id: str, question: str | None = None) -> Explanation:
        """As :meth:`explain`."""
        return await asyncio.to_thread(self.explain, query_id, question)

    def account(self, query_id: str) -> Account:
        """Return the account of a query with the lines of all its runs; the id is ``report["query_id"]``."""
        return self.pipeline.ledger.account(query_id)

    def cost(self, query_id: str, timeout: float = 5.0, scope: Scope = "active") -> Cost:
        """Return the cost of a query over all its runs, after waiting for the meter to cover it.

        ``figures()`` has every amount with its provenance. If a price is unknown, ``known("usd")`` is
        ``None``, and ``cost["usd"]`` has the stand-in used to compare options.

        Args:
            query_id: ``report["query_id"]``.
            timeout: Longest wait in seconds; after it, unmetered joules are stand-ins, marked as such.
            scope: ``active`` is the energy added by the query's own work; ``full`` includes its share of the
                machine's constant part and of its idling.

        Raises:
            InputError: Neither this process nor the run database knows the query.
        """
        return cost_known(self.pipeline, query_id, timeout, scope)

    async def acost(self, query_id: str, timeout: float = 5.0, scope: Scope = "active") -> Cost:  # noqa: ASYNC109
        """As :meth:`cost`."""
        return await asyncio.to_thread(self.cost, query_id, timeout, scope)

    def feedback(
        self, query_id: str, score: float, name: str = "thumb", source: str = USER, stage: str | None = None
    ) -> bool:
        """Store a score of an answer. May block.

        Feedback may be late: it counts as long as the query is stored. The same score again changes nothing;
        another score of the same name, source and stage replaces the earlier one.

        Args:
            query_id: ``report["query_id"]``, also in the final message's
                ``response_metadata["dynamicrag"]``.
            score: Quality from 0 to 1; ``True`` is 1, and ``False`` is 0.
            name: Kind of the feedback.
            source: Its source. ``learning.sources`` in the policy sets the weight of each source.
            stage: The stage that the score rates, if it does not rate the whole answer.

        Returns:
            Whether it changed the log; ``False`` for a repetition.

        Raises:
            InputError: The query is not stored, the score is not from 0 to 1, or the query had no such stage.
            RunsError: The store cannot be written; nothing is stored.
        """
        return self.pipeline.feedback.score(query_id, score, name=name, source=source, stage=stage)

    async def afeedback(
        self, query_id: str, score: float, name: str = "thumb", source: str = USER, stage: str | None = None
    ) -> bool:
        """As :meth:`feedback`."""
        return await asyncio.to_thread(self.feedback, query_id, score, name, source, stage)

    def prefer(
        self,
        query_id: str,
        a: str,
        b: str,
        y: float,
        stage: str = "generator",
        name: str = "preference",
        source: str = USER,
    ) -> bool:
        """Store a preference between two options of a stage, for the question of a query. May block.

        Args:
            query_id: As for :meth:`feedback`.
            a: An option of the stage.
            b: Another option of the stage.
            y: 1 if ``a`` was preferred, 0 if ``b``, .5 for a tie; any number between them is a degree.
            stage: The stage.
            name: As for :meth:`feedback`.
            source: As for :meth:`feedback`.

        Returns:
            As for :meth:`feedback`. The pairs (a, b) and (b, a) are the same pair.

        Raises:
            InputError: The query is not stored, it had no such stage or option, or ``y`` is not from 0 to 1.
            RunsError: The store cannot be written; nothing is stored.
        """
        return self.pipeline.feedback.prefer(query_id, a, b, y, stage=stage, name=name, source=source)

    async def aprefer(
        self,
        query_id: str,
        a: str,
        b: str,
        y: float,
        stage: str = "generator",
        name: str = "preference",
        source: str = USER,
    ) -> bool:
        """As :meth:`prefer`."""
        return await asyncio.to_thread(self.prefer, query_id, a, b, y, stage, name, source)
