"""Events of a graph with ``stream_mode="custom"``, and the report of a query.

Every event is plain JSON, with its ``type``. The order of a query's events: ``begun``, a ``decision`` for
each choice, ``withdrawn`` for a streamed draft that is withdrawn, and one ``report``. The payload of an
interrupt for more budget is a :class:`BudgetRequest`.
"""

from typing import Literal

from typing_extensions import TypedDict

from dynamicrag.offers import BudgetAnswer, BudgetOffer, BudgetRequest
from dynamicrag.records import Decision, Figure
from dynamicrag.turn import Escalation

__all__ = [
    "BegunEvent",
    "BudgetAnswer",
    "BudgetOffer",
    "BudgetRequest",
    "DecisionEvent",
    "DraftCount",
    "Report",
    "ReportEvent",
    "Source",
    "WithdrawnEvent",
]


class Source(TypedDict):
    """A passage that supports the answer.

    Attributes:
        id: The passage's id.
        title: Title of its document.
    """

    id: str
    title: str


class DraftCount(TypedDict):
    """The drafts of a query.

    Attributes:
        written: Number of drafts written.
        stands: Number of the draft that is the answer, from 1; ``None`` if the query abstained.
    """

    written: int
    stands: int | None


class Report(TypedDict):
    """Result and cost of a query.

    Attributes:
        query_id: Id of the query, for ``rag.cost`` and ``rag.explain``.
        question: The question, standalone.
        path: The option in force at each stage.
        abstained: Whether the answer was withheld.
        outside: Whether the documents do not cover the question.
        bounded: Why the budget ended the query, for example ``usd: refused more budget``, or ``""``.
        asked: The requests for more budget, with their answers.
        unfinished: Why the answer may be cut: ``length``, ``unknown`` or ``""``.
        escalations: The steps back up, in order.
        drafts: The number of drafts written, and the accepted one.
        unverified: Verifiers that could not judge the draft, with reasons.
        passages: Ids of the passages chosen as context.
        sources: Passages that support the answer; none if it abstains or is outside the documents.
        dropped: Ids of passages that did not fit the model's context.
        cost: The cost of this run, by dimension.
        cost_all_runs: The cost of all runs of the query from its checkpoints.
        stages: The cost of every stage, by dimension.
        tokens: Tokens read (``input``) and written (``output``).
        provisional: Whether the meter has yet to cover some calls.
    """

    query_id: str
    question: str
    path: dict[str, str]
    abstained: bool
    outside: bool
    bounded: str
    asked: list[BudgetAnswer]
    unfinished: str
    escalations: list[Escalation]
    drafts: DraftCount
    unverified: dict[str, str]
    passages: list[str]
    sources: list[Source]
    dropped: list[str]
    cost: dict[str, Figure]
    cost_all_runs: dict[str, Figure]
    stages: dict[str, dict[str, Figure]]
    tokens: dict[str, int]
    provisional: bool


class BegunEvent(TypedDict):
    """The beginning of a query, before its first call.

    Attributes:
        type: ``begun``.
        query_id: Id of the query.
    """

    type: Literal["begun"]
    query_id: str


class DecisionEvent(Decision):
    """A choice, sent when it is made: a decision with its ``type``.

    Attributes:
        type: ``decision``.
    """

    type: Literal["decision"]


class WithdrawnEvent(TypedDict):
    """The withdrawal of a streamed draft, by an escalation or after a failure.

    Attributes:
        type: ``withdrawn``.
        message_id: Id of the message to remove from the screen.
        reason: The reason.
    """

    type: Literal["withdrawn"]
    message_id: str
    reason: str


class ReportEvent(Report):
    """The report of a query, after its answer is accepted.

    Attributes:
        type: ``report``.
    """

    type: Literal["report"]
