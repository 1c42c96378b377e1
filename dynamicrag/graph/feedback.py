"""Feedback on answers from the sources of the package itself."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from dynamicrag.learning.judge import Answered
from dynamicrag.learning.sources import DRAFTS, VERIFIER, own_feedback
from dynamicrag.policy.assembly import Pipeline
from dynamicrag.turn import TurnState

if TYPE_CHECKING:
    from dynamicrag.store.log import Log


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
