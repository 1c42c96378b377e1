"""The state of one turn: plain JSON, which any checkpointer can store."""

from typing import Literal, NotRequired

from typing_extensions import TypedDict  # pydantic needs this one before Python 3.12

from dynamicrag.offers import BudgetAnswer, BudgetRequest
from dynamicrag.records import Decision, Passage


class Draft(TypedDict):
    """An answer that is not yet accepted.

    Attributes:
        text: The answer.
        message_id: Id of the message under which it was streamed.
        model: The model that wrote it.
        streamed: Whether the user has seen its tokens.
        dropped: Ids of passages that did not fit the model's context.
        signals: Signals from its token probabilities.
        refined: Whether a model has edited it.
        unfinished: Why it may be cut: ``length`` if it reached the limit, ``unknown`` if its provider gave no
            reason.
    """

    text: str
    message_id: str
    model: str
    streamed: bool
    dropped: list[str]
    signals: dict[str, float]
    refined: bool
    unfinished: NotRequired[str]


class Escalation(TypedDict):
    """One step back up.

    Attributes:
        reason: The reason.
        stage: The stage redone.
        option: Its new option.
    """

    reason: str
    stage: str
    option: str


class Attempt(TypedDict):
    """A judged draft and its basis.

    Attributes:
        draft: The draft.
        path: Option in force per stage.
        candidates: Retrieved passages, best first.
        passages: The passages chosen as context.
        known: Signals used in decisions of stages.
        signals: Signals of the verifiers on the draft.
        unverified: Verifiers that could not judge it, with reasons.
    """

    draft: Draft
    path: dict[str, str]
    candidates: list[Passage]
    passages: list[Passage]
    known: dict[str, float]
    signals: dict[str, float]
    unverified: dict[str, str]


class LastTurn(TypedDict):
    """The turn before in a conversation, as far as the next turn needs it.

    Attributes:
        candidates: Its passages, best first, without scores; empty unless the policy can use them again.
        path: Option in force per stage.
        model: The model that wrote its answer; empty if no answer was given.
        input_tokens: Tokens of the prompt of that answer, 0 if unknown.
        cached_tokens: Prompt tokens that the provider read from its prompt cache, as reported.
    """

    candidates: list[Passage]
    path: dict[str, str]
    model: str
    input_tokens: int
    cached_tokens: int


class Lack(TypedDict):
    """A lack of budget at a stage: the graph asks for more before the turn continues.

    Attributes:
        stage: The stage that decides again.
        request: The request, as the graph's interrupt shows it.
        otherwise: The decision on the draft that stands, if more budget is refused; ``None`` without a draft.
    """

    stage: str
    request: BudgetRequest
    otherwise: Decision | None


class TurnState(TypedDict, total=False):
    """The state of one turn in the stages; plain JSON, stored in the graph's state.

    Attributes:
        id: Query id; sorts by time.
        message_id: The human message that the turn answers.
        text: The standalone question.
        original: The question as written.
        history: Earlier messages as ``[role, text]``.
        system: The conversation's own system messages, joined.
        follow_up: Result for a turn that depends on those before it: ``rewritten`` to stand alone, ``open``
            (searched together with the question before it, which was looked up) or ``closed`` (that was not).
        last: The turn before, if the state holds it; removed at the end of the turn.
        seq: Number of decisions so far.
        path: Option in force per stage.
        plan: Option planned per stage, by the latest plan.
        redo: Stage to be decided again with a stronger option.
        known: Signals used in decisions of earlier stages.
        action: The last decision of verification.
        queries: Texts to search for instead of the question, if it was rewritten.
        candidates: Retrieved passages, best first.
        passages: The passages chosen as context.
        draft: The answer under judgement.
        foreseen: Signals of verifiers that need no draft, on the candidates.
        signals: Signals of the verifiers on the draft.
        unverified: Verifiers that could not judge it, with reasons.
        escalations: The steps back up so far.
        wanted: The whole path named by the last verdict.
        earlier: The drafts that were judged and left, oldest first.
        failed: Wanted paths that could not be completed.
        stands: Number of the accepted draft, from 1, if it is not the last.
        outside: Whether the documents were searched and do not cover the question, so that an answer is the
            model's own.
        attempt: Number of the run from a checkpoint, from 1.
        lines: Number of account lines of this run.
        policy: Name of the policy that the turn uses to its end; empty for the object's first.
        lack: The lack of budget that the graph is to ask about, if any.
        resumes: The stage at which a turn goes on that was granted more budget.
        granted: The amounts granted to the query beyond its limits, by dimension.
        asked: The requests for more budget so far, with their answers.
        bounded: The reason that the budget ended the turn; empty if it did not.
        step: The step of the outermost graph in which the turn began; siblings share it.
        replaces: Ids of the queries present when it began, all of earlier turns.
        trace: Place of its first span as a W3C ``traceparent``, if spans are recorded.
    """

    id: str
    attempt: int
    lines: int
    policy: str
    lack: Lack | None
    resumes: str
    granted: dict[str, float]
    asked: list[BudgetAnswer]
    bounded: str
    step: str
    replaces: list[str]
    trace: str
    message_id: str
    text: str
    original: str
    history: list[list[str]]
    system: str
    follow_up: Literal["rewritten", "open", "closed"]
    last: LastTurn
    seq: int
    path: dict[str, str]
    plan: dict[str, str]
    redo: str | None
    known: dict[str, float]
    action: str | None
    queries: list[str]
    candidates: list[Passage]
    passages: list[Passage]
    draft: Draft | None
    foreseen: dict[str, float]
    signals: dict[str, float]
    unverified: dict[str, str]
    escalations: list[Escalation]
    wanted: dict[str, str] | None
    earlier: list[Attempt]
    failed: list[dict[str, str]]
    stands: int
    outside: bool
