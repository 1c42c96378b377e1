"""An answer as server-sent events, in OpenAI's chunks.

OpenAI's protocol cannot withdraw text. So the answer of a policy whose verdict may withdraw a draft is sent
once it is accepted, in one piece; comments keep the connection open until then. A policy that accepts every
draft is streamed token by token.
"""

from collections.abc import AsyncIterator
from typing import Any

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from dynamicrag.serve.answering import Answered, Answering
from dynamicrag.serve.errors import Refused, as_json
from dynamicrag.serve.question import Question
from dynamicrag.serve.result import extension, finish_reason, first_headers, usage

__all__ = ["EventStream"]

UNBUFFERED = {"cache-control": "no-cache", "x-accel-buffering": "no"}
"""Headers that keep proxies from holding chunks back."""
BEAT_SECONDS = 10.0
"""Seconds without text after which a comment shows that the query still runs."""


class EventStream(StreamingResponse):
    """The response to a query after its head; when it ends, or its client leaves, the query ends as well."""

    def __init__(
        self, answering: Answering, question: Question, created: int, *, include_usage: bool
    ) -> None:
        self._answering = answering
        chunks = _Chunks(answering.query_id, question, created, include_usage=include_usage)
        super().__init__(
            _events(answering, chunks),
            headers={**first_headers(answering.query_id, question), **UNBUFFERED},
            media_type="text/event-stream",
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the response."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._answering.end()


async def _events(answering: Answering, chunks: "_Chunks") -> AsyncIterator[bytes]:
    yield chunks.delta({"role": "assistant", "content": "", "refusal": None})
    try:
        async for event in answering.events(BEAT_SECONDS):
            if event is None:
                yield b": the query runs\n\n"
            elif isinstance(event, Answered):
                for chunk in chunks.last(event):
                    yield chunk
            else:
                yield chunks.delta({"content": event})
    except Refused as refusal:
        yield _event(refusal.body())


class _Chunks:
    """Makes the chunks of one response."""

    def __init__(self, query_id: str, question: Question, created: int, *, include_usage: bool) -> None:
        self._question = question
        self._usage = include_usage
        self._head = {
            "id": f"chatcmpl-{query_id}",
            "object": "chat.completion.chunk",
            "created": created,
            "model": question.policy,
        }

    def delta(self, delta: dict[str, Any], finish: str | None = None, **more: Any) -> bytes:
        """Return a chunk of the answer."""
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        usage_key = {"usage": None} if self._usage else {}
        return _event({**self._head, "choices": [choice], **usage_key, **more})

    def last(self, answered: Answered) -> list[bytes]:
        """Return the chunks after the text; the last one has the extension."""
        about = {"dynamicrag": extension(answered, self._question)}
        finish = finish_reason(answered)
        if not self._usage:
            chunks = [self.delta({}, finish, **about)]
        else:
            used = {**self._head, "choices": [], "usage": usage(answered), **about}
            chunks = [self.delta({}, finish), _event(used)]
        return [*chunks, b"data: [DONE]\n\n"]


def _event(content: dict[str, Any]) -> bytes:
    return b"data: " + as_json(content) + b"\n\n"
