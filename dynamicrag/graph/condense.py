"""Resolves follow-ups: a turn is rewritten to stand alone, or continues the question before it."""

from collections.abc import Sequence

from dynamicrag.errors import BudgetError, ModelError
from dynamicrag.features.follow_up import Leaning, leaning, names_a_topic
from dynamicrag.features.sums import is_sum
from dynamicrag.features.talk import about_conversation, reply, small_talk
from dynamicrag.policy.assembly import Pipeline
from dynamicrag.stages.base import Run
from dynamicrag.stages.call import call
from dynamicrag.turn import TurnState

MAX_TOKENS = 96
"""Largest number of tokens of a rewriting."""
OFFER = 300
"""Characters at the end of an answer that may contain a question back."""
ANCHOR = 300
"""Characters of an earlier question added to a search."""


async def condense(turn: TurnState, before: TurnState | None, pipeline: Pipeline, run: Run) -> TurnState:
    """Make a follow-up searchable, and record the result in ``follow_up``.

    The helper model is asked only if a turn may depend on the conversation. A valid rewriting replaces the
    turn's question (``rewritten``). Without one, a turn that certainly depends on the question before it
    inherits that question's decision: if it was looked up, both texts are searched for (``open``); if not,
    and this turn names no topic of its own, it is not looked up either (``closed``). All other turns are
    unchanged.

    Args:
        turn: The new turn.
        before: The turn before it, if the state holds it.
        pipeline: Has the helper model, if the policy names one.
        run: The run.
    """
    text, history = turn["text"], [(role, said) for role, said in turn["history"]]
    if pipeline.policy.observe or not history or not _may_lean(text, history):
        return turn
    how, anchor = leaning(text), _anchor(history, before)
    if how is Leaning.ALONE or (how is Leaning.PERHAPS and anchor is None):
        return turn
    changed: TurnState = turn
    rewritten = await _rewritten(turn, history, pipeline, run)
    if rewritten is not None and rewritten != text:
        changed = {**turn, "text": rewritten, "follow_up": "rewritten"}
    elif how is Leaning.SURELY and anchor is not None:
        changed = {**turn, "text": _joined(text, anchor, history), "follow_up": "open"}
    elif how is Leaning.SURELY and not names_a_topic(text):
        changed = {**turn, "follow_up": "closed"}
    return changed


def _may_lean(text: str, history: Sequence[tuple[str, str]]) -> bool:
    """Return whether a turn may need a search; "yes" does if it answers a question."""
    if reply(text):
        role, said = history[-1]
        return role == "assistant" and any(sign in said[-OFFER:] for sign in "?？؟")
    return not (small_talk(text) or is_sum(text) or about_conversation(text))


async def _rewritten(
    turn: TurnState, history: Sequence[tuple[str, str]], pipeline: Pipeline, run: Run
) -> str | None:
    """Return the helper model's rewriting of a turn; ``None`` without a helper or a valid rewriting."""
    from dynamicrag.llm.condense import condense_messages, condensed

    if pipeline.policy.helper is None:
        return None
    system = turn.get("system", "")
    try:
        completion = await call(
            run, turn["id"], "condense", pipeline.models[pipeline.policy.helper],
            condense_messages(turn["text"], history, system),
            max_tokens=MAX_TOKENS, stop=["\n"], tags=["nostream"], whole=True,
        )  # fmt: skip
    except (ModelError, BudgetError):
        return None  # its account line records the failure
    return condensed(turn["text"], history, completion.text, system)


def _anchor(history: Sequence[tuple[str, str]], before: TurnState | None) -> str | None:
    """Return the question that a follow-up continues; ``None`` if it was not looked up."""
    if before is not None:
        looked_up = before.get("path", {}).get("retrieval", "single") != "none"
        return before["text"] if looked_up and before.get("follow_up") != "closed" else None
    asked = [said for role, said in history if role == "user"]
    said = ""
    for said in reversed(asked):
        if (small_talk(said) and not reply(said)) or is_sum(said) or about_conversation(said):
            return None
        if leaning(said) is not Leaning.SURELY:
            return said
    return said if said and not reply(said) else None


def _joined(text: str, anchor: str, history: Sequence[tuple[str, str]]) -> str:
    """Return a turn's text after the question before it, and after the offer that a "yes" answers."""
    offer = [history[-1][1][-OFFER:]] if reply(text) else []
    return " ".join([anchor[:ANCHOR], *offer, text])
