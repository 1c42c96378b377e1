"""Replays a candidate's routers on logged decisions: the probability of every option in each context."""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

import numpy as np

from dynamicrag.errors import DynamicRAGError
from dynamicrag.features.needless import needless
from dynamicrag.learning.examples import NOT_CHOSEN
from dynamicrag.learning.logged_vectors import LoggedVectors
from dynamicrag.learning.rebuilt import MissingOption, ModelCalled, Rebuilder, Silent
from dynamicrag.predictors.checks import Floats
from dynamicrag.routers.base import Choice, Router
from dynamicrag.stages.base import DecisionPoint
from dynamicrag.stages.choices import chosen
from dynamicrag.store.logged import LoggedDecision, LoggedQuery
from dynamicrag.topology import TOPOLOGY, VERIFICATION

TEXT = "store the questions with 'runs: {text: true}' in the policy"


@dataclass(frozen=True, slots=True)
class Played:
    """A logged decision with the candidate's probabilities.

    Attributes:
        query: Row of its query.
        decision: The decision.
        chances: The candidate's probability of each logged option, (k,); ``None`` if it decides as logged.
        lost: The candidate's probability of options that the log lacks, or that were closed.
    """

    query: int
    decision: LoggedDecision
    chances: Floats | None
    lost: float = 0.0


@dataclass(slots=True)
class Replay:
    """Replays a candidate, and notes the stages that cannot be replayed.

    Attributes:
        points: The candidate's decision points by name.
        vectors: Serves the logged embeddings.
        unchanged: Stages that the candidate decides as the logged policy does.
        refused: Reason by stage that cannot be replayed.
        learnt: Number of the last feedback that the candidate's routers have learnt from, by stage.
    """

    points: Mapping[str, DecisionPoint]
    vectors: LoggedVectors
    unchanged: AbstractSet[str] = frozenset()
    refused: dict[str, str] = field(default_factory=dict)
    learnt: dict[str, int] = field(default_factory=dict)

    async def run(self, queries: Sequence[LoggedQuery]) -> list[Played]:
        """Return all decisions of the queries at stages that can be replayed, in order."""
        rebuilder = Rebuilder(self.points)
        played = []
        for row, query in enumerate(queries):
            for decision, path in _with_paths(query):
                if decision.stage in self.refused:
                    continue
                if decision.stage in self.unchanged or decision.router in NOT_CHOSEN:
                    played.append(Played(row, decision, None))
                    continue
                why = self._obstacle(query, decision)
                if not why:
                    found = await self._play(rebuilder, row, query, decision, path)
                    if isinstance(found, Played):
                        played.append(found)
                        continue
                    why = found
                self.refused[decision.stage] = why
        self._refuse_undecided(queries, {each.decision.stage for each in played})
        return [each for each in played if each.decision.stage not in self.refused]

    def _refuse_undecided(self, queries: Sequence[LoggedQuery], decided: AbstractSet[str]) -> None:
        """Refuse stages of the candidate that no query decided although its path does not skip them."""
        for name in self.points:
            if name in decided or name in self.refused or name not in TOPOLOGY or name == VERIFICATION:
                continue
            if any(not TOPOLOGY[name].passed(query.path) for query in queries):
                self.refused[name] = "the logged policy has no such stage; remove it from the candidate"

    def _obstacle(self, query: LoggedQuery, decision: LoggedDecision) -> str:
        """Return why a decision cannot be replayed; ``""`` if nothing is in the way."""
        point = self.points.get(decision.stage)
        if point is None:
            return "the candidate has no such stage, and the log decided it; keep the stage"
        own, logged = [option.name for option in point.options], set(decision.options)
        new = [name for name in own if name not in logged]
        if new:
            return (
                f"the log has no decision with {_named(new)}, so nothing shows what it would have given; "
                "log queries with it, with exploration on"
            )
        if sum(_open(point, decision)) < 2:
            return ""
        return _router_obstacle(point.router, query, decision, self.vectors)

    async def _play(
        self,
        rebuilder: Rebuilder,
        row: int,
        query: LoggedQuery,
        decision: LoggedDecision,
        path: Mapping[str, str],
    ) -> Played | str:
        """Return the decision with the candidate's probabilities, or why it has none."""
        point, ask = self.points[decision.stage], Silent()
        open_ = _open(point, decision)
        if not any(open_):
            return Played(row, decision, np.zeros(len(decision.options)), 1.0)
        if sum(open_) == 1:
            own = np.array(open_, dtype=np.float64)
        else:
            try:
                context = rebuilder.context(query, decision, path, ask)
                choice = await chosen(point.router, context)
            except MissingOption as error:
                return f"the log took {error} before it, which the candidate lacks; keep the option"
            except (DynamicRAGError, ModelCalled) as error:
                if not ask.asked:
                    return f"its router failed on the logged query {query.id}: {error}"
            if ask.asked:
                return f"its router {point.router.registered!r} calls a model, and a replay calls none"
            own = _chances(choice, len(open_))
            self.learnt[decision.stage] = max(self.learnt.get(decision.stage, 0), choice.state or 0)
        by_name = {option.name: float(p) for option, p in zip(point.options, own, strict=True)}
        chances = np.array([by_name.get(name, 0.0) for name in decision.options])
        open_logged = np.array(decision.allowed, dtype=bool)
        lost = max(0.0, 1.0 - float(chances[open_logged].sum()))
        return Played(row, decision, chances, lost)


def _with_paths(query: LoggedQuery) -> Iterator[tuple[LoggedDecision, dict[str, str]]]:
    """Yield every decision of a query with the options in force before it."""
    path: dict[str, str] = {}
    for decision in sorted(query.decisions, key=lambda own: own.seq):
        yield decision, dict(path)
        path[decision.stage] = decision.chosen


def _open(point: DecisionPoint, decision: LoggedDecision) -> list[bool]:
    allowed = dict(zip(decision.options, decision.allowed, strict=True))
    return [allowed.get(option.name, False) for option in point.options]


def _router_obstacle(
    router: Router, query: LoggedQuery, decision: LoggedDecision, vectors: LoggedVectors
) -> str:
    name = router.registered
    if router.unlogged:
        return f"its router {name!r} needs {_joined(router.unlogged)}, which the log does not keep"
    if router.reads_text and not query.text:
        return f"its router {name!r} reads the questions, and the log has no words; {TEXT}"
    if router.embeds and not vectors.has(query) and not needless(decision.features):
        have = f"of {query.embedder!r}" if query.embedder else "for some queries no vector"
        return (
            f"its router {name!r} needs embeddings of {vectors.name!r}, and the log has {have}; use that "
            f"embedding model, or {TEXT}"
        )
    return ""


def _chances(choice: Choice, options: int) -> Floats:
    """Return the probability of every option, (k,): of the draw, or 1 for the chosen one."""
    if choice.chances is not None:
        return np.asarray(choice.chances, dtype=np.float64)
    return np.asarray(np.arange(options) == choice.index, dtype=np.float64)


def _named(names: Sequence[str]) -> str:
    options = "option" if len(names) == 1 else "options"
    return f"the {options} {', '.join(map(repr, names))}"


def _joined(names: Sequence[str]) -> str:
    return " and ".join(names)
