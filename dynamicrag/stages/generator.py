"""Stage ``generator``: which model writes the answer."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from dynamicrag.cost.expect import Plan
from dynamicrag.cost.profiles import Profile
from dynamicrag.features.response import response
from dynamicrag.llm.chat import ChatModel
from dynamicrag.llm.prompts.base import PromptStrategy
from dynamicrag.routers.base import Router
from dynamicrag.stages.base import Run, StageBase, query_of
from dynamicrag.stages.retriever import retrieval_features
from dynamicrag.types import Draft, Option, Passage, TurnState


class GeneratorStage(StageBase):
    """Options are the policy's models, weakest first.

    Args:
        options: The options.
        router: The router.
        settings: None are known.
        models: Model by option name.
        profiles: Its profile.
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
        profiles: Mapping[str, Profile],
        strategies: Mapping[str, PromptStrategy],
    ) -> None:
        super().__init__(options, router, settings)
        self._models = models
        self._profiles = profiles
        self._strategies = strategies

    async def features(self, turn: TurnState) -> dict[str, float]:
        """Return what the retrieved passages say."""
        return retrieval_features(turn)

    def apply(self, option: Option, plan: Plan) -> Plan:
        """Set the model."""
        return replace(plan, model=option.name)

    async def act(self, option: Option, turn: TurnState, run: Run) -> TurnState:
        """Write a draft and read its signals off the token probabilities."""
        model = self._models[option.name]
        strategy = self._strategies[turn["path"].get("prompt", next(iter(self._strategies)))]
        passages, dropped = await fit(model, strategy, turn)
        query = query_of(turn)
        tags = [] if strategy.streams else ["nostream"]
        with run.ledger.span(turn["id"], self.name, option.name, self._profiles[option.name]) as line:
            completion = await model.complete(
                strategy.messages(query.text, passages, query.history),
                max_tokens=strategy.max_tokens,
                config=run.config,
                tags=tags,
            )
            line.usage = completion.usage
        answer = strategy.parse(completion.text)
        span = completion.tokens_from(answer.start)
        draft = Draft(
            text=answer.text,
            message_id=completion.message_id,
            model=option.name,
            streamed=strategy.streams,
            dropped=dropped,
            signals=response([token.margin for token in span], [token.logprob for token in span]),
        )
        return {"draft": draft, "passages": passages}


async def fit(model: ChatModel, strategy: PromptStrategy, turn: TurnState) -> tuple[list[Passage], list[str]]:
    """Keep the best passages that fit the model's context beside the question and the answer.

    A single passage that is too long by itself is cut at its end.

    Returns:
        The passages kept, best first, and the ids of those dropped or cut.
    """
    passages = list(turn.get("passages", []))
    if model.context is None or not passages:
        return passages, []
    query = query_of(turn)
    room = model.context - strategy.max_tokens
    dropped: list[str] = []

    async def size() -> int:
        return await model.count_prompt(strategy.messages(query.text, passages, query.history))

    while (tokens := await size()) > room:
        last = passages[-1]
        if last["id"] not in dropped:
            dropped.append(last["id"])
        if len(passages) > 1:
            passages.pop()
        elif len(last["text"]) > 200:
            keep = max(200, int(len(last["text"]) * 0.95 * room / tokens))
            passages[-1] = {**last, "text": last["text"][: min(keep, len(last["text"]) - 1)]}
        else:
            return [], dropped
    return passages, dropped
