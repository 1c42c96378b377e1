"""A node for sync and async graphs: one coroutine, called by ``invoke`` and ``ainvoke``.

Only this module converts a graph's state to a turn, and a turn to an update of the state. Works see turns.
"""

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from langchain_core.runnables import Runnable, RunnableConfig
from langgraph.errors import GraphBubbleUp
from langgraph.runtime import Runtime, get_runtime

from dynamicrag import portal, traces
from dynamicrag.errors import BudgetExceeded
from dynamicrag.graph.asking import can_ask, warn
from dynamicrag.graph.books import Books
from dynamicrag.graph.calls import call_options, given_options
from dynamicrag.graph.channel import Channel
from dynamicrag.graph.decided import shown
from dynamicrag.graph.names import Names
from dynamicrag.graph.policies import Policies
from dynamicrag.graph.stored import submit
from dynamicrag.graph.traced import Traced
from dynamicrag.graph.turn import answer_of, begun_turn, current_turn
from dynamicrag.policy.assembly import Pipeline
from dynamicrag.records import Decision
from dynamicrag.retrieval.filtering import permitted_turn
from dynamicrag.stages.base import Run
from dynamicrag.turn import TurnState

State = Mapping[str, Any]
Update = dict[str, Any]
MOST_ASKED = 10
"""Largest number of requests for more budget in one turn; after them, the limits hold."""
Work = Callable[[TurnState, Run], Awaitable[tuple[TurnState, list[Decision]]]]


Result = tuple[TurnState, list[Decision], Update]
"""The turn after the work of a node, the decisions made, and other changes of the state."""


@dataclass(frozen=True, slots=True)
class Execution:
    """One execution of a node.

    Attributes:
        state: The graph's state.
        turn: The turn to work on.
        run: The ledger, the budget and the options of the call.
        books: The account of the turn's query.
        pipeline: The policy of the turn.
    """

    state: State
    turn: TurnState
    run: Run
    books: Books
    pipeline: Pipeline


