"""The contract of a router, and the context of its decision."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dynamicrag.call_options import NO_OPTIONS, CallOptions
from dynamicrag.cost.vector import Cost, Dimension
from dynamicrag.predictors.base import How, Uses, When
from dynamicrag.records import Decision, Passage
from dynamicrag.registry import Registry
from dynamicrag.routers.asking import NOBODY, Ask
from dynamicrag.turn import Attempt, LastTurn
from dynamicrag.types import Move, Option, Query


def free(path: Mapping[str, str]) -> Cost:  # noqa: ARG001
    """Return zero cost for any path."""
    return Cost()


def always_fits(path: Mapping[str, str], *before: Mapping[str, str]) -> bool:  # noqa: ARG001
    """Return ``True`` for any path."""
    return True


async def embed_nothing(text: str) -> None:
    """Do nothing: the embedding model computes in this process."""


@dataclass(frozen=True, slots=True)
class StageContext:
    """The context of a router's decision.

    Attributes:
        stage: The stage that decides.
        query: The question.
        options: The stage's options, weakest first.
        allowed: Whether each of them is open; at least one is.
        expected: Expected cost of the rest of the path per option.
        left: The remaining budget of the limited dimensions.
        features: Lexical, retrieval and response signals known so far.
        path: Options in force at the stages so far.
        settings: The stage's own settings from the policy.
        price: Function from a whole path to its expected cost on this query, with the current knowledge;
            stages that the path does not name use their planned option.
        fits: Function from a whole path to whether the limits allow it, after the expected cost of the other
            given paths.
        attempts: The drafts so far; the last is under judgement; empty before verification.
        ways: The router's paths that verification may still lead to.
        ask: Calls a model of the policy, for routers that decide by a model.
        embed: Calls a remote embedding model for a text, on the query's account and within the budget; the
            vector is then in the embedder's cache. A router that embeds the question awaits it first.
        plan: The option of every stage: decided for the stages before this one, planned for the others.
        doubts: Stages that verification decides again if a draft is probably wrong.
        steps: At verification, the stage and the option to which a move back to each stage leads.
        call: The options of the call: its user, tags, filter and metadata.
        passages: The passages found so far, best first.
        last: The turn before in the conversation, if it is known.
        saves: At ``generator``, the amounts that the model of the turn before saves by its provider's prompt
            cache, by dimension, as far as that was reported; expected costs do not assume them.
        colder: At ``generator``, the joules of each option beyond its expected cost, because its prompt
            cache is cold.
    """

    stage: str
    query: Query
    options: Sequence[Option]
    allowed: Sequence[bool]
    expected: Sequence[Cost]
    left: Mapping[Dimension, float]
    features: Mapping[str, float]
    path: Mapping[str, str]
    settings: Mapping[str, Any] = field(default_factory=dict)
    price: Callable[[Mapping[str, str]], Cost] = free
    fits: Callable[..., bool] = always_fits
    attempts: Sequence[Attempt] = ()
    ways: Sequence[Mapping[str, str]] = ()
    ask: Ask = NOBODY
    embed: Callable[[str], Awaitable[None]] = embed_nothing
    plan: Mapping[str, Option] = field(default_factory=dict)
    doubts: frozenset[str] = frozenset()
    steps: Mapping[str, tuple[str, Option]] = field(default_factory=dict)
    call: CallOptions = NO_OPTIONS
    passages: Sequence[Passage] = ()
    last: LastTurn | None = None
    saves: Mapping[Dimension, float] = field(default_factory=dict)
    colder: Sequence[float] = ()

    def weights(self, own: Mapping[Dimension, float]) -> Mapping[Dimension, float]:
        """Return the weights of this decision: the policy's, and in their place those of the call."""
        return {**own, **self.call.weights} if self.call.weights else own

    def nearest(self, index: int) -> int:
        """Return the open option nearest to ``index``, the stronger one first."""
        if 0 <= index < len(self.allowed) and self.allowed[index]:
            return index
        open_ = [i for i, allowed in enumerate(self.allowed) if allowed]
        return min(open_, key=lambda i: (abs(i - index), -i))

    def move(self, kind: str, stage: str = "") -> int | None:
        """Return the position of an open move of verification."""
        for i, option in enumerate(self.options):
            if isinstance(option, Move) and (option.kind, option.stage) == (kind, stage) and self.allowed[i]:
                return i
        return None

    def index(self, name: str) -> int | None:
        """Return the position of an open option by name."""
        for i, option in enumerate(self.options):
            if option.name == name and self.allowed[i]:
                return i
        return None


