"""Stage ``prompt``: the prompt strategy for the answer."""

from collections.abc import Mapping, Sequence

from dynamicrag.cost.expect import Plan
from dynamicrag.llm.prompts.base import PROMPTS, PromptStrategy, prompt_spec
from dynamicrag.routers.base import Router
from dynamicrag.stages.base import STAGES, Run, StageBase, StageDeps
from dynamicrag.stages.section import StageSection, check_options
from dynamicrag.turn import TurnState
from dynamicrag.types import Option


@STAGES.register("prompt")
class PromptStage(StageBase):
    """Options are prompt strategies.

    Args:
        strategies: Prompt strategy by option name.
    """

    def __init__(
        self, options: Sequence[Option], router: Router, *, strategies: Mapping[str, PromptStrategy]
    ) -> None:
        super().__init__(options, router)
        self.strategies = strategies

    @classmethod
    def build(cls, section: StageSection, deps: StageDeps) -> "PromptStage":
        """See the base class."""
        specs = check_options(section, deps.where)
        strategies = {
            name: deps.prompts.get(name)
            or PROMPTS.build(prompt_spec(name, spec), deps.where("options", name), deps)
            for name, spec in specs.items()
        }
        options = [
            Option(name, {"prompt": getattr(each, "registered", "")}) for name, each in strategies.items()
        ]
        return cls(options, deps.route(options), strategies=strategies)

    def strategy(self, path: Mapping[str, str]) -> PromptStrategy:
        """Return the prompt strategy of a path, or the first one."""
        return self.strategies[path.get("prompt", next(iter(self.strategies)))]

    def apply(self, option: Option, plan: Plan) -> Plan:
        """Set the length of the instructions and of the output."""
        strategy = self.strategies[option.name]
        return plan._replace(
            prompt_tokens=strategy.overheads[plan.context_tokens > 0],
            beginning=strategy.beginning(plan.context_tokens > 0, plan.beginning),
            output_tokens=strategy.expected_tokens,
            most_tokens=strategy.max_tokens,
        )

    async def act(self, option: Option, turn: TurnState, run: Run) -> TurnState:  # noqa: ARG002
        """Do nothing: the generator uses the chosen strategy."""
        return {}
