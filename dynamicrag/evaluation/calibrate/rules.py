"""What a policy's own routers would have chosen on recorded paths."""

import asyncio
from collections.abc import Mapping, Sequence

import numpy as np

from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.cost.vector import Cost
from dynamicrag.dependencies import Dependencies
from dynamicrag.errors import DynamicRAGError, InputError, PolicyError, unknown
from dynamicrag.evaluation.calibrate.forecast import Forecast
from dynamicrag.evaluation.calibrate.world import Rows, World
from dynamicrag.features.base import Embed
from dynamicrag.features.lexical import lexical
from dynamicrag.policy import Policy
from dynamicrag.routers.base import Router, StageContext
from dynamicrag.routers.build import build_joint, build_router
from dynamicrag.routers.paths import without_news
from dynamicrag.topology import TOPOLOGY
from dynamicrag.types import Option, Query


def options_of(policy: Policy, stage: str) -> list[str]:
    """Return the names of a stage's options."""
    section = policy.stages.get(stage)
    return [] if section is None else list(section.options or policy.models)


def _options(policy: Policy, stage: str) -> list[Option]:
    section = policy.stages[stage]
    params = {name: spec for name, spec in section.specs.items() if isinstance(spec, dict)}
    return [Option(name, params.get(name, {})) for name in options_of(policy, stage)]


def check_options(policy: Policy, world: World) -> None:
    """Refuse a table of paths that the policy cannot take.

    Raises:
        InputError: An option that the policy does not have.
    """
    for stage in world.stages:
        for option in world.options(stage):
            if option not in options_of(policy, stage):
                told = unknown(f"{world.table}: {stage}", "option", option, options_of(policy, stage))
                raise InputError(f"{told}; these are the options of {policy.source or 'the policy'}")


def unvaried(policy: Policy, world: World) -> list[str]:
    """Return the stages at which the policy chooses and the recorded paths do not differ."""
    return [s for s in TOPOLOGY.drafting if s not in world.stages and len(options_of(policy, s)) > 1]


def ends(world: World, policy: Policy) -> tuple[int, int]:
    """Return the path of the largest model and of the smallest.

    Both retrieve once, and read the longest context from the strongest retriever that was recorded with it,
    without further prompting, as the policy lists its options.
    """

    def place(stage: str, path: Mapping[str, str]) -> int:
        return options_of(policy, stage).index(path[stage]) if stage in path else -1

    def rank(path: Mapping[str, str]) -> tuple[int, ...]:
        once = path.get("retrieval", "single") == "single"
        return once, place("context", path), place("retriever", path), -place("prompt", path)

    model = [place("generator", path) for path in world.paths]
    large, small = (
        max(range(len(model)), key=lambda k: (sign * model[k], *rank(world.paths[k]))) for sign in (1, -1)
    )
    return large, small


class Rules:
    """A policy's routers, on recorded paths.

    Args:
        policy: The policy.
        world: The questions and paths.
        made: What is expected to cost.
        embed: The embedding model, where a router needs one.

    Raises:
        DynamicRAGError: A router cannot be built.
    """

    def __init__(self, policy: Policy, world: World, made: Forecast, embed: Embed | None = None) -> None:
        self._world = world
        self._made = made
        context = Dependencies(folder=policy.folder, weights=policy.objective.weights, embedder=embed)
        joint = build_joint(policy.joint, policy.where("joint"), context) if policy.joint else None
        self._options = {s: _options(policy, s) for s in world.stages}
        self._routers: dict[str, Router] = {}
        for stage in world.stages:
            section = policy.stages[stage]
            where = policy.where("stages", stage, "router")
            if joint is not None and stage in joint.decides:
                self._routers[stage] = joint
            else:
                built = build_router(section.router or "heuristic", where, context)
                self._routers[stage] = _unasking(built, where)

    def name(self, stage: str) -> str:
        """Return the name of a stage's router."""
        return self._routers[stage].registered

    def replay(self) -> Rows:
        """Return the path that every question ends on, (n,)."""

        async def all_of() -> list[int]:
            return [await self._path(row) for row in range(len(self._world))]

        return np.array(asyncio.run(all_of()), dtype=np.intp)

    def alone(self, stage: str, planned: Mapping[str, str]) -> list[str]:
        """Return what a stage's router chooses for every question, the stages before it as planned."""
        order = list(self._world.stages)
        before = {str(s): planned[s] for s in order[: order.index(stage)] if s in planned}

        async def all_of() -> list[str]:
            return [await self._choose(row, stage, before) for row in range(len(self._world))]

        return asyncio.run(all_of())

    async def _path(self, row: int) -> int:
        steps: dict[str, str] = {}
        for stage in self._world.stages:
            if not TOPOLOGY[stage].passed(steps):
                steps[stage] = await self._choose(row, stage, steps)
        return self._world.agreeing(steps)[0]

    async def _choose(self, row: int, stage: str, steps: Mapping[str, str]) -> str:
        world, options = self._world, self._options[stage]
        untold = stage in TOPOLOGY.ahead or steps.get("retrieval") == "none"
        seen = without_news(world.seen[row]) if untold else world.seen[row]
        ahead = [world.agreeing({**steps, stage: option.name}) for option in options]
        planned = world.paths[self._made.planned[row]]
        expected = [
            self._cost(row, {**planned, **steps, stage: option.name}, ways)
            for option, ways in zip(options, ahead, strict=True)
        ]
        choice = await self._routers[stage].choose(
            StageContext(
                stage=stage,
                query=Query(str(row), seen.text),
                options=options,
                allowed=[bool(ways) for ways in ahead],
                expected=expected,
                left={},
                features=lexical(seen.text) | dict(seen.signals),
                path=steps,
                price=lambda path: self._cost(row, path, [0]),
            )
        )
        return options[choice.index].name

    def _cost(self, row: int, steps: Mapping[str, str], else_: Sequence[int]) -> Cost:
        column = self._world.column(steps)
        at = column if column is not None else else_[0] if else_ else 0
        costs = self._made.costs
        return Cost({(d, "modelled"): float(costs[d][row, at]) for d in DIMENSIONS if d in costs})


def rules_path(
    policy: Policy, world: World, made: Forecast, embed: Embed | None, notes: list[str]
) -> Rows | None:
    """Return the path that a policy's own routers end on, (n,); ``None`` and a note where none can say."""
    try:
        return Rules(policy, world, made, embed).replay()
    except DynamicRAGError as error:
        notes.append(f"the policy's own routers cannot be replayed: {error}")
        return None


def _unasking(router: Router, where: str) -> Router:
    """Refuse a router that asks a model: a recorded table has none to ask."""
    if router.models:
        raise PolicyError(
            f"{where}: {router.registered!r} asks a model ({', '.join(router.models)}), and a recorded table "
            "has none to ask; name another router to calibrate with"
        )
    return router