@dataclass(frozen=True, slots=True)
class Choice:
    """The choice of a router.

    Attributes:
        index: The option's position.
        reason: The rule or figure that decided, for people.
        propensity: Probability with which the router takes this option in this context.
        chances: Probability of every option in the draw that chose; ``None`` without a draw. If options close
            after the choice, the propensity of the replacement follows from it.
        quality: Predicted quality per option, if the router predicts it; ``None`` for an option without a
            prediction.
        spread: Standard deviation of each predicted quality, if known; ``None`` without a prediction.
        expected: Expected cost per option, if the router assumes another path than the planned one.
        path: See :class:`~dynamicrag.records.Decision`.
        outside: See :class:`~dynamicrag.records.Decision`.
        base: Predicted quality per option before online learning, if the router learns online.
        state: Number of the last feedback that its state has learnt from; ``None`` without online learning.
    """

    index: int
    reason: str
    propensity: float = 1.0
    quality: Sequence[float | None] | None = None
    spread: Sequence[float | None] | None = None
    expected: Sequence[Cost] | None = None
    path: Mapping[str, str] | None = None
    outside: bool = False
    chances: Sequence[float] | None = None
    base: Sequence[float | None] | None = None
    state: int | None = None


class Router(ABC):
    """Chooses an option. Safe for concurrent use: a router that learns guards its own state.

    Attributes:
        registered: Its name in policies and decisions.
        when: The time of its decision.
        uses: The inputs of its decisions.
        how: The kind of its decision.
        paper: Source of the method; ``""`` if there is none.
        embeds: Whether it embeds the question.
        models: Names of the policy's models that it calls.
        reads: Names of the verifiers' signals that it uses.
        trained: Whether it needs a state file from training.
        grows: Whether it accepts options that it was not trained on.
        online: Whether its predictor can learn from single rewards.
        plans: Whether its choices before a stage is reached serve as the plan for that stage. It then decides
            without calls, and by the context alone.
        doubts: Whether, at verification, it redoes a stage if a draft is probably wrong.
        paths: Whole paths among which it decides at verification, cheapest first.
        reads_text: Whether it reads the question's words. A router that decides by features, or by the
            question's embedding, does not.
        unlogged: Inputs of its decisions that the decision log does not keep, in words.
    """

    registered: str
    when: tuple[When, ...] = ("pre-generation",)
    uses: tuple[Uses, ...] = ("query",)
    how: How = "heuristic"
    paper: str = ""
    embeds: bool = False
    models: Sequence[str] = ()
    reads: Sequence[str] = ()
    trained: bool = False
    grows: bool = True
    online: bool = False
    plans: bool = False
    doubts: bool = False
    paths: Sequence[Mapping[str, str]] = ()
    reads_text: bool = True
    unlogged: Sequence[str] = ()

    def check(self, stage: str, options: Sequence[Option], where: str) -> None:  # noqa: B027 - may be empty
        """Refuse options that this router cannot serve.

        Raises:
            PolicyError: The router does not fit the stage.
        """

    def check_paths(self, options: Mapping[str, Sequence[str]], where: str) -> None:  # noqa: B027 - may be empty
        """Refuse options of all stages, by name, that make the router's whole paths impossible.

        Raises:
            PolicyError: The router does not fit the policy.
        """

    def verdict(self, signal: str) -> Callable[[float], bool] | None:  # noqa: ARG002
        """Return the test that a verifier's signal must pass; ``None`` if the router weighs its value."""
        return None

    def planned(self, stage: str, options: Sequence[Option]) -> int:  # noqa: ARG002
        """Return the option assumed before the stage is reached."""
        return 0

    def explain(
        self,
        decision: Decision,  # noqa: ARG002
        question: str,  # noqa: ARG002
        path: Mapping[str, str],  # noqa: ARG002
    ) -> dict[str, Any]:
        """Return the basis of one of its decisions, besides the reason; empty for untrained routers.

        Args:
            decision: The decision.
            question: The question, as the router saw it.
            path: Options in force at the stages before.

        Returns:
            Keys of :func:`dynamicrag.routers.insight.insight`, as far as it knows them.
        """
        return {}

    @abstractmethod
    async def choose(self, context: StageContext) -> Choice:
        """Return an open option."""


ROUTERS: Registry[Router] = Registry("router", "dynamicrag.routers", Router)
