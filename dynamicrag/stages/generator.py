"""Stage ``generator``: the model that writes the answer."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from dynamicrag.cost.expect import CHARACTERS, Plan
from dynamicrag.errors import BudgetError, ModelError, ProviderError, UnfinishedAnswer
from dynamicrag.llm.chat import ChatModel
from dynamicrag.llm.prompts.base import PromptStrategy
from dynamicrag.routers.base import Router
from dynamicrag.stages.base import STAGES, Run, StageBase, StageDeps, query_of
from dynamicrag.stages.call import call
from dynamicrag.stages.drafted import drafted
from dynamicrag.stages.fit import Fitted, fit
from dynamicrag.stages.prompt import PromptStage
from dynamicrag.stages.section import StageSection, named_options
from dynamicrag.stages.shown import Shown
from dynamicrag.turn import TurnState
from dynamicrag.types import Option

UNSEEN = 4.0
"""Tokens to reserve per expected token of passages that are not retrieved yet: one per character."""


@STAGES.register("generator")
class GeneratorStage(StageBase):
    """Options are the policy's models, weakest first.

    Args:
        settings: ``hold``: whether drafts are withheld from the user's stream.
        models: Model by option name.
        prompt: The stage whose strategy writes the prompt.
    """

    def __init__(
        self,
        options: Sequence[Option],
        router: Router,
        settings: Mapping[str, Any] | None = None,
        *,
        models: Mapping[str, ChatModel],
        prompt: PromptStage,
    ) -> None:
        super().__init__(options, router, settings)
        self._models = models
        self._prompt = prompt

    @classmethod
    def build(cls, section: StageSection, deps: StageDeps) -> "GeneratorStage":
        """See the base class; without options, all models are options."""
        options = (
            named_options(section, deps.where, deps.models)
            if section.options
            else [Option(name) for name in deps.models]
        )
        prompt = deps.stages["prompt"]
        assert isinstance(prompt, PromptStage), "the prompt is decided first"
        return cls(
            options,
            deps.route(options),
            {"hold": deps.hold},
            models=deps.models,
            prompt=prompt,
        )

    def apply(self, option: Option, plan: Plan) -> Plan:
        """Set the model."""
        return plan._replace(model=option.name)

    async def most_input(self, turn: TurnState, plan: Plan, path: Mapping[str, str]) -> float:
        """Return the tokens to reserve for the prompt of a plan; 0 if it calls no model of this stage.

        Passages that are not retrieved yet count a multiple of their expected tokens.
        """
        model = self._models.get(plan.model)
        if model is None:
            return 0.0
        strategy = self._prompt.strategy(path)
        query, found = query_of(turn), turn.get("passages") or []
        tokens = sum(len(each["text"]) for each in found) / CHARACTERS
        if tokens < plan.context_tokens and turn.get("candidates"):
            count = math.ceil(plan.context_tokens / (plan.chunk_tokens or 1.0))
            found = turn["candidates"][:count]
        elif not plan.context_tokens:
            found = []
        unseen = 0.0 if found else plan.context_tokens * UNSEEN
        history = () if turn.get("follow_up") == "rewritten" else query.history
        messages = strategy.messages(query.text, found, history, turn.get("system", ""))
        return await model.bound_prompt(messages) + unseen

    async def act(self, option: Option, turn: TurnState, run: Run) -> TurnState:
        """Write a draft and compute its signals from the token probabilities."""
        model = self._models[option.name]
        strategy = self._prompt.strategy(turn["path"])
        fitted, question = await fit(model, strategy, turn), turn["text"]
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
                whole=True,
                patient=False,  # the next model is asked instead, if there is one
            )  # fmt: skip
            answer = strategy.parse(completion.text, question)
            if not answer.text:
                raise ProviderError(
                    f"model {model.name} ({model.spec}): the answer has only marks or a label "
                    f"({completion.text[:40]!r}); ask again, or take another model"
                )
        except (ModelError, BudgetError) as error:
            if streams:
                _withdraw(shown.message_id, "failed", run)
            if isinstance(error, UnfinishedAnswer):
                error.instead = self._unfinished(option, error, strategy, fitted, question)
            raise
        if streams and shown.message_id != completion.message_id:
            _withdraw(shown.message_id, "thoughts", run)
        shown_it = streams and bool(completion.message_id)
        draft = drafted(completion, answer, option.name, fitted.dropped, streamed=shown_it)
        return {"draft": draft, "passages": fitted.passages}

    def _unfinished(
        self, option: Option, error: UnfinishedAnswer, strategy: PromptStrategy, fitted: Fitted, question: str
    ) -> TurnState:
        """Return the draft of a cut answer, for use if no model finishes its answer."""
        completion = replace(error.completion, message_id="")  # the shown part is withdrawn
        answer = strategy.parse(completion.text, question)
        draft = drafted(completion, answer, option.name, fitted.dropped)
        if error.why == "length":
            draft["text"] = f"{draft['text']} …"
        return {"draft": {**draft, "unfinished": error.why}, "passages": fitted.passages}

    def _spare(self, option: Option, fitted: Fitted, strategy: PromptStrategy, run: Run) -> float:
        """Return the seconds to leave for another model if this one does not answer in time."""
        if "seconds" not in run.budget.per_query:
            return 0.0
        prompt = sum(len(message.text) for message in fitted.messages) / CHARACTERS

        def expected(name: str) -> float:
            return run.cost_model.call(name, prompt, strategy.expected_tokens)["seconds"]

        others = {each.name for each in self.options} - run.failed - {option.name}
        return min(
            (expected(name) for name in others if expected(name) <= expected(option.name)), default=0.0
        )


def _withdraw(message_id: str, reason: str, run: Run) -> None:
    if message_id:
        run.emit({"type": "withdrawn", "message_id": message_id, "reason": reason})
