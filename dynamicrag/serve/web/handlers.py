"""The events of the page: each reads the visitor's conversation and returns the parts that change."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr

from dynamicrag.errors import DynamicRAGError
from dynamicrag.graph.rag import DynamicRAG
from dynamicrag.learning.stored import feedback_on
from dynamicrag.serve.keys import Caller
from dynamicrag.serve.question import KEY_TAG
from dynamicrag.serve.web import views
from dynamicrag.serve.web.admission import Admission
from dynamicrag.serve.web.answer import Answer
from dynamicrag.serve.web.answering import begin, named, rated, settled
from dynamicrag.serve.web.conversation import Conversation, Conversations
from dynamicrag.serve.web.library import Library
from dynamicrag.serve.web.otherwise import FACTORS, call_weights, otherwise
from dynamicrag.serve.web.panel import EMPTY, basis, other_weights, panel
from dynamicrag.serve.web.reported import report_frame
from dynamicrag.serve.web.settings import WebSettings

__all__ = ["Handlers"]

Parts = tuple[Any, ...]
AS_IT_IS = "As in the policy"


class Handlers:
    """Handles the events of all visitors.

    Args:
        rag: The policies.
        settings: The limits.
        library: The uploaded documents.
        admission: Admits questions.
    """

    def __init__(
        self, rag: DynamicRAG, settings: WebSettings, library: Library, admission: Admission
    ) -> None:
        from langgraph.checkpoint.memory import InMemorySaver

        saver = InMemorySaver()
        self._rag = rag
        self._settings = settings
        self._library = library
        self._admission = admission
        self._graph: Any = rag.build_graph().compile(checkpointer=saver)
        self._conversations = Conversations(settings.conversations, saver)

    async def load(self, known: str | None, request: gr.Request) -> Parts:
        """Return a visitor's conversation: its id, and all parts of the page."""
        conversation = self._of(known, request)
        return conversation.id, *self._all(conversation, None, FACTORS[AS_IT_IS])

    async def renew(self, known: str | None, request: gr.Request) -> Parts:
        """Forget a conversation and begin another."""
        self._conversations.drop(self._of(known, request).id)
        return await self.load(None, request)

    async def ask(
        self, question: str, known: str | None, policy: str, weight: str, applies: bool, request: gr.Request
    ) -> AsyncIterator[Parts]:
        """Answer a question; yields the question box, the messages, the panel and the buttons."""
        conversation = self._of(known, request)
        question = question.strip()
        if not question or (why := self._refusal(conversation)):
            if question:
                gr.Warning(why)
            yield (gr.skip(),) * 6
            return
        weights = call_weights(named(self._rag, policy), FACTORS[weight]) if applies else {}
        who = self._admission, _caller(request)
        running = begin(self._rag, self._graph, *who, conversation, question, policy, weights)
        yield "", gr.skip(), EMPTY, gr.Button(visible=False), gr.Button(visible=True), conversation.id
        before = conversation.answers[:-1]
        async for answer in running.states():
            decided = panel(answer) if answer.decisions else gr.skip()
            yield gr.skip(), views.messages([*before, answer]), decided, gr.skip(), gr.skip(), gr.skip()
        buttons = gr.Button(visible=True), gr.Button(visible=False)
        yield gr.skip(), views.messages(conversation.answers), gr.skip(), *buttons, gr.skip()

    async def settle(self, known: str | None, weight: str, request: gr.Request) -> AsyncIterator[Parts]:
        """Return all parts after an answer: at once, and when the meter has covered it."""
        conversation = self._of(known, request)
        yield self._all(conversation, None, FACTORS[weight])
        index = len(conversation.answers) - 1
        if index < 0 or conversation.running is not None:
            return
        found = await settled(self._rag, conversation.answers[index])
        # it may have been rated in the meantime
        conversation.answers[index] = replace(
            conversation.answers[index], cost=found.cost, settled=found.settled
        )
        if index == len(conversation.answers) - 1:  # else a newer answer has the panel
            yield self._all(conversation, index, FACTORS[weight])

    async def stop(self, known: str | None, request: gr.Request) -> None:
        """Stop the answer that is being written."""
        running = self._of(known, request).running
        if running is not None:
            running.stop()

    async def show(self, known: str | None, index: int | None, weight: str, request: gr.Request) -> Parts:
        """Return the parts beside the conversation, for an answer."""
        conversation = self._of(known, request)
        answer = conversation.answer(index)
        return *self._beside(answer, FACTORS[weight]), _stored(conversation, index)

    async def rate(self, known: str | None, message: Any, good: bool | None, request: gr.Request) -> str:
        """Store a thumb on an answer; return the feedback that is stored.

        Args:
            known: The conversation.
            message: Position of the message in the conversation.
            good: Whether it is up; ``None`` if the visitor took it back, which the store cannot.
            request: The visitor's request.
        """
        conversation = self._of(known, request)
        answer = conversation.answer(message // 2)
        if answer is None or answer.state != "done":
            return "Only finished answers can be rated."
        if good is not None:
            try:
                await self._rag.afeedback(answer.query_id, float(good))
            except DynamicRAGError as error:
                return str(error)
        await self._read_feedback(conversation, message // 2)
        return _stored(conversation, message // 2)

    async def prefer(self, known: str | None, index: int | None, request: gr.Request) -> str:
        """Store that the other draft of an answer is better; return the feedback that is stored."""
        conversation = self._of(known, request)
        answer = conversation.answer(index)
        if answer is None or answer.other is None:
            return "This answer has no other draft to compare."
        other = answer.other
        try:
            await self._rag.aprefer(answer.query_id, other.option, other.against, 1.0, stage=other.stage)
        except DynamicRAGError as error:
            return str(error)
        await self._read_feedback(conversation, len(conversation.answers) - 1 if index is None else index)
        return _stored(conversation, index)

    async def upload(self, files: Sequence[Any] | None) -> Parts:
        """Add uploaded files; return the results, the documents, their names and an empty upload."""
        given = [
            (Path(getattr(each, "orig_name", None) or str(each)).name, Path(str(each)))
            for each in files or ()
        ]
        found = await asyncio.to_thread(self._library.add, given) if given else []
        return views.outcomes(found), *await self.documents(), None

    async def remove(self, name: str | None) -> Parts:
        """Remove a document; return the result, the documents and their names."""
        found = [await asyncio.to_thread(self._library.remove, name)] if name else []
        return views.outcomes(found), *await self.documents()

    async def documents(self) -> Parts:
        """Return the uploaded documents as a table, and the choices for removal."""
        found = await asyncio.to_thread(self._library.documents)
        names = [each.name for each in found]
        return views.listed(found), gr.Dropdown(choices=names, value=None, interactive=bool(names))

    async def report(self, request: gr.Request) -> str:
        """Return the report."""
        name = _caller(request).name
        return await asyncio.to_thread(report_frame, self._rag, f"{KEY_TAG}{name}" if name else None)

    def _of(self, known: str | None, request: gr.Request) -> Conversation:
        return self._conversations.of(known, _caller(request).name)

    def _refusal(self, conversation: Conversation) -> str:
        if conversation.running is not None:
            return "An answer is being written; stop it, or wait for it."
        if len(conversation.answers) >= self._settings.turns:
            return f"A conversation has at most {self._settings.turns} questions; begin another."
        return ""

    def _all(self, conversation: Conversation, index: int | None, factor: float) -> Parts:
        """Return the messages with ratings, the chart, the list of answers, and the parts beside them."""
        answers = conversation.answers
        answer = conversation.answer(index)
        last = len(answers) - 1 if index is None else index
        return (
            gr.Chatbot(value=views.messages(answers), feedback_value=views.ratings(answers)),  # type: ignore[arg-type]
            views.session_chart(answers),
            gr.Dropdown(
                choices=views.choices(answers), value=last if answers else None, visible=len(answers) > 1
            ),
            *self._beside(answer, factor),
            _stored(conversation, index),
        )

    def _beside(self, answer: Answer | None, factor: float) -> Parts:
        """Return the panel, the choices at other weights, the sources, and the button for the other draft."""
        has_other = answer is not None and answer.other is not None and answer.state == "done"
        weighed = ""
        if answer is not None:
            weighed = other_weights(otherwise(answer.decisions, named(self._rag, answer.policy), factor))
        return panel(answer), weighed, basis(answer), gr.Button(visible=has_other)

    async def _read_feedback(self, conversation: Conversation, index: int) -> None:
        log = self._rag.pipeline.log
        if log is not None:
            found = await asyncio.to_thread(feedback_on, log, conversation.answers[index].query_id)
            conversation.answers[index] = rated(conversation.answers[index], found)


def _caller(request: gr.Request) -> Caller:
    """Return the caller that the server found behind a request."""
    found = getattr(getattr(request.request, "state", None), "caller", None)
    return found if isinstance(found, Caller) else Caller()


def _stored(conversation: Conversation, index: int | None) -> str:
    """Return the stored feedback on an answer in words."""
    answer = conversation.answer(index)
    if answer is None:
        return ""
    parts = [] if answer.rating is None else [f"thumb {'up' if answer.rating > 0.5 else 'down'}"]
    parts += [f"{answer.preference}, by your preference"] if answer.preference else []
    return f"Stored: {'; '.join(parts)}." if parts else ""
