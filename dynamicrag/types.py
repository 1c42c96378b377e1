"""The vocabulary that all floors share.

Values in a graph's state are ``TypedDict`` classes of plain JSON, which any checkpointer can store; values
passed only between functions are frozen dataclasses.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict  # pydantic needs this one before Python 3.12

from dynamicrag.offers import BudgetAnswer, BudgetRequest

StagePath = Mapping[str, str]
"""The option at each stage, by the stage's name; a partial path lacks some stages."""

Runs = Literal["in_process", "same_host", "remote"]
"""The place where a model computes; it decides whether this process's meter sees its energy."""


@dataclass(frozen=True, slots=True)
class Query:
    """A question that stands alone.

    Attributes:
        id: Key of the query in the ledger, unique per turn.
        text: The question, rewritten to stand alone if the conversation has a history.
        original: The question as the user wrote it.
        history: Earlier messages as ``(role, text)``, oldest first.
    """

    id: str
    text: str
    original: str = ""
    history: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Option:
    """A named alternative at a stage. A stage lists its options weakest (cheapest) first.

    Attributes:
        name: Its name.
        params: Its parameters.
        description: The questions that it suits, for routers that choose by descriptions.
    """

    name: str
    params: Mapping[str, Any] = field(default_factory=dict)
    description: str = ""


@dataclass(frozen=True, slots=True)
class Move(Option):
    """An option of verification: an action on a draft.

    Attributes:
        kind: ``accept`` ends the turn with the draft, ``abstain`` without one; ``refine`` has a model edit
            it; ``ask_again`` asks for another; ``redo`` goes back to a stage.
        stage: The stage to go back to.
        model: The model that edits; by default the next stronger one.
    """

    kind: Literal["accept", "refine", "ask_again", "redo", "abstain"] = "accept"
    stage: str = ""
    model: str | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """The consumption of a call. A sum keeps the first-token time of the earlier call.

    Attributes:
        calls: Number of calls.
        input_tokens: Prompt tokens, cached ones included.
        cached_tokens: Prompt tokens read from a cache.
        output_tokens: Generated tokens.
        seconds: Wall time.
        cpu_seconds: CPU time declared for the call in this process, over all threads; 0 for a remote call.
        server_cpu_seconds: CPU time of a model server on this host for the call; 0 if it was not metered.
        gpu_joules: Metered energy of the GPUs of such a server for the call.
        first_token_seconds: Wall time until the first token, if any.
        assumed: Whether tokens are a worst case, because the provider did not count them credibly.
    """

    calls: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    server_cpu_seconds: float = 0.0
    gpu_joules: float = 0.0
    first_token_seconds: float | None = None
    assumed: bool = False

    def __add__(self, other: "Usage") -> "Usage":
        first = self.first_token_seconds
        return replace(
            self,
            calls=self.calls + other.calls,
            input_tokens=self.input_tokens + other.input_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            seconds=self.seconds + other.seconds,
            cpu_seconds=self.cpu_seconds + other.cpu_seconds,
            server_cpu_seconds=self.server_cpu_seconds + other.server_cpu_seconds,
            gpu_joules=self.gpu_joules + other.gpu_joules,
            first_token_seconds=other.first_token_seconds if first is None else first,
            assumed=self.assumed or other.assumed,
        )


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