class Node(Runnable[Any, Any]):
    """A node for sync and async graphs, called by LangGraph. It decides, acts, and charges failed work too.

    It is a plain ``Runnable``: LangGraph traces nodes itself, and a ``RunnableLambda`` would trace them
    again.

    Args:
        policies: The policies; every turn uses one of them.
        name: The node's name.
        names: The keys of the state.
        whole: Whether the node belongs to the whole graph: its nodes share a root span, and its first node
            has always begun the turn of the others.

    Attributes:
        stage: Its stage, by its name for ``add_node``.
        kept_as: Format of the policy's name in the record of a query.
        begins: Whether it begins a turn.
        ends: Whether it ends a turn.
    """

    stage: str = ""
    kept_as: ClassVar[str] = "{}"
    begins: ClassVar[bool] = False
    ends: ClassVar[bool] = False

    def __init__(self, policies: Policies, name: str, names: Names, *, whole: bool = False) -> None:
        self.name = name
        self.names = names
        self.policies = policies
        self._whole = whole

    def invoke(self, input: State, config: RunnableConfig | None = None, **kwargs: Any) -> Update:  # noqa: A002, ARG002
        """Do the work and block until it is done."""
        return portal.run(self._go(input, config, get_runtime()))

    async def ainvoke(self, input: State, config: RunnableConfig | None = None, **kwargs: Any) -> Update:  # noqa: A002, ARG002
        """Do the work."""
        return await self._go(input, config, get_runtime())

    def _turn(self, state: State, channel: Channel | None, config: RunnableConfig | None) -> TurnState:
        """Return the turn to work on: the current one, or a new one if the question has none yet."""
        if self._whole and channel:
            return begun_turn(state, self.names, channel, self.name)
        return current_turn(state, self.names, channel, self.stage, config)

    @abstractmethod
    async def _work(self, at: Execution) -> Result:
        """Return the turn after the work, the decisions made, and other changes of the state.

        In the update, keys under the name of our channel are merged into the channel.
        """

    def _may_ask(self, config: RunnableConfig | None) -> bool:  # noqa: ARG002
        """Return whether a query that lacks budget may stop at this node, to be asked about."""
        return False

    def _failed(self, error: BaseException, pipeline: Pipeline, config: RunnableConfig | None) -> None:
        """Note that the work has failed."""

    async def _go(self, state: State, config: RunnableConfig | None, runtime: Runtime[Any]) -> Update:
        given, prefix = given_options(config, runtime.context), self.names.prefix
        channel = self.names.channel(state)
        turn = self._turn(state, channel, config)
        query = turn["id"]
        here = channel if channel and channel["turn"]["id"] == query else None
        turn = self.policies.settle(turn, given.policy, f"{given.where}.policy", begun=here is not None)
        pipeline = self.policies[turn.get("policy", "")]
        call = call_options(given, pipeline, config)  # raises before anything is spent
        if turn.get("granted"):
            call = replace(call, granted=turn["granted"])
        if pipeline.budget.exhausted == "ask" and self._may_ask(config):
            call = replace(call, asks=len(turn.get("asked", ())) < MOST_ASKED)
        if call.filter:  # a resumed turn may have retrieved under another filter
            turn = await permitted_turn(turn, call.filter, pipeline.corpora.values())
        books = Books(pipeline, turn, here)
        budget = pipeline.budget.of_call(call)
        emit = shown(runtime.stream_writer, query, config)
        run = Run(pipeline.ledger, budget, pipeline.cost_model, config, emit, call=call)
        tracing = self._tracing(turn, pipeline, run)
        try:
            with tracing, books:
                if books.travelled:
                    await books.ask()
                turn, made, update = await self._work(Execution(state, books.turn, run, books, pipeline))
        except GraphBubbleUp:
            raise  # the graph is interrupted, and the query continues later
        except BaseException as error:
            self._failed(error, pipeline, config)
            if pipeline.ledger.account(query).lines:
                name = self.kept_as.format(pipeline.policy.name)
                failed = {"policy": name, "path": turn["path"], "error": type(error).__name__}
                submit(pipeline, turn, run, failed)
            raise
        if made:
            before = [each for each in here["decisions"] if each["turn"] == query] if here else []
            self.policies.recent.put(query, [*before, *made])
        kept, lines = books.close(tracing.placed(turn))
        ours: Update = {"turn": kept, "decisions": made, "account": lines}
        if prefix in update:
            ours |= update[prefix]
        return {**update, prefix: ours}

    def _tracing(self, turn: TurnState, pipeline: Pipeline, run: Run) -> Traced:
        shared: traces.Attributes = {
            "dynamicrag.query_id": turn["id"],
            "dynamicrag.policy": pipeline.policy.name,
            "gen_ai.conversation.id": run.thread or None,
        }
        roots = self.policies.roots if self._whole else None
        return Traced(roots, turn, self.name or "", shared, begins=self.begins, ends=self.ends)


class StageNode(Node):
    """A node of one or more stages.

    Args:
        policies: See :class:`Node`.
        name: See :class:`Node`.
        names: See :class:`Node`.
        work: The work.
        stage: The last of its stages.
        whole: See :class:`Node`.
    """

    def __init__(
        self, policies: Policies, name: str, names: Names, work: Work, stage: str, *, whole: bool = False
    ) -> None:
        super().__init__(policies, name, names, whole=whole)
        self.stage = stage
        self._works = work

    def _may_ask(self, config: RunnableConfig | None) -> bool:
        return can_ask(config, whole=self._whole)

    def _failed(self, error: BaseException, pipeline: Pipeline, config: RunnableConfig | None) -> None:
        lacks = isinstance(error, BudgetExceeded) and pipeline.budget.exhausted == "ask"
        if lacks and not self._may_ask(config):
            warn(self.policies, pipeline, whole=self._whole)

    async def _work(self, at: Execution) -> Result:
        turn, made = await self._works(at.turn, at.run)
        key, text = self.names.answer, None
        if key is not None and self.stage in ("generator", "verification"):
            text = answer_of(turn, at.pipeline)
        return turn, made, {} if key is None or text is None else {key: text}
