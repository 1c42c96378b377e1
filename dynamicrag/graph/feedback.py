"""Feedback on answers: from callers, and from the sources of the package itself."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from dynamicrag.learning.judge import Answered
from dynamicrag.learning.sources import DRAFTS, USER, VERIFIER, own_feedback
from dynamicrag.policy.assembly import Pipeline
from dynamicrag.turn import TurnState

if TYPE_CHECKING:
    from dynamicrag.store.log import Log


class Rated:
    """Feedback on the queries of an object, for routers that learn online and for reports."""

    pipeline: Pipeline

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

    async def afeedback(
        self, query_id: str, score: float, name: str = "thumb", source: str = USER, stage: str | None = None
    ) -> bool:
        """As :meth:`feedback`."""
        return await asyncio.to_thread(self.feedback, query_id, score, name, source, stage)

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


def learn_from(pipeline: Pipeline, turn: TurnState, answer: str, book: Callable[[], None]) -> None:
    """Collect the package's own feedback on a logged query in the background. Never blocks and never fails.

    Args:
        pipeline: The query's policy.
        turn: Its turn, as it ended.
        answer: The answer as the user sees it.
        book: Closes the books of the query again, once a judge has marked it.
    """
    log, weight, draft = pipeline.log, pipeline.policy.learning.weight, turn["draft"]
    if log is None:
        return
    if weight(VERIFIER) or (weight(DRAFTS) and turn["escalations"]):
        pipeline.after.submit(partial(_collect, pipeline, log, turn["id"]))
    if pipeline.judge is not None and draft is not None and turn["action"] != "abstain":
        shown = [passage for passage in turn["passages"] if passage["id"] not in draft["dropped"]]
        pipeline.judge.submit(Answered(turn["id"], turn["text"], answer, shown), book)


def _collect(pipeline: Pipeline, log: "Log", query_id: str) -> None:
    query = log.query(query_id)
    if query is not None:  # else it could not be stored, which was logged
        pipeline.feedback.commit(own_feedback(query, pipeline.policy.learning.weight))
