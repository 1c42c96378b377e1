"""A policy's own routers and verification, walked along recorded paths.

The walk is the live graph's, with the recorded executor; see :mod:`dynamicrag.walk.recorded`.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.cost.vector import Cost
from dynamicrag.drafts.verification import Verification
from dynamicrag.errors import DynamicRAGError, PolicyError
from dynamicrag.lab.calibrate.forecast import Forecast
from dynamicrag.lab.calibrate.realised import WITHHELD, Realised, realise_drafts
from dynamicrag.lab.calibrate.world import Rows, World
from dynamicrag.policy.assembly import Pipeline, assemble
from dynamicrag.policy.policy import Policy
from dynamicrag.routers.base import Choice, Router, StageContext
from dynamicrag.stages.base import Run, option_names
from dynamicrag.topology import TOPOLOGY, VERIFICATION
from dynamicrag.walk.recorded import Recorded
from dynamicrag.walk.recording import RecordedPaths, Recording
from dynamicrag.walk.replay import Replayed, asked, replay

UNKNOWN = -2
"""In place of the accepted path: it was not walked yet."""


class Weakest(Router):
    """Takes the weakest open option: it stands in for the routers of stages after a step up."""

    registered = "weakest"

    async def choose(self, context: StageContext) -> Choice:
        """See the base class."""
        return Choice(context.nearest(0), "the weakest")


@dataclass(frozen=True, slots=True)
class Walked:
    """The outcomes of n questions on k paths.

    Attributes:
        first: The path that was taken first, (n,). Where the policy abstained before a draft was written,
            the weakest path that continues from there: it is charged as if it had been written.
        tried: The paths whose drafts were written, (n, k).
        accepted: The path whose draft was accepted, or ``WITHHELD``, (n,).
        unrecorded: Number of choices that lead to no recorded path, (n,).
    """

    first: Rows
    tried: NDArray[np.bool_]
    accepted: Rows
    unrecorded: Rows

    def realised(self, world: World) -> Realised:
        """Return the realised figures of the walks."""
        return realise_drafts(world, self.tried, self.accepted, self.first)


class Walks:
    """Walks of one policy on one world.

    Args:
        pipeline: The policy's; none of its models is loaded or asked.
        world: The questions and paths.
        made: Their expected costs.
    """

    def __init__(self, pipeline: Pipeline, world: World, made: Forecast) -> None:
        self.pipeline = pipeline
        self.world = world
        self._costs = made.costs
        self._paths = RecordedPaths(world.whole, option_names(pipeline.stages))
        self._run = Run(pipeline.ledger, pipeline.budget, pipeline.cost_model)
        self._upward = {name: stage.routed(Weakest()) for name, stage in pipeline.stages.items()}

    def policy(self) -> Walked:
        """Return the end of every question with the policy's own routers and verification.

        Raises:
            DynamicRAGError: A router cannot decide on the recording.
        """
        pipeline = self.pipeline

        async def all_of() -> list[Replayed]:
            return [
                await replay(pipeline.stages, pipeline.verification, self._recording(row), self._run)
                for row in range(len(self.world))
            ]

        found = asyncio.run(all_of())
        tried = np.zeros(self.world.quality.shape, dtype=bool)
        for row, one in enumerate(found):
            tried[row, list(one.drafts or [self._onward(one)])] = True
        return Walked(
            np.array([one.drafts[0] if one.drafts else self._onward(one) for one in found], dtype=np.intp),
            tried,
            np.array([WITHHELD if one.accepted is None else one.accepted for one in found], dtype=np.intp),
            np.array([len(one.unrecorded) for one in found], dtype=np.intp),
        )

    def judged(self, verification: Verification, pairs: Iterable[tuple[int, int]]) -> list[Replayed]:
        """Return the end of some questions whose drafts on some paths pass a verification."""

        async def all_of() -> list[Replayed]:
            return [
                await replay(
                    self._upward, verification, self._recording(row), self._run, self.world.whole[column]
                )
                for row, column in pairs
            ]

        return asyncio.run(all_of())

    def alone(self, stage: str, planned: Mapping[str, str]) -> list[str]:
        """Return the choice of a stage's router for every question, with the stages before it as planned.

        It is ``""`` where the planned path passes the stage by.
        """
        stages = self.pipeline.stages
        order = list(stages)
        before = {name: planned[name] for name in order[: order.index(stage)] if name in planned}

        async def one(row: int) -> str:
            recording = self._recording(row)
            executor = Recorded(stages, self.pipeline.verification, recording)
            turn = asked(recording.text, before)
            for name in order[: order.index(stage) + 1]:
                if not TOPOLOGY[name].passed(turn["path"]):
                    turn, _ = await executor.take(stages[name], turn, self._run)
            return turn["path"].get(stage, "")

        async def all_of() -> list[str]:
            return [await one(row) for row in range(len(self.world))]

        return asyncio.run(all_of())

    def _onward(self, found: Replayed) -> int:
        return self._paths.agreeing(found.turn["path"])[0]

    def _recording(self, row: int) -> Recording:
        drafts = [
            replace(draft, expected=self._cost(row, column))
            for column, draft in enumerate(self.world.drafts[row])
        ]
        return Recording(self.world.seen[row].text, self._paths, drafts)

    def _cost(self, row: int, column: int) -> Cost:
        costs = self._costs
        return Cost({(d, "modelled"): float(costs[d][row, column]) for d in DIMENSIONS if d in costs})


class Verdicts:
    """The verdicts of a verification on the drafts of all paths; each is walked once, when it is needed.

    After a step up, stages that are not decided yet take their weakest recorded option.

    Args:
        walks: The walks.
        verification: The verification.
    """

    def __init__(self, walks: Walks, verification: Verification) -> None:
        n, k = walks.world.quality.shape
        self._walks = walks
        self._verification = verification
        self._accepted = np.full((n, k), UNKNOWN, dtype=np.intp)
        self._tried = np.zeros((n, k, k), dtype=bool)

    def apply(self, index: Rows) -> Realised:
        """Return the realised figures of paths, (n,) or (m, n), whose drafts are judged."""
        rows = np.broadcast_to(np.arange(index.shape[-1]), index.shape)
        unknown = self._accepted[rows, index] == UNKNOWN
        pairs = sorted(set(zip(rows[unknown].tolist(), index[unknown].tolist(), strict=True)))
        found = self._walks.judged(self._verification, pairs)
        for (row, column), one in zip(pairs, found, strict=True):
            self._accepted[row, column] = WITHHELD if one.accepted is None else one.accepted
            self._tried[row, column, list(one.drafts or [column])] = True
        return realise_drafts(self._walks.world, self._tried[rows, index], self._accepted[rows, index], index)


def walkable(policy: Policy, varied: Collection[str], notes: list[str]) -> Pipeline | None:
    """Return a policy's pipeline for walks; ``None`` and a note where it cannot be built."""
    try:
        return pipeline_of(policy, varied)
    except DynamicRAGError as error:
        notes.append(f"the policy's own routers cannot be replayed: {error}")
        return None


def pipeline_of(policy: Policy, varied: Collection[str]) -> Pipeline:
    """Return a policy's pipeline for walks; its documents need not be there.

    Args:
        policy: The policy.
        varied: The stages whose routers decide in a walk, besides verification.

    Raises:
        DynamicRAGError: It cannot be built, or one of its routers asks a model.
    """
    corpora = {name: own.model_copy(update={"path": ["."]}) for name, own in policy.corpora.items()}
    pipeline = assemble(policy.model_copy(update={"corpora": corpora}))
    for name, point in pipeline.points.items():
        router = point.router
        if router.models and name in (*varied, VERIFICATION):
            raise PolicyError(
                f"{policy.where('stages', name, 'router')}: {router.registered!r} asks a model "
                f"({', '.join(router.models)}), and a recorded table has none to ask; name another router to "
                "calibrate with"
            )
    return pipeline
