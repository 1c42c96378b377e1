"""Requests for more budget: the payload of the graph's interrupt, plain JSON."""

from typing import Literal, NotRequired

from typing_extensions import TypedDict  # pydantic needs this one before Python 3.12

__all__ = ["BudgetAnswer", "BudgetOffer", "BudgetRequest"]


class BudgetOffer(TypedDict):
    """An option that more budget would pay for.

    Attributes:
        option: Its name.
        quality: Probability that its answer is right, as the router estimates it; ``None`` without an
            estimate.
        gain: ``quality`` minus that of the answer that stands, 0 without one; ``None`` if either is unknown.
        extra: The amount needed beyond the limits, by dimension, in the dimension's unit.
        sentence: The offer in words, for example ``12 % likelier right for 40 J more``.
    """

    option: str
    quality: float | None
    gain: float | None
    extra: dict[str, float]
    sentence: str


class BudgetRequest(TypedDict):
    """A request for more budget for one query.

    Attributes:
        type: ``budget``.
        query_id: Id of the query.
        question: The question, standalone.
        stage: The stage that no option is left for.
        limits: The limit of the query by dimension, with the amounts granted so far.
        spent: The amount spent so far, by limited dimension; ``None`` if it is unknown.
        left: The amount left, by limited dimension.
        offers: The offers, cheapest first.
        answered: Whether there is an answer that stands if more budget is refused.
        message: The request in plain English, without names of stages and options.
        error: The problem of the last answer to this request, if it was invalid.
    """

    type: Literal["budget"]
    query_id: str
    question: str
    stage: str
    limits: dict[str, float]
    spent: dict[str, float | None]
    left: dict[str, float]
    offers: list[BudgetOffer]
    answered: bool
    message: str
    error: NotRequired[str]


class BudgetAnswer(TypedDict):
    """An answered request for more budget.

    Attributes:
        stage: The stage that no option was left for.
        offers: The offers.
        granted: The granted amounts by dimension; ``None`` if more was refused.
    """

    stage: str
    offers: list[BudgetOffer]
    granted: dict[str, float] | None
