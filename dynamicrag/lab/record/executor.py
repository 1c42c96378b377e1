"""Runs a given path through the production graph: every stage takes the path's option, or fails.

Each path has its own executor, so that questions asked at the same time may take different paths.
"""

from copy import copy
from dataclasses import dataclass, replace

from dynamicrag.cost.budget import Budget
from dynamicrag.drafts.verification import Verification
from dynamicrag.errors import BudgetExceeded
from dynamicrag.lab.record.paths import ACCEPT, REFINE, Steps
from dynamicrag.lab.record.searches import CachedRetriever
from dynamicrag.policy.assembly import Pipeline
from dynamicrag.records import Decision
from dynamicrag.routers.base import Choice, Router, StageContext
from dynamicrag.stages.base import DecisionPoint, Run, StageBase
from dynamicrag.stages.decide import Decider
from dynamicrag.stages.retriever import RetrieverStage
from dynamicrag.turn import TurnState
from dynamicrag.walk.live import Live


class PathRouter(Router):
    """Takes the options of one path.

    Args:
        steps: The path.
    """

    registered = "recorded"

    def __init__(self, steps: Steps) -> None:
        self._steps = steps

    async def choose(self, context: StageContext) -> Choice:
        """Take the path's option; refine a draft only once.

        Raises:
            BudgetExceeded: A limit per query excludes the option.
        """
        option = self._steps[context.stage]
        if option == REFINE and (not context.attempts or context.attempts[-1]["draft"]["refined"]):
            option = ACCEPT
        index = context.index(option)
        if index is None:
            raise BudgetExceeded(
                f"stages.{context.stage}: the policy's limits per query leave no room for {option!r}; raise "
                "or remove objective.budget.per_query to record it"
            )
        return Choice(index, "recorded")


@dataclass(frozen=True, slots=True)
class PathExecutor(Live):
    """Runs one path for real; when an option fails, it tries no other.

    Costs ahead are those of this path, not of the policy's plan. Every draft is accepted, even if a verifier
    could not judge it.

    Attributes:
        steps: The path.
    """

    steps: Steps

    async def decide(self, stage: StageBase, turn: TurnState, run: Run) -> Decision:  # noqa: ARG002
        """Take the path's option.

        Raises:
            BudgetExceeded: A limit per query excludes it.
        """
        return await self.decider.decide(stage, self._ahead(stage, turn), router=PathRouter(self.steps))

    async def instead(self, *_: object, **__: object) -> Decision | None:
        """Return ``None``: a path has no alternative."""
        return None

    async def choose(self, verification: Verification, turn: TurnState, run: Run) -> Decision:
        """Accept the draft, or refine it first."""
        situation = verification.situation(turn, self.decider.plan_of(turn))
        situation = situation._replace(urgent=[False] * len(situation.open))
        ahead, router = self._ahead(verification, turn), PathRouter(self.steps)
        return await self.decider.decide(verification, ahead, run.call, situation, router=router)

    def _ahead(self, point: DecisionPoint, turn: TurnState) -> TurnState:
        path = {name: option for name, option in self.steps.items() if name != point.name}
        return {**turn, "path": path}


def for_recording(pipeline: Pipeline) -> Pipeline:
    """Return a pipeline that caches retrievals and in which every verifier judges every draft.

    It has no decision log: forced paths are no traffic to learn from. So no sampled judge marks its answers.
    """
    stages = {name: _cached(stage) for name, stage in pipeline.stages.items()}
    # no total here: a spent total must end the recording, not exclude options; the calls still keep to it
    budget = Budget(pipeline.budget.per_query, exhausted=pipeline.budget.exhausted)
    verification = _exhaustive(pipeline.verification)
    decider = Decider(stages, pipeline.cost_model, budget, pipeline.ledger, verification.asks)
    return replace(pipeline, stages=stages, verification=verification, decider=decider, logs=False)


def _cached(stage: StageBase) -> StageBase:
    if not isinstance(stage, RetrieverStage):
        return stage
    own = copy(stage)
    own.retrievers = {name: CachedRetriever(retriever) for name, retriever in stage.retrievers.items()}
    return own


def _exhaustive(verification: Verification) -> Verification:
    """Return a verification without early stops: other thresholds will be tried on the recorded signals."""
    own = copy(verification)
    own.verifiers = {name: copy(verifier) for name, verifier in verification.verifiers.items()}
    for verifier in own.verifiers.values():
        verifier.verdict = None
    # write a draft even where the policy would abstain before writing
    own.settings = {**verification.settings, "outside": "answer"}
    return own
