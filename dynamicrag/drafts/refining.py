"""Refines a draft: a stronger model edits it, given the verifiers' objections."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dynamicrag.drafts.asking import Resources
from dynamicrag.errors import BudgetError, ModelError
from dynamicrag.llm.refine import MAX_TOKENS, refine_messages, refined
from dynamicrag.records import Passage
from dynamicrag.stages.base import Run
from dynamicrag.stages.call import call
from dynamicrag.stages.drafted import drafted
from dynamicrag.stages.fit import fitted
from dynamicrag.turn import Draft, TurnState

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage


async def refine(
    editor: str, objections: Sequence[str], turn: TurnState, run: Run, resources: Resources
) -> Draft | None:
    """Return the refined draft, not yet shown; ``None`` if the editor failed or replied nothing."""
    draft, model, passages = turn["draft"], resources.models[editor], turn.get("passages", [])
    assert draft is not None, "a draft is refined after it was written"
    text, voice = draft["text"], resources.prompt.strategy(turn["path"]).voice
    most, system = MAX_TOKENS[voice.style], turn.get("system", "")

    def write(shown: Sequence[Passage]) -> "list[BaseMessage]":
        return refine_messages(turn["text"], shown, text, objections, voice, system)

    try:
        messages = await fitted(model, write, passages, most)
        completion = await call(
            run,
            turn["id"],
            "refine",
            model,
            messages,
            max_tokens=most,
            stop=["\n"] if voice.style == "brief" else (),
            tags=["nostream"],
            whole=True,
        )
    except (ModelError, BudgetError):
        return None  # its account line records the failure; the draft is judged as it is
    answer = refined(completion.text, voice.style)
    if not answer.text:
        return None
    return drafted(completion, answer, editor, draft["dropped"], refined=True)
