"""Lets an agent's task pay for the model calls of its tools, as far as they are of the same ``rag``."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from langgraph.config import get_config
from langgraph.errors import GraphBubbleUp
from langgraph.types import Command

from dynamicrag.cost.payer import Payer, payer_in, paying

if TYPE_CHECKING:
    from langchain.tools.tool_node import ToolCallRequest
    from langchain_core.messages import ToolMessage

    from dynamicrag.cost.ledger import Ledger
    from dynamicrag.faces.langchain.routed_call import Routing
    from dynamicrag.records import AccountLine

    Result = ToolMessage | Command[Any]


class ToolCalls:
    """Accounts for the tool calls of an agent.

    Args:
        ledger: Has the account of the task.
        routing: Stores the task so far.
    """

    def __init__(self, ledger: "Ledger", routing: "Routing") -> None:
        self._ledger = ledger
        self._routing = routing

    @contextmanager
    def paid(self, request: "ToolCallRequest") -> "Iterator[Callable[[Result], Result]]":
        """Let the task pay for the calls within the block.

        Yields:
            A function that adds these calls to the result of the tool, so that the state of the agent has
            them at once: another process may continue it.
        """
        channel = request.state.get("rag") or None
        if channel is None or payer_in(self._ledger) is not None:
            yield _unchanged  # no model was called yet, or the task of an outer agent pays
            return
        payer = Payer(self._ledger, channel["turn"]["id"])
        config, context = get_config(), request.runtime.context

        def booked(result: "Result") -> "Result":
            ended = [line for line in payer.lines if line.end is not None]
            if not ended:
                return result
            self._routing.store(channel, config, context)
            whole: Result | None = _with(result, self._ledger.records(ended))
            if whole is None:
                return result
            payer.lines[:] = [line for line in payer.lines if line not in ended]
            return whole

        try:
            with paying(payer):
                yield booked
        except GraphBubbleUp:
            raise
        except Exception as error:
            self._routing.store(channel, config, context, error=type(error).__name__)
            raise
        finally:
            self._ledger.lose(payer.query_id, payer.lines)  # the task's next step takes them up


def _unchanged(result: "Result") -> "Result":
    return result


def _with(result: Any, records: "list[AccountLine]") -> Any:
    """Return the result with lines for the account in our channel; ``None`` if it has no room for them."""
    if isinstance(result, list):  # a tool may return several, which LangChain's types do not name
        return [*result, Command(update={"rag": {"account": records}})]
    if not isinstance(result, Command):
        return Command(update={"messages": [result], "rag": {"account": records}})
    update = result.update or {}
    if result.graph is not None or not isinstance(update, dict) or "rag" in update:
        return None
    return replace(result, update={**update, "rag": {"account": records}})
