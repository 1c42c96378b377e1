"""What a graph streams with ``stream_mode="custom"``, and the report of a query.

Every event is plain JSON and names itself by ``type``. The events of a query come in this order: a
``decision`` for each choice, ``withdrawn`` where a streamed draft is taken back, and one ``report``.
"""

from typing import Literal

from typing_extensions import TypedDict

from dynamicrag.types import Decision, Escalation, Figure

__all__ = ["DecisionEvent", "DraftCount", "Report", "ReportEvent", "Source", "WithdrawnEvent"]


class Source(TypedDict):
    """A passage that the answer stands on.

    Attributes:
        id: The passage's id.
        title: Title of its document.
    """

    id: str
    title: str


class DraftCount(TypedDict):
    """How many drafts a query took.

    Attributes:
        written: Drafts that were written.
        stands: Number of the draft that is the answer, from 1; ``None`` where the query abstained.
    """

    written: int
    stands: int | None


class Report(TypedDict):
    """What a query gave and cost.

    Attributes:
        query_id: Id of the query, for ``rag.cost`` and ``rag.explain``.
        question: The question, standalone.
        path: The option in force at each stage.
        abstained: Whether the answer was withheld.
        outside: Whether the documents do not speak of the question.
        unfinished: Why the answer may be cut: ``length``, ``unknown`` or ``""``.
        escalations: The steps back up, in order.
        drafts: How many drafts were written, and which one is the answer.
        unverified: Verifiers that could not judge the draft, and why.
        passages: Ids of the passages chosen as context.
        sources: The passages that the answer stands on; none where it abstains or lies outside the documents.
        dropped: Ids of passages that the model's context had no room for.
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


class DecisionEvent(Decision):
    """A choice, when it is made: a decision with its ``type``.

    Attributes:
        type: ``decision``.
    """

    type: Literal["decision"]


class WithdrawnEvent(TypedDict):
    """A draft that was streamed is taken back, by an escalation or after a failure.

    Attributes:
        type: ``withdrawn``.
        message_id: Id of the message to remove from the screen.
        reason: Why.
    """

    type: Literal["withdrawn"]
    message_id: str
    reason: str


class ReportEvent(Report):
    """The report of a query, once its answer stands.

    Attributes:
        type: ``report``.
    """

    type: Literal["report"]
