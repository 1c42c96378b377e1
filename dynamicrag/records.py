"""Plain JSON records of a query: passages, figures, decisions and account lines.

Any checkpointer can store them.
"""

from typing import Any, NotRequired

from typing_extensions import TypedDict  # pydantic needs this one before Python 3.12

from dynamicrag.offers import BudgetAnswer


class Passage(TypedDict):
    """A retrieved piece of a document.

    Attributes:
        id: Id of the chunk.
        document: Id of its document.
        title: Title of the document.
        text: The text.
        score: The retriever's own score; higher is better.
        corpus: Name of its corpus, if any.
        similarity: Cosine of its embedding with the question's, on all-MiniLM's scale, if the
            retriever knows it.
        metadata: The document's own single values, if short, and the fields of the call's filter, for a
            passage from outside our corpora.
    """

    id: str
    document: str
    title: str
    text: str
    score: float
    corpus: NotRequired[str]
    similarity: NotRequired[float]
    metadata: NotRequired[dict[str, Any]]


class Figure(TypedDict):
    """A number with its provenance.

    Attributes:
        value: The number; ``None`` if a part of it is unknown.
        kind: Provenance of the least certain part: ``measured``, ``calibrated``, ``modelled``, ``estimated``
            or ``unknown``.
        parts: Amount by provenance, if there are several; for an unknown figure, the known amounts.
        low: Lower bound of an estimate.
        high: Upper bound of an estimate.
    """

    value: float | None
    kind: str
    parts: NotRequired[dict[str, float]]
    low: NotRequired[float]
    high: NotRequired[float]


class Decision(TypedDict):
    """The record of one choice.

    ``allowed``, ``expected``, ``quality`` and ``spread`` have one entry per option, in the stage's order.

    Attributes:
        id: Id of the decision.
        turn: Id of the query.
        attempt: Number of the run from a checkpoint; a later run replaces the decisions of
            earlier runs after that checkpoint.
        seq: Number of the decision within the query.
        stage: The stage.
        options: Names of the options, weakest first.
        allowed: Whether each option was open.
        expected: Expected cost of each option, by dimension; ``None`` if unknown.
        quality: Predicted quality of each option; ``None`` without a prediction.
        spread: Standard deviation of each prediction, if known.
        plan: The options planned for the stages ahead, if the plan was made again before this decision.
        path: The whole path that a verdict leads to, or whose earlier draft it accepts, if the router
            names one.
        outside: Whether the accepted answer is not based on the documents.
        colder: Joules beyond the chosen option's expected cost, if its model's prompt cache is cold and that
            matters.
        weights: The call's weights of cost dimensions; left out if it sets none.
        policy: Name of the policy; left out for the first one.
        chosen: The chosen option.
        propensity: Probability with which the router chose it.
        chances: Probability of each option in the draw that chose; left out without a draw.
        base: Predicted quality of each option before online learning; left out for routers without it.
        state: Number of the last feedback that the router's state had learnt from; left out without any.
        router: The router that chose.
        reason: The reason in words.
        binding: The limit that decided, or ``None``.
        features: The router's inputs.
        cost: Cost of choosing, in seconds.
        asked: The request for more budget before this decision, and its answer, if there was one.
        bounded: On a decision that ends the turn: the limit, and the move that only it has closed.
    """

    id: str
    turn: str
    attempt: NotRequired[int]
    seq: int
    stage: str
    options: list[str]
    allowed: list[bool]
    expected: list[dict[str, float | None]]
    quality: list[float | None]
    spread: NotRequired[list[float | None]]
    plan: NotRequired[dict[str, str]]
    path: NotRequired[dict[str, str]]
    colder: NotRequired[float]
    weights: NotRequired[dict[str, float]]
    outside: NotRequired[bool]
    policy: NotRequired[str]
    chosen: str
    propensity: float
    chances: NotRequired[list[float]]
    base: NotRequired[list[float | None]]
    state: NotRequired[int]
    router: str
    reason: str
    binding: str | None
    features: dict[str, float]
    cost: dict[str, float]
    asked: NotRequired[BudgetAnswer]
    bounded: NotRequired[str]


class AccountLine(TypedDict):
    """A call on a query's account. A missing field is zero or empty.

    Attributes:
        id: Unique among all processes: a line is booked once, also after a resume or a replay.
        query: Id of the query.
        stage: The stage, or other part, that made the call.
        label: The callee.
        cost: An entry ``[dimension, kind, amount]`` per part, in the dimension's unit.
        spread: Uncertainty of a dimension below and above its amount.
        spec: The model's spec.
        usage: Tokens and seconds of the call.
        failed: Whether the call failed.
        settled: Whether the meter has covered the call.
        overhead: Its share of the constant part, in joules, with its kind.
        unmetered: The reason why the energy of a server on this host is an estimate.
    """

    id: str
    query: str
    stage: str
    label: str
    cost: list[list[Any]]
    spread: NotRequired[dict[str, list[float]]]
    spec: NotRequired[str]
    usage: NotRequired[dict[str, Any]]
    failed: NotRequired[bool]
    settled: NotRequired[bool]
    overhead: NotRequired[list[Any]]
    unmetered: NotRequired[str]
