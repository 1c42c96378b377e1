"""Asks once more for a draft that would be withheld.

Small models decline easily: a long context, or an instruction to be brief, hides an answer that they do find
if they see only the best passages and may answer in sentences. If the documents may not cover the question
at all, a draft that declines or that no passage supports is asked for without passages, provided the policy's
``outside`` is ``answer``: a model that answers over unrelated passages uses neither them nor its own
knowledge well.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from dynamicrag.cost.expect import CHARACTERS, Plan
from dynamicrag.drafts.asking import Resources
from dynamicrag.drafts.moves import ASK_AGAIN
from dynamicrag.errors import BudgetError, ModelError
from dynamicrag.features.nearness import nearness
from dynamicrag.llm.prompts.direct import Direct
from dynamicrag.llm.prompts.voice import Voice
from dynamicrag.records import Passage
from dynamicrag.stages.base import Run
from dynamicrag.stages.call import call
from dynamicrag.stages.drafted import drafted
from dynamicrag.stages.fit import fit
from dynamicrag.text.terms import units
from dynamicrag.turn import TurnState
from dynamicrag.verify.groundedness import beyond

MOST = 2
"""Number of second askings: from the best passages, and without any."""
BEST = 2
"""Number of passages in the second asking."""


@lru_cache(maxsize=64)
def in_sentences(voice: Voice) -> Direct:
    """Return the prompt of the second asking: full sentences, in the voice of the policy's own prompt."""
    return Direct(style="full", instructions=voice.instructions, language=voice.language)


def shown_again(turn: TurnState, settings: Mapping[str, Any]) -> Sequence[Passage] | None:
    """Return the passages for a second asking, empty to ask without any, or ``None`` not to ask again.

    Args:
        turn: The turn with the draft that declines.
        settings: The settings of verification, with the policy's ``outside``.
    """
    found, signals = turn.get("candidates", []), turn.get("signals", {})
    if not found or turn.get("draft") is None:
        return None
    asked = sum(step["option"] == ASK_AGAIN for step in turn.get("escalations", []))
    if asked == 0 and signals.get("unanswerable", 0.0) > 0.5:
        return found[:BEST]
    beyond = settings.get("outside") == "answer" and nearness(turn.get("known", {}) | signals) != "near"
    return [] if asked < MOST and beyond and turn.get("passages") else None


def plan_again(plan: Plan, passages: Sequence[Passage], model: str, voice: Voice) -> Plan:
    """Return the path's plan, changed to a second asking."""
    prompt = in_sentences(voice)
    return plan._replace(
        rounds=0.0,
        context_tokens=sum(len(passage["text"]) for passage in passages) / CHARACTERS,
        prompt_tokens=prompt.overheads[bool(passages)],
        output_tokens=prompt.expected_tokens,
        most_tokens=prompt.max_tokens,
        model=model,
    )


async def ask_again(
    passages: Sequence[Passage], turn: TurnState, run: Run, resources: Resources
) -> TurnState | None:
    """Return the turn's new draft and its basis; ``None`` if there is none.

    There is none if the model failed, or if its answer over passages only repeats the question's words: a
    model that has declined may do so to please. The draft has not been shown yet.
    """
    draft, prompt = turn["draft"], in_sentences(resources.prompt.strategy(turn["path"]).voice)
    assert draft is not None, "a draft that declines was written"
    model = resources.models[draft["model"]]
    try:
        fitted = await fit(model, prompt, {**turn, "passages": list(passages)})
        completion = await call(
            run, turn["id"], ASK_AGAIN, model, fitted.messages,
            max_tokens=prompt.max_tokens, stop=prompt.stops(bool(passages)),
            tags=["nostream"], whole=True,
        )  # fmt: skip
    except (ModelError, BudgetError):
        return None  # its account line records the failure
    answer = prompt.parse(completion.text)
    if not answer.text or (passages and not beyond(units(answer.text), turn["text"])):
        return None
    again = drafted(completion, answer, draft["model"], fitted.dropped)
    return {"draft": again, "passages": fitted.passages, "outside": not passages}
