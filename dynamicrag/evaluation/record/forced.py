"""Forces a path on the production graph: every stage takes the option it is told to, or fails.

The path travels in a context variable that is set before the graph is asked, so that questions under
way at the same time may take different paths through the same nodes.
"""

from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import replace

from dynamicrag.assembly import Pipeline
from dynamicrag.call_options import NO_OPTIONS, CallOptions
from dynamicrag.cost.budget import Budget
from dynamicrag.errors import BudgetExceeded
from dynamicrag.evaluation.record.memo import Remembering
from dynamicrag.evaluation.record.paths import REFINE, VERDICT, Steps
from dynamicrag.routers.base import Choice, Router, StageContext
from dynamicrag.stages.base import DecisionPoint, StageBase
from dynamicrag.stages.decide import Decider
from dynamicrag.stages.retriever import RetrieverStage
from dynamicrag.stages.situation import Situation
from dynamicrag.types import Decision, Option, TurnState

wanted: ContextVar[Steps] = ContextVar("dynamicrag_recorded_path")


class Forced(Router):
    """Takes the option of the path that is being recorded.

    Args:
        router: The stage's own router, which still says what to plan with.
    """

    registered = "recorded"

    def __init__(self, router: Router) -> None:
        self._router = router

    def planned(self, stage: str, options: Sequence[Option]) -> int:
        """See the base class."""
        return self._router.planned(stage, options)

    async def choose(self, context: StageContext) -> Choice:
        """Take it.

        Raises:
            BudgetExceeded: A limit per query closes it.
        """
        option = wanted.get()[context.stage]
        if option == REFINE and (not context.attempts or context.attempts[-1]["draft"]["refined"]):
            option = VERDICT
        index = context.index(option)
        if index is None:
            raise BudgetExceeded(
                f"stages.{context.stage}: the policy's limits per query leave no room for {option!r}; raise "
                "or remove objective.budget.per_query to record it"
            )
        return Choice(index, "recorded")


class Unyielding(Decider):
    """Reckons with the path that is recorded alone, and knows no other option when one of it has failed."""

    async def decide(
        self,
        point: DecisionPoint,
        turn: TurnState,
        call: CallOptions = NO_OPTIONS,
        situation: Situation | None = None,
    ) -> Decision:
        """See the base class; what is still to come is the path's, not what the policy plans with.

        Raises:
            BudgetExceeded: A limit per query closes the path's option.
        """
        path = {name: option for name, option in wanted.get().items() if name != point.name}
        return await super().decide(point, {**turn, "path": path}, call, situation)

    async def fall_back(
        self,
        stage: StageBase,  # noqa: ARG002
        turn: TurnState,  # noqa: ARG002
        failed: set[str],  # noqa: ARG002
        why: str,  # noqa: ARG002
        *,
        cheaper: bool = False,  # noqa: ARG002
        call: CallOptions = NO_OPTIONS,  # noqa: ARG002
    ) -> Decision | None:
        """Return nothing."""
        return None


def forced(pipeline: Pipeline) -> Pipeline:
    """Return a pipeline for recording; the stages of ``pipeline`` are changed for good."""
    for point in pipeline.points.values():
        point.router = Forced(point.router)
        if isinstance(point, RetrieverStage):
            point.retrievers = {name: Remembering(r) for name, r in point.retrievers.items()}
    # drafts are always accepted, so also those that a verifier could not judge
    pipeline.verification.settings["on_failure"] = "accept"
    for verifier in pipeline.verification.verifiers.values():
        verifier.verdict = None  # other thresholds will be tried on what is recorded: all samples count
    # the total closes no option, or its end would pass for a path too dear: the calls themselves keep to it
    budget = Budget(pipeline.budget.per_query, exhausted=pipeline.budget.exhausted)
    decider = Unyielding(
        pipeline.stages, pipeline.cost_model, budget, pipeline.ledger, pipeline.verification.asks
    )
    return replace(pipeline, decider=decider)
