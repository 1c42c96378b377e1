"""The remaining work under each option of a stage, and its expected cost."""

from collections.abc import Callable, Mapping, Sequence

from dynamicrag.borders import is_ours
from dynamicrag.call_options import CallOptions
from dynamicrag.cost.cost_model import CostModel
from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.cost.expect import CHARACTERS, Asks, Plan
from dynamicrag.cost.vector import Cost, Dimension
from dynamicrag.predictors.selection import admissible
from dynamicrag.stages.base import StageBase
from dynamicrag.stages.checked import applied
from dynamicrag.stages.retrieval import known_before
from dynamicrag.stages.situation import Room
from dynamicrag.stages.ways import wanted_option
from dynamicrag.topology import TOPOLOGY
from dynamicrag.turn import TurnState
from dynamicrag.types import Option

ROUNDS = 3
REMEMBERED = 4096
NOTHING = Cost()
Opens = Callable[[str, str], bool]
"""Whether an option may be taken at a stage."""


class Pricing:
    """Prices the remaining work under a stage's options and whole paths, and finds those within budget."""

    def __init__(
        self, stages: Mapping[str, StageBase], cost_model: CostModel, asks: Sequence[Asks] = ()
    ) -> None:
        self._stages = stages
        self._names = list(stages)
        self._rows = {name: TOPOLOGY[name] for name in stages}
        self._planned = {name: stage.planned() for name, stage in stages.items()}
        self._cost_model = cost_model
        self._asks = tuple(asks)
        # a stage of the caller's own may not give the same plan twice
        self._repeatable = all(is_ours(stage) for stage in stages.values())
        self._known: dict[tuple[str, Plan, tuple[tuple[str, str], ...]], tuple[Plan, ...]] = {}

    def plans(self, stage: StageBase, turn: TurnState) -> tuple[Plan, ...]:
        """Return the remaining work under each option of a stage.

        Plans are cached: many questions have the same length, and only passages distinguish them.
        """
        path, blank = self._ahead(turn), self._blank(turn)
        if not self._repeatable:
            return self._plans(stage, path, blank)
        key = stage.name, blank, tuple(path.items())
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            known = self._known[key] = self._plans(stage, path, blank)
        return known

    def _plans(self, stage: StageBase, path: Mapping[str, str], blank: Plan) -> tuple[Plan, ...]:
        at = self._names.index(stage.name)
        before = self._along(blank, path, self._names[:at])
        after = self._names[at + 1 :]
        return tuple(
            self._along(applied(stage, option, before), {**path, stage.name: option.name}, after)
            for option in stage.options
        )

    def plan(self, turn: TurnState, path: Mapping[str, str]) -> Plan:
        """Return the plan of a whole path."""
        return self._along(self._blank(turn), {**turn.get("plan", {}), **path}, self._names)

    def options(self, turn: TurnState) -> dict[str, Option]:
        """Return the option of every stage: decided, or planned."""
        path = self._ahead(turn)
        return {name: self._option(name, path) for name in self._names}

    def expected(self, plans: Sequence[Plan | None]) -> list[Cost]:
        """Return the expected cost of each plan in steady use: it does not depend on who was asked first."""
        return [self._cost_model.price(plan) if plan else NOTHING for plan in plans]

    def price(self, turn: TurnState, path: Mapping[str, str]) -> Cost:
        """Return the expected cost of a whole path in steady use."""
        return self._cost_model.price(self.plan(turn, path))

    def colder(self, plans: Sequence[Plan | None]) -> list[float]:
        """Return the joules that each plan costs now beyond steady use, because its prompt cache is cold."""
        return [self._cost_model.colder(plan) if plan else 0.0 for plan in plans]

    def saved(self, turn: TurnState) -> dict[Dimension, float]:
        """Return the amounts that a prompt cache saves the model of the turn before, besides its price."""
        last = turn.get("last")
        if not last or not last["cached_tokens"]:
            return {}
        plan = self.plan(turn, turn.get("path", {}))._replace(model=last["model"])
        return self._cost_model.saved(plan, last["cached_tokens"])

    def at_most(self, plans: Sequence[Plan | None]) -> list[dict[Dimension, float]]:
        """Return the amounts to compare with a limit: worst cases in hard dimensions, else expected amounts.

        The latter are with the prompt caches as they are now. Verifiers are left out: an answer is not given
        up because its verification is unaffordable.
        """
        bare = [plan and plan._replace(asks=()) for plan in plans]
        worst = [self._cost_model.worst(plan) if plan else NOTHING for plan in bare]
        now = [self._cost_model.price_now(plan) if plan else NOTHING for plan in bare]
        return [
            {d: (w if row.hard else e)[d] for d, row in DIMENSIONS.items()}
            for w, e in zip(worst, now, strict=True)
        ]

    def within(
        self,
        stage: StageBase,
        turn: TurnState,
        plans: Sequence[Plan | None],
        left: Mapping[Dimension, float],
        *,
        opens: Opens,
    ) -> Room:
        """Return the options that fit into the remaining budget, by the planned path or by any other.

        So a cheaper model is chosen before the documents are dropped: retrieval stays open if a cheaper model
        can read the passages although the planned one cannot. Another path is searched only if the planned
        one does not fit: stage by stage, the last first, because most of the cost depends on it. Options
        closed by ``opens`` are excluded.
        """
        fits, binding = admissible(self.at_most(plans), left)
        found = list(plans)
        for number, option in enumerate(stage.options):
            if not fits[number]:
                other, _ = self.least(stage, option, turn, left, opens)
                if admissible(self.at_most([other]), left)[0][0]:
                    found[number], fits[number] = other, True
        return Room(found, fits, binding)

    def fixed(self, plans: Sequence[Plan | None], left: Mapping[Dimension, float]) -> Room:
        """Return whether each plan fits unchanged into the remaining budget."""
        fits, binding = admissible(self.at_most(plans), left)
        return Room(plans, fits, binding)

    def least(
        self, stage: StageBase, option: Option, turn: TurnState, left: Mapping[Dimension, float], opens: Opens
    ) -> tuple[Plan, dict[str, str]]:
        """Return the plan and the path under an option that fit, or those that exceed the limits least.

        The planned path is kept unless another exceeds the limits less, over all dimensions. Among the models
        that fit it takes the strongest, as a router does if the planned model is closed.
        Skipped stages stay as planned: dropping the documents is not another way to read them.
        """
        at, ahead = self._names.index(stage.name), self._ahead(turn)
        names, gates = self._names[at + 1 :], TOPOLOGY.gates
        start = applied(stage, option, self._along(self._blank(turn), ahead, self._names[:at]))
        taken = {**ahead, stage.name: option.name}
        taken |= {name: self._option(name, taken).name for name in names}
        wishes = {name: wanted_option(turn, name) for name in names if name not in gates}
        taken |= {name: wish for name, wish in wishes.items() if wish is not None and opens(name, wish)}
        best = self._along(start, taken, names)
        least = self._overstep(best, left)
        for _ in range(ROUNDS):
            before_round = least
            for name, wanted in reversed(wishes.items()):
                for other in reversed(self._stages[name].options):
                    if wanted in (None, other.name) and opens(name, other.name):
                        tried = {**taken, name: other.name}
                        way = self._along(start, tried, names)
                        over = self._overstep(way, left)
                        if not over:
                            return way, tried
                        if over < least:
                            best, least, taken = way, over, tried
            if least == before_round:
                break
        return best, taken

    def permitted(self, turn: TurnState, call: CallOptions) -> TurnState:
        """Return the turn with an option for every stage: decided, or planned and open to the call."""
        options, ahead = {}, self._ahead(turn)
        for name, stage in self._stages.items():
            planned = self._option(name, ahead)
            first = (one for one in (planned, *stage.options) if call.opens(name, one.name))
            options[name] = next(first, planned).name
        return {**turn, "path": {**options, **turn.get("path", {})}}

    def _overstep(self, plan: Plan, left: Mapping[Dimension, float]) -> float:
        """Return the excess of a plan over the remaining budget, as shares of it, summed over dimensions."""
        (most,) = self.at_most([plan])
        return sum(max(0.0, most[d] / max(amount, 1e-12) - 1) for d, amount in left.items())

    def fits(
        self,
        turn: TurnState,
        path: Mapping[str, str],
        before: Sequence[Mapping[str, str]],
        left: Mapping[Dimension, float],
    ) -> bool:
        """Return whether a whole path fits into the budget after the expected cost of the path before it."""
        spent = sum((self.price(turn, other) for other in before), NOTHING)
        rest = {d: amount - spent[d] for d, amount in left.items()}
        return admissible(self.at_most([self.plan(turn, path)]), rest)[0][0]

    @staticmethod
    def _ahead(turn: TurnState) -> dict[str, str]:
        """Return the decided options, and those of the turn's plan for the other stages."""
        return {**turn.get("plan", {}), **turn.get("path", {})}

    def _blank(self, turn: TurnState) -> Plan:
        """Return the plan before any stage has changed it, with the known facts of the turn."""
        passages = turn.get("candidates") or known_before(turn)
        found = [len(passage["text"]) / CHARACTERS for passage in passages]
        return Plan(
            question_tokens=len(turn["text"]) / CHARACTERS,
            system_tokens=len(turn.get("system", "")) / CHARACTERS,
            chunk_tokens=sum(found) / len(found) if found else None,
            enough=turn.get("known", {}).get("enough") if found else None,
            asks=self._asks,
            beginning=turn.get("system", ""),
        )

    def _along(self, plan: Plan, path: Mapping[str, str], names: Sequence[str]) -> Plan:
        """Return a plan as changed by the options of some stages: the path's, or else the planned ones."""
        taken = dict(path)
        for name in names:
            option = self._option(name, path) if name in path else self._planned[name]
            taken[name] = option.name
            if self._rows[name].gate(taken) is None:
                plan = applied(self._stages[name], option, plan)
        return plan

    def _option(self, name: str, path: Mapping[str, str]) -> Option:
        """Return the option of ``path`` at a stage, or the planned one."""
        stage = self._stages[name]
        index = stage.index(path.get(name))
        return self._planned[name] if index < 0 else stage.options[index]
