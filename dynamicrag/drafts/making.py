"""Executes the chosen move on a draft: accept it, refine it, ask again, go back, or abstain."""

from collections.abc import Mapping

from dynamicrag.drafts.refining import refine
from dynamicrag.drafts.second_asking import ask_again
from dynamicrag.drafts.verification import Verification
from dynamicrag.routers.paths import parting
from dynamicrag.stages.base import Run
from dynamicrag.stages.ways import attempt_of, standing
from dynamicrag.turn import Attempt, Draft, TurnState
from dynamicrag.types import Move


async def make(move: Move, verification: Verification, turn: TurnState, run: Run) -> TurnState:
    """Return the changes of the turn by a move; a draft that is no longer valid is withdrawn."""
    if move.kind == "refine":
        return await _refine(move, verification, turn, run)
    if move.kind == "ask_again":
        return await _ask_again(verification, turn, run)
    wanted, draft = turn.get("wanted"), turn.get("draft")
    if move.kind == "accept":
        if wanted is not None:
            return _accept_earlier(wanted, turn, run)
        return {"action": "accept", "redo": None}
    if draft is not None:
        draft = withdraw(draft, move.name, run)
    if move.kind == "abstain" or draft is None:
        return {"action": move.kind, "redo": None, "draft": draft}
    target = verification.target(move, turn, run.call)
    left: TurnState = {**turn, "draft": draft}
    return {
        "action": "redo",
        "redo": parting(turn["path"], wanted) if wanted else target and target[0],
        # a step up starts from the current option; a whole path is decided again from there
        "path": standing(turn["path"], wanted) if wanted else turn["path"],
        "draft": draft,
        "earlier": [*turn.get("earlier", []), attempt_of(left)],
    }


async def _refine(move: Move, verification: Verification, turn: TurnState, run: Run) -> TurnState:
    draft = turn.get("draft")
    assert draft is not None, "a draft is refined after it was written"
    editor = verification.editor(move, turn)
    assert editor is not None, "refining is closed without an editor"
    found = await refine(editor, _objections(verification, turn), turn, run, verification.resources)
    if found is None:
        return {"action": "refine", "redo": None, "draft": {**draft, "refined": True}}
    return refined(found, turn, run)


def refined(draft: Draft, turn: TurnState, run: Run) -> TurnState:
    """Return the changes of the turn by refining its draft."""
    return {"action": "refine", "redo": None, "draft": draft, "earlier": _left("refine", turn, run)}


async def _ask_again(verification: Verification, turn: TurnState, run: Run) -> TurnState:
    passages = verification.again(turn)
    assert passages is not None, "asking again is closed where there is nothing to ask from"
    said = await ask_again(passages, turn, run, verification.resources)
    if said is None:
        return {"action": "ask_again", "redo": None}
    return {**said, "action": "ask_again", "redo": None, "earlier": _left("ask_again", turn, run)}


def _left(reason: str, turn: TurnState, run: Run) -> list[Attempt]:
    """Withdraw the draft, and return it with the earlier drafts."""
    assert turn["draft"] is not None, "a draft is left after it was written"
    as_it_was: TurnState = {**turn, "draft": withdraw(turn["draft"], reason, run)}
    return [*turn.get("earlier", []), attempt_of(as_it_was)]


def _accept_earlier(wanted: Mapping[str, str], turn: TurnState, run: Run) -> TurnState:
    """Restore the draft of an earlier path, and drop the last draft."""
    earlier = turn["earlier"]
    number = next(i for i, past in enumerate(earlier) if parting(past["path"], wanted) is None)
    found, last = earlier[number], attempt_of(turn)
    assert turn["draft"] is not None, "a draft is judged after it was written"
    withdraw(turn["draft"], "an earlier draft is better", run)
    path = {**found["path"], "verification": "accept"}
    others = [*earlier[:number], *earlier[number + 1 :], last]
    back: TurnState = {"action": "accept", "redo": None, "earlier": others, "stands": number + 1}
    return {**back, **found, "path": path}


def _objections(verification: Verification, turn: TurnState) -> list[str]:
    signals = turn.get("signals", {})
    objections = (verifier.objection(signals) for verifier in verification.verifiers.values())
    return list(dict.fromkeys(filter(None, objections)))


def withdraw(draft: Draft, reason: str, run: Run) -> Draft:
    """Withdraw a draft shown to the user; if it is accepted later, it is sent as a new message."""
    if not draft["streamed"]:
        return draft
    run.withdraw(draft["message_id"], reason)
    return {**draft, "streamed": False, "message_id": ""}
