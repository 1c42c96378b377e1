"""The nodes at both ends of a turn: one begins it, the other returns the answer and the report."""

import uuid
from collections.abc import Iterable
from functools import partial
from typing import Any

from langchain_core.messages import AIMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.runnables import RunnableConfig

from dynamicrag.graph.channel import Channel
from dynamicrag.graph.condense import condense
from dynamicrag.graph.feedback import learn_from
from dynamicrag.graph.names import MESSAGES
from dynamicrag.graph.node import Execution, Node, Result, State
from dynamicrag.graph.report import report_of
from dynamicrag.graph.stored import commit, facts_of, submit
from dynamicrag.graph.turn import abstention, answer_of, start_turn, turn_before
from dynamicrag.records import Decision, Passage
from dynamicrag.retrieval.filtering import permitted_turn
from dynamicrag.stages.retrieval import RetrievalStage
from dynamicrag.turn import LastTurn, TurnState

REPORTED = ("query_id", "path", "cost", "sources", "abstained", "outside")
"""Keys of the report that the final message has."""


class Begin(Node):
    """Starts a turn, and rewrites a follow-up to stand alone."""

    begins = True

    def _turn(self, state: State, channel: Channel | None, config: RunnableConfig | None) -> TurnState:
        return start_turn(state, self.names, channel, config)

    async def _work(self, at: Execution) -> Result:
        run, pipeline = at.run, at.pipeline
        run.emit({"type": "begun", "query_id": at.turn["id"]})
        channel = self.names.channel(at.state)
        before = turn_before(at.state, self.names, channel)
        turn = await condense(at.turn, before, pipeline, run)
        if before is not None and channel is not None:
            retrieval = pipeline.stages["retrieval"]
            assert isinstance(retrieval, RetrievalStage), "the built-in stage of this name"
            last = _last_turn(before, channel, passages=retrieval.looks_back)
            turn = await permitted_turn({**turn, "last": last}, run.call.filter, pipeline.corpora.values())
        return turn, [], {self.names.prefix: {"report": {}, "siblings": {}}}


class Finish(Node):
    """Turns the accepted draft into the answer, removes withdrawn drafts, and reports."""

    stage, ends = "finish", True

    async def _work(self, at: Execution) -> Result:
        turn, run, pipeline = at.turn, at.run, at.pipeline
        report = report_of(turn, at.books.lines, pipeline.ledger)
        run.emit({"type": "report", **report})
        text = answer_of(turn, pipeline) or abstention(turn, pipeline)
        made = self._made(turn, self.names.channel(at.state))
        facts = facts_of(pipeline, turn, made, text, abstained=report["abstained"])
        submit(pipeline, turn, run, facts)
        await commit(pipeline, turn, made, run)
        learn_from(pipeline, turn, text, partial(submit, pipeline, turn, run, facts))
        draft = None if report["abstained"] else turn["draft"]
        turn = {**turn, "draft": draft, "earlier": []}
        turn.pop("last", None)  # the next turn needs this one alone
        answer = (
            {self.names.answer: text} if self.names.answer else {MESSAGES: [_message(turn, text, report)]}
        )
        return turn, [], {**answer, self.names.prefix: {"report": report}}

    def _made(self, turn: TurnState, channel: Channel | None) -> list[Decision]:
        """Return the decisions of the turn, also where the graph's state hides our channel."""
        made = [each for each in channel["decisions"] if each["turn"] == turn["id"]] if channel else []
        return made or self.policies.recent.get(turn["id"]) or []


def _last_turn(before: TurnState, channel: Channel, *, passages: bool) -> LastTurn:
    """Return the facts that the next turn needs; with the passages if an option may reuse them."""
    draft = before.get("draft")
    model = "" if draft is None else draft["model"]
    usage = _usage(before["id"], model, channel)
    found = before.get("candidates", []) if passages and before.get("passages") else []
    return LastTurn(
        candidates=list(map(_for_another_question, found)),
        path=before.get("path", {}),
        model=model,
        input_tokens=int(usage.get("input_tokens", 0)),
        cached_tokens=int(usage.get("cached_tokens", 0)),
    )


def _for_another_question(passage: Passage) -> Passage:
    """Return a passage without its score and its similarity, which belong to the question before."""
    kept: Passage = {**passage, "score": 0.0}
    kept.pop("similarity", None)
    return kept


def _usage(query_id: str, model: str, channel: Channel) -> dict[str, Any]:
    """Return the usage of the last call by which a model wrote a draft of a query."""
    lines: Iterable[Any] = reversed(channel["account"])
    calls = (line for line in lines if line["query"] == query_id and line["stage"] == "generator")
    return next((each.get("usage", {}) for each in calls if model and each["label"] == model), {})


def _message(turn: TurnState, text: str, report: dict[str, Any]) -> AIMessage:
    """Return the final message, with the id of the streamed draft, so that it is shown once."""
    draft, tokens = turn["draft"], report["tokens"]
    usage = UsageMetadata(
        input_tokens=tokens["input"], output_tokens=tokens["output"], total_tokens=sum(tokens.values())
    )
    name = (draft and draft["message_id"]) or str(uuid.uuid4())
    about = {"dynamicrag": {key: report[key] for key in REPORTED}}
    return AIMessage(text, id=name, usage_metadata=usage, response_metadata=about)
