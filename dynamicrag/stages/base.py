"""The contract of a stage: its options, their effect on the plan, and the execution of an option.

To add a stage, write a class and its row::

    @add_stage(Stage("guard", evidence=("guard",)), after="rerank")
    class Guard(StageBase):
        async def act(self, option, turn, run):
            return {"candidates": checked(turn["candidates"])}

A policy then has a section ``stages.guard`` with the options and the router. A policy without the section
omits the stage.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

from dynamicrag.call_options import NO_OPTIONS, CallOptions, Filter
from dynamicrag.cost.budget import Budget
from dynamicrag.cost.cost_model import CostModel
from dynamicrag.cost.expect import Plan
from dynamicrag.cost.ledger import Ledger
from dynamicrag.dependencies import Dependencies
from dynamicrag.registry import Registry
from dynamicrag.routers.base import Router
from dynamicrag.stages.choices import planned_by
from dynamicrag.stages.section import StageSection, check_options, parameters
from dynamicrag.stages.ways import wanted_option
from dynamicrag.turn import TurnState
from dynamicrag.types import Option, Query

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig

Emit = Callable[[dict[str, Any]], None]


def unheard(event: dict[str, Any]) -> None:
    """Ignore an event outside a graph."""


@dataclass(frozen=True, slots=True)
class Run:
    """Resources for executing an option, besides the turn.

    Attributes:
        ledger: The account of every call.
        budget: The limits of every call.
        cost_model: Gives the worst-case cost of calls.
        config: The node's config, whose callbacks see the streamed tokens; ``None`` outside a graph.
        emit: Sends a custom event to the consumer of the graph's stream; outside a graph nobody listens.
        last_resort: Whether no other option is left, so that even a model in cooldown is asked.
        failed: Options of the stage that have failed already, and are not tried again.
        call: The options of the call.
        depth: Fewest passages to retrieve; stages may need more.
    """

    ledger: Ledger
    budget: Budget
    cost_model: CostModel
    config: "RunnableConfig | None" = None
    emit: Emit = unheard
    last_resort: bool = False
    failed: frozenset[str] = frozenset()
    call: CallOptions = NO_OPTIONS
    depth: int = 0

    @property
    def thread(self) -> str:
        """Id of the conversation; ``""`` without one."""
        return str(((self.config or {}).get("configurable") or {}).get("thread_id") or "")


class DecisionPoint:
    """A decision of a router: its options, weakest first, and the router.

    Args:
        name: Name of its row in the topology.
        options: The options.
        router: The router.
        settings: Further settings from the policy.
    """

    def __init__(
        self,
        name: str,
        options: Sequence[Option],
        router: Router,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        self.name = name
        self.options = tuple(options)
        self.router = router
        self.settings = dict(settings or {})
        self._positions = {option.name: i for i, option in enumerate(self.options)}

    async def corpus_features(self, text: str, filter: Filter) -> dict[str, float]:  # noqa: A002, ARG002
        """Return features of a question from the documents that match ``filter``, before retrieval."""
        return {}

    async def features(self, turn: TurnState) -> dict[str, float]:  # noqa: ARG002
        """Return the signals specific to this decision."""
        return {}

    def index(self, name: str | None) -> int:
        """Return the position of an option, or -1."""
        return -1 if name is None else self._positions.get(name, -1)

    def routed(self, router: Router) -> Self:
        """Return a copy with another router."""
        own = copy(self)
        own.router = router
        return own

    def planned(self) -> Option:
        """Return the option assumed before the decision."""
        return self.options[planned_by(self.router, self.name, self.options)]


@dataclass(frozen=True, slots=True, kw_only=True)
class StageDeps(Dependencies):
    """Dependencies of a stage: the objects of the policy, and helpers for its section.

    Attributes:
        where: Returns a place below the stage's section for a message.
        route: Returns the stage's router for its options.
        stages: All stages by name; later ones are added once all are built.
        hold: Whether drafts are withheld from the user's stream until they are accepted.
    """

    where: Callable[..., str]
    route: Callable[[Sequence[Option]], Router]
    stages: "Mapping[str, StageBase]"
    hold: bool = False


class StageBase(DecisionPoint, ABC):
    """A stage that leads to a draft.

    Args:
        options: The options.
        router: The router.
        settings: The stage's further settings from the policy.

    Attributes:
        registered: Name of its row in the topology.
        section: Model of its section of a policy.
    """

    registered: ClassVar[str]
    section: ClassVar[type[StageSection]] = StageSection

    def __init__(
        self, options: Sequence[Option], router: Router, settings: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(self.registered, options, router, settings)

    @classmethod
    def build(cls, section: StageSection, deps: StageDeps) -> "StageBase":
        """Build the stage of a policy; by default every option is a name with parameters.

        Raises:
            PolicyError: The section is invalid.
        """
        specs = check_options(section, deps.where)
        options = [
            Option(name, parameters(spec, deps.where("options", name))) for name, spec in specs.items()
        ]
        return cls(options, deps.route(options))

    @abstractmethod
    async def act(self, option: Option, turn: TurnState, run: Run) -> TurnState:
        """Execute ``option`` and return the changes of the turn.

        Raises:
            DynamicRAGError: The execution failed.
        """

    def apply(self, option: Option, plan: Plan) -> Plan:  # noqa: ARG002
        """Return ``plan`` as changed by this option; not called for a path that skips the stage."""
        return plan

    async def evidence(self, turn: TurnState) -> dict[str, float]:  # noqa: ARG002
        """Return the signals known after the stage has acted, for all later decisions."""
        return {}

    def depth(self) -> int:
        """Return the number of passages that the stage needs from the retriever."""
        return 0

    def available(self, turn: TurnState) -> list[bool]:  # noqa: ARG002
        """Return whether the turn has the means for each option; all by default."""
        return [True] * len(self.options)

    def allowed(self, turn: TurnState) -> list[bool]:
        """Return whether each option is open, apart from limits of cost.

        If the stage is redone, only stronger options are open; on the way to a path named by verification,
        only the path's option.
        """
        wanted = wanted_option(turn, self.name)
        if wanted is not None:
            return [option.name == wanted for option in self.options]
        redone = turn.get("redo") == self.name
        floor = self.index(turn["path"].get(self.name)) if redone else -1
        return [i > floor and available for i, available in enumerate(self.available(turn))]

    def opened(self, turn: TurnState, call: CallOptions) -> list[bool]:
        """Return whether the turn and the call leave each option open, apart from limits of cost."""
        allowed = self.allowed(turn)
        if not (call.options or call.closed):
            return allowed
        return [
            is_open and call.opens(self.name, option.name)
            for is_open, option in zip(allowed, self.options, strict=True)
        ]


STAGES: Registry[StageBase] = Registry("stage", "dynamicrag.stages", StageBase)


def option_names(stages: Mapping[str, DecisionPoint]) -> dict[str, list[str]]:
    """Return the names of every stage's options, in order."""
    return {name: [option.name for option in stage.options] for name, stage in stages.items()}


def query_of(turn: TurnState) -> Query:
    """Return the turn's question."""
    history = tuple([(role, text) for role, text in turn.get("history", ())])
    return Query(turn["id"], turn["text"], turn.get("original", turn["text"]), history)
