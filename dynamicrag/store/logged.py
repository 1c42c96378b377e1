"""Records of the decision log: queries with their decisions, feedback, snapshots. By default without text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float16]


@dataclass(frozen=True, slots=True)
class LoggedDecision:
    """One decision of a query; sequences have one entry per option.

    Attributes:
        stage: The stage.
        seq: Number of the decision within the query.
        router: The router that chose; ``forced`` and ``fallback`` are not a router's choices.
        state: Number of the last feedback that the router's state had learnt from; 0 without learning.
        options: Names of the options, weakest first.
        allowed: Whether each option was open.
        chosen: The chosen option.
        chances: Probability with which the router takes each option in this context; 1 in sum.
        expected: Expected cost of each option, by dimension; ``None`` if unknown.
        quality: Predicted quality of each option; ``None`` without a prediction.
        base: The prediction before online learning; as ``quality`` for routers that do not learn online.
        features: The router's inputs, float16.
    """

    stage: str
    seq: int
    router: str
    state: int
    options: tuple[str, ...]
    allowed: tuple[bool, ...]
    chosen: str
    chances: tuple[float, ...]
    expected: tuple[Mapping[str, float | None], ...]
    quality: tuple[float | None, ...]
    base: tuple[float | None, ...]
    features: Mapping[str, float]

    @property
    def index(self) -> int:
        """Position of the chosen option."""
        return self.options.index(self.chosen)

    @property
    def propensity(self) -> float:
        """Probability of the chosen option."""
        return self.chances[self.index]


@dataclass(frozen=True, slots=True)
class LoggedQuery:
    """One finished query.

    Attributes:
        id: Id of the query.
        at: Seconds since the epoch.
        policy: Name of the policy.
        thread: Id of the conversation.
        user: Keyed hash of the user's name; ``""`` without one.
        tags: Tags of the call.
        weights: Quality that one unit of each cost dimension was worth.
        path: The option in force per stage at the end.
        decisions: All decisions, in order.
        signals: Signals of the verifiers on the answer.
        embedder: Name of the embedding model; ``""`` without a vector.
        vector: Embedding of the question, float16, (d,); empty if the turn did not compute it.
        text: The question, if the policy stores texts (``runs: {text: true}``); else ``""``.
        cost: Settled cost by dimension; ``None`` for an unknown amount; empty until the meter has covered it.
    """

    id: str
    at: float
    policy: str
    path: Mapping[str, str]
    decisions: Sequence[LoggedDecision]
    thread: str = ""
    user: str = ""
    tags: tuple[str, ...] = ()
    weights: Mapping[str, float] = field(default_factory=dict)
    signals: Mapping[str, float] = field(default_factory=dict)
    embedder: str = ""
    vector: Vector = field(default_factory=lambda: np.empty(0, np.float16))
    text: str = ""
    cost: Mapping[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Feedback:
    """One reward or preference on a query.

    The log has one valid entry per query, name, source, stage and pair: a repetition changes nothing, and
    another value replaces the earlier one.

    Attributes:
        query_id: The query.
        name: Kind of the feedback, for example ``thumb``.
        source: Its source: ``user``, ``gold``, ``judge``, ``verifier`` or ``drafts``, or the caller's own
            name.
        at: Seconds since the epoch.
        score: Quality from 0 to 1; ``None`` for a preference.
        stage: The stage that it rates; ``""`` for the whole answer.
        a: For a preference: an option of ``stage``; else ``""``.
        b: For a preference: the other option; else ``""``.
        y: For a preference: 1 if ``a`` was preferred, 0 if ``b``, .5 for a tie; else ``None``.
        number: Its number in the log, from 1, in the order of commits; 0 before it is stored.
    """

    query_id: str
    name: str
    source: str
    at: float
    score: float | None = None
    stage: str = ""
    a: str = ""
    b: str = ""
    y: float | None = None
    number: int = 0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state of a learner after a prefix of the feedback.

    Attributes:
        key: Identifies the learner: policy, stage, router, parameters and features.
        upto: Number of the last feedback that it has learnt from.
        state: The state, as written by :meth:`~dynamicrag.predictors.state.State.to_bytes`.
    """

    key: str
    upto: int
    state: bytes
