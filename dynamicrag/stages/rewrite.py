"""Stage ``rewrite``: search texts in place of the question."""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dynamicrag.cost.expect import CHARACTERS, HelperCall, Plan
from dynamicrag.errors import BudgetError, ModelError, PolicyError, unknown
from dynamicrag.llm.chat import ChatModel
from dynamicrag.llm.prompts.base import clean
from dynamicrag.routers.base import Router
from dynamicrag.stages.base import STAGES, Run, StageBase, StageDeps
from dynamicrag.stages.call import call
from dynamicrag.stages.section import StageSection, check_options, parameters
from dynamicrag.turn import TurnState
from dynamicrag.types import Option

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

MOST = 4
"""Largest number of search texts."""
MAX_TOKENS = {"hyde": 128, "multi_query": 96, "decompose": 96}
EXPECTED_TOKENS = {"hyde": 80.0, "multi_query": 45.0, "decompose": 40.0}
SEARCHES = {"hyde": 1.0, "multi_query": 4.0, "decompose": 3.0}
INSTRUCTIONS = {
    "hyde": (
        "Write a short passage, of three sentences at most, as it could stand in a document that answers the "
        "question. Write the passage alone, in the question's language."
    ),
    "multi_query": (
        "Write three other wordings of the question, one per line, with other words for the same things, in "
        "the question's language. Write nothing else."
    ),
    "decompose": (
        "Split the question into the simple questions that must be looked up to answer it, one per line, two "
        "to four of them, each with all names it needs, in the question's language. If it is simple already, "
        "repeat it. Write nothing else."
    ),
}
_MARK = re.compile(r"^\s*(?:[-*•]|\(?\d{1,2}[.):])\s*")


@STAGES.register("rewrite")
class RewriteStage(StageBase):
    """Options ``none``, ``hyde``, ``multi_query`` and ``decompose``; all but ``none`` take ``{model: NAME}``.

    ``hyde`` searches for the question plus a passage invented by a model (Gao et al. 2023, HyDE, arXiv
    2212.10496); ``multi_query`` for the question and other wordings of it (Ma et al. 2023, arXiv 2305.14283);
    ``decompose`` for the question and its simpler parts (Press et al. 2023, self-ask, arXiv 2210.03350). If
    the model fails or replies nothing usable, the question itself is searched for.

    Args:
        models: The model of each option, by the option's name.
    """

    def __init__(self, options: Sequence[Option], router: Router, *, models: Mapping[str, ChatModel]) -> None:
        super().__init__(options, router)
        self._models = models

    @classmethod
    def build(cls, section: StageSection, deps: StageDeps) -> "RewriteStage":
        """See the base class; the policy's helper rewrites, unless an option names another model."""
        options, models = [], {}
        for name, spec in check_options(section, deps.where).items():
            where = deps.where("options", name)
            if name != "none" and name not in INSTRUCTIONS:
                raise PolicyError(unknown(deps.where("options"), "option", name, ("none", *INSTRUCTIONS)))
            params = parameters(spec, where)
            options.append(Option(name, params))
            if name != "none":
                models[name] = deps.models[writer(params, where, deps)]
        return cls(options, deps.route(options), models=models)

    def apply(self, option: Option, plan: Plan) -> Plan:
        """Add the call, and the searches."""
        if option.name == "none":
            return plan
        written = HelperCall(
            model=self._models[option.name].name,
            input_tokens=len(INSTRUCTIONS[option.name]) / CHARACTERS + plan.question_tokens,
            output_tokens=EXPECTED_TOKENS[option.name],
            most_tokens=MAX_TOKENS[option.name],
        )
        return plan._replace(searches=SEARCHES[option.name], helps=(*plan.helps, written))

    async def act(self, option: Option, turn: TurnState, run: Run) -> TurnState:
        """Set the search texts."""
        if option.name == "none":
            return {"queries": []}
        question = turn["text"]
        try:
            completion = await call(
                run, turn["id"], self.name, self._models[option.name], messages(option.name, question),
                max_tokens=MAX_TOKENS[option.name], tags=["nostream"],
            )  # fmt: skip
        except (ModelError, BudgetError):
            return {"queries": []}  # its account line records the failure
        return {"queries": queries(option.name, question, completion.text)}


def writer(params: Mapping[str, Any], where: str, deps: StageDeps) -> str:
    """Return the model that an option names, or else the policy's helper.

    Raises:
        PolicyError: There is neither, or an unknown parameter.
    """
    for key in params:
        if key != "model":
            raise PolicyError(unknown(where, "parameter", key, ("model",)))
    name = params.get("model", deps.helper)
    if name is None:
        raise PolicyError(
            f"{where}: needs a model to rewrite; name one (model: NAME), or a 'helper' for the policy"
        )
    if not isinstance(name, str) or name not in deps.models:
        raise PolicyError(unknown(f"{where}.model", "model", name, deps.models))
    return name


def messages(option: str, question: str) -> "list[BaseMessage]":
    """Return the prompt of an option."""
    from langchain_core.messages import HumanMessage, SystemMessage

    return [SystemMessage(INSTRUCTIONS[option]), HumanMessage(f"Question: {clean(question)}")]


def queries(option: str, question: str, said: str) -> list[str]:
    """Return the texts to search for; none if the reply has nothing usable.

    The question itself is always included, so that a bad rewriting does not reduce recall.
    """
    if option == "hyde":
        passage = " ".join(said.split())
        return [f"{question} {passage}"] if passage else []
    lines = (_MARK.sub("", line).strip() for line in said.splitlines())
    found = dict.fromkeys([question, *(line for line in lines if len(line) > 3)])
    return list(found)[:MOST] if len(found) > 1 else []
