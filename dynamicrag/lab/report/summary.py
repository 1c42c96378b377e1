"""The summary of many queries: outcomes, costs, energy by stage, and the options they ended with."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from dynamicrag.lab.report.figures import Statistics, statistics, total
from dynamicrag.lab.report.quantities import quantities
from dynamicrag.lab.report.turns import Turn
from dynamicrag.lab.results import FLAT
from dynamicrag.records import Figure
from dynamicrag.topology import TOPOLOGY


@dataclass(frozen=True, slots=True)
class StageEnergy:
    """Active joules of a stage.

    Attributes:
        total: Over all queries.
        mean: Per query, those without the stage included.
    """

    total: Figure
    mean: Figure


@dataclass(frozen=True, slots=True)
class Share:
    """The queries that ended with an option.

    Attributes:
        share: Their share of all queries.
        escalated: The share of all queries that reached the option by escalation.
    """

    share: float
    escalated: float


Shares = Mapping[str, Mapping[str, Share]]
"""Shares by stage and option. What a stage's shares lack of 1 never reached it."""


@dataclass(frozen=True, slots=True)
class Summary:
    """The summary of some queries.

    Attributes:
        queries: Number of queries.
        failed: Number of queries that failed; their costs are in all figures.
        waiting: Number of queries that wait for more budget; their costs so far are in all figures.
        replaced: Number of agents' tasks that another question replaced; their costs are in all figures.
        abstained: Number of queries without an answer.
        escalated: Number of queries with an escalation.
        provisional: Number of queries that the meter had not covered when they were kept.
        costs: Statistics by quantity.
        stages: Energy by stage.
        options: Shares of the options.
    """

    queries: int
    failed: int
    waiting: int
    replaced: int
    abstained: int
    escalated: int
    provisional: int
    costs: Mapping[str, Statistics] = field(metadata={FLAT: True})
    stages: Mapping[str, StageEnergy]
    options: Shares


def summarise(turns: Sequence[Turn]) -> Summary:
    """Return the summary of some queries."""
    return Summary(
        queries=len(turns),
        failed=sum(turn.failed for turn in turns),
        waiting=sum(turn.waiting for turn in turns),
        replaced=sum(turn.replaced for turn in turns),
        abstained=sum(turn.abstained for turn in turns),
        escalated=sum(bool(turn.escalations) for turn in turns),
        provisional=sum(turn.provisional for turn in turns),
        costs={name: statistics([one.of(turn) for turn in turns]) for name, one in quantities().items()},
        stages={stage: _energy(turns, stage) for stage in stages_of(turns)},
        options=shares(turns),
    )


def stages_of(turns: Iterable[Turn]) -> list[str]:
    """Return the stages that queries spent something in, in order."""
    return stage_order({stage for turn in turns for stage in turn.stages})


def stage_order(stages: Iterable[str]) -> list[str]:
    """Return stages in the order of a query's way; condensing, which is no stage, is first."""
    return sorted(set(stages), key=lambda stage: (TOPOLOGY.index(stage) if stage in TOPOLOGY else -1, stage))


def _energy(turns: Sequence[Turn], stage: str) -> StageEnergy:
    whole = total([turn.stages[stage]["joules"] for turn in turns if stage in turn.stages])
    return StageEnergy(whole, Figure(value=(whole["value"] or 0.0) / len(turns), kind=whole["kind"]))


def shares(turns: Sequence[Turn]) -> Shares:
    """Return the shares of the options that queries ended with.

    Options are in their policy's order, weakest first; those of queries that did not keep it come last.
    """
    ended: dict[str, dict[str, list[bool]]] = {}
    for turn in turns:
        for stage, option in turn.path.items():
            raised = f"{stage}:{option}" in turn.escalations
            ended.setdefault(stage, {}).setdefault(option, []).append(raised)
    listed: dict[str, dict[str, None]] = {}  # as policies list them, the latest query's first
    for turn in reversed(turns):
        for stage, names in turn.options.items():
            listed.setdefault(stage, {}).update(dict.fromkeys(names))
    found: dict[str, dict[str, Share]] = {}
    for stage in stage_order(ended):
        taken = ended[stage]
        order = [*(name for name in listed.get(stage, ()) if name in taken), *taken]
        found[stage] = {
            name: Share(len(taken[name]) / len(turns), sum(taken[name]) / len(turns))
            for name in dict.fromkeys(order)
        }
    return found
