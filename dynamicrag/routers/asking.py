"""The access of routers to the models of a policy."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from dynamicrag.errors import BudgetExceeded, ModelUnavailable

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

    from dynamicrag.llm.completion import Completion


class NotEmbedded(BudgetExceeded):
    """The budget has no room to embed the question for a router."""


class Ask(Protocol):
    """Calls a model of the policy; ``""`` is its helper.

    The call is on the query's account and within the budget, and is hidden from the user.

    Attributes:
        seconds: Duration of the calls so far, which is not part of the choosing.
        calls: Number of calls so far.

    Raises:
        ModelError: The call failed, or the model is unknown.
        BudgetExceeded: It exceeds the remaining budget.
    """

    seconds: float
    calls: int

    async def __call__(
        self, messages: "Sequence[BaseMessage]", *, model: str = "", max_tokens: int,
        temperature: float = 0.0, stop: Sequence[str] = (),
    ) -> "Completion":  # fmt: skip
        """Return the model's reply."""
        ...


class Nobody:
    """The ``Ask`` of contexts without models."""

    seconds, calls = 0.0, 0

    async def __call__(self, messages: "Sequence[BaseMessage]", **how: Any) -> "Completion":  # noqa: ARG002
        """Refuse."""
        raise ModelUnavailable("there is no model to ask here: a router can call models only within a graph")


NOBODY = Nobody()
