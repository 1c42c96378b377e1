"""A policy's options beside those of a recording."""

from collections.abc import Mapping

from dynamicrag.errors import InputError, unknown
from dynamicrag.lab.calibrate.world import World
from dynamicrag.policy.policy import Policy
from dynamicrag.topology import TOPOLOGY


def options_of(policy: Policy, stage: str) -> list[str]:
    """Return the names of a stage's options."""
    section = policy.stages.get(stage)
    return [] if section is None else list(section.options or policy.models)


def check_options(policy: Policy, world: World) -> None:
    """Refuse a table of paths that the policy cannot take.

    Raises:
        InputError: The policy lacks a recorded option.
    """
    for stage in world.stages:
        known = options_of(policy, stage)
        for option in world.options(stage):
            if option not in known:
                mistake = unknown(f"{world.table}: {stage}", "option", option, known)
                raise InputError(f"{mistake}; these are the options of {policy.source or 'the policy'}")


def unvaried(policy: Policy, world: World) -> list[str]:
    """Return the stages at which the policy chooses and the recorded paths do not differ."""
    return [s for s in TOPOLOGY.drafting if s not in world.stages and len(options_of(policy, s)) > 1]


def ends(world: World, policy: Policy) -> tuple[int, int]:
    """Return the path of the largest model and of the smallest.

    Both retrieve once, and read the longest context from the strongest retriever that was recorded with it,
    without further prompting, in the order in which the policy lists its options.
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
