"""Follows a given path through the production graph: every stage takes the path's option, or fails.

Each path has an executor of its own, so that questions under way at the same time may follow different paths.
"""

from copy import copy
from dataclasses import dataclass, replace

from dynamicrag.assembly import Pipeline
from dynamicrag.cost.budget import Budget
from dynamicrag.drafts.verification import Verification
from dynamicrag.errors import BudgetExceeded
from dynamicrag.lab.record.memo import Remembering
from dynamicrag.lab.record.paths import REFINE, VERDICT, Steps
from dynamicrag.routers.base import Choice, Router, StageContext
from dynamicrag.stages.base import DecisionPoint, Run, StageBase
from dynamicrag.stages.decide import Decider
from dynamicrag.stages.retriever import RetrieverStage
from dynamicrag.types import Decision, TurnState
from dynamicrag.walk.live import Live


class Given(Router):
    """Takes the options of one path.

    Args:
        steps: The path.
    """

    registered = "recorded"

    def __init__(self, steps: Steps) -> None:
        self._steps = steps

    async def choose(self, context: StageContext) -> Choice:
        """Take the path's option; a draft is mended once.

        Raises:
            BudgetExceeded: A limit per query closes it.
        """
        option = self._steps[context.stage]
        if option == REFINE and (not context.attempts or context.attempts[-1]["draft"]["refined"]):
            option = VERDICT
        index = context.index(option)
        if index is None:
            raise BudgetExceeded(
                f"stages.{context.stage}: the policy's limits per query leave no room for {option!r}; raise "
                "or remove objective.budget.per_query to record it"
            )
        return Choice(index, "recorded")


@dataclass(frozen=True, slots=True)
class Following(Live):
    """Carries out one path for real, and knows no other option when one of it has failed.

    Costs ahead are those of this path, and not of what the policy plans with. Every draft is accepted, also
    one that a verifier could not judge.

    Attributes:
        steps: The path.
    """

    steps: Steps

    async def decide(self, stage: StageBase, turn: TurnState, run: Run) -> Decision:  # noqa: ARG002
        """Take the path's option.

        Raises:
            BudgetExceeded: A limit per query closes it.
        """
        return await self.decider.decide(stage, self._ahead(stage, turn), router=Given(self.steps))

    async def instead(
        self,
        stage: StageBase,  # noqa: ARG002
        turn: TurnState,  # noqa: ARG002
        failed: set[str],  # noqa: ARG002
        why: str,  # noqa: ARG002
        run: Run,  # noqa: ARG002
        *,
        cheaper: bool,  # noqa: ARG002
    ) -> Decision | None:
        """Return nothing."""
        return None

    async def choose(self, verification: Verification, turn: TurnState, run: Run) -> Decision:
        """Accept the draft, or have it mended first."""
        situation = verification.situation(turn, self.decider.plan_of(turn))
        situation = situation._replace(urgent=[False] * len(situation.open))
        ahead = self._ahead(verification, turn)
        return await self.decider.decide(verification, ahead, run.call, situation, router=Given(self.steps))

    def _ahead(self, point: DecisionPoint, turn: TurnState) -> TurnState:
        path = {name: option for name, option in self.steps.items() if name != point.name}
        return {**turn, "path": path}


def for_recording(pipeline: Pipeline) -> Pipeline:
    """Return a pipeline whose retrievers remember, and whose verifiers judge every draft to the end."""
    stages = {name: _remembering(stage) for name, stage in pipeline.stages.items()}
    # the total closes no option, or its end would pass for a path too dear: the calls themselves keep to it
    budget = Budget(pipeline.budget.per_query, exhausted=pipeline.budget.exhausted)
    verification = _patient(pipeline.verification)
    decider = Decider(stages, pipeline.cost_model, budget, pipeline.ledger, verification.asks)
    return replace(pipeline, stages=stages, verification=verification, decider=decider)


def _remembering(stage: StageBase) -> StageBase:
    if not isinstance(stage, RetrieverStage):
        return stage
    own = copy(stage)
    own.retrievers = {name: Remembering(retriever) for name, retriever in stage.retrievers.items()}
    return own


def _patient(verification: Verification) -> Verification:
    """Return a verification that stops early for no threshold: others will be tried on what is recorded."""
    own = copy(verification)
    own.verifiers = {name: copy(verifier) for name, verifier in verification.verifiers.items()}
    for verifier in own.verifiers.values():
        verifier.verdict = None
    # a draft is written also where the policy would abstain before that
    own.settings = {**verification.settings, "outside": "answer"}
    return own
