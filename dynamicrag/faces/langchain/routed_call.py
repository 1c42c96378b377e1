"""Routes calls of chat models outside the RAG graph: decision, reservation, client, account.

A *task* is a question, and all model calls made for it. It is one query in the account, in the decision log
and in ``rag.explain``. Every call of it is decided by the policy's ``generator`` router::

    routing = Routing(rag)
    task = routing.task(messages, config)
    message = task.call(Request(messages, tools), lambda model: model.bind_tools(tools).invoke(messages))
    task.finish(message)
    message.response_metadata["dynamicrag"] = task.about()
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage, BaseMessage
    from langchain_core.runnables import RunnableConfig

    from dynamicrag.graph.channel import Channel
    from dynamicrag.graph.rag import DynamicRAG

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Request:
    """A call of a chat model, before its model is chosen.

    Attributes:
        messages: The whole prompt: system message and conversation.
        tools: The tools that the model may call, in any form that ``bind_tools`` takes.
        structured: Whether the reply has a schema, by the provider's feature or by a tool.
    """

    messages: "Sequence[BaseMessage]"
    tools: Sequence[Any] = ()
    structured: bool = False


class Routing:
    """Routes model calls by the policies of one ``DynamicRAG``. Safe for threads and tasks.

    Args:
        rag: The policies, their models, the account and the budget.
        max_tokens: Largest number of tokens of a reply, sent only if a budget limits the call and the model
            has no limit of its own.
    """

    def __init__(self, rag: "DynamicRAG", *, max_tokens: int = 4096) -> None:
        raise NotImplementedError

    def task(
        self,
        messages: "Sequence[BaseMessage]",
        config: "RunnableConfig | None" = None,
        *,
        context: object = None,
        channel: "Channel | None" = None,
        emit: Callable[[dict[str, Any]], None] | None = None,
    ) -> "Task":
        """Return the task of the last human message: the one in ``channel`` if it belongs to it, or a new one.

        Args:
            messages: The conversation.
            config: The run's config, with the options of the call in ``configurable["rag"]``.
            context: LangGraph's runtime context, which may have the options instead.
            channel: Our channel of the state, if there is a state.
            emit: Sends a custom event to the consumer of a graph's stream.

        Raises:
            InputError: There is no human message, or the options of the call are invalid.
        """
        raise NotImplementedError


class Task:
    """One question, and the model calls made for it.

    Attributes:
        query_id: Its id in the account, the decision log and ``rag.explain``.
    """

    query_id: str

    def call(self, request: Request, invoke: "Callable[[BaseChatModel], T]") -> T:
        """Choose a model, reserve the worst case, call ``invoke`` with its client, and book the usage.

        Model calls within ``invoke`` are seen by a callback, so that failed calls and calls of other models
        are booked too. If the model fails, another option of the policy takes over.

        Args:
            request: The call, for the decision and the reservation.
            invoke: Makes the call with the chosen client: the user's own object where the policy has one.

        Raises:
            PolicyError: No model of the policy can call tools, and the request has some.
            BudgetExceeded: No open model fits the remaining budget.
            ModelError: The call failed, and no other model is left.
        """
        raise NotImplementedError

    async def acall(self, request: Request, invoke: "Callable[[BaseChatModel], Awaitable[T]]") -> T:
        """As :meth:`call`."""
        raise NotImplementedError

    def stream(self, request: Request, stream: "Callable[[BaseChatModel], Iterator[T]]") -> Iterator[T]:
        """As :meth:`call`, for a streamed reply. Another model takes over only before the first chunk."""
        raise NotImplementedError

    def astream(
        self, request: Request, stream: "Callable[[BaseChatModel], AsyncIterator[T]]"
    ) -> AsyncIterator[T]:
        """As :meth:`stream`."""
        raise NotImplementedError

    def about(self) -> dict[str, Any]:
        """Return the facts for ``response_metadata["dynamicrag"]``: ``query_id``, ``path``, ``model``, ``cost``."""
        raise NotImplementedError

    def update(self) -> Mapping[str, Any]:
        """Return the update of our channel since the task was made: plain JSON for the reducer."""
        raise NotImplementedError

    def finish(self, message: "AIMessage | None") -> Mapping[str, Any]:
        """End the task: log its decisions, close its books; return the update of our channel. May block.

        Args:
            message: The final message; ``None`` if there is no answer.
        """
        raise NotImplementedError

    async def afinish(self, message: "AIMessage | None") -> Mapping[str, Any]:
        """As :meth:`finish`."""
        raise NotImplementedError
