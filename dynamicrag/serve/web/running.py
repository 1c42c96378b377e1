"""A run that writes an answer in a task of its own: its reader may leave, and it can be stopped."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from dynamicrag.errors import DynamicRAGError
from dynamicrag.serve.web.answer import Answer, Withdrawn

__all__ = ["Running"]

BEAT_SECONDS = 0.06
"""Least time between two states that a reader sees: a browser draws no faster."""

_log = logging.getLogger(__name__)


class Running:
    """Writes one answer. Its state changes with every token and decision.

    Args:
        events: The run, as ``graph.astream`` yields it with ``stream_mode=["messages", "custom"]``.
        answer: The answer before it begins.
        finish: Completes the answer after the run.
        ended: Called once with the last state.

    Attributes:
        answer: The state by now.
    """

    def __init__(
        self,
        events: AsyncIterator[tuple[str, Any]],
        answer: Answer,
        finish: "Callable[[Answer], Any]",
        ended: Callable[[Answer], None],
    ) -> None:
        self.answer = answer
        self._texts: dict[str, str] = {}
        self._gone: set[str] = set()
        self._finish = finish
        self._ended = ended
        self._task = asyncio.create_task(self._run(events))

    def stop(self) -> None:
        """Cancel the run; its account stays."""
        self._task.cancel()

    async def states(self) -> AsyncIterator[Answer]:
        """Yield changed states, the last one last; a reader that leaves stops the run."""
        seen: Answer | None = None
        try:
            while not self._task.done():
                if self.answer is not seen:
                    seen = self.answer
                    yield seen
                await asyncio.wait([self._task], timeout=BEAT_SECONDS)
            yield self.answer
        finally:
            await self.end()

    async def end(self) -> None:
        """Cancel the run if it still runs, and wait until its account is closed."""
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.wait([self._task])

    async def _run(self, events: AsyncIterator[tuple[str, Any]]) -> None:
        try:
            async for mode, data in events:
                self._add(mode, data)
            self.answer = await self._finish(replace(self.answer, state="done"))
        except asyncio.CancelledError:
            self.answer = replace(self.answer, state="stopped")
        except DynamicRAGError as error:
            self.answer = replace(self.answer, state="failed", failure=str(error))
        except Exception as error:
            _log.exception("an answer of the web chat failed")
            why = f"{type(error).__name__}: the answer failed; the server's log has the details"
            self.answer = replace(self.answer, state="failed", failure=why)
        finally:
            self._ended(self.answer)

    def _add(self, mode: str, data: Any) -> None:
        if mode == "messages":
            message = data[0]
            if message.type != "human" and message.text and message.id not in self._gone:
                self._texts[message.id] = self._texts.get(message.id, "") + message.text
                self.answer = replace(self.answer, text=self._text())
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
