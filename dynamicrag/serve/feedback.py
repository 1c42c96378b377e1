"""``/v1/feedback``: scores and preferences of users, from which routers learn."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from dynamicrag.cost.in_thread import in_thread
from dynamicrag.errors import InputError
from dynamicrag.graph.rag import DynamicRAG
from dynamicrag.serve.access import caller_of
from dynamicrag.serve.errors import invalid
from dynamicrag.serve.keys import Caller
from dynamicrag.serve.owners import check_owner, unknown_query
from dynamicrag.serve.schema import FeedbackRequest, FeedbackStored

__all__ = ["router"]

router = APIRouter()
RESPONSE = "chatcmpl-"
"""Prefix of a response's id; the id of its query follows."""


@router.post("/v1/feedback")
async def feedback(
    request: Request, body: FeedbackRequest, caller: Annotated[Caller, Depends(caller_of)]
) -> FeedbackStored:
    """Store a score of an answer, or a preference between two options; another value replaces it."""
    rag: DynamicRAG = request.app.state.service.rag
    if (body.score is None) == (body.prefer is None):
        raise invalid("Give either 'score', or 'prefer' and 'over'.", "score")
    if body.prefer is not None and body.over is None:
        raise invalid("'prefer' needs 'over', the option that it is compared with.", "over")
    return await in_thread(lambda: _store(rag, body, caller))


def _store(rag: DynamicRAG, body: FeedbackRequest, caller: Caller) -> FeedbackStored:
    body = body.model_copy(update={"query_id": body.query_id.removeprefix(RESPONSE)})
    check_owner(rag, body.query_id, caller)
    books = rag.pipeline.bookkeeper
    if books.logged(body.query_id) is None:
        if books.kept(body.query_id) or rag.pipeline.ledger.account(body.query_id).lines:
            why = f"The query `{body.query_id[:100]}` was not finished, so it cannot be rated."
            raise invalid(why, "query_id", "query_not_finished")
        raise unknown_query(body.query_id)
    try:
        if body.score is not None:
            name = body.name or "thumb"
            changed = rag.feedback(body.query_id, float(body.score), name=name, stage=body.stage)
        else:
            assert body.prefer is not None and body.over is not None, "checked before"  # noqa: PT018
            changed = rag.prefer(
                body.query_id, body.prefer, body.over, 0.5 if body.tie else 1.0,
                stage=body.stage or "generator", name=body.name or "preference",
            )  # fmt: skip
    except InputError as error:
        raise invalid(str(error)) from None
    return FeedbackStored(query_id=body.query_id, changed=changed)
