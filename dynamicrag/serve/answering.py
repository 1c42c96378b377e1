"""One query under way: it runs as a task of its own, and its consumer may leave at any time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any

from dynamicrag.graph.events import Report
from dynamicrag.serve.errors import Refused, refusal_of
from dynamicrag.serve.question import Question
from dynamicrag.serve.service import Service
from dynamicrag.serve.tickets import Ticket, admitted

__all__ = ["Answered", "Answering"]

HEAD_SECONDS = 5.0
"""Longest wait of a streamed response for its first text; a failure until then has its HTTP status."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The end of a query.

    Attributes:
        text: The answer.
        report: Its report.
    """

    text: str
    report: Report


Event = str | Answered | Refused


class Answering:
    """A query that runs. Use :meth:`answer`, or :meth:`head` and :meth:`events`; then :meth:`end`.

    Args:
        service: The server.
        question: The question.

    Attributes:
        query_id: Id of the query; ``""`` until it is known.
    """

    def __init__(self, service: Service, question: Question) -> None:
        self._service = service
        self._question = question
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._begun = asyncio.Event()
        self._first: Event | None = None
        self._sent, self._message_id = "", ""
        self.query_id = ""
        self._task = service.start(self._run())

    async def answer(self) -> Answered:
        """Return the answer.

        Raises:
            Refused: The query failed.
        """
        async for event in self.events():
            if isinstance(event, Answered):
                return event
        raise AssertionError("a query ends by an answer or by an error")

    async def head(self) -> None:
        """Wait until the response can begin.

        Raises:
            Refused: The query failed before its first text.
        """
        await self._begun.wait()
        with suppress(TimeoutError):
            async with asyncio.timeout(HEAD_SECONDS):
                self._first = await self._events.get()
        if isinstance(self._first, Refused):
            raise self._first

    async def events(self, beat: float | None = None) -> AsyncIterator[str | Answered | None]:
        """Yield pieces of the answer, and last its end; ``None`` after every ``beat`` seconds without any.

        Raises:
            Refused: The query failed.
        """
        event: Event | None = None
        while not isinstance(event, Answered):
            try:
                async with asyncio.timeout(beat):
                    event = self._first or await self._events.get()
            except TimeoutError:
                event = None
            self._first = None
            if isinstance(event, Refused):
                raise event
            yield event

    async def end(self) -> None:
        """Cancel the query if it still runs, and wait until its books are closed."""
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _run(self) -> None:
        question = self._question
        limits = question.call.get("budget", {})
        try:
            async with admitted(
                self._service, question.policy, question.user, question.budget, limits
            ) as ticket:
                answered = await self._answered(ticket)
            self._events.put_nowait(answered)
        except Exception as error:  # noqa: BLE001 - the consumer receives it in OpenAI's form
            self._events.put_nowait(refusal_of(error))
        finally:
            self._begun.set()

    async def _answered(self, ticket: Ticket) -> Answered:
        question, report, state = self._question, None, {}
        call = {**question.call, "budget": {**question.call.get("budget", {}), **ticket.limits}}
        config = {"configurable": {"rag": call}, "metadata": question.metadata}
        modes = ["messages", "custom", "values"] if question.live else ["custom", "values"]
        stream = self._service.graph.astream({"messages": question.messages}, config, stream_mode=modes)
        async with aclosing(stream):
            async for mode, data in stream:
                if mode == "values":
                    state = data
                elif mode == "messages":
                    self._show(data[0])
                elif data["type"] == "begun":
                    self.query_id = ticket.query_id = data["query_id"]
                    self._begun.set()
                elif data["type"] == "report":
                    report = data
        text = state["messages"][-1].text
        assert report is not None, "a turn that ends has a report"
        self._show_rest(text)
        return Answered(text, report)

    def _show(self, message: Any) -> None:
        """Pass a token on, unless it is of another draft than the text that the client has."""
        if message.type == "human" or not message.text:
            return
        self._message_id = self._message_id or message.id
        if message.id == self._message_id:
            self._sent += message.text
            self._events.put_nowait(message.text)

    def _show_rest(self, text: str) -> None:
        """Pass on the part of the answer that the client lacks.

        Raises:
            Refused: The client has text that the answer does not begin with: its model failed half-way.
        """
        sent = self._sent.strip()
        if not text.startswith(sent):
            why = "The model failed after a part of its answer was sent; ask again."
            raise Refused(502, why, "server_error", "answer_withdrawn")
        if len(text) > len(sent):
            self._events.put_nowait(text[len(sent) :])
