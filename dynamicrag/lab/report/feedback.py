"""The feedback on some queries: how much from each source, how good, and how much of it was learnt."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dynamicrag.lab.report.selection import By, grouped
from dynamicrag.lab.report.turns import Turn
from dynamicrag.store.logged import Feedback, LoggedQuery

if TYPE_CHECKING:
    from dynamicrag.cost.runs import Runs

RECENT = 100
"""Number of the latest queries of a policy whose decisions show what its learners have learnt from."""


@dataclass(frozen=True, slots=True)
class Source:
    """The feedback of a source.

    Attributes:
        scores: Number of scores, of answers and of stages.
        preferences: Number of preferences.
        queries: Number of queries with any of it.
    """

    scores: int
    preferences: int
    queries: int


@dataclass(frozen=True, slots=True)
class Score:
    """The scores of answers by one source.

    Attributes:
        number: Number of scores.
        mean: Their mean, 0 to 1.
    """

    number: int
    mean: float


@dataclass(frozen=True, slots=True)
class Learner:
    """A router that learns online.

    Attributes:
        policy: Its policy.
        stage: Its stage.
        router: The router.
        feedback: Number of stored scores and preferences that it had read at its latest decision, of all
            queries and sources.
        waiting: Number of those stored since.
    """

    policy: str
    stage: str
    router: str
    feedback: int
    waiting: int


Scores = Mapping[str, Mapping[str, Score]]


@dataclass(frozen=True, slots=True)
class FeedbackSummary:
    """The feedback on some queries.

    Attributes:
        sources: Amounts by source.
        policies: Scores of answers by policy and source.
        options: Scores of answers by the model that wrote them, an option of ``generator``, and source.
        learners: The routers that learn online.
    """

    sources: Mapping[str, Source] = field(default_factory=dict)
    policies: Scores = field(default_factory=dict)
    options: Scores = field(default_factory=dict)
    learners: Sequence[Learner] = field(default_factory=list)


def summarise_feedback(
    turns: Sequence[Turn], items: Sequence[Feedback], recent: Iterable[LoggedQuery] = ()
) -> FeedbackSummary:
    """Return the summary of the feedback on some queries.

    Args:
        turns: The queries.
        items: All stored feedback.
        recent: Recent queries with their decisions, oldest first.
    """
    by_id = {turn.id: turn for turn in turns}
    own = [item for item in items if item.query_id in by_id]
    of_policies: dict[str, dict[str, list[float]]] = {}
    of_options: dict[str, dict[str, list[float]]] = {}
    for item in own:
        if item.score is None or item.stage:
            continue
        turn = by_id[item.query_id]
        of_policies.setdefault(turn.policy, {}).setdefault(item.source, []).append(item.score)
        option = turn.path.get("generator")
        if option is not None and not turn.abstained:
            of_options.setdefault(option, {}).setdefault(item.source, []).append(item.score)
    return FeedbackSummary(
        {name: _source([item for item in own if item.source == name]) for name in _names(own)},
        {name: _means(of_policies[name]) for name in sorted(of_policies)},
        {name: _means(of_options[name]) for name in _in_order(of_options, turns)},
        _learners(items, recent),
    )


def _names(items: Sequence[Feedback]) -> list[str]:
    return sorted({item.source for item in items})


def _source(items: Sequence[Feedback]) -> Source:
    scores = sum(item.score is not None for item in items)
    return Source(scores, len(items) - scores, len({item.query_id for item in items}))


def _means(scores: Mapping[str, Sequence[float]]) -> dict[str, Score]:
    return {name: Score(len(own), sum(own) / len(own)) for name, own in sorted(scores.items())}


def _in_order(options: Iterable[str], turns: Sequence[Turn]) -> list[str]:
    """Return options in their policy's order, weakest first."""
    listed = dict.fromkeys(name for turn in reversed(turns) for name in turn.options.get("generator", ()))
    order = list(listed)
    return sorted(options, key=lambda name: (order.index(name) if name in listed else len(order), name))


def _learners(items: Sequence[Feedback], recent: Iterable[LoggedQuery]) -> list[Learner]:
    read = dict[tuple[str, str, str], int]()
    for query in recent:
        for decision in query.decisions:
            key = query.policy, decision.stage, decision.router
            if decision.state or key in read:
                read[key] = max(read.get(key, 0), decision.state)
    numbers = [item.number for item in items]
    return [
        Learner(*key, sum(number <= upto for number in numbers), sum(number > upto for number in numbers))
        for key, upto in read.items()
    ]


def stored_feedback(runs: "Runs", turns: Sequence[Turn]) -> FeedbackSummary:
    """Return the feedback on queries; the latest decisions of each policy show how much of it was learnt.

    Raises:
        RunsError: The store cannot be read.
    """
    from dynamicrag.learning.stored import all_feedback
    from dynamicrag.store.log import Log

    log = Log(runs.database)
    items = all_feedback(log)
    if not items:
        return FeedbackSummary()
    recent = [turn.id for own in grouped(turns, By.policy).values() for turn in own[-RECENT:]]
    return summarise_feedback(turns, items, log.queries(ids=recent))
