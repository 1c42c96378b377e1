"""``/v1/chat/completions``: a question is answered by a policy."""

import time
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from dynamicrag.serve.access import caller_of
from dynamicrag.serve.answering import Answering
from dynamicrag.serve.errors import JSON, as_json
from dynamicrag.serve.keys import Caller
from dynamicrag.serve.leaving import ClientGone, unless_gone
from dynamicrag.serve.question import question_of
from dynamicrag.serve.result import completion, headers
from dynamicrag.serve.schema import ChatRequest, Completion
from dynamicrag.serve.service import CANCELLED, Service
from dynamicrag.serve.streaming import EventStream

__all__ = ["router"]

router = APIRouter()


@router.post(
    "/v1/chat/completions",
    response_model=Completion,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def chat_completions(
    request: Request, body: ChatRequest, caller: Annotated[Caller, Depends(caller_of)]
) -> Response:
    """Answer the last message of a conversation from the documents; streamed with ``stream: true``."""
    service: Service = request.app.state.service
    question = question_of(body, caller, service.rag, service.settings.budget_of(caller))
    answering, created = Answering(service, question), int(time.time())
    streams = False
    try:
        if not body.stream:
            answered = await unless_gone(request, answering.answer())
            content = as_json(completion(answered, question, created))
            return Response(content, headers=headers(answered, question), media_type=JSON)
        await unless_gone(request, answering.head())
        streams = True
        usage = body.stream_options is not None and bool(body.stream_options.include_usage)
        return EventStream(answering, question, created, include_usage=usage)
    except ClientGone:
        return Response(status_code=CANCELLED)
    finally:
        if not streams:
            await answering.end()
