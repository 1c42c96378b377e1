"""The state of a task: its turn, its decisions, its account, and its end."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from langgraph.errors import GraphBubbleUp

from dynamicrag import portal, traces
from dynamicrag.faces.langchain.choosing import Choosing
from dynamicrag.faces.langchain.finishing import finished
from dynamicrag.faces.langchain.watch import STAGE
from dynamicrag.graph.books import Books
from dynamicrag.graph.stored import submit_part
from dynamicrag.graph.traced import Traced
from dynamicrag.stages.base import Run

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage

    from dynamicrag.cost.line import Line
    from dynamicrag.graph.channel import Channel
    from dynamicrag.graph.recent import Recent
    from dynamicrag.policy.assembly import Pipeline
    from dynamicrag.records import Decision
    from dynamicrag.turn import TurnState


class UnderWay:
    """A question that is being answered by model calls outside the graph.

    Attributes:
        pipeline: The policy.
        run: The ledger, the budget and the options of the call.
        choosing: Chooses the models.
        turn: The turn that answers the question, with the decisions so far in force.
        answered_by: The option that answered the last call, or the spec of a model that is no option.
    """

    def __init__(
        self,
        pipeline: "Pipeline",
        choosing: Choosing,
        recent: "Recent",
        turn: "TurnState",
        channel: "Channel | None",
        run: Run,
    ) -> None:
        self.pipeline = pipeline
        self.run = run
        self.choosing = choosing
        self._recent = recent
        self._books = Books(pipeline, turn, channel)
        self.turn = self._books.turn
        self._begun = channel is not None
        decisions = channel["decisions"] if channel else []
        self._before = [each for each in decisions if each["turn"] == turn["id"]]
        self._made: list[Decision] = []
        self.answered_by = ""

    @property
    def query_id(self) -> str:
        """Its id in the account, the decision log and ``rag.explain``."""
        return self.turn["id"]

    @property
    def decisions(self) -> "list[Decision]":
        """All decisions of the task so far."""
        return [*self._before, *self._made]

    @property
    def lines(self) -> "Sequence[Line]":
        """All calls of the task so far."""
        return self._books.lines

    async def catch_up(self) -> None:
        """Add the lines of other processes, if they may have worked on the task."""
        if self._books.travelled:
            await self._books.ask()

    def about(self) -> dict[str, Any]:
        """Return the facts for ``response_metadata["dynamicrag"]``.

        They are ``query_id``, ``path``, ``model`` (the option that answered last, or the spec of a model that
        is no option), and ``cost`` of the task so far.
        """
        cost = self.run.ledger.total(self._books.lines).figures()
        return {
            "query_id": self.query_id,
            "path": self.turn["path"],
            "model": self.answered_by or self.turn["path"].get(STAGE, ""),
            "cost": cost,
        }

    def update(self) -> dict[str, Any]:
        """Return the update of our channel since the task was made: plain JSON for the reducer."""
        kept, lines = self._books.close(self.turn)
        begins: dict[str, Any] = {} if self._begun else {"report": {}, "siblings": {}}
        return {"turn": kept, "decisions": self._made, "account": lines, **begins}

    def finish(self, message: "AIMessage | None") -> Mapping[str, Any]:
        """End the task: log its decisions, close its books; return the update of our channel. May block.

        The message is the final one; ``None`` if there is no answer.
        """
        return portal.run(self.afinish(message))

    async def afinish(self, message: "AIMessage | None") -> Mapping[str, Any]:
        """As :meth:`finish`."""
        self.turn, report = await finished(
            self.pipeline, self.turn, self.decisions, self._books.lines, self.run, message
        )
        return {**self.update(), "report": report}

    def keep(self) -> None:
        """Store the task so far: nobody tells if it ends here, by another part's error or by an interrupt."""
        submit_part(self.pipeline, self.turn, self.decisions, self.run)

    @contextmanager
    def working(self) -> Iterator[None]:
        """Account for the work in this context; a failed task is stored with its costs so far."""
        shared: traces.Attributes = {
            "dynamicrag.query_id": self.query_id,
            "dynamicrag.policy": self.pipeline.policy.name,
            "gen_ai.conversation.id": self.run.thread or None,
        }
        tracing = Traced(None, self.turn, STAGE, shared)
        try:
            with tracing, self._books:
                yield
                self.turn = tracing.placed(self.turn)
        except GraphBubbleUp:
            raise
        except BaseException as error:
            self.failed(error)
            raise

    def failed(self, error: BaseException) -> None:
        """Store the task so far, which may have ended by an error."""
        if self.run.ledger.account(self.query_id).lines:
            made, kind = self.decisions, type(error).__name__
            submit_part(self.pipeline, self.turn, made, self.run, error=kind)

    def take(self, turn: "TurnState", made: "list[Decision]") -> None:
        """Put a turn with further decisions in force."""
        self.turn = turn
        self._made += made
        self._recent.put(self.query_id, self.decisions)
