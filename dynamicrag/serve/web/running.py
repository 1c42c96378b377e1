"""A run that writes an answer in a task of its own: readers may come and go, and it can be stopped."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from dynamicrag.serve.keys import Caller
from dynamicrag.serve.web.admission import Admission
from dynamicrag.serve.web.answer import Answer, Withdrawn

__all__ = ["Running"]

BEAT_SECONDS = 0.06
"""Least time between two states that a reader sees: a browser draws no faster."""
SIGN_SECONDS = 5.0
"""Time after which a reader sees an unchanged state again; a page that has left is noticed by it."""
UNREAD_SECONDS = 60.0
"""Time that a run goes on without a reader: a page that is reloaded finds its answer."""
UNREAD = "no page was open to read it"


class Running:
    """Writes one answer. Its state changes with every token and decision.

    It goes on while its readers leave and come back; after :data:`UNREAD_SECONDS` without any, it stops.

    Args:
        admission: Admits the question.
        caller: Its caller.
        answer: The answer before it begins.
        begin: Begins the run within some limits; returns its events, as ``graph.astream`` yields them with
            ``stream_mode=["messages", "custom"]``.
        finish: Completes the answer after the run.
        ended: Called once with the last state.

    Attributes:
        answer: The state by now.
    """

    def __init__(
        self,
        admission: Admission,
        caller: Caller,
        answer: Answer,
        begin: Callable[[Mapping[str, float]], AsyncIterator[tuple[str, Any]]],
        finish: Callable[[Answer], Awaitable[Answer]],
        ended: Callable[[Answer], None],
    ) -> None:
        self.answer = answer
        self._texts: dict[str, str] = {}
        self._gone: set[str] = set()
        self._admission = admission
        self._caller = caller
        self._begin = begin
        self._finish = finish
        self._ended = ended
        self._readers, self._stopped = 0, ""
        self._task = admission.start(self._run())
        self._unread = self._stop_later()

    def stop(self, why: str = "") -> None:
        """Cancel the run, for a reason if nobody asked for it; its account stays."""
        self._stopped = why
        self._task.cancel()

    async def states(self) -> AsyncIterator[Answer]:
        """Yield changed states, the last one last. Several readers may read, and each may leave."""
        seen, shown = None, 0.0
        self._readers += 1
        self._unread.cancel()
        try:
            while not self._task.done():
                if self.answer is not seen or time.monotonic() - shown > SIGN_SECONDS:
                    seen, shown = self.answer, time.monotonic()
                    yield seen
                await asyncio.wait([self._task], timeout=BEAT_SECONDS)
            yield self.answer
        finally:
            self._readers -= 1
            if not self._readers:
                self._unread = self._stop_later()

    def _stop_later(self) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(UNREAD_SECONDS, self.stop, UNREAD)

    async def _run(self) -> None:
        try:
            before = self.answer
            async with self._admission.admitted(self._caller, before.policy, before.query_id) as ticket:
                async with aclosing(self._begin(ticket.limits)) as events:  # type: ignore[type-var]
                    async for mode, data in events:
                        self._add(mode, data)
                        ticket.query_id = self.answer.query_id
                self.answer = await self._finish(replace(self.answer, state="done"))
                ticket.asking = self.answer.state == "asking"
        except asyncio.CancelledError:
            self.answer = replace(self.answer, state="stopped", failure=self._stopped)
        except Exception as error:  # noqa: BLE001 - the visitor reads it, and the next question may succeed
            failure = self._admission.failure(error)
            self.answer = replace(self.answer, state="failed", failure=failure)
        finally:
            self._ended(self.answer)

    def _add(self, mode: str, data: Any) -> None:
        if mode == "messages":
            message = data[0]
            if message.type != "human" and message.text and message.id not in self._gone:
                self._texts[message.id] = self._texts.get(message.id, "") + message.text
                self.answer = replace(self.answer, text=self._text())
        elif data.get("type") == "begun":
            self.answer = replace(self.answer, query_id=data["query_id"])
        elif data.get("type") == "decision":
            self.answer = self.answer.decided(_without_type(data))
        elif data.get("type") == "withdrawn":
            self._withdraw(data["message_id"], data["reason"])

    def _withdraw(self, message_id: str, reason: str) -> None:
        self._gone.add(message_id)
        text = self._texts.pop(message_id, "")
        gone: Sequence[Withdrawn] = [Withdrawn(text, reason)] if text else []
        self.answer = replace(self.answer, text=self._text(), withdrawn=[*self.answer.withdrawn, *gone])

    def _text(self) -> str:
        return "\n\n".join(self._texts.values())


def _without_type(event: Mapping[str, Any]) -> Any:
    return {name: value for name, value in event.items() if name != "type"}
