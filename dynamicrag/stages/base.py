"""The contract of a stage: its options, what they do to the plan, and how one is carried out."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from dynamicrag.call_options import NO_OPTIONS, CallOptions, Filter
from dynamicrag.cost.budget import Budget
from dynamicrag.cost.expect import CostModel, Plan
from dynamicrag.cost.ledger import Ledger
from dynamicrag.routers.base import Router
from dynamicrag.types import Attempt, Option, Query, Stage, TurnState

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig

Emit = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Run:
    """What carrying out an option may use besides the turn.

    Attributes:
        ledger: Where every call is accounted for.
        budget: What calls must fit into.
        cost_model: What they cost at most.
        config: The node's config, whose callbacks see the streamed tokens.
        emit: Sends a custom event to whoever streams the graph.
        last_resort: Whether no other option is at hand, so that a model is asked that should be left alone.
        failed: Options of the stage that have failed already, and are not tried again.
        call: What the caller asked for; its budget is in ``budget`` already.
    """

    ledger: Ledger
    budget: Budget
    cost_model: CostModel
    config: "RunnableConfig | None"
    emit: Emit
    last_resort: bool = False
    failed: frozenset[str] = frozenset()
    call: CallOptions = NO_OPTIONS


class StageBase(ABC):
    """A stage with its options, weakest first, and the router that decides.

    Args:
        options: The options.
        router: The router.
        settings: The stage's further settings from the policy.
    """

    name: ClassVar[Stage]

    def __init__(
        self, options: Sequence[Option], router: Router, settings: Mapping[str, Any] | None = None
    ) -> None:
        self.options = tuple(options)
        self._positions = {option.name: i for i, option in enumerate(self.options)}
        self.router = router
        self.settings = dict(settings or {})

    @abstractmethod
    def apply(self, option: Option, plan: Plan) -> Plan:
        """Return ``plan`` as this option changes it."""

    @abstractmethod
    async def act(self, option: Option, turn: TurnState, run: Run) -> TurnState:
        """Carry out ``option`` and return what changes in the turn.

        Raises:
            DynamicRAGError: It could not be carried out.
        """

    async def corpus_features(self, text: str, filter: Filter) -> dict[str, float]:  # noqa: A002, ARG002
        """Return what the documents that ``filter`` lets through say of a question, found or not."""
        return {}

    async def features(self, turn: TurnState) -> dict[str, float]:  # noqa: ARG002
        """Return the signals that are known when this stage decides, besides the lexical ones."""
        return {}

    def allowed(self, turn: TurnState) -> list[bool]:
        """Return which options are open, limits of cost aside.

        When escalated, only stronger ones; on the way to a path that verification named, only the path's.
        """
        wanted = self.wanted(turn)
        if wanted is not None:
            return [option.name == wanted for option in self.options]
        if turn.get("redo") != self.name:
            return [True] * len(self.options)
        floor = self.index(turn["path"].get(self.name))
        return [i > floor for i in range(len(self.options))]

    def insisted(self, turn: TurnState, allowed: Sequence[bool]) -> list[bool]:  # noqa: ARG002
        """Return which of the options that are open and affordable may be taken; by default, all."""
        return list(allowed)

    def wanted(self, turn: TurnState) -> str | None:
        """Return the option here on the way to the path that verification named, if it named one."""
        return (turn.get("wanted") or {}).get(self.name)

    def attempts(self, turn: TurnState) -> Sequence[Attempt]:  # noqa: ARG002
        """Return the drafts that this stage has to judge between, in order."""
        return ()

    def ways(self, turn: TurnState) -> Sequence[Mapping[str, str]]:  # noqa: ARG002
        """Return the whole paths that this stage may lead to."""
        return ()

    def index(self, name: str | None) -> int:
        """Return the position of an option, or -1."""
        return -1 if name is None else self._positions.get(name, -1)

    def planned(self) -> Option:
        """Return the option to reckon with before this stage has decided."""
        return self.options[self.router.planned(self.name, self.options)]


def option_names(stages: Mapping[str, StageBase]) -> dict[str, list[str]]:
    """Return the names of every stage's options, in order."""
    return {name: [option.name for option in stage.options] for name, stage in stages.items()}


def query_of(turn: TurnState) -> Query:
    """Return the turn's question."""
    history = tuple((role, text) for role, text in turn.get("history", []))
    return Query(turn["id"], turn["text"], turn.get("original", turn["text"]), history)
