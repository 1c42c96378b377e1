"""Expected cost of the rest of a path, so that every option carries its downstream cost.

A longer context costs nothing in its own stage and much in generation. So stages do not price their
options: they describe how an option changes the *plan*, and only whole plans are priced.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from dynamicrag.cost.calibration import Calibration
from dynamicrag.cost.charge import Amount, cost_of
from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.cost.profiles import IN_PROCESS, Host, Profile
from dynamicrag.cost.vector import Cost, Dimension
from dynamicrag.types import Usage

REASONING_TOKENS = 30
REMEMBERED = 4096


class Asks(NamedTuple):
    """The calls or computations that a verifier is expected to make per draft.

    Attributes:
        calls: Number of calls.
        prompt_tokens: Tokens of each, besides the question and the passages.
        output_tokens: Tokens generated in each; ``None`` for the draft's number.
        model: The model's name in the policy; ``""`` for the model that writes the draft.
        goes_on: Whether the prompt extends the draft's, so that a prompt cache holds that part.
        reads: Whether it asks only if there are passages.
        computes: Calibration key if no model of the policy is asked. Such calls are priced at their measured
            cost on this host, for any context, and at zero before the first measurement.
    """

    calls: float
    prompt_tokens: float = 0.0
    output_tokens: float | None = None
    model: str = ""
    goes_on: bool = False
    reads: bool = False
    computes: str = ""


class HelperCall(NamedTuple):
    """A call that a stage makes before the draft.

    Attributes:
        model: The model's name in the policy; ``""`` if no model of the policy is asked.
        input_tokens: Tokens of the prompt.
        output_tokens: Usual number of generated tokens.
        most_tokens: Largest number of generated tokens.
        computes: Calibration key of the work if no model is asked; priced at zero before the first
            measurement.
    """

    model: str = ""
    input_tokens: float = 0.0
    output_tokens: float = 0.0
    most_tokens: float = 0.0
    computes: str = ""


CHARACTERS = 4.0
"""Characters per token of English text, approximately."""


class Plan(NamedTuple):
    """The quantities that determine the cost of answering one query.

    Attributes:
        question_tokens: Tokens of the question.
        rounds: Retrieval rounds.
        search_cpu_seconds: CPU time of one search.
        searches: Searches in a round.
        chunk_tokens: Tokens of one retrieved chunk, once known.
        enough: Number of retrieved chunks that the context needs, once known.
        context_tokens: Tokens of the passages in the prompt.
        prompt_tokens: Tokens of the instructions and examples, the same for every question.
        system_tokens: Tokens of the conversation's own system messages.
        output_tokens: Tokens generated.
        most_tokens: Largest number of generated tokens.
        model: The generating model's name in the policy.
        asks: Calls of verifiers about the draft.
        helps: Calls that stages make before the draft.
        cached_tokens: Tokens of the prompt that the model has probably in its prompt cache, besides those
            that are the same for every question.
        most_input: Upper bound of the prompt's tokens, if it was counted.
    """

    question_tokens: float = 20.0
    rounds: float = 0.0
    search_cpu_seconds: float = 0.0
    searches: float = 1.0
    chunk_tokens: float | None = None
    enough: float | None = None
    context_tokens: float = 0.0
    prompt_tokens: float = 60.0
    system_tokens: float = 0.0
    output_tokens: float = 12.0
    most_tokens: float = 64.0
    model: str = ""
    asks: tuple[Asks, ...] = ()
    helps: tuple[HelperCall, ...] = ()
    cached_tokens: float = 0.0
    most_input: float = 0.0


@dataclass(frozen=True, slots=True)
class Priced:
    """A model of the policy as the cost model sees it.

    Attributes:
        key: The key of its calibration, see :func:`~dynamicrag.cost.rates.calibration_key`.
        profile: Its coefficients.
        caches: Whether a common prefix of prompts is computed once.
    """

    key: str
    profile: Profile
    caches: bool = False


class CostModel:
    """Prices plans with the profiles of the policy's models, or with their fits on this host.

    Args:
        models: The models by name in the policy.
        helper: Name of the model that reasons between retrieval rounds, if any.
        host: Coefficients of this host.
        calibration: Fits from metered calls; a fit replaces the profile's figures.
    """

    def __init__(
        self,
        models: Mapping[str, Priced],
        helper: str | None,
        host: Host,
        calibration: Calibration | None = None,
    ) -> None:
        self._models = models
        self._helper = helper
        self._host = host
        self._calibration = calibration or Calibration()
        self._prices: dict[Plan, Cost] = {}
        self._version = self._calibration.version

    def profile(self, model: str) -> Profile:
        """Return a model's coefficients."""
        return self._models[model].profile

    def call(self, model: str, input_tokens: float, output_tokens: float, cached_tokens: float = 0.0) -> Cost:
        """Return the expected cost of one call to a model; ``cached_tokens`` are among the input's."""
        priced = self._models[model]
        tokens = input_tokens, output_tokens, cached_tokens
        fitted = self._calibration.of(priced.key) if priced.profile.runs != "remote" else None
        usage = Usage(
            calls=1,
            input_tokens=round(input_tokens),
            cached_tokens=round(cached_tokens),
            output_tokens=round(output_tokens),
            seconds=(fitted.seconds if fitted else priced.profile.seconds).of(*tokens),
            cpu_seconds=priced.profile.cpu_seconds.of(*tokens),
        )
        energy = Amount(fitted.joules.of(*tokens), "calibrated") if fitted else None
        return cost_of(usage, priced.profile, self._host, energy)

    def saved(self, model: str, cached_tokens: float, prompt_tokens: float = 0.0) -> dict[Dimension, float]:
        """Return the amounts that cached tokens of a prompt save, by dimension, where they save any.

        Args:
            model: The model's name in the policy.
            cached_tokens: Tokens that its provider reads from a prompt cache.
            prompt_tokens: Number of them that expected prices already assume to be cached, if it caches.
        """
        if model not in self._models:
            return {}
        tokens = cached_tokens - (prompt_tokens if self._models[model].caches else 0.0)
        if tokens <= 0:
            return {}
        computed, cached = self.call(model, tokens, 0.0), self.call(model, tokens, 0.0, tokens)
        return {d: computed[d] - cached[d] for d in DIMENSIONS if computed[d] > cached[d]}

    def price(self, plan: Plan) -> Cost:
        """Return the expected cost of a whole plan.

        Prices are cached: every stage of a turn asks for the price of the plan so far.
        """
        version = self._calibration.version
        if version != self._version or len(self._prices) >= REMEMBERED:
            self._prices, self._version = {}, version
        known = self._prices.get(plan)
        if known is None:
            known = self._prices[plan] = self._expected(plan)
        return known

    def _expected(self, plan: Plan) -> Cost:
        cached = plan.prompt_tokens if plan.model and self._models[plan.model].caches else 0.0
        cost = self._price(plan, cached + plan.cached_tokens)
        for ask in plan.asks if plan.model else ():
            if plan.context_tokens or not ask.reads:
                cost += self._asked(ask, plan)
        return cost

    def _asked(self, ask: Asks, plan: Plan) -> Cost:
        """Return the expected cost of a verifier's calls."""
        if ask.computes:
            return self._computed(ask.computes).times(ask.calls)
        model = ask.model or plan.model
        shown = plan.question_tokens + plan.context_tokens
        before = plan.prompt_tokens + plan.system_tokens + shown if ask.goes_on else 0.0
        own = ask.prompt_tokens + (0.0 if ask.goes_on else shown)
        # a model that did not write the draft has not read its prompt, but has its own instructions
        known = (before if model == plan.model else 0.0) if ask.goes_on else ask.prompt_tokens
        cached = known if self._models[model].caches else 0.0
        output = plan.output_tokens if ask.output_tokens is None else ask.output_tokens
        return self.call(model, before + own, output, cached).times(ask.calls)

    def _computed(self, label: str) -> Cost:
        fitted = self._calibration.of(label)
        if fitted is None:
            return Cost()
        usage = Usage(calls=1, seconds=fitted.seconds.call)
        energy = Amount(fitted.joules.call, "calibrated")
        return cost_of(usage, IN_PROCESS, self._host, energy)

    def worst(self, plan: Plan) -> Cost:
        """Return the cost of a plan whose answers have their maximum length, with nothing cached.

        Verifiers are left out: they are skipped if no budget is left for them.
        """
        longest = tuple(each._replace(output_tokens=each.most_tokens) for each in plan.helps)
        worst = plan._replace(output_tokens=plan.most_tokens, helps=longest)
        if plan.most_input:
            before = plan.prompt_tokens + plan.question_tokens + plan.context_tokens
            worst = worst._replace(system_tokens=max(plan.system_tokens, plan.most_input - before))
        return self._price(worst, 0.0)

    def _price(self, plan: Plan, cached: float) -> Cost:
        shown = plan.question_tokens + plan.context_tokens
        prompt = plan.prompt_tokens + plan.system_tokens + shown
        cost = self.call(plan.model, prompt, plan.output_tokens, cached) if plan.model else Cost()
        search = Usage(seconds=plan.search_cpu_seconds, cpu_seconds=plan.search_cpu_seconds)
        for done in range(round(plan.rounds)):
            cost += cost_of(search, IN_PROCESS, self._host).times(plan.searches)
            if done and self._helper:
                cost += self.call(self._helper, shown, REASONING_TOKENS)
        for each in plan.helps:
            cost += (
                self.call(each.model, each.input_tokens, each.output_tokens)
                if each.model
                else self._computed(each.computes)
            )
        return cost
