"""The contract of a router, and what it is given to decide from."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from dynamicrag.cost.vector import Cost, Dimension
from dynamicrag.errors import ModelUnavailable
from dynamicrag.predictors.base import How, Uses, When
from dynamicrag.registry import Registry
from dynamicrag.types import Attempt, Decision, Move, Option, Query

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

    from dynamicrag.llm.completion import Completion


def free(path: Mapping[str, str]) -> Cost:  # noqa: ARG001
    """Price any path at nothing."""
    return Cost()


def always_fits(path: Mapping[str, str], *before: Mapping[str, str]) -> bool:  # noqa: ARG001
    """Let any path fit."""
    return True


class Ask(Protocol):
    """Asks a model of the policy; ``""`` is its helper.

    The call stands on the query's account, fits the budget and stays out of what the user is shown.

    Attributes:
        seconds: How long the calls took so far, which are not the choosing's own.
        calls: How many there were.

    Raises:
        ModelError: The call failed, or there is no such model.
        BudgetExceeded: It does not fit what the budget leaves.
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
    """Is asked where there is no model."""

    seconds, calls = 0.0, 0

    async def __call__(self, messages: "Sequence[BaseMessage]", **how: Any) -> "Completion":  # noqa: ARG002
        """Refuse."""
        raise ModelUnavailable("there is no model to ask here: a router asks within a graph alone")


NOBODY = Nobody()


@dataclass(frozen=True, slots=True)
class StageContext:
    """What a router may look at.

    Attributes:
        stage: The stage that decides.
        query: The question.
        options: The stage's options, weakest first.
        allowed: Which of them are open; at least one is.
        expected: Expected cost of the rest of the path per option.
        left: What the budget leaves, for the limited dimensions.
        features: Lexical, retrieval and response signals known so far.
        path: Options in force at the stages so far.
        settings: The stage's own settings from the policy.
        price: Expected cost of a whole path on this query, with what is known of it by now; stages that
            the path does not name stand at their planned option.
        fits: Whether the limits leave room for a whole path, likewise, once the others that are given have
            cost what is expected of them.
        attempts: The drafts so far, the one under judgement last; none before verification.
        ways: Of the router's paths, those that verification may still lead to.
        ask: Asks a model of the policy, for routers that decide by one.
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
    """What a router chose.

    Attributes:
        index: The option's position.
        reason: The rule or figure that decided, for people.
        propensity: Probability with which the router takes this option in this context.
        quality: Predicted quality per option, where the router predicts any; ``None`` for an option of
            which it knows nothing.
        spread: How far each may be off, as a standard deviation, where the router knows; ``None`` where
            there is no quality.
        expected: Expected cost per option, where the router reckons with another way on than the planned.
        path: See :class:`~dynamicrag.types.Decision`.
        outside: Likewise.
    """

    index: int
    reason: str
    propensity: float = 1.0
    quality: Sequence[float | None] | None = None
    spread: Sequence[float | None] | None = None
    expected: Sequence[Cost] | None = None
    path: Mapping[str, str] | None = None
    outside: bool = False


class Router(ABC):
    """Picks an option. Safe for concurrent use: whatever it learns, it guards itself.

    Attributes:
        registered: The name it has in policies and decisions.
        when: When it decides.
        uses: What it decides from.
        how: How it decides.
        paper: Where the method is from; ``""`` for what is nobody's.
        embeds: Whether it embeds the question.
        models: Names of the policy's models that it asks.
        reads: Signals of verifiers that it was told to go by.
        trained: Whether it takes the file of a trained one.
        grows: Whether it takes options that it was not trained on.
        online: Whether its predictor can learn from single rewards.
        paths: Whole paths among which it decides at verification, cheapest first.
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
    paths: Sequence[Mapping[str, str]] = ()

    def check(self, stage: str, options: Sequence[Option], where: str) -> None:  # noqa: B027 - may be empty
        """Refuse options that this router cannot serve.

        Raises:
            PolicyError: The router does not fit the stage.
        """

    def check_paths(self, options: Mapping[str, Sequence[str]], where: str) -> None:  # noqa: B027 - may be empty
        """Refuse options of all stages, by name, on which the whole paths that it knows cannot be taken.

        Raises:
            PolicyError: The router does not fit the policy.
        """

    def verdict(self, signal: str) -> Callable[[float], bool] | None:  # noqa: ARG002
        """Return the test that a verifier's signal has to pass; ``None`` where its value is weighed."""
        return None

    def planned(self, stage: str, options: Sequence[Option]) -> int:  # noqa: ARG002
        """Return the option to reckon with before the stage is reached."""
        return 0

    def explain(
        self,
        decision: Decision,  # noqa: ARG002
        question: str,  # noqa: ARG002
        path: Mapping[str, str],  # noqa: ARG002
    ) -> dict[str, Any]:
        """Return what is behind one of its decisions beyond the reason; nothing where it is not trained.

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
