"""Chooses the model of a call by the policy's ``generator`` router."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from dynamicrag.cost.expect import Plan
from dynamicrag.faces.langchain.capable import Capable
from dynamicrag.faces.langchain.kept import Kept
from dynamicrag.faces.langchain.request import Request
from dynamicrag.faces.langchain.watch import STAGE
from dynamicrag.stages.base import Run
from dynamicrag.stages.decide import Decider
from dynamicrag.stages.situation import Situation

if TYPE_CHECKING:
    from dynamicrag.cost.line import Line
    from dynamicrag.policy.assembly import Pipeline
    from dynamicrag.records import Decision
    from dynamicrag.turn import TurnState

EXPECTED_OUTPUT = 150.0
"""Tokens that a call is expected to generate: an assumption, averaged with the task's calls so far."""
SHORTEST_CACHED = 1024.0
"""Tokens from which providers cache a prompt, as far as they document it (OpenAI, Anthropic, Google)."""


class Choosing:
    """Chooses the models of calls outside the graph, for one policy.

    Args:
        pipeline: The policy.
        max_tokens: Largest number of generated tokens of a call without a limit of its own.
    """

    def __init__(self, pipeline: "Pipeline", max_tokens: int) -> None:
        self._pipeline = pipeline
        self._max_tokens = max_tokens
        self.capable = Capable(pipeline.models)
        # no verification follows: the router must not count on a second draft
        self._decider = Decider(
            pipeline.stages, pipeline.cost_model, pipeline.budget, pipeline.ledger, asker=pipeline.asker
        )

    def most_output(self, name: str, request: Request, run: Run) -> int | None:
        """Return the limit of a reply: the call's, the model's own, or ours if a budget needs one."""
        own = request.max_tokens or self._pipeline.models[name].own_limit
        return own or (self._max_tokens if run.budget.limited else None)

    async def open(self, request: Request, run: Run, failed: Mapping[str, Exception]) -> list[bool]:
        """Return whether each option can serve a call, apart from limits of cost.

        Raises:
            PolicyError: The call has tools or a schema, and no model can call tools.
            InputError: The model that the call forces cannot, or the call closes all that can.
        """
        names = [option.name for option in self._pipeline.stages[STAGE].options]
        able = dict.fromkeys(names, True)
        if request.with_tools:
            able = {name: await self.capable.of(name) for name in names}
            self.capable.check(able, run.call.options.get(STAGE), run.call.closed.get(STAGE, ()))
        open_ = [able[name] and name not in failed and run.call.opens(STAGE, name) for name in names]
        for fits in (partial(self._takes_tools, request), partial(self._has_room, request), self._is_up):
            fitting = [each and fits(name) for each, name in zip(open_, names, strict=True)]
            open_ = fitting if any(fitting) else open_
        return open_

    async def decide(
        self,
        turn: "TurnState",
        request: Request,
        run: Run,
        open_: Sequence[bool],
        lines: Sequence["Line"],
        before: "Decision | None",
    ) -> "Decision":
        """Choose among open options.

        Args:
            turn: The turn.
            request: The call.
            run: The run, with the options of the call.
            open_: As :meth:`open` returns it.
            lines: The calls of the task so far.
            before: The last such decision of the task, whose model is kept unless that is worse.
        """
        stage = self._pipeline.stages[STAGE]
        plans = [await self._plan(option.name, request, run, lines) for option in stage.options]
        situation = Situation(open=open_, plans=plans, urgent=[False] * len(plans))
        router = None
        if before is not None:
            weights = self._pipeline.policy.objective.weights
            estimates = dict(zip(before["options"], before["quality"], strict=True))
            router = Kept(before["chosen"], estimates, stage.router, weights)
        return await self._decider.decide(stage, turn, run.call, situation, router=router)

    async def _plan(self, name: str, request: Request, run: Run, lines: Sequence["Line"]) -> Plan:
        """Return the plan of one call: its whole prompt, the cached part of it, and its reply."""
        size, most = request.size, self.most_output(name, request, run) or self._max_tokens
        written = [line.usage.output_tokens for line in lines if line.stage == STAGE and line.usage.calls]
        expected = (EXPECTED_OUTPUT + sum(written)) / (1 + len(written))
        return Plan(
            question_tokens=0.0,
            prompt_tokens=0.0,
            system_tokens=size.tokens,
            output_tokens=min(expected, most),
            most_tokens=most,
            model=name,
            cached_tokens=self._cached(name, size.tokens, lines),
            most_input=await size.bound(self._pipeline.models[name]) if run.budget.limited else 0.0,
        )

    def _cached(self, name: str, tokens: float, lines: Sequence["Line"]) -> float:
        """Return the tokens of a prompt that a model has probably in its cache: those of its last call.

        If the model has reported for an earlier pair of calls how much it found, the same share is expected.
        """
        own = [each.usage for each in lines if each.stage == STAGE and each.label == name and not each.failed]
        if not own or tokens < own[-1].input_tokens / 2:  # the history was rewritten
            return 0.0
        known = min(tokens, own[-1].input_tokens + own[-1].output_tokens)
        least = 0.0 if self._pipeline.models[name].caches else SHORTEST_CACHED
        before = own[-2].input_tokens + own[-2].output_tokens if len(own) > 1 else 0
        if before > least:
            return known * min(1.0, own[-1].cached_tokens / before)
        return float(known) if known >= least else 0.0

    def _takes_tools(self, request: Request, name: str) -> bool:
        return not (request.with_tools and self.capable.has_refused(name))

    def _has_room(self, request: Request, name: str) -> bool:
        context = self._pipeline.models[name].context
        return context is None or request.size.tokens < context

    def _is_up(self, name: str) -> bool:
        return not self._pipeline.models[name].outage.rests
