"""What the rest of a path is expected to cost, so that every option carries its downstream cost.

A longer context costs nothing in its own stage and much in generation. So stages do not price their
options; they say how an option changes the *plan*, and only whole plans are priced.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from dynamicrag.cost.dimensions import cost_of
from dynamicrag.cost.profiles import Host, Profile
from dynamicrag.cost.vector import Cost
from dynamicrag.types import Usage


@dataclass(frozen=True, slots=True)
class Plan:
    """The quantities that decide what answering one query costs.

    Attributes:
        question_tokens: Tokens of the question.
        rounds: Retrieval rounds.
        search_cpu_seconds: CPU time of one search.
        chunk_tokens: Tokens of one retrieved chunk, once they are known.
        context_tokens: Tokens of the passages in the prompt.
        prompt_tokens: Tokens of the instructions around them.
        output_tokens: Tokens generated.
        model: The generating model's name in the policy.
    """

    question_tokens: float = 20.0
    rounds: float = 0.0
    search_cpu_seconds: float = 0.0
    chunk_tokens: float | None = None
    context_tokens: float = 0.0
    prompt_tokens: float = 60.0
    output_tokens: float = 12.0
    model: str = ""


class CostModel:
    """Prices plans with the profiles of the policy's models.

    Args:
        profiles: Profile by model name in the policy.
        helper: Name of the model that reasons between retrieval rounds, if any.
        host: Coefficients of this host.
    """

    def __init__(self, profiles: Mapping[str, Profile], helper: str | None, host: Host) -> None:
        self._profiles = profiles
        self._helper = helper
        self._host = host

    def call(self, model: str, input_tokens: float, output_tokens: float) -> Cost:
        """Return the expected cost of one call to a model."""
        profile = self._profiles[model]
        cpu = profile.cpu_seconds.of(input_tokens, output_tokens)
        usage = Usage(
            calls=1,
            input_tokens=round(input_tokens),
            output_tokens=round(output_tokens),
            seconds=profile.seconds.of(input_tokens, output_tokens),
            cpu_seconds=cpu,
        )
        return cost_of(usage, profile, self._host)

    def price(self, plan: Plan) -> Cost:
        """Return the expected cost of a whole plan."""
        prompt = plan.prompt_tokens + plan.question_tokens + plan.context_tokens
        cost = self.call(plan.model, prompt, plan.output_tokens) if plan.model else Cost()
        search = Usage(seconds=plan.search_cpu_seconds, cpu_seconds=plan.search_cpu_seconds)
        local = Profile(runs="in_process")
        for done in range(round(plan.rounds)):
            cost += cost_of(search, local, self._host)
            if done and self._helper:
                cost += self.call(self._helper, prompt, 30)
        return cost
