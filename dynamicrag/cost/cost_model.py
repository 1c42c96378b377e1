"""Expected cost of whole plans, so that every option carries its downstream cost."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from dynamicrag.cost.calibration import Calibration
from dynamicrag.cost.charge import Amount, cost_of
from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.cost.expect import Asks, Plan
from dynamicrag.cost.profiles import IN_PROCESS, Host, Profile
from dynamicrag.cost.vector import Cost, Dimension
from dynamicrag.types import Usage

__all__ = ["CostModel", "Priced"]

REASONING_TOKENS = 30
REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class Priced:
    """A model of the policy as the cost model sees it.

    Attributes:
        key: The key of its calibration, see :func:`~dynamicrag.cost.rates.calibration_key`.
        profile: Its coefficients.
        caches: Whether a common prefix of prompts is computed once.
        held: Function from a prompt's beginning and its tokens to the number of them that the model's prompt
            cache holds now.
    """

    key: str
    profile: Profile
    caches: bool = False
    held: Callable[[str, float], float] = lambda beginning, tokens: 0.0  # noqa: ARG005


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
        self._prices: dict[tuple[Plan, float], Cost] = {}
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

    def saved(self, plan: Plan, cached_tokens: float) -> dict[Dimension, float]:
        """Return the amounts that cached tokens of a prompt save besides those in :meth:`price`.

        Args:
            plan: The plan.
            cached_tokens: Tokens of the turn before that its model's provider read from a prompt cache.

        Returns:
            Amounts by dimension, where they save any.
        """
        if plan.model not in self._models:
            return {}
        caches, beginning = self._models[plan.model].caches, plan.prompt_tokens + plan.system_tokens
        if caches and plan.beginning and self._held(plan) < beginning:
            return {}  # the history after it is gone too
        tokens = cached_tokens - self._steady(plan)
        if tokens <= 0:
            return {}
        computed, cached = self.call(plan.model, tokens, 0.0), self.call(plan.model, tokens, 0.0, tokens)
        return {d: computed[d] - cached[d] for d in DIMENSIONS if computed[d] > cached[d]}

    def price(self, plan: Plan) -> Cost:
        """Return the expected cost of a whole plan in steady use: with the instructions in a prompt cache."""
        return self._price_with(plan, self._steady(plan))

    def price_now(self, plan: Plan) -> Cost:
        """Return the expected cost of a whole plan with the prompt caches as they are now."""
        return self._price_with(plan, self._held(plan))

    def colder(self, plan: Plan) -> float:
        """Return the joules that a plan costs now beyond steady use, because its prompt cache is cold."""
        return max(0.0, self.price_now(plan)["joules"] - self.price(plan)["joules"])

    def _steady(self, plan: Plan) -> float:
        return plan.prompt_tokens if plan.model and self._models[plan.model].caches else 0.0

    def _held(self, plan: Plan) -> float:
        """Return the tokens of the known beginning of a plan's prompt that its model holds now."""
        if not (plan.model and plan.beginning):
            return self._steady(plan)
        return self._models[plan.model].held(plan.beginning, plan.prompt_tokens + plan.system_tokens)

    def _price_with(self, plan: Plan, cached: float) -> Cost:
        """Return the expected cost of a plan with some cached tokens.

        Prices are remembered: every stage of a turn asks for the price of the plan so far.
        """
        version = self._calibration.version
        if version != self._version or len(self._prices) >= REMEMBERED:
            self._prices, self._version = {}, version
        known = self._prices.get((plan, cached))
        if known is None:
            known = self._prices[plan, cached] = self._expected(plan, cached)
        return known

    def _expected(self, plan: Plan, cached: float) -> Cost:
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
