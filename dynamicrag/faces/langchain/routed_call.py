"""Routes calls of chat models outside the RAG graph: decision, reservation, client, account.

A *task* is a question, and all model calls made for it. It is one query in the account, in the decision log
and in ``rag.explain``. Every call of it is decided by the policy's ``generator`` router::

    routing = Routing(rag)
    task = routing.task(messages, config)
    message = task.call(Request(messages, tools), lambda model: model.bind_tools(tools).invoke(messages))
    task.finish(message)
    message.response_metadata["dynamicrag"] = task.about()
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dynamicrag.cost.records import line_of
from dynamicrag.faces.langchain.choosing import Choosing
from dynamicrag.faces.langchain.question import turn_of
from dynamicrag.faces.langchain.request import Request
from dynamicrag.faces.langchain.task import Task
from dynamicrag.graph.books import own_lines
from dynamicrag.graph.calls import Given, call_options, given_options
from dynamicrag.graph.decided import shown
from dynamicrag.graph.stored import submit_part
from dynamicrag.stages.base import Emit, Run, unheard

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage
    from langchain_core.runnables import RunnableConfig

    from dynamicrag.graph.channel import Channel
    from dynamicrag.graph.rag import DynamicRAG
    from dynamicrag.turn import TurnState

__all__ = ["Request", "Routing", "Task"]


class Routing:
    """Routes model calls by the policies of one ``DynamicRAG``. Safe for threads and tasks.

    Args:
        rag: The policies, their models, the account and the budget.
        max_tokens: Largest number of tokens of a reply, sent only if a budget limits the call and the model
            has no limit of its own.
    """

    def __init__(self, rag: "DynamicRAG", *, max_tokens: int = 4096) -> None:
        self._policies = rag.policies
        self._recent = rag.policies.recent
        self._choosing = {name: Choosing(each, max_tokens) for name, each in rag.policies.items()}

    def task(
        self,
        messages: "Sequence[BaseMessage]",
        config: "RunnableConfig | None" = None,
        *,
        context: object = None,
        channel: "Channel | None" = None,
        emit: Emit | None = None,
    ) -> Task:
        """Return the task of the last human message: the task in ``channel`` if it is the same, or a new one.

        A new one closes the books of the task in ``channel`` if that has not ended.

        Args:
            messages: The conversation.
            config: The run's config, with the options of the call in ``configurable["rag"]``.
            context: LangGraph's runtime context, which may have the options instead.
            channel: Our channel of the state, if there is a state.
            emit: Sends a custom event to the consumer of a graph's stream.

        Raises:
            InputError: There is no human message, or the options of the call are invalid.
        """
        given = given_options(config, context)
        turn, begun = turn_of(messages, channel, config)
        if channel is not None and not begun and not channel["report"]:
            self.store(channel, config, context, replaced=True)
        turn = self._policies.settle(turn, given.policy, f"{given.where}.policy", begun=begun)
        run = self._run(turn, given, config, shown(emit or unheard, turn["id"], config))
        name = turn.get("policy", "")
        choosing, here = self._choosing[name], channel if begun else None
        return Task(self._policies[name], choosing, self._recent, turn, here, run)

    def store(
        self, channel: "Channel", config: "RunnableConfig | None", context: object, **end: object
    ) -> None:
        """Store the task of a channel so far, with the facts of its end if it has ended.

        Args:
            channel: Our channel of the state.
            config: The run's config.
            context: LangGraph's runtime context.
            **end: Facts of its end.
        """
        turn = channel["turn"]
        pipeline = self._policies[turn.get("policy", "")]
        run = self._run(turn, given_options(config, context), config)
        decisions = [each for each in channel["decisions"] if each["turn"] == turn["id"]]
        known = map(line_of, own_lines(channel, turn["id"]))
        pipeline.ledger.learn(turn["id"], known)  # another process may have begun the task
        submit_part(pipeline, turn, decisions, run, **end)

    def _run(
        self, turn: "TurnState", given: Given, config: "RunnableConfig | None", emit: Emit = unheard
    ) -> Run:
        pipeline = self._policies[turn.get("policy", "")]
        call = call_options(given, pipeline, config)
        budget = pipeline.budget.of_call(call)
        return Run(pipeline.ledger, budget, pipeline.cost_model, config, emit, call=call)
