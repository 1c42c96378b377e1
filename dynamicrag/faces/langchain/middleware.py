"""Routing for LangChain's agents: which model answers each call, within one budget and on one account.

::

    rag = DynamicRAG.from_policy("my.yaml")
    agent = create_agent(model, tools, middleware=[DynamicRAGMiddleware(rag)])

The agent's own ``model`` is never called: every call goes to a model of the policy.
"""

import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NotRequired, cast

from langchain.agents.middleware import AgentMiddleware, AgentState, ExtendedModelResponse
from langchain_core.messages import AIMessage, BaseMessage
from langgraph.config import get_config
from langgraph.types import Command

from dynamicrag.errors import PolicyError, unknown
from dynamicrag.faces.given import check_count, check_rag
from dynamicrag.faces.langchain.passages import with_passages
from dynamicrag.faces.langchain.request import request_of
from dynamicrag.faces.langchain.routed_call import Routing, Task
from dynamicrag.faces.langchain.tool_calls import ToolCalls
from dynamicrag.faces.langchain.tool_set import ToolSet
from dynamicrag.graph.channel import RagChannel

if TYPE_CHECKING:
    from langchain.agents.middleware import ModelRequest, ModelResponse
    from langchain.tools.tool_node import ToolCallRequest
    from langchain_core.messages import ToolMessage

    from dynamicrag.graph.rag import DynamicRAG

STAGES = ("retrieval", "tools", "generator")
CALLED = "__dynamicrag_called"
"""Key of a task in the model node's own copy of the state, which ends with the node."""
MAX_TOKENS = 4096
MAX_TOOLS = 8

_log = logging.getLogger(__name__)


class RoutedAgentState(AgentState[Any]):
    """State of an agent with our channel.

    Attributes:
        rag: The state of the current task: its decisions and its account.
    """

    rag: NotRequired[RagChannel]


