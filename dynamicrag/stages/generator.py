"""Stage ``generator``: which model writes the answer."""

from collections.abc import Mapping, Sequence
from typing import Any

from dynamicrag.cost.expect import Plan
from dynamicrag.errors import BudgetError, ProviderError
from dynamicrag.llm.chat import ChatModel
from dynamicrag.llm.prompts.base import PromptStrategy
from dynamicrag.routers.base import Router
from dynamicrag.stages.base import Run, StageBase
from dynamicrag.stages.call import call
from dynamicrag.stages.fit import Fitted, fit
from dynamicrag.stages.retriever import retrieval_features
from dynamicrag.stages.shown import Shown
from dynamicrag.stages.token_signals import token_signals
from dynamicrag.types import Draft, Option, TurnState

CHARACTERS = 4.0  # per token, about, in English


class GeneratorStage(StageBase):
    """Options are the policy's models, weakest first.

    Args:
        options: The options.
        router: The router.
        settings: ``hold``: whether drafts are kept from the user's stream.
        models: Model by option name.
        strategies: Prompt strategy by name of the ``prompt`` option in force.
    """

    name = "generator"

    def __init__(
        self,
        options: Sequence[Option],
        router: Router,
        settings: Mapping[str, Any] | None = None,
        *,
        models: Mapping[str, ChatModel],
        strategies: Mapping[str, PromptStrategy],
    ) -> None:
        super().__init__(options, router, settings)
        self._models = models
        self._strategies = strategies

    async def features(self, turn: TurnState) -> dict[str, float]:
        """Return what the retrieved passages say."""
        return retrieval_features(turn)

    def apply(self, option: Option, plan: Plan) -> Plan:
        """Set the model."""
        return plan._replace(model=option.name)

    async def act(self, option: Option, turn: TurnState, run: Run) -> TurnState:
        """Write a draft and read its signals off the token probabilities."""
        model = self._models[option.name]
        strategy = self._strategies[turn["path"].get("prompt", next(iter(self._strategies)))]
        fitted = await fit(model, strategy, turn)
        streams = strategy.streams and not self.settings.get("hold", False)
        shown = Shown()
        try:
            completion = await call(
                run, turn["id"], self.name, model, fitted.messages,
                max_tokens=strategy.max_tokens,
                spare_seconds=self._spare(option, fitted, strategy, run),
                stop=strategy.stops(bool(fitted.passages)),
                config=shown.within(run.config),
                tags=[] if streams else ["nostream"],
            )  # fmt: skip
        except (ProviderError, BudgetError):
            if streams and shown.message_id:
                run.emit({"type": "withdrawn", "message_id": shown.message_id, "reason": "failed"})
            raise
        answer = strategy.parse(completion.text)
        draft = Draft(
            text=answer.text,
            message_id=completion.message_id,
            model=option.name,
            streamed=streams,
            dropped=fitted.dropped,
            refined=False,
            signals=token_signals(completion, answer.start),
        )
        return {"draft": draft, "passages": fitted.passages}

    def _spare(self, option: Option, fitted: Fitted, strategy: PromptStrategy, run: Run) -> float:
        """Return the seconds to leave for another model, should this one not answer in time."""
        if "seconds" not in run.budget.per_query:
            return 0.0
        prompt = sum(len(message.text) for message in fitted.messages) / CHARACTERS

        def expected(name: str) -> float:
            return run.cost_model.call(name, prompt, strategy.expected_tokens)["seconds"]

        others = {each.name for each in self.options} - run.failed - {option.name}
        return min(
            (expected(name) for name in others if expected(name) <= expected(option.name)), default=0.0
        )
