"""The events of the page: each reads the visitor's conversation and returns the parts that change."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr

from dynamicrag.errors import InputError
from dynamicrag.graph.conversation import checked
from dynamicrag.graph.rag import DynamicRAG
from dynamicrag.serve.keys import Caller
from dynamicrag.serve.question import KEY_TAG, policy_named
from dynamicrag.serve.web import ratings, views
from dynamicrag.serve.web.admission import Admission
from dynamicrag.serve.web.answer import Answer
from dynamicrag.serve.web.answering import Writer, settled
from dynamicrag.serve.web.arrivals import Arrivals
from dynamicrag.serve.web.conversation import Conversation, Conversations
from dynamicrag.serve.web.library import Library, Outcome
from dynamicrag.serve.web.otherwise import FACTORS, call_weights, otherwise
from dynamicrag.serve.web.panel import EMPTY, basis, other_weights, panel
from dynamicrag.serve.web.reported import report_frame
from dynamicrag.serve.web.running import Running
from dynamicrag.serve.web.settings import WebSettings

__all__ = ["Handlers"]

Parts = tuple[Any, ...]
AS_IT_IS = "As in the policy"


class Handlers:
    """Handles the events of all visitors."""

    def __init__(
        self,
        rag: DynamicRAG,
        settings: WebSettings,
        library: Library,
        arrivals: Arrivals,
        admission: Admission,
    ) -> None:
        from langgraph.checkpoint.memory import InMemorySaver

        saver = InMemorySaver()
        self._rag = rag
        self._settings = settings
        self._library = library
        self._arrivals = arrivals
        self._admission = admission
        self._writer = Writer(rag, rag.build_graph().compile(checkpointer=saver), admission)
        self._conversations = Conversations(settings.conversations, saver)

    async def load(self, known: str | None, request: gr.Request) -> Parts:
        """Return a visitor's conversation: its id, and all parts of the page."""
        conversation = self._of(known, request)
        return conversation.id, *self._all(conversation, FACTORS[AS_IT_IS])

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
        if not question or (why := self._refusal(conversation, question)):
            if question:
                gr.Warning(why)
            yield (gr.skip(),) * 6
            return
        weights = call_weights(policy_named(self._rag, policy), FACTORS[weight]) if applies else {}
        if conversation.answers and conversation.answers[-1].state == "asking":
            conversation.answers[-1] = replace(conversation.answers[-1], state="stopped", failure="")
        self._writer.begin(_caller(request), conversation, question, policy, weights)
        yield "", gr.skip(), EMPTY, gr.skip(), gr.skip(), conversation.id
        async for parts in self._written(conversation):
            yield parts

    async def follow(self, known: str | None, request: gr.Request) -> AsyncIterator[Parts]:
        """Show the answer that is being written, after a page was opened; yields as :meth:`ask`."""
        async for parts in self._written(self._of(known, request)):
            yield parts

    async def grant(self, known: str | None, more: bool, request: gr.Request) -> AsyncIterator[Parts]:
        """Continue an answer that asks for more budget, with it or without; yields as :meth:`ask`."""
        conversation = self._of(known, request)
        last = conversation.answer(None)
        if last is None or last.state != "asking" or (more and not self._admission.grants):
            yield (gr.skip(),) * 6
            return
        self._writer.resume(_caller(request), conversation, more)
        async for parts in self._written(conversation):
            yield parts

    async def _written(self, conversation: Conversation) -> AsyncIterator[Parts]:
        """Yield the states of the answer that is being written, and at last the whole conversation."""
        running: Running | None = conversation.running
        before = conversation.answers[:-1]
        if running is not None:
            buttons = gr.Button(visible=False), gr.Button(visible=True)
            yield *[gr.skip()] * 3, *buttons, gr.skip()
            async for answer in running.states():
                decided = panel(answer) if answer.decisions else gr.skip()
                yield gr.skip(), views.messages([*before, answer]), decided, *[gr.skip()] * 3
        buttons = gr.Button(visible=True), gr.Button(visible=False)
        yield gr.skip(), views.messages(conversation.answers), gr.skip(), *buttons, gr.skip()

    async def settle(self, known: str | None, weight: str, request: gr.Request) -> AsyncIterator[Parts]:
        """Return all parts after an answer: at once, and when the meter has covered it."""
        conversation = self._of(known, request)
        yield self._all(conversation, FACTORS[weight])
        index = len(conversation.answers) - 1
        if index < 0 or conversation.running is not None:
            return
        found = await settled(self._rag, conversation.answers[index])
        # it may have been rated in the meantime
        conversation.answers[index] = replace(
            conversation.answers[index], cost=found.cost, settled=found.settled
        )
        # the visitor may have gone to another answer or other weights: only costs change
        ours = conversation.shown in (None, index) and index == len(conversation.answers) - 1
        cost = panel(conversation.answers[index]) if ours else gr.skip()
        chart = views.session_chart(conversation.answers)
        yield gr.skip(), chart, *[gr.skip()] * 3, cost, *[gr.skip()] * 4

    async def stop(self, known: str | None, request: gr.Request) -> None:
        """Stop the answer that is being written."""
        running = self._of(known, request).running
        if running is not None:
            running.stop()

    async def show(self, known: str | None, index: int | None, weight: str, request: gr.Request) -> Parts:
        """Return the parts beside the conversation, for an answer."""
        conversation = self._of(known, request)
        conversation.shown = index
        answer = conversation.answer(index)
        return *self._beside(answer, FACTORS[weight]), ratings.stored(conversation, index)

    async def rate(self, known: str | None, message: Any, good: bool | None, request: gr.Request) -> str:
        """Store a thumb on the answer at a position among the messages; see :func:`.ratings.rate`."""
        return await ratings.rate(self._rag, self._of(known, request), message // 2, good)

    async def prefer(self, known: str | None, index: int | None, request: gr.Request) -> str:
        """Store that the other draft of an answer is better; see :func:`.ratings.prefer`."""
        return await ratings.prefer(self._rag, self._of(known, request), index)

    async def upload(self, files: Sequence[Any] | None) -> Parts:
        """Add uploaded files; return the results, the documents, their names and an empty upload."""
        found = await asyncio.to_thread(self._added, [str(each) for each in files or ()])
        return views.outcomes(found), *await self.documents(), None

    def _added(self, files: Sequence[str]) -> list[Outcome]:
        """Add files, and remove their copies that arrived."""
        given, refused = [], []
        for each in files:
            try:
                given.append((Path(each).name, self._arrivals.owned(each)))
            except InputError as error:
                refused.append(Outcome(Path(each).name, reason=str(error)))
        try:
            return [*refused, *(self._library.add(given) if given else ())]
        finally:
            for _, path in given:
                self._arrivals.remove(path)

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

    def _refusal(self, conversation: Conversation, question: str) -> str:
        try:
            checked(question, "question")
        except InputError as error:
            return str(error)
        if conversation.running is not None:
            return "An answer is being written; stop it, or wait for it."
        if len(conversation.answers) >= self._settings.turns:
            return f"A conversation has at most {self._settings.turns} questions; begin another."
        return ""

    def _all(self, conversation: Conversation, factor: float) -> Parts:
        """Return messages with ratings, chart, list of answers, buttons for budget, and the parts beside."""
        answers, last = conversation.answers, conversation.answer(None)
        asks = last is not None and last.state == "asking"
        return (
            gr.Chatbot(value=views.messages(answers), feedback_value=views.ratings(answers)),  # type: ignore[arg-type]
            views.session_chart(answers),
            gr.Dropdown(
                choices=views.choices(answers),
                value=len(answers) - 1 if answers else None,
                visible=len(answers) > 1,
            ),
            gr.Button(visible=asks and self._admission.grants),
            gr.Button(visible=asks),
            *self._beside(last, factor),
            ratings.stored(conversation, None),
        )

    def _beside(self, answer: Answer | None, factor: float) -> Parts:
        """Return the panel, the choices at other weights, the sources, and the button for the other draft."""
        has_other = answer is not None and answer.other is not None and answer.state == "done"
        weighed = ""
        if answer is not None:
            weighed = other_weights(
                otherwise(answer.decisions, policy_named(self._rag, answer.policy), factor)
            )
        return panel(answer), weighed, basis(answer), gr.Button(visible=has_other)


def _caller(request: gr.Request) -> Caller:
    """Return the caller that the server found behind a request."""
    found = getattr(getattr(request.request, "state", None), "caller", None)
    return found if isinstance(found, Caller) else Caller()
