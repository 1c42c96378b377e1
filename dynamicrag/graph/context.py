"""The type of a run's context, for LangGraph Server and Studio: an assistant is configured by it."""

from typing_extensions import TypedDict  # pydantic needs this one before Python 3.12

__all__ = ["RagContext", "RagOptions"]


class RagOptions(TypedDict, total=False):
    """The options of a call, or of all calls of an assistant; :mod:`dynamicrag.graph.calls` checks them.

    Attributes:
        policy: Name of the policy that answers.
        options: The option to take, by stage.
        closed: Options not to take, by stage.
        budget: Limits of a query, by cost dimension.
        weights: Quality that one unit of a cost dimension is worth.
        tags: Labels for reports.
        user: The user, for reports.
        filter: Required metadata of every passage.
    """

    policy: str
    options: dict[str, str]
    closed: dict[str, list[str]]
    budget: dict[str, float]
    weights: dict[str, float]
    tags: list[str]
    user: str
    filter: dict[str, str | int | float | bool | list[str | int | float | bool]]


class RagContext(TypedDict, total=False):
    """The context of a run.

    Attributes:
        rag: The options of the call.
    """

    rag: RagOptions