class DynamicRAGMiddleware(AgentMiddleware[RoutedAgentState, Any, Any]):
    """Routes the model calls of an agent by a policy.

    One human message is one task, which is one query in the account, the budget, the decision log and
    ``rag.explain``. Within a task the model changes only if another one outweighs the prompt cache that would
    be lost. The budget of a query holds for the task with all agents and graphs of the same ``rag`` that its
    tools call. Each AI message has ``response_metadata["dynamicrag"]``: query id, path, model, cost so far.

    List it before ``ModelFallbackMiddleware`` and other middleware that calls models.

    Args:
        rag: The policies with their models, account and budget.
        stages: The decisions to make. ``generator``: the model of each call. ``retrieval``: the policy's
            stages from ``retrieval`` to ``context``, once per task; their passages are added to the system
            message. ``tools``: the tools that are shown, the nearest to the question.
        max_tokens: Largest number of tokens of a reply, sent only if a budget limits the call and the model
            has no limit of its own.
        max_tools: Largest number of tools shown, for the stage ``tools``.

    Raises:
        PolicyError: A stage is unknown, ``generator`` is missing, or another argument is invalid.
    """

    state_schema = RoutedAgentState

    def __init__(
        self,
        rag: "DynamicRAG",
        stages: Sequence[str] = ("generator",),
        *,
        max_tokens: int = MAX_TOKENS,
        max_tools: int = MAX_TOOLS,
    ) -> None:
        super().__init__()
        self.tools = []
        check_rag(rag, "DynamicRAGMiddleware")
        _check(stages)
        check_count(max_tokens, "DynamicRAGMiddleware: max_tokens")
        check_count(max_tools, "DynamicRAGMiddleware: max_tools")
        self._stages = frozenset(stages)
        self._tool_set = ToolSet(max_tools)
        self._rag = rag
        self._routing = Routing(rag, max_tokens=max_tokens)
        self._tool_calls = ToolCalls(rag.pipeline.ledger, self._routing)
        for pipeline in rag.policies.values():
            if pipeline.budget.exhausted == "ask":
                place = pipeline.policy.where("objective", "budget", "exhausted")
                _log.warning("%s: 'ask' acts as 'error' for the model calls of an agent", place)

    def wrap_model_call(
        self,
        request: "ModelRequest[Any]",
        handler: "Callable[[ModelRequest[Any]], ModelResponse[Any]]",
    ) -> "ExtendedModelResponse[Any]":
        """Choose the model of a call, make the call, and account for it."""
        from dynamicrag import portal

        with self._task_of(request) as task:
            request = portal.run(self._prepared(task, request))
            response = task.call(request_of(request), lambda model: handler(request.override(model=model)))
            return _extended(response, task)

    async def awrap_model_call(
        self,
        request: "ModelRequest[Any]",
        handler: "Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]]",
    ) -> "ExtendedModelResponse[Any]":
        """As :meth:`wrap_model_call`."""
        with self._task_of(request) as task:
            request = await self._prepared(task, request)
            call = request_of(request)
            response = await task.acall(call, lambda model: handler(request.override(model=model)))
            return _extended(response, task)

    def wrap_tool_call(
        self,
        request: "ToolCallRequest",
        handler: "Callable[[ToolCallRequest], ToolMessage | Command[Any]]",
    ) -> "ToolMessage | Command[Any]":
        """Let the task pay for the model calls of a tool, as far as they are of the same ``rag``."""
        with self._tool_calls.paid(request) as booked:
            return booked(handler(request))

    async def awrap_tool_call(
        self,
        request: "ToolCallRequest",
        handler: "Callable[[ToolCallRequest], Awaitable[ToolMessage | Command[Any]]]",
    ) -> "ToolMessage | Command[Any]":
        """As :meth:`wrap_tool_call`."""
        with self._tool_calls.paid(request) as booked:
            return booked(await handler(request))

    def after_agent(self, state: RoutedAgentState, runtime: Any) -> dict[str, Any] | None:
        """End the task: report, decision log, books."""
        task = self._under_way(state, runtime)
        return None if task is None else {"rag": task.finish(_final(state))}

    async def aafter_agent(self, state: RoutedAgentState, runtime: Any) -> dict[str, Any] | None:
        """As :meth:`after_agent`."""
        task = self._under_way(state, runtime)
        return None if task is None else {"rag": await task.afinish(_final(state))}

    @contextmanager
    def _task_of(self, request: "ModelRequest[Any]") -> Iterator[Task]:
        """Hold the task of a call.

        Middleware around this one may call again, after a reply that it rejects or after a failure. LangChain
        then drops the state's update of the first call, so the task itself continues.
        """
        state = cast("dict[str, Any]", request.state)
        task: Task = state.pop(CALLED, None) or self._task(request.state, request.runtime)
        try:
            yield task
        finally:
            state[CALLED] = task

    def _task(self, state: Any, runtime: Any, messages: Sequence[BaseMessage] | None = None) -> Task:
        return self._routing.task(
            state["messages"] if messages is None else messages,
            get_config(),
            context=runtime.context,
            channel=state.get("rag") or None,
            emit=runtime.stream_writer,
        )

    def _under_way(self, state: Any, runtime: Any) -> Task | None:
        """Return the task of the state; ``None`` if no model was called for it."""
        channel = state.get("rag") or None
        if channel is None or channel["report"]:
            return None
        return self._task(state, runtime, ())  # also if other middleware has added a human message

    async def _prepared(self, task: Task, request: "ModelRequest[Any]") -> "ModelRequest[Any]":
        """Return a request with the passages and the tools of the task."""
        if "retrieval" in self._stages:
            request = await with_passages(task, request)
        if "tools" in self._stages:
            request = await self._tool_set.of(task, request)
        return request


def _check(stages: Sequence[str]) -> None:
    where = "DynamicRAGMiddleware: stages"
    for stage in () if isinstance(stages, str) else stages:
        if stage not in STAGES:
            raise PolicyError(unknown(where, "stage", stage, STAGES))
    if isinstance(stages, str) or "generator" not in stages:
        raise PolicyError(f"{where}: {stages!r}; give a list with 'generator', for example ['generator']")


def _extended(response: "ModelResponse[Any]", task: Task) -> "ExtendedModelResponse[Any]":
    task.keep()
    about = task.about()
    result = [
        each.model_copy(update={"response_metadata": {**each.response_metadata, "dynamicrag": about}})
        if isinstance(each, AIMessage)
        else each
        for each in response.result
    ]
    response = type(response)(result=result, structured_response=response.structured_response)
    return ExtendedModelResponse(response, Command(update={"rag": task.update()}))


def _final(state: RoutedAgentState) -> AIMessage | None:
    return next((each for each in reversed(state["messages"]) if isinstance(each, AIMessage)), None)
